/* SPDX-License-Identifier: MIT */
/* mp/pool.h - functions run by a pool of worker processes
 *
 * Model     a function, the bytes of its argument and the bytes of its result
 *           travel through the queues of mp/workers.h. The function goes as an
 *           offset in the program's image: workers are forks of the process
 *           that made the pool, so any function linked into it, or loaded
 *           before mp_pool_create, is at the same place there. What it reads
 *           besides its argument is the memory as it was when the worker was
 *           forked; what it writes there is lost.
 * Lifetime  create -> apply, map, imap -> close or terminate -> join ->
 *           destroy. Made before the process grows, used by it alone.
 * Blocking  arguments wait in a bounded queue and not in the caller's memory:
 *           apply_async waits for room when all is full. map waits for all its
 *           results, imap_next for one. Every call that waits also takes the
 *           results of other tasks.
 * Callbacks run in the process that made the pool, in the order of completion,
 *           one after the other and never inside each other, in calls that
 *           wait. They may use the pool in any way but join (-EDEADLK) or
 *           destroy it.
 * Death     a worker that dies is replaced, and the task it had in hand is
 *           tried again, up to max_tries times in all; then its error is
 *           -EOWNERDEAD. A task whose result was sent is not run again.
 *           Workers die with the process that made the pool.
 * Errors    a task's error is what its function returned, or -EOWNERDEAD, or
 *           -ECANCELED (terminate), or -ECHILD: no worker could be kept alive
 *           (an initializer that fails, for one), or -ENOMEM when there was no
 *           memory to keep its result. Calls return negative errnos: -EPIPE
 *           after close, -EMSGSIZE, -ECHILD, -ENOMEM. */
#ifndef MP_POOL_H
#define MP_POOL_H

#include "base/base.h"

#include <sys/types.h>

struct mp_pool;

#define MP_POOL_ARGS_MAX 8 /* arguments of one starmap call */

struct mp_bytes {
	const void *data;
	size_t len;
};

/* An object as an argument. */
#define MP_BYTES(object) ((struct mp_bytes){&(object), sizeof(object)})

/* In the worker: where a function leaves its result; max bytes are there. */
struct mp_output {
	void *data;
	size_t len; /* 0 at first */
	size_t max;
};

/* Appends to the result; -EMSGSIZE when it does not fit. */
int mp_output_add(struct mp_output *output, const void *data, size_t len);

/* In the worker: their value is the error of the task, 0 for none. Arguments
 * and result are aligned to 16 bytes. */
typedef int mp_pool_fn(const void *arg, size_t len, struct mp_output *output);
typedef int mp_pool_star_fn(const struct mp_bytes *args, size_t n_args,
                            struct mp_output *output);

struct mp_result {
	int error;
	void *data; /* NULL when len is 0 */
	size_t len;
};

/* The result's data is valid during the call. */
typedef void mp_pool_callback(void *ctx, const struct mp_result *result);

struct mp_pool_options {
	size_t arg_max;               /* bytes of the arguments of one call */
	size_t result_max;            /* bytes of a result */
	size_t n_waiting;             /* calls queued besides those in hand */
	unsigned max_tasks_per_child; /* a worker is replaced after; 0: never */
	unsigned max_tries;           /* of a call whose worker dies; 0: 3 */
	int (*initializer)(void *ctx); /* in each worker; not 0: it exits */
	void *ctx;                     /* for the initializer */
};

/* n_workers 0: one for each processor this process may run on. options NULL,
 * or a size in it 0: 1024 bytes, two calls waiting for each worker. */
int mp_pool_create(unsigned n_workers, const struct mp_pool_options *options,
                   struct mp_pool **out);

/* Kills what is left; callbacks that have not run never do. Iterators must be
 * gone. NULL is fine. */
void mp_pool_destroy(struct mp_pool *pool);

/* Queues fn(arg); callback, which may be NULL, is called with its result. */
int mp_pool_apply_async(struct mp_pool *pool, mp_pool_fn *fn, const void *arg,
                        size_t len, mp_pool_callback *callback, void *ctx);

/* Runs fn(arg) in a worker and waits. The result is released by the caller;
 * it is set only when 0 is returned: the call came through, with or without an
 * error of its own. */
int mp_pool_apply(struct mp_pool *pool, mp_pool_fn *fn, const void *arg,
                  size_t len, struct mp_result *result);

/* Runs fn on each of n arguments; results[i] is that of args[i]. Returns how
 * many of them have an error. All results are released by the caller; on a
 * negative return there are none. */
int mp_pool_map(struct mp_pool *pool, mp_pool_fn *fn,
                const struct mp_bytes *args, size_t n,
                struct mp_result *results);

/* The same for functions of n_args arguments each: call i gets args[i * n_args]
 * and the ones that follow. */
int mp_pool_starmap(struct mp_pool *pool, mp_pool_star_fn *fn,
                    const struct mp_bytes *args, size_t n_args, size_t n,
                    struct mp_result *results);

/* An iterator over the results: in the order of the arguments, or as they
 * come. args is borrowed until destroy. Calls are queued as there is room, at
 * once and in each imap_next. */
struct mp_imap;
int mp_pool_imap(struct mp_pool *pool, mp_pool_fn *fn,
                 const struct mp_bytes *args, size_t n, struct mp_imap **out);
int mp_pool_imap_unordered(struct mp_pool *pool, mp_pool_fn *fn,
                           const struct mp_bytes *args, size_t n,
                           struct mp_imap **out);

/* 1 and a result, which the caller releases, and in *index, which may be NULL,
 * the number of its argument; 0 when all were given; -ETIMEDOUT. */
int mp_imap_next(struct mp_imap *imap, struct mp_result *result, size_t *index,
                 int timeout_ms);

/* The results that were not taken are dropped; calls in hand go on. */
void mp_imap_destroy(struct mp_imap *imap);

void mp_result_release(struct mp_result *result);
void mp_results_release(struct mp_result *results, size_t n);

/* Waits until a result came and runs the callbacks that are due. Returns how
 * many results came, 0 when no call is under way; -ETIMEDOUT. */
int mp_pool_wait(struct mp_pool *pool, int timeout_ms);

/* No more calls; those queued are run. What an iterator has not queued yet ends
 * with -EPIPE. */
void mp_pool_close(struct mp_pool *pool);

/* No more calls; kills the workers at once. Calls without a result end with
 * -ECANCELED. Callbacks that are due run. */
void mp_pool_terminate(struct mp_pool *pool);

/* Waits until every call has ended, all callbacks have run and the workers are
 * gone. After close or terminate only (-EINVAL). -ETIMEDOUT, -ECHILD. */
int mp_pool_join(struct mp_pool *pool, int timeout_ms);

unsigned mp_pool_n_workers(const struct mp_pool *pool);

/* The process of a worker, 0 up to n_workers; negative when it has none. */
pid_t mp_pool_pid(const struct mp_pool *pool, unsigned index);

#endif
