/* SPDX-License-Identifier: MIT */
/* mp/queue_private.h - the inside of a queue, for queue*.c, joinable.c, tests
 *
 * Model     queue_ring.c knows slots, words and order and never sleeps;
 *           queue_wait.c sleeps and wakes. Both argue at their top. */
#ifndef MP_QUEUE_PRIVATE_H
#define MP_QUEUE_PRIVATE_H

#include "mp/queue.h"
#include "mp/shm.h"

#include <stdatomic.h>

/* A claim word: sequence 37 bits, state 3 bits, owner 24 bits (Linux has no
 * thread id above 2^22). The sequence is that of the slot's last record, also
 * when the slot is FREE or FILLING again. */
enum mp_slot_state {
	MP_SLOT_FREE,
	MP_SLOT_FILLING,
	MP_SLOT_READY,
	MP_SLOT_TAKEN
};

#define MP_OWNER_BITS 24
#define MP_SEQ_SHIFT  27
#define MP_SEQ_MASK   (UINT64_MAX >> MP_SEQ_SHIFT)

static inline uint64_t mp_word(uint64_t seq, enum mp_slot_state state,
                               uint32_t owner)
{
	return seq << MP_SEQ_SHIFT | (uint64_t)state << MP_OWNER_BITS | owner;
}

static inline uint64_t mp_word_seq(uint64_t word)
{
	return word >> MP_SEQ_SHIFT;
}

static inline enum mp_slot_state mp_word_state(uint64_t word)
{
	return (enum mp_slot_state)(word >> MP_OWNER_BITS & 7);
}

static inline uint32_t mp_word_owner(uint64_t word)
{
	return word & ((UINT32_C(1) << MP_OWNER_BITS) - 1);
}

/* Sequences wrap around: a is before b when it is less than half a turn ago. */
static inline bool mp_seq_before(uint64_t a, uint64_t b)
{
	return ((a - b) & MP_SEQ_MASK) > MP_SEQ_MASK / 2;
}

/* Sleepers of one kind; see the top of queue_wait.c. */
struct mp_event {
	_Atomic uint32_t count;     /* the futex; rises with each wake */
	_Atomic uint32_t n_waiters; /* never less than there are */
	/* 0: nobody sleeps in epoll; else so many changes until it is rung */
	_Atomic uint32_t n_until_bell;
};

struct mp_queue_shared {
	/* where takers look first: sequence 37 bits, version 27 bits */
	_Alignas(MP_CACHE_LINE) _Atomic uint64_t hint;
	/* of the next record to be published */
	_Alignas(MP_CACHE_LINE) _Atomic uint64_t next_seq;
	/* written only when somebody sleeps or closes */
	_Alignas(MP_CACHE_LINE) _Atomic uint32_t is_closed;
	struct mp_event side[2]; /* by enum mp_queue_side */
	struct mp_event idle;    /* all slots FREE: mp_joinable_join */
};

/* Written by the slot's owner only. The record follows. */
struct mp_slot {
	_Alignas(16) uint32_t len;
	uint32_t n_returns; /* how often the record was taken and came back */
};

/* A process's handle. Everything but the cursor is constant after create. */
struct mp_queue {
	struct mp_queue_shared *shared;
	_Atomic uint64_t *words; /* n_slots of them, dense */
	_Atomic uint32_t *order; /* slot of a sequence, or a stale one */
	unsigned char *slots;
	size_t n_slots, record_max, stride, map_size;
	uint64_t order_mask;
	int fds[2];              /* eventfds, by enum mp_queue_side */
	_Atomic uint32_t cursor; /* where this process looks for a FREE slot */
};

/* What a pass over the words saw. */
struct mp_scan {
	bool has_ready, has_filling;
	size_t slot;   /* of the READY record that is first in the order */
	uint64_t word; /* and its word */
};

/* As mp_queue_create, with the first sequence number and for tests. */
int mp_queue_create_at(size_t n_slots, size_t record_max, uint64_t first_seq,
                       struct mp_queue **out);

/* queue_wait.c */

/* Like give_back, but as if the record had not been taken. queue.c */
void mp_queue_untake(struct mp_queue *queue, void *record);

/* The longest a futex sleep lasts before its sleeper looks again. */
extern int64_t mp_queue_slice_ns;

/* Waits on the event until attempt says other than -EAGAIN; its result, or
 * -EAGAIN for timeout 0, or -ETIMEDOUT. */
typedef int mp_queue_attempt_fn(struct mp_queue *queue, size_t *slot);
int mp_queue_wait(struct mp_queue *queue, struct mp_event *event,
                  mp_queue_attempt_fn *attempt, size_t *slot, int timeout_ms);

/* True when get has something to say: a record, or the end. */
bool mp_queue_is_readable(const struct mp_queue *queue, bool *is_end);

/* A slot is READY, or is no longer FILLING. */
void mp_queue_wake_readers(struct mp_queue *queue);

/* A slot is FREE. The last one to become so also wakes those who wait for all
 * of them; if another is not FREE, then whoever frees that one will. */
void mp_queue_wake_writers(struct mp_queue *queue);

/* Everybody on all sides should look again. */
void mp_queue_wake_all(struct mp_queue *queue);

/* queue_ring.c */

static inline struct mp_slot *mp_ring_slot(const struct mp_queue *queue,
                                           size_t slot)
{
	return (struct mp_slot *)(void *)(queue->slots + slot * queue->stride);
}

static inline void *mp_ring_record(const struct mp_queue *queue, size_t slot)
{
	return mp_ring_slot(queue, slot) + 1;
}

/* The slot of a record; a bug when it is none. */
size_t mp_ring_index(const struct mp_queue *queue, const void *record);

void mp_ring_init(struct mp_queue *queue, uint64_t first_seq);
struct mp_scan mp_ring_scan(const struct mp_queue *queue);
size_t mp_ring_count(const struct mp_queue *queue, enum mp_slot_state state);
bool mp_ring_has(const struct mp_queue *queue, enum mp_slot_state state);

/* FREE -> FILLING, READY -> TAKEN; false when none was found. */
bool mp_ring_claim(struct mp_queue *queue, size_t *slot);
bool mp_ring_take(struct mp_queue *queue, size_t *slot);

/* The caller's own slot: FILLING -> READY, any -> FREE, TAKEN -> READY. */
void mp_ring_publish(struct mp_queue *queue, size_t slot, size_t len);
void mp_ring_release(struct mp_queue *queue, size_t slot,
                     enum mp_slot_state from);
void mp_ring_return(struct mp_queue *queue, size_t slot);

/* The caller's TAKEN slot that is first in the order. */
bool mp_ring_find_taken(const struct mp_queue *queue, size_t *slot);

/* The work of mp_queue_recover, without the waking. */
size_t mp_ring_recover(struct mp_queue *queue, uint32_t owner,
                       mp_queue_judge_fn *judge, void *ctx);

/* True when there was a moment in which all slots were FREE. */
bool mp_ring_was_idle(const struct mp_queue *queue);

#endif
