/* SPDX-License-Identifier: MIT */
/* mp/workers.h - worker processes over a task queue and a reply queue
 *
 * Model     the mechanism under mp/pool.h and under pcopy itself. A single-
 *           threaded master submits byte records; n workers take them in
 *           order, run one function on each and put replies. A task stays in
 *           its slot while it is worked on, and the function may write into
 *           it, so that whoever takes it after a death knows how far it got.
 * Lifetime  create forks the workers, so make it before the master grows, or
 *           dispatch does when there are tasks for them (as_needed); the
 *           master submits and dispatches; close, then dispatch until it says
 *           that all is done; destroy kills and reaps what is left
 * Callbacks on_reply and on_death run in the master, inside dispatch, join and
 *           kill only; they may submit and close, nothing else of this
 * Blocking  the master never blocks: submit says -EAGAIN, and the descriptor
 *           of mp_workers_fd becomes readable when there is something to do.
 *           A worker blocks for a task, and for room for a reply.
 * Death     a worker that dies is reaped and replaced; on_death sees the task
 *           it had in hand, once all replies it had sent have been shown, and
 *           says whether it is tried again or given up. A task whose end was
 *           sent is never run again. A worker dies with its master. Workers
 *           that end four times in a row without having ended or held a task
 *           are not replaced: dispatch says -ECHILD when none is left.
 * Shortage  a worker that cannot be started (no process, no descriptor) is
 *           missed: dispatch tries again after a pause, and the descriptor
 *           wakes the master for it. create succeeds when one has started, or
 *           with may_start_none in any case.
 * Errors    negative errno */
#ifndef MP_WORKERS_H
#define MP_WORKERS_H

#include "base/base.h"
#include "mp/queue.h"

#include <sys/types.h>

struct mp_workers;
struct mp_worker; /* what a worker knows of itself */

/* In the worker: the task's bytes, in its slot. */
typedef void mp_task_fn(struct mp_worker *self, void *ctx, void *task,
                        size_t len);

/* In the master. */
typedef void mp_reply_fn(void *ctx, const void *reply, size_t len);
struct mp_death {
	unsigned worker; /* index, 0 up */
	pid_t pid;
	int exit_code;    /* -N for signal N; 0 if lost (SIGCHLD ignored) */
	void *task;       /* what it had in hand, may be changed; or NULL,
	                     then the verdict does not count */
	size_t len;       /* of the task, may be changed */
	unsigned n_takes; /* how often the task was taken so far */
	bool is_hung;     /* killed, but still somewhere in the kernel */
};
typedef enum mp_queue_verdict mp_death_fn(void *ctx, struct mp_death *death);

struct mp_workers_options {
	unsigned n_workers;
	unsigned n_first;           /* of them start at once; 0: all */
	bool as_needed;             /* none starts before there is a task */
	bool may_start_none;        /* create succeeds without any */
	size_t n_waiting;           /* tasks queued besides those in hand */
	size_t n_replies;           /* slots for replies; 0: enough for all */
	size_t task_max, reply_max; /* bytes of one record */
	unsigned max_tasks;         /* a worker is replaced after; 0: never */
	/* In the master, or NULL: before the worker of that index is forked,
	 * also in the place of a dead one. */
	void (*prepare)(void *ctx, unsigned index);
	mp_task_fn *run; /* in the worker, for each task */
	/* In the worker, or NULL: first, and before it leaves of its own. When
	 * start is not 0 the worker exits with that (its sign dropped). */
	int (*start)(struct mp_worker *self, void *ctx);
	void (*stop)(struct mp_worker *self, void *ctx);
	mp_reply_fn *on_reply;
	mp_death_fn *on_death; /* NULL: always tried again */
	void *ctx;             /* for all of the above */
};

int mp_workers_create(const struct mp_workers_options *options,
                      struct mp_workers **out);

/* 0, or -EAGAIN when there is no free slot or no credit (tasks in flight never
 * exceed the slots of the reply queue), -EMSGSIZE, -EPIPE after close. */
int mp_workers_submit(struct mp_workers *workers, const void *task, size_t len);

/* True when the next submit would not say -EAGAIN. */
bool mp_workers_has_room(const struct mp_workers *workers);

/* Takes the replies that are there, reaps and replaces the dead. Returns how
 * many replies and ends of tasks it took, 0 for none; -ECHILD when no worker is
 * left. */
int mp_workers_dispatch(struct mp_workers *workers);

/* Tasks submitted whose end has not been seen by dispatch. */
size_t mp_workers_n_in_flight(const struct mp_workers *workers);

/* An epoll descriptor, readable when dispatch has something to do or, with
 * want_room, when submit would work again. Call prepare right before sleeping:
 * true means do not sleep. n_changes: how many replies must have come, or tasks
 * have ended, until it is worth waking, 1 for the next; of that many the sleeper
 * must be sure. A death wakes it, too. */
int mp_workers_fd(const struct mp_workers *workers);
bool mp_workers_prepare_sleep(struct mp_workers *workers, bool want_room,
                              uint32_t n_changes);

/* The next dispatch starts those that have not been yet. */
void mp_workers_grow(struct mp_workers *workers);

/* The same for one of them; its index, or UINT_MAX when there is none. */
unsigned mp_workers_add(struct mp_workers *workers);

/* Why the last try to start a worker failed, a negative errno; 0 when none is
 * missed. */
int mp_workers_shortage(const struct mp_workers *workers);

/* From now on no more than so many are started, at least 1; those that run are
 * left alone. */
void mp_workers_limit(struct mp_workers *workers, unsigned n);

/* Takes a task back that waits for a worker, the oldest first, into task_max
 * bytes: it has ended. 0 when none waits. */
int mp_workers_take_back(struct mp_workers *workers, void *task, size_t *len);

/* No more tasks; workers leave when the queue is empty. */
void mp_workers_close(struct mp_workers *workers);

/* Waits until every task has ended and every worker has left; timeout_ms as
 * usual. Runs the callbacks. close must have been called. */
int mp_workers_join(struct mp_workers *workers, int timeout_ms);

/* Kills and reaps the workers at once; tasks in hand are shown to on_death
 * (its verdict does not count), waiting ones are dropped. One that does not end
 * within timeout_ms hangs in the kernel: it is shown likewise, and left. */
void mp_workers_kill(struct mp_workers *workers, int timeout_ms);

/* Kills those that are left, and waits two seconds for them at most. */
void mp_workers_destroy(struct mp_workers *workers);

unsigned mp_workers_n_alive(const struct mp_workers *workers);
pid_t mp_workers_pid(const struct mp_workers *workers, unsigned index);

/* In the worker, from the thread that runs the task. */
unsigned mp_worker_index(const struct mp_worker *self);
unsigned mp_worker_n_takes(const struct mp_worker *self);

/* It leaves when the task in hand has ended; another may be started for it. */
void mp_worker_leave(struct mp_worker *self);

/* Puts a reply; blocks until there is room. Any number per task. reply_last
 * also says that the task has ended: from here on it is never run again, and
 * no further reply may follow. Without it the library sends an end of its own
 * when the function returns, so this saves one record a task. */
int mp_worker_reply(struct mp_worker *self, const void *reply, size_t len);
int mp_worker_reply_last(struct mp_worker *self, const void *reply, size_t len);

/* For a reply in place: up to reply_max bytes, then send with its length. One
 * at a time; it holds a slot until then. */
int mp_worker_reply_reserve(struct mp_worker *self, void **reply);
void mp_worker_reply_send(struct mp_worker *self, void *reply, size_t len);
void mp_worker_reply_send_last(struct mp_worker *self, void *reply, size_t len);

#endif
