/* SPDX-License-Identifier: MIT */
/* Why join does not return too early: an item is unfinished while its slot is
 * FILLING, READY or TAKEN. Between these it never changes its slot, and a
 * consumer that puts what it made of an item does so before its task_done. So
 * the words are never all FREE as long as one item leads to the next, and
 * mp_ring_was_idle sees them all FREE at one moment or does not say so.
 *
 * Why it does not sleep for ever: who makes the last slot FREE finds them all
 * FREE and wakes (mp_queue_wake_writers); if it dies before, recover wakes. */
#include "mp/joinable.h"

#include "mp/queue_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mp_joinable {
	struct mp_queue *queue;
};

int mp_joinable_create(size_t n_slots, size_t item_max,
                       struct mp_joinable **out)
{
	struct mp_joinable *joinable = malloc(sizeof(*joinable));

	if (!joinable)
		return -ENOMEM;
	int result = mp_queue_create(n_slots, item_max, &joinable->queue);
	if (result < 0) {
		free(joinable);
		return result;
	}
	*out = joinable;
	return 0;
}

void mp_joinable_destroy(struct mp_joinable *queue)
{
	if (!queue)
		return;
	mp_queue_destroy(queue->queue);
	free(queue);
}

int mp_joinable_put(struct mp_joinable *queue, const void *item, size_t len,
                    int timeout_ms)
{
	return mp_queue_put(queue->queue, item, len, timeout_ms);
}

int mp_joinable_get(struct mp_joinable *queue, void *item, size_t size,
                    size_t *len, int timeout_ms)
{
	void *taken;
	int result = mp_queue_take(queue->queue, &taken, len, timeout_ms);

	if (result != 1)
		return result;
	if (*len > size) {
		mp_queue_untake(queue->queue, taken);
		return -EMSGSIZE;
	}
	if (*len)
		memcpy(item, taken, *len);
	return 1;
}

int mp_joinable_task_done(struct mp_joinable *queue)
{
	size_t slot;

	if (!mp_ring_find_taken(queue->queue, &slot))
		return -EINVAL;
	mp_queue_done(queue->queue, mp_ring_record(queue->queue, slot));
	return 0;
}

static int attempt_join(struct mp_queue *queue, size_t *slot)
{
	(void)slot;
	return mp_ring_was_idle(queue) ? 0 : -EAGAIN;
}

int mp_joinable_join(struct mp_joinable *queue, int timeout_ms)
{
	int result = mp_queue_wait(queue->queue, &queue->queue->shared->idle,
	                           attempt_join, NULL, timeout_ms);

	return result == -EAGAIN ? -ETIMEDOUT : result;
}

void mp_joinable_close(struct mp_joinable *queue)
{
	mp_queue_close(queue->queue);
}

bool mp_joinable_is_closed(const struct mp_joinable *queue)
{
	return mp_queue_is_closed(queue->queue);
}

size_t mp_joinable_size(const struct mp_joinable *queue)
{
	return mp_queue_size(queue->queue);
}

size_t mp_joinable_n_unfinished(const struct mp_joinable *queue)
{
	return mp_queue_n_slots(queue->queue) -
	       mp_ring_count(queue->queue, MP_SLOT_FREE);
}

size_t mp_joinable_recover(struct mp_joinable *queue, pid_t pid,
                           mp_queue_judge_fn *judge, void *ctx)
{
	return mp_queue_recover(queue->queue, pid, judge, ctx);
}
