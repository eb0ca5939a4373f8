/* SPDX-License-Identifier: MIT */
/* engine/each_tokens.h - a client of make's jobserver
 *
 * Model     make says in MAKEFLAGS where a fifo is that holds a byte for each
 *           job that may run besides the first one of each client. Whoever
 *           takes one puts the same byte back. Those held stand in shared
 *           memory, so that a worker can put them back when the master dies.
 * Lifetime  open .. close, which gives all back
 * Blocking  never; poll fd for reading to wait for a token
 * Death     of the master: workers call each_tokens_rescue. Of all of them at
 *           once: the tokens are lost, as with any client.
 * Errors    open: negative errno; -ENOTSUP for a jobserver of inherited pipes,
 *           which cannot be read without disturbing its other clients */
#ifndef ENGINE_EACH_TOKENS_H
#define ENGINE_EACH_TOKENS_H

#include "base/base.h"

#include <stdatomic.h>

#define EACH_TOKENS_MAX 1024

struct each_held {
	_Atomic uint16_t bytes[EACH_TOKENS_MAX]; /* byte + 1, or 0 */
};

struct each_tokens {
	int fd; /* -1: there is no jobserver */
	unsigned n;
	struct each_held *held; /* shared; borrowed */
};

/* 0 also when makeflags, which may be NULL, names no jobserver. */
int each_tokens_open(struct each_tokens *tokens, const char *makeflags,
                     struct each_held *held);
void each_tokens_close(struct each_tokens *tokens);

bool each_tokens_take(struct each_tokens *tokens);

/* Gives back all but n_kept. */
void each_tokens_give(struct each_tokens *tokens, unsigned n_kept);

/* Gives back what the dead master held. Safe in a signal handler, and in
 * several processes at once. */
void each_tokens_rescue(int fd, struct each_held *held);

#endif
