/* SPDX-License-Identifier: MIT */
/* engine/turns.h - one worker at a time, where several hinder each other
 *
 * Model     btrfs puts all new inodes side by side into one tree: two workers
 *           that make small files there take longer than one, as they wait for
 *           each other at each of its locks. So there is a turn, which a worker
 *           has for a batch. Nothing but speed depends on it: nobody waits for
 *           it longer than batches take that do not wait for a disk, and whose
 *           own last batch did wait makes the next one without, since such
 *           waits are what several workers are for.
 * Lifetime  struct turns is in shared memory, initialised before the fork;
 *           struct turn is a worker's own, {0} to start
 * Blocking  take: TURN_MS for each worker, of TURN_WORKERS_MAX at most
 * Death     the turn of a dead worker is free */
#ifndef ENGINE_TURNS_H
#define ENGINE_TURNS_H

#include "base/base.h"
#include "mp/lock.h"

/* Twice what 64 small files take. */
#define TURN_MS 3

/* Who has it may be stuck: then the others lose this much a batch. */
#define TURN_WORKERS_MAX 8

struct turns {
	struct mp_lock lock;
};

struct turn {
	bool is_had;
	bool waited; /* the last batch, for something else than the turn */
	int64_t start_ns, start_cpu_ns;
};

void turns_init(struct turns *turns);

/* Before a batch for which turns are wanted, and after it. */
void turn_take(struct turn *turn, struct turns *turns, unsigned n_workers);
void turn_give(struct turn *turn, struct turns *turns);

#endif
