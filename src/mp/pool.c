/* SPDX-License-Identifier: MIT */
/* Callbacks do not run inside mp_workers_dispatch, which may not be entered
 * twice: settle puts them on the due list, and mp_pool_turn runs that when
 * dispatch is over. A callback that waits for room comes to mp_pool_turn again,
 * which then takes results but leaves the list alone. */
#include "mp/pool_private.h"

#include "base/diag.h"
#include "base/mono.h"
#include "mp/cpu.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_DEFAULT    1024
#define TRIES_DEFAULT   3
#define WAITING_DEFAULT 2 /* for each worker */

/* --- results --- */

static struct mp_result copy_result(int error, const void *data, size_t len)
{
	struct mp_result result = {.error = error};

	if (len == 0)
		return result;
	result.data = malloc(len);
	if (!result.data) {
		result.error = -ENOMEM;
		return result;
	}
	memcpy(result.data, data, len);
	result.len = len;
	return result;
}

void mp_result_release(struct mp_result *result)
{
	free(result->data);
	*result = (struct mp_result){0};
}

void mp_results_release(struct mp_result *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		mp_result_release(&results[i]);
}

static void settle(struct mp_pool *pool, uint32_t id, int error,
                   const void *data, size_t len)
{
	struct call *call = id < pool->n_calls_max ? pool->calls[id] : NULL;

	if (!call)
		bug("call %u is not under way", id);
	pool->calls[id] = NULL;
	pool->free_ids[pool->n_free++] = id;
	pool->n_settled++;
	if (call->callback) {
		call->result = copy_result(error, data, len);
		*pool->due_end = call;
		pool->due_end = &call->next;
		return;
	}
	if (call->imap)
		mp_imap_settle(call->imap, call->index,
		               copy_result(error, data, len));
	free(call);
}

static void on_reply(void *ctx, const void *reply, size_t len)
{
	const struct mp_pool_reply *head = reply;

	settle(ctx, head->id, head->error, head + 1, len - sizeof(*head));
}

static enum mp_queue_verdict on_death(void *ctx, struct mp_death *death)
{
	struct mp_pool *pool = ctx;
	const struct mp_pool_task *head = death->task;

	if (!head)
		return MP_QUEUE_RETRY;
	if (!pool->is_terminated && death->n_takes < pool->options.max_tries)
		return MP_QUEUE_RETRY;
	settle(pool, head->id, pool->is_terminated ? -ECANCELED : -EOWNERDEAD,
	       NULL, 0);
	return MP_QUEUE_DROP;
}

static void settle_all(struct mp_pool *pool, int error)
{
	for (uint32_t id = 0; id < pool->n_calls_max; id++) {
		if (pool->calls[id])
			settle(pool, id, error, NULL, 0);
	}
}

static void run_callbacks(struct mp_pool *pool)
{
	if (pool->is_calling)
		return;
	pool->is_calling = true;
	while (pool->due) {
		struct call *call = pool->due;

		pool->due = call->next;
		if (!pool->due)
			pool->due_end = &pool->due;
		call->callback(call->ctx, &call->result);
		mp_result_release(&call->result);
		free(call);
	}
	pool->is_calling = false;
}

/* --- life --- */

static void set_options(struct mp_pool *pool, unsigned n_workers,
                        const struct mp_pool_options *options)
{
	if (options)
		pool->options = *options;
	pool->n_workers = n_workers ? n_workers : mp_cpu_count();
	if (pool->options.arg_max == 0)
		pool->options.arg_max = SIZE_DEFAULT;
	if (pool->options.result_max == 0)
		pool->options.result_max = SIZE_DEFAULT;
	if (pool->options.n_waiting == 0)
		pool->options.n_waiting =
			WAITING_DEFAULT * (size_t)pool->n_workers;
	if (pool->options.max_tries == 0)
		pool->options.max_tries = TRIES_DEFAULT;
	pool->n_calls_max =
		pool->options.n_waiting + 2 * (size_t)pool->n_workers;
}

static int create_all(struct mp_pool *pool)
{
	const struct mp_pool_options *given = &pool->options;
	struct mp_workers_options options = {
		.n_workers = pool->n_workers,
		.n_waiting = given->n_waiting,
		.n_replies = pool->n_calls_max,
		.task_max = mp_pool_task_max(given->arg_max),
		.reply_max = sizeof(struct mp_pool_reply) + given->result_max,
		.max_tasks = given->max_tasks_per_child,
		.run = mp_pool_run_task,
		.start = mp_pool_initialize,
		.on_reply = on_reply,
		.on_death = on_death,
		.ctx = pool,
	};

	pool->calls = calloc(pool->n_calls_max, sizeof(*pool->calls));
	pool->free_ids = calloc(pool->n_calls_max, sizeof(*pool->free_ids));
	pool->task = calloc(1, options.task_max);
	pool->reply = calloc(1, options.reply_max);
	if (!pool->calls || !pool->free_ids || !pool->task || !pool->reply)
		return -ENOMEM;
	while (pool->n_free < pool->n_calls_max) {
		pool->free_ids[pool->n_free] = (uint32_t)pool->n_free;
		pool->n_free++;
	}
	return mp_workers_create(&options, &pool->workers);
}

int mp_pool_create(unsigned n_workers, const struct mp_pool_options *options,
                   struct mp_pool **out)
{
	struct mp_pool *pool = calloc(1, sizeof(*pool));
	int err;

