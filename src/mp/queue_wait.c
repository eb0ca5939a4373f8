/* SPDX-License-Identifier: MIT */
/* How users of a queue sleep and are woken.
 *
 * Why no wakeup is lost. All operations on words, counts and flags are
 * sequentially consistent, so there is one order of all of them.
 * - A sleeper adds itself to n_waiters, reads count, looks for what it wants
 *   (a record, a slot), and only then sleeps, if count is still the same. A
 *   waker first changes a word, then reads n_waiters, then raises count and
 *   wakes one. If the sleeper's look missed the change, the change comes after
 *   the look, so the waker sees n_waiters and raises count after it was read:
 *   the sleep ends or does not begin.
 * - Each change wakes one sleeper and each sleeper that ends its sleep looks
 *   again before anything else, its time being up included. So a wake is
 *   spent in vain only by a sleeper that dies or is stopped with it.
 * - A sleeper that dies stays in n_waiters: from then on some wakes go to
 *   nobody, which costs a system call and does no harm. The wake it may have
 *   got is made good by recover, which wakes all. Nobody makes good for one
 *   that is only stopped (SIGSTOP, a debugger), nor for a death that nobody
 *   has noticed yet: therefore no sleep is longer than mp_queue_slice_ns.
 * - In epoll: n_until_bell is set, then the words are looked at, then epoll
 *   sleeps. Who changes a word afterwards counts it down, and writes the
 *   eventfd when none is left. If it dies between these two, recover writes.
 * - A closed queue is drained when no word is READY or FILLING. After a close
 *   no slot begins to be filled: reserve looks at is_closed again once its slot
 *   is FILLING. So whoever ends the filling, by publish, cancel or recover,
 *   ends the wait of *all* readers and wakes them all.
 *
 * Why nobody waits for a lock: there is none. */
#include "mp/queue_private.h"

#include "base/mono.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

int64_t mp_queue_slice_ns = NS_PER_S;

static void ring_bell(const struct mp_queue *queue, enum mp_queue_side side)
{
	/* Fails only when it has been rung 2^64 times and is readable. */
	(void)!write(queue->fds[side], &(uint64_t){1}, sizeof(uint64_t));
}

static void wake_event(struct mp_event *event, int n)
{
	if (atomic_load(&event->n_waiters) == 0)
		return;
	(void)atomic_fetch_add(&event->count, 1);
	mp_shm_wake(&event->count, n);
}

/* Counts one change; true for the one that was waited for. No more come after
 * a close. */
static bool ends_sleep(_Atomic uint32_t *n_left, bool is_closed)
{
	uint32_t n = atomic_load(n_left), left;

	do {
		left = is_closed || n == 0 ? 0 : n - 1;
	} while (n && !atomic_compare_exchange_weak(n_left, &n, left));
	return n && left == 0;
}

static void wake(struct mp_queue *queue, enum mp_queue_side side, int n)
{
	struct mp_event *event = &queue->shared->side[side];

	wake_event(event, n);
	if (ends_sleep(&event->n_until_bell, mp_queue_is_closed(queue)))
		ring_bell(queue, side);
}

void mp_queue_wake_readers(struct mp_queue *queue)
{
	wake(queue, MP_QUEUE_READER, mp_queue_is_closed(queue) ? INT_MAX : 1);
}

void mp_queue_wake_writers(struct mp_queue *queue)
{
	wake(queue, MP_QUEUE_WRITER, 1);
	if (atomic_load(&queue->shared->idle.n_waiters) &&
	    mp_ring_count(queue, MP_SLOT_FREE) == queue->n_slots)
		wake_event(&queue->shared->idle, INT_MAX);
}

void mp_queue_wake_all(struct mp_queue *queue)
{
	for (int side = 0; side < 2; side++) {
		wake_event(&queue->shared->side[side], INT_MAX);
		/* Even if it is not armed: a dead process may have counted
		 * down and not rung. */
		ring_bell(queue, (enum mp_queue_side)side);
	}
	wake_event(&queue->shared->idle, INT_MAX);
}

int mp_queue_wait(struct mp_queue *queue, struct mp_event *event,
                  mp_queue_attempt_fn *attempt, size_t *slot, int timeout_ms)
{
	int result = attempt(queue, slot);

	if (result != -EAGAIN || timeout_ms == 0)
		return result;
	int64_t deadline = mono_deadline_ns(timeout_ms);
	(void)atomic_fetch_add(&event->n_waiters, 1);
	for (;;) {
		uint32_t seen = atomic_load(&event->count);

		result = attempt(queue, slot);
		if (result != -EAGAIN)
			break;
		int64_t now = mono_now_ns();
		if (now >= deadline) {
			result = -ETIMEDOUT;
			break;
		}
		int64_t slice = now + mp_queue_slice_ns;
		(void)mp_shm_wait(&event->count, seen,
		                  slice < deadline ? slice : deadline);
	}
	(void)atomic_fetch_sub(&event->n_waiters, 1);
	return result;
}

/* True when get has something to say: a record, or the end. */
bool mp_queue_is_readable(const struct mp_queue *queue, bool *is_end)
{
	bool is_closed = mp_queue_is_closed(queue);
	struct mp_scan scan = mp_ring_scan(queue);

	*is_end = is_closed && !scan.has_ready && !scan.has_filling;
	return scan.has_ready || *is_end;
}

int mp_queue_fd(const struct mp_queue *queue, enum mp_queue_side side)
{
	return queue->fds[side];
}

bool mp_queue_arm(struct mp_queue *queue, enum mp_queue_side side,
                  uint32_t n_changes)
{
	struct mp_event *event = &queue->shared->side[side];
	bool is_end, is_ready;

	atomic_store(&event->n_until_bell, n_changes);
	if (side == MP_QUEUE_READER)
		is_ready = mp_queue_is_readable(queue, &is_end);
	else
		is_ready =
			mp_queue_is_closed(queue) || !mp_queue_is_full(queue);
	if (is_ready)
		atomic_store(&event->n_until_bell, 0);
	return is_ready;
}

void mp_queue_disarm(struct mp_queue *queue, enum mp_queue_side side)
{
	uint64_t n_rings;

	atomic_store(&queue->shared->side[side].n_until_bell, 0);
	/* Fails when it has not been rung. */
	(void)!read(queue->fds[side], &n_rings, sizeof(n_rings));
}
