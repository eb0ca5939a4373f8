/* SPDX-License-Identifier: MIT */
/* mp/queue.h - bounded queue of byte records shared by related processes
 *
 * Model     a ring of slots in shared memory. Each slot has one 64-bit word
 *           {sequence, state, owner} that changes by compare-and-swap only:
 *           FREE -> FILLING(owner) -> READY -> TAKEN(owner) -> FREE. A record
 *           stays in its slot, under its taker's name, until the taker says it
 *           is done; so the capacity counts waiting records *and* those in
 *           hand. Records leave in the order in which they were put. There is
 *           no lock and no condition variable.
 * Lifetime  created before the fork, destroyed by its maker after the last
 *           join; children use the handle they inherited
 * Blocking  timeout_ms: -1 for ever, 0 not at all, n at most n milliseconds
 *           (monotonic). Sleepers wait on a futex; a master that sleeps in
 *           epoll uses mp_queue_fd and mp_queue_arm.
 * Death     nothing is ever held by an unknown process. Who reaps a dead
 *           process calls mp_queue_recover with its pid: what it was filling
 *           is freed, what it had in hand is READY again (or judged by a
 *           callback), and sleepers are woken. Until then others can put and
 *           take all remaining slots. It may have died at any instruction: a
 *           put that did not return has put its record or has not. With
 *           mp_queue_get a record is the caller's alone once the call returned.
 * Owners    are thread ids as seen by gettid(2), so a thread finishes what it
 *           began itself, and all users live in one pid namespace. To touch a
 *           slot of another is a bug and aborts.
 * Errors    get and take: 1 a record, 0 closed and drained, -EAGAIN nothing now
 *           (timeout 0), -ETIMEDOUT, -EMSGSIZE. put and reserve: 0, -EPIPE
 *           closed, -EAGAIN full (timeout 0), -ETIMEDOUT, -EMSGSIZE. */
#ifndef MP_QUEUE_H
#define MP_QUEUE_H

#include "base/base.h"

#include <sys/types.h>

struct mp_queue;

/* A queue of n_slots records of up to record_max bytes each. Memory is touched
 * only as records use it. -EINVAL for zero slots, -ENOMEM, -EMFILE. */
int mp_queue_create(size_t n_slots, size_t record_max, struct mp_queue **out);

/* Unmaps and frees this process's handle; NULL is fine. Others keep theirs. */
void mp_queue_destroy(struct mp_queue *queue);

/* Copies a record in. */
int mp_queue_put(struct mp_queue *queue, const void *record, size_t len,
                 int timeout_ms);

/* Copies the next record out and frees its slot; *len is its length. With
 * -EMSGSIZE the record does not fit into size bytes: it stays first in the
 * queue and *len says what it needs. */
int mp_queue_get(struct mp_queue *queue, void *record, size_t size, size_t *len,
                 int timeout_ms);

/* In two steps, without a copy. reserve claims a slot of record_max bytes;
 * publish makes it READY with len bytes, cancel frees it. */
int mp_queue_reserve(struct mp_queue *queue, void **record, int timeout_ms);
void mp_queue_publish(struct mp_queue *queue, void *record, size_t len);
void mp_queue_cancel(struct mp_queue *queue, void *record);

/* take leaves the record in its slot under the caller's name; the caller may
 * write into it (up to record_max), and what it wrote is there for the next
 * taker if it dies. done frees the slot; give_back makes it READY again in its
 * old place in the order. */
int mp_queue_take(struct mp_queue *queue, void **record, size_t *len,
                  int timeout_ms);
void mp_queue_done(struct mp_queue *queue, void *record);
void mp_queue_give_back(struct mp_queue *queue, void *record);

/* How often the record has been taken, the present time included. */
unsigned mp_queue_n_takes(const struct mp_queue *queue, const void *record);

/* No more puts: -EPIPE, also for those that wait for a slot. A slot that is
 * being filled may still be published. get says 0 when no record is READY and
 * none is being filled; records that others have in hand may come back later
 * (give_back, recover) and can be taken then. */
void mp_queue_close(struct mp_queue *queue);
bool mp_queue_is_closed(const struct mp_queue *queue);

/* Snapshots, out of date when they return: READY records; no READY record;
 * no FREE slot. */
size_t mp_queue_size(const struct mp_queue *queue);
bool mp_queue_is_empty(const struct mp_queue *queue);
bool mp_queue_is_full(const struct mp_queue *queue);

size_t mp_queue_n_slots(const struct mp_queue *queue);
size_t mp_queue_record_max(const struct mp_queue *queue);

/* What becomes of a record that a dead process had in hand. The callback may
 * write to the record and change *len. */
enum mp_queue_verdict { MP_QUEUE_RETRY, MP_QUEUE_DROP };
typedef enum mp_queue_verdict mp_queue_judge_fn(void *ctx, void *record,
                                                size_t *len, unsigned n_takes);

/* The process pid is dead (and reaped, or about to be): frees the slots it was
 * filling and makes READY again, in its old place in the order, what it had
 * taken, unless judge, which may be NULL, says DROP. Returns how many records it
 * had in hand. Call it for every queue the process used, before its pid can be
 * used again, and once: two may not recover the same process at a time. */
size_t mp_queue_recover(struct mp_queue *queue, pid_t pid,
                        mp_queue_judge_fn *judge, void *ctx);

/* For epoll: a descriptor (eventfd) that becomes readable when a sleeping
 * reader (or writer) should look again. Before sleeping call arm: it returns
 * true when there is a record (a free slot) now, so do not sleep; false when
 * the n_changes-th publish (done) from now on will make the descriptor
 * readable: more than 1 for who has no use for one at a time, and knows that
 * so many will come. Call mp_queue_disarm after waking; it empties the
 * descriptor. One process a side may sleep this way. A close wakes both sides,
 * and so does recover. */
enum mp_queue_side { MP_QUEUE_READER, MP_QUEUE_WRITER };
int mp_queue_fd(const struct mp_queue *queue, enum mp_queue_side side);
bool mp_queue_arm(struct mp_queue *queue, enum mp_queue_side side,
                  uint32_t n_changes);
void mp_queue_disarm(struct mp_queue *queue, enum mp_queue_side side);

#endif