	if (!pool)
		return -ENOMEM;
	pool->due_end = &pool->due;
	set_options(pool, n_workers, options);
	err = create_all(pool);
	if (err) {
		mp_pool_destroy(pool);
		return err;
	}
	*out = pool;
	return 0;
}

void mp_pool_destroy(struct mp_pool *pool)
{
	if (!pool)
		return;
	mp_workers_destroy(pool->workers);
	for (size_t id = 0; pool->calls && id < pool->n_calls_max; id++)
		free(pool->calls[id]);
	while (pool->due) {
		struct call *call = pool->due;

		pool->due = call->next;
		mp_result_release(&call->result);
		free(call);
	}
	free(pool->calls);
	free(pool->free_ids);
	free(pool->task);
	free(pool->reply);
	free(pool);
}

void mp_pool_close(struct mp_pool *pool)
{
	pool->is_closed = true;
	mp_workers_close(pool->workers);
}

void mp_pool_terminate(struct mp_pool *pool)
{
	pool->is_closed = true;
	pool->is_terminated = true;
	mp_workers_kill(pool->workers, -1);
	settle_all(pool, -ECANCELED);
	run_callbacks(pool);
}

int mp_pool_join(struct mp_pool *pool, int timeout_ms)
{
	int64_t deadline_ns = mono_deadline_ns(timeout_ms);

	if (!pool->is_closed)
		return -EINVAL;
	if (pool->is_calling)
		return -EDEADLK;
	while (pool->n_free < pool->n_calls_max) {
		int n = mp_pool_turn(pool, false, deadline_ns);

		if (n < 0)
			return n;
	}
	run_callbacks(pool);
	return mp_workers_join(pool->workers, mono_left_ms(deadline_ns));
}

unsigned mp_pool_n_workers(const struct mp_pool *pool)
{
	return pool->n_workers;
}

pid_t mp_pool_pid(const struct mp_pool *pool, unsigned index)
{
	return mp_workers_pid(pool->workers, index);
}

/* --- calls --- */

static int check_request(const struct mp_pool *pool,
                         const struct request *request)
{
	size_t left = pool->options.arg_max;

	if (pool->is_closed)
		return -EPIPE;
	if (pool->is_broken)
		return -ECHILD;
	if (request->n_args > MP_POOL_ARGS_MAX)
		return -EMSGSIZE;
	for (size_t i = 0; i < request->n_args; i++) {
		if (request->args[i].len > left)
			return -EMSGSIZE;
		left -= request->args[i].len;
	}
	return 0;
}

int mp_pool_submit(struct mp_pool *pool, const struct request *request,
                   const struct call *call)
{
	int err = check_request(pool, request);
	struct call *kept;
	uint32_t id;

	if (err)
		return err;
	if (!mp_workers_has_room(pool->workers) || pool->n_free == 0)
		return -EAGAIN;
	kept = malloc(sizeof(*kept));
	if (!kept)
		return -ENOMEM;
	id = pool->free_ids[pool->n_free - 1];
	err = mp_workers_submit(pool->workers, pool->task,
	                        mp_pool_encode(pool, request, id));
	if (err) {
		free(kept);
		return err;
	}
	*kept = *call;
	pool->calls[id] = kept;
	pool->n_free--;
	return 0;
}

static void sleep_until(struct mp_pool *pool, bool want_room,
                        int64_t deadline_ns)
{
	struct pollfd wait = {mp_workers_fd(pool->workers), POLLIN, 0};

	/* Whatever wakes it, a signal too: the caller looks again. */
	if (!mp_workers_prepare_sleep(pool->workers, want_room, 1))
		(void)poll(&wait, 1, mono_left_ms(deadline_ns));
}

int mp_pool_turn(struct mp_pool *pool, bool want_room, int64_t deadline_ns)
{
	size_t n_before = pool->n_settled;
	int rc = pool->is_broken ? -ECHILD : mp_workers_dispatch(pool->workers);

	if (rc == -ECHILD) {
		pool->is_broken = true;
		settle_all(pool, -ECHILD);
	} else if (pool->n_settled == n_before) {
		if (mono_left_ms(deadline_ns) == 0)
			return -ETIMEDOUT;
		sleep_until(pool, want_room, deadline_ns);
	}
	run_callbacks(pool);
	return rc < 0 ? rc : (int)(pool->n_settled - n_before);
}

int mp_pool_wait(struct mp_pool *pool, int timeout_ms)
{
	int64_t deadline_ns = mono_deadline_ns(timeout_ms);

	while (pool->n_free < pool->n_calls_max) {
		int n = mp_pool_turn(pool, false, deadline_ns);

		if (n != 0)
			return n;
	}
	run_callbacks(pool);
	return 0;
}

int mp_pool_apply_async(struct mp_pool *pool, mp_pool_fn *fn, const void *arg,
                        size_t len, mp_pool_callback *callback, void *ctx)
{
	struct mp_bytes bytes = {arg, len};
	struct request request = {
		.fn = mp_pool_offset(fn),
		.args = &bytes,
		.n_args = 1,
	};
	struct call call = {.callback = callback, .ctx = ctx};
	int err;

	while ((err = mp_pool_submit(pool, &request, &call)) == -EAGAIN) {
		int n = mp_pool_turn(pool, true, MONO_NEVER);

		if (n < 0)
			return n;
	}
	return err;
}
