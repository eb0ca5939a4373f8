/* SPDX-License-Identifier: MIT */
#include "engine/turns.h"

#include "base/mono.h"

#include <time.h>

void turns_init(struct turns *turns)
{
	mp_lock_init(&turns->lock, false);
}

static int64_t cpu_now_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) < 0)
		return 0;
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

void turn_take(struct turn *turn, struct turns *turns, unsigned n_workers)
{
	int wait_ms = TURN_MS * (int)min_u64(n_workers, TURN_WORKERS_MAX);

	if (!turn->waited)
		turn->is_had = mp_lock_acquired(
			mp_lock_acquire(&turns->lock, wait_ms));
	turn->start_ns = mono_now_ns();
	turn->start_cpu_ns = cpu_now_ns();
}

void turn_give(struct turn *turn, struct turns *turns)
{
	int64_t took_ns = mono_now_ns() - turn->start_ns;
	int64_t busy_ns = cpu_now_ns() - turn->start_cpu_ns;

	if (turn->is_had)
		mp_lock_release(&turns->lock);
	turn->is_had = false;
	/* A processor that others want, too, makes it wait, but not so long. */
	turn->waited = took_ns > 4 * busy_ns;
}
