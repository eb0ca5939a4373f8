/* SPDX-License-Identifier: MIT */
/* The calls of mp/queue.h: the slots and their order are in queue_ring.c,
 * sleeping and waking in queue_wait.c. */
#include "mp/queue.h"

#include "base/diag.h"
#include "base/fd.h"
#include "mp/queue_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

/* Sizes, the mapping, and the addresses in it. */
static int lay_out(struct mp_queue *queue, size_t n_slots, size_t record_max)
{
	size_t n_order = 1, slots;

	if (n_slots == 0)
		return -EINVAL;
	if (n_slots > INT32_MAX || record_max > INT32_MAX)
		return -ENOMEM;
	while (n_order < n_slots)
		n_order *= 2;
	queue->n_slots = n_slots;
	queue->record_max = record_max;
	queue->order_mask = n_order - 1;
	queue->stride =
		align_up(sizeof(struct mp_slot) + record_max, MP_CACHE_LINE);
	slots = align_up(sizeof(struct mp_queue_shared) +
	                         n_slots * sizeof(*queue->words) +
	                         n_order * sizeof(*queue->order),
	                 MP_CACHE_LINE);
	if (__builtin_mul_overflow(n_slots, queue->stride, &queue->map_size) ||
	    __builtin_add_overflow(slots, queue->map_size, &queue->map_size))
		return -ENOMEM;

	void *memory;
	int result = mp_shm_map(queue->map_size, &memory);
	if (result < 0)
		return result;
	queue->shared = memory;
	queue->words = (void *)(queue->shared + 1);
	queue->order = (void *)((unsigned char *)(queue->shared + 1) +
	                        n_slots * sizeof(*queue->words));
	queue->slots = (unsigned char *)memory + slots;
	return 0;
}

static int open_bells(struct mp_queue *queue)
{
	for (int side = 0; side < 2; side++) {
		queue->fds[side] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (queue->fds[side] < 0)
			return -errno;
	}
	return 0;
}

int mp_queue_create_at(size_t n_slots, size_t record_max, uint64_t first_seq,
                       struct mp_queue **out)
{
	struct mp_queue *queue = calloc(1, sizeof(*queue));
	int result;

	if (!queue)
		return -ENOMEM;
	queue->fds[0] = queue->fds[1] = -1;
	result = lay_out(queue, n_slots, record_max);
	if (result == 0)
		result = open_bells(queue);
	if (result < 0) {
		mp_queue_destroy(queue);
		return result;
	}
	mp_ring_init(queue, first_seq);
	*out = queue;
	return 0;
}

int mp_queue_create(size_t n_slots, size_t record_max, struct mp_queue **out)
{
	return mp_queue_create_at(n_slots, record_max, 0, out);
}

void mp_queue_destroy(struct mp_queue *queue)
{
	if (!queue)
		return;
	(void)fd_close(queue->fds[0]);
	(void)fd_close(queue->fds[1]);
	mp_shm_unmap(queue->shared, queue->map_size);
	free(queue);
}

static int attempt_reserve(struct mp_queue *queue, size_t *slot)
{
	if (mp_queue_is_closed(queue))
		return -EPIPE;
	if (!mp_ring_claim(queue, slot))
		return -EAGAIN;
	if (!mp_queue_is_closed(queue))
		return 0;
	mp_queue_cancel(queue, mp_ring_record(queue, *slot));
	return -EPIPE;
}

int mp_queue_reserve(struct mp_queue *queue, void **record, int timeout_ms)
{
	size_t slot;
	int result = mp_queue_wait(queue, &queue->shared->side[MP_QUEUE_WRITER],
	                           attempt_reserve, &slot, timeout_ms);

	if (result == 0)
		*record = mp_ring_record(queue, slot);
	return result;
}

void mp_queue_publish(struct mp_queue *queue, void *record, size_t len)
{
	if (len > queue->record_max)
		bug("a record of %zu bytes in a slot of %zu", len,
		    queue->record_max);
	mp_ring_publish(queue, mp_ring_index(queue, record), len);
	mp_queue_wake_readers(queue);
}

