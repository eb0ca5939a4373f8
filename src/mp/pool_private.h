/* SPDX-License-Identifier: MIT */
/* mp/pool_private.h - what the three files of mp/pool.h share
 *
 * Model     pool.c queues single calls and takes their results, pool_task.c
 *           knows the records and runs them in the worker, pool_map.c makes
 *           map, starmap and the iterators of single calls
 * Callers   those three files only */
#ifndef MP_POOL_PRIVATE_H
#define MP_POOL_PRIVATE_H

#include "base/base.h"
#include "mp/pool.h"
#include "mp/workers.h"

/* The start of a task record, and of a reply record. */
struct mp_pool_task {
	int64_t fn;
	uint32_t id;
	uint16_t is_star;
	uint16_t n_args;
};

struct mp_pool_reply {
	uint32_t id;
	int32_t error;
	uint32_t unused[2];
};

/* A call whose result is awaited, or whose callback is due. */
struct call {
	struct call *next; /* of those due */
	mp_pool_callback *callback;
	void *ctx;
	struct mp_imap *imap; /* else the result is number index of this */
	size_t index;
	struct mp_result result;
};

/* What is to be called. */
struct request {
	intptr_t fn; /* offset in the image */
	bool is_star;
	const struct mp_bytes *args;
	size_t n_args;
};

struct mp_pool {
	/* constant after create */
	struct mp_pool_options options;
	unsigned n_workers;
	struct mp_workers *workers;
	size_t n_calls_max;

	/* master only */
	struct call **calls; /* by number; NULL: the number is free */
	uint32_t *free_ids;  /* a stack of n_free */
	size_t n_free;
	struct call *due, **due_end;
	size_t n_settled; /* results so far */
	void *task;       /* where a task is put together */
	bool is_closed;
	bool is_terminated;
	bool is_broken;  /* no worker is left */
	bool is_calling; /* a callback is running */

	/* each worker's own after the fork */
	void *reply;
};

/* The offset of a function, and of one with several arguments. */
intptr_t mp_pool_offset(mp_pool_fn *fn);
intptr_t mp_pool_star_offset(mp_pool_star_fn *fn);

size_t mp_pool_task_max(size_t arg_max);

/* Puts the record together in pool->task and returns its length; the request
 * is known to fit. */
size_t mp_pool_encode(struct mp_pool *pool, const struct request *request,
                      uint32_t id);

/* In the worker; ctx is the pool. */
mp_task_fn mp_pool_run_task;
int mp_pool_initialize(struct mp_worker *self, void *ctx);

/* Queues a call with a copy of *call; -EAGAIN when there is no room. */
int mp_pool_submit(struct mp_pool *pool, const struct request *request,
                   const struct call *call);

/* One round: takes what is there; if that is nothing, sleeps until there may be
 * something. Runs due callbacks. How many results came, -ETIMEDOUT, -ECHILD. */
int mp_pool_turn(struct mp_pool *pool, bool want_room, int64_t deadline_ns);

/* Takes the result over. */
void mp_imap_settle(struct mp_imap *imap, size_t index,
                    struct mp_result result);

#endif
