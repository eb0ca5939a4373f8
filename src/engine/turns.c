/* SPDX-License-Identifier: MIT */
#include "engine/turns.h"

void turns_init(struct turns *turns)
{
	mp_lock_init(&turns->lock, false);
}

bool turns_take(struct turns *turns, unsigned n_workers)
{
	int wait_ms = TURN_MS * (int)min_u64(n_workers, TURN_WORKERS_MAX);

	return mp_lock_acquired(mp_lock_acquire(&turns->lock, wait_ms));
}

void turns_give(struct turns *turns)
{
	mp_lock_release(&turns->lock);
}
