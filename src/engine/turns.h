/* SPDX-License-Identifier: MIT */
/* engine/turns.h - one worker at a time, where several hinder each other
 *
 * Model     btrfs puts all new inodes side by side into one tree: two workers
 *           that make small files there take longer than one, as they wait for
 *           each other at each of its locks. So there is a turn, which a worker
 *           has for a batch. Nothing but speed depends on it: nobody waits for
 *           it longer than batches take that do not wait for a disk; and whose
 *           own last batch did wait (engine/waits.h) asks for none, since such
 *           waits are what several workers are for.
 * Lifetime  in shared memory, initialised before the fork
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

void turns_init(struct turns *turns);

/* Before a batch; true when it is the caller's turn, which it then gives back
 * after it. */
bool turns_take(struct turns *turns, unsigned n_workers);
void turns_give(struct turns *turns);

#endif
