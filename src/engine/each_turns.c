/* SPDX-License-Identifier: MIT */
/* Who waits is counted before it looks for a turn a last time, and who gives
 * one back looks at that count afterwards: so nobody sleeps beside a free
 * turn. */
#include "engine/each_turns.h"

#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int each_turns_open(struct each_turns *turns, unsigned n, unsigned n_max)
{
	turns->n_max = n_max < EACH_TURNS_MAX ? n_max : EACH_TURNS_MAX;
	atomic_store(&turns->n, n);
	turns->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	return turns->wake_fd < 0 ? -errno : 0;
}

void each_turns_close(struct each_turns *turns)
{
	turns->wake_fd = fd_close(turns->wake_fd);
}

/* A write to an eventfd that is far from full cannot fail. */
static void wake(struct each_turns *turns, uint64_t n)
{
	if (n > 0)
		(void)!write(turns->wake_fd, &n, sizeof(n));
}

void each_turns_grow(struct each_turns *turns)
{
	if (atomic_load(&turns->n) < turns->n_max)
		atomic_fetch_add(&turns->n, 1);
	wake(turns, atomic_load(&turns->n_waiting));
}

void each_turns_shrink(struct each_turns *turns)
{
	if (atomic_load(&turns->n) > 1)
		atomic_fetch_sub(&turns->n, 1);
}

void each_turns_pause(struct each_turns *turns, bool is_paused)
{
	atomic_store(&turns->is_paused, is_paused);
	if (!is_paused)
		wake(turns, atomic_load(&turns->n_waiting));
}

/* Turns beyond n are from a time when there were more. */
static bool is_full(const struct each_turns *turns, uint32_t n)
{
	uint32_t n_held = 0;

	for (unsigned i = 0; i < turns->n_max; i++)
		n_held += atomic_load(&turns->holders[i]) != 0;
	return n_held >= n;
}

static bool try_to_take(struct each_turns *turns, unsigned worker)
{
	uint32_t n = atomic_load(&turns->n);

	if (atomic_load(&turns->is_paused) || is_full(turns, n))
		return false;
	/* Its own place first, which is free as a rule. */
	for (uint32_t i = 0; i < n; i++) {
		uint32_t nobody = 0;

		if (atomic_compare_exchange_strong(
			    &turns->holders[(worker + i) % n], &nobody,
			    worker + 1))
			return true;
	}
	return false;
}

static bool wait_and_take(struct each_turns *turns, unsigned worker,
                          int stop_fd)
{
	struct pollfd fds[] = {{stop_fd, POLLIN, 0},
	                       {turns->wake_fd, POLLIN, 0}};
	uint64_t one;

	while (!try_to_take(turns, worker)) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0)
			continue;
		if (fds[0].revents)
			return false;
		(void)!read(turns->wake_fd, &one, sizeof(one));
	}
	return true;
}

bool each_turns_take(struct each_turns *turns, unsigned worker, int stop_fd)
{
	if (try_to_take(turns, worker))
		return true;
	atomic_fetch_add(&turns->n_waiting, 1);
	bool has_turn = wait_and_take(turns, worker, stop_fd);
	atomic_fetch_sub(&turns->n_waiting, 1);
	return has_turn;
}

void each_turns_give(struct each_turns *turns, unsigned worker)
{
	for (unsigned i = 0; i < turns->n_max; i++) {
		uint32_t holder = worker + 1;

		(void)atomic_compare_exchange_strong(&turns->holders[i],
		                                     &holder, 0);
	}
	wake(turns, atomic_load(&turns->n_waiting));
}
