/* SPDX-License-Identifier: MIT */
/* fs/hash.h - a hash of the content of a file
 *
 * Model     XXH3 with 128 bits, by libxxhash; not against forgers. A build
 *           without that library can hash nothing.
 * Blocking  as reading does; go_on is asked between pieces
 * Errors    negative errno, -ENOTSUP without the library, -ECANCELED when go_on
 *           said false */
#ifndef FS_HASH_H
#define FS_HASH_H

#include "base/base.h"

#define HASH_SIZE 16

struct hash {
	unsigned char bytes[HASH_SIZE];
};

struct hash_io {
	char *buffer;
	size_t size;
	bool (*go_on)(void *ctx); /* or NULL */
	void *ctx;
};

bool hash_is_there(void);

/* Of the whole file, wherever its offset is. */
int hash_fd(const struct hash_io *io, int fd, struct hash *out);

#endif