void mp_queue_cancel(struct mp_queue *queue, void *record)
{
	mp_ring_release(queue, mp_ring_index(queue, record), MP_SLOT_FILLING);
	mp_queue_wake_writers(queue);
	if (mp_queue_is_closed(queue))
		mp_queue_wake_readers(queue);
}

int mp_queue_put(struct mp_queue *queue, const void *record, size_t len,
                 int timeout_ms)
{
	void *room;

	if (len > queue->record_max)
		return -EMSGSIZE;
	int result = mp_queue_reserve(queue, &room, timeout_ms);
	if (result)
		return result;
	if (len)
		memcpy(room, record, len);
	mp_queue_publish(queue, room, len);
	return 0;
}

static int attempt_take(struct mp_queue *queue, size_t *slot)
{
	bool is_end;

	if (mp_ring_take(queue, slot))
		return 1;
	if (!mp_queue_is_closed(queue))
		return -EAGAIN;
	while (mp_queue_is_readable(queue, &is_end)) {
		if (is_end)
			return 0;
		if (mp_ring_take(queue, slot))
			return 1;
	}
	return -EAGAIN;
}

int mp_queue_take(struct mp_queue *queue, void **record, size_t *len,
                  int timeout_ms)
{
	size_t slot;
	int result = mp_queue_wait(queue, &queue->shared->side[MP_QUEUE_READER],
	                           attempt_take, &slot, timeout_ms);

	if (result == 1) {
		*record = mp_ring_record(queue, slot);
		*len = mp_ring_slot(queue, slot)->len;
	}
	return result;
}

void mp_queue_done(struct mp_queue *queue, void *record)
{
	mp_ring_release(queue, mp_ring_index(queue, record), MP_SLOT_TAKEN);
	mp_queue_wake_writers(queue);
}

void mp_queue_untake(struct mp_queue *queue, void *record)
{
	mp_ring_return(queue, mp_ring_index(queue, record));
	mp_queue_wake_readers(queue);
}

void mp_queue_give_back(struct mp_queue *queue, void *record)
{
	mp_ring_slot(queue, mp_ring_index(queue, record))->n_returns++;
	mp_queue_untake(queue, record);
}

int mp_queue_get(struct mp_queue *queue, void *record, size_t size, size_t *len,
                 int timeout_ms)
{
	void *taken;
	int result = mp_queue_take(queue, &taken, len, timeout_ms);

	if (result != 1)
		return result;
	if (*len > size) {
		mp_queue_untake(queue, taken);
		return -EMSGSIZE;
	}
	if (*len)
		memcpy(record, taken, *len);
	mp_queue_done(queue, taken);
	return 1;
}

unsigned mp_queue_n_takes(const struct mp_queue *queue, const void *record)
{
	return mp_ring_slot(queue, mp_ring_index(queue, record))->n_returns + 1;
}

void mp_queue_close(struct mp_queue *queue)
{
	atomic_store(&queue->shared->is_closed, 1);
	mp_queue_wake_all(queue);
}

bool mp_queue_is_closed(const struct mp_queue *queue)
{
	return atomic_load(&queue->shared->is_closed) != 0;
}

size_t mp_queue_size(const struct mp_queue *queue)
{
	return mp_ring_count(queue, MP_SLOT_READY);
}

bool mp_queue_is_empty(const struct mp_queue *queue)
{
	return !mp_ring_has(queue, MP_SLOT_READY);
}

bool mp_queue_is_full(const struct mp_queue *queue)
{
	return !mp_ring_has(queue, MP_SLOT_FREE);
}

size_t mp_queue_n_slots(const struct mp_queue *queue)
{
	return queue->n_slots;
}

size_t mp_queue_record_max(const struct mp_queue *queue)
{
	return queue->record_max;
}

size_t mp_queue_recover(struct mp_queue *queue, pid_t pid,
                        mp_queue_judge_fn *judge, void *ctx)
{
	size_t n = mp_ring_recover(queue, (uint32_t)pid, judge, ctx);

	mp_queue_wake_all(queue);
	return n;
}
