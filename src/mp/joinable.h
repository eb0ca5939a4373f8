/* SPDX-License-Identifier: MIT */
/* mp/joinable.h - a queue that knows when all its items have been handled
 *
 * Model     a queue (mp/queue.h) whose item is unfinished from the moment its
 *           put begins until its consumer says task_done; join waits until
 *           none is. Nothing is counted: an item stays in its slot under its
 *           consumer's name until it is done, and join looks at the slots. So
 *           what is unfinished cannot disagree with what is there.
 *           The price: items in hand take up room. A consumer that puts into
 *           the queue it reads needs more slots than there are consumers.
 * Lifetime  created before the fork, destroyed by its maker after the last
 *           process has been joined
 * Blocking  timeout_ms: -1 for ever, 0 not at all, n at most n milliseconds
 * Death     a producer that dies in a put leaves nothing behind, or the whole
 *           item; a consumer that dies before task_done has not finished its
 *           items. Who reaps it calls mp_joinable_recover, which puts them
 *           back in their old place in the order, or lets a judge drop them.
 *           Until then join waits for them.
 * Errors    get: 1 an item, 0 closed and empty, -EAGAIN nothing now (timeout
 *           0), -ETIMEDOUT, -EMSGSIZE. put: 0, -EPIPE closed, -EAGAIN full
 *           (timeout 0), -ETIMEDOUT, -EMSGSIZE. */
#ifndef MP_JOINABLE_H
#define MP_JOINABLE_H

#include "base/base.h"
#include "mp/queue.h"

#include <sys/types.h>

struct mp_joinable;

/* A queue of n_slots items, waiting and in hand together, of up to item_max
 * bytes each. -EINVAL for zero slots, -ENOMEM, -EMFILE. */
int mp_joinable_create(size_t n_slots, size_t item_max,
                       struct mp_joinable **out);

/* Unmaps and frees this process's handle; NULL is fine. Others keep theirs. */
void mp_joinable_destroy(struct mp_joinable *queue);

/* Copies an item in. */
int mp_joinable_put(struct mp_joinable *queue, const void *item, size_t len,
                    int timeout_ms);

/* Copies the next item out; it is unfinished until task_done. With -EMSGSIZE it
 * stays first in the queue and *len says what it needs. */
int mp_joinable_get(struct mp_joinable *queue, void *item, size_t size,
                    size_t *len, int timeout_ms);

/* The item that this process (or thread) got first, of those it has not yet
 * finished, is done. -EINVAL when it has none. */
int mp_joinable_task_done(struct mp_joinable *queue);

/* Waits until there is a moment without unfinished items: 0, or -ETIMEDOUT
 * when there are some (also for timeout 0). */
int mp_joinable_join(struct mp_joinable *queue, int timeout_ms);

/* No more puts. What is in the queue can still be got. */
void mp_joinable_close(struct mp_joinable *queue);
bool mp_joinable_is_closed(const struct mp_joinable *queue);

/* Snapshots, out of date when they return: items that wait; items that wait or
 * are being put or are in somebody's hands. */
size_t mp_joinable_size(const struct mp_joinable *queue);
size_t mp_joinable_n_unfinished(const struct mp_joinable *queue);

/* As mp_queue_recover: the process pid is dead; returns how many items it had
 * in hand. An item that judge drops is done. */
size_t mp_joinable_recover(struct mp_joinable *queue, pid_t pid,
                           mp_queue_judge_fn *judge, void *ctx);

#endif
