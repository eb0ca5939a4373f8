/* SPDX-License-Identifier: MIT */
/* engine/each_turns.h - how many jobs may run at a time, while they run
 *
 * Model     a worker has a turn while its job runs; the master changes how
 *           many there are. A turn is one word in shared memory with the name
 *           of its holder, so that the master can take it from a dead one.
 * Lifetime  open in the master before the fork; close there
 * Blocking  take blocks until there is a turn or the descriptor that stops a
 *           worker is readable
 * Errors    of open: negative errno */
#ifndef ENGINE_EACH_TURNS_H
#define ENGINE_EACH_TURNS_H

#include "base/base.h"

#include <stdatomic.h>

#define EACH_TURNS_MAX 2048

struct each_turns {
	int wake_fd; /* an eventfd, the same in all processes */
	unsigned n_max;
	_Atomic uint32_t n; /* at a time */
	_Atomic uint32_t is_paused;
	_Atomic uint32_t n_waiting;
	_Atomic uint32_t holders[EACH_TURNS_MAX]; /* worker + 1, or 0 */
};

/* n turns, n_max at most, in zeroed memory. */
int each_turns_open(struct each_turns *turns, unsigned n, unsigned n_max);
void each_turns_close(struct each_turns *turns);

/* In the master: one more, unless there are n_max; one less, unless it is the
 * last; none for a while. */
void each_turns_grow(struct each_turns *turns);
void each_turns_shrink(struct each_turns *turns);
void each_turns_pause(struct each_turns *turns, bool is_paused);

/* In a worker: false when stop_fd is readable. */
bool each_turns_take(struct each_turns *turns, unsigned worker, int stop_fd);

/* Gives back what the worker has, which may be dead, or none. */
void each_turns_give(struct each_turns *turns, unsigned worker);

#endif
