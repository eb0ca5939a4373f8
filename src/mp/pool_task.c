/* SPDX-License-Identifier: MIT */
/* The records of a pool and the worker's side.
 *
 * A task record is a mp_pool_task, the lengths of the arguments, and the
 * arguments, each part aligned to 16 bytes. A reply record is a mp_pool_reply
 * and the result; each task has exactly one, which is also its end. */
#include "mp/pool_private.h"

#include "base/diag.h"

#include <errno.h>
#include <string.h>

#define ALIGNMENT ((size_t)16)

static size_t lens_size(size_t n_args)
{
	return align_up(n_args * sizeof(uint64_t), ALIGNMENT);
}

size_t mp_pool_task_max(size_t arg_max)
{
	return sizeof(struct mp_pool_task) + lens_size(MP_POOL_ARGS_MAX) +
	       arg_max + MP_POOL_ARGS_MAX * ALIGNMENT;
}

size_t mp_pool_encode(struct mp_pool *pool, const struct request *request,
                      uint32_t id)
{
	struct mp_pool_task *head = pool->task;
	char *place = (char *)(head + 1);

	*head = (struct mp_pool_task){
		.fn = request->fn,
		.id = id,
		.is_star = request->is_star,
		.n_args = (uint16_t)request->n_args,
	};
	for (size_t i = 0; i < request->n_args; i++) {
		uint64_t len = request->args[i].len;

		memcpy(place + i * sizeof(len), &len, sizeof(len));
	}
	place += lens_size(request->n_args);
	for (size_t i = 0; i < request->n_args; i++) {
		const struct mp_bytes *arg = &request->args[i];

		if (arg->len > 0)
			memcpy(place, arg->data, arg->len);
		place += align_up(arg->len, ALIGNMENT);
	}
	return (size_t)(place - (char *)pool->task);
}

/* Functions are named by their distance from this one. */
static uintptr_t image_base(void)
{
	return (uintptr_t)mp_pool_create;
}

intptr_t mp_pool_offset(mp_pool_fn *fn)
{
	return (intptr_t)((uintptr_t)fn - image_base());
}

intptr_t mp_pool_star_offset(mp_pool_star_fn *fn)
{
	return (intptr_t)((uintptr_t)fn - image_base());
}

int mp_output_add(struct mp_output *output, const void *data, size_t len)
{
	if (len > output->max - output->len)
		return -EMSGSIZE;
	if (len > 0)
		memcpy((char *)output->data + output->len, data, len);
	output->len += len;
	return 0;
}

static int call_function(const struct mp_pool_task *task,
                         struct mp_output *output)
{
	struct mp_bytes args[MP_POOL_ARGS_MAX];
	const char *place = (const char *)(task + 1);
	uint64_t lens[MP_POOL_ARGS_MAX];
	uintptr_t fn = image_base() + (uintptr_t)task->fn;

	memcpy(lens, place, task->n_args * sizeof(lens[0]));
	place += lens_size(task->n_args);
	for (size_t i = 0; i < task->n_args; i++) {
		args[i] = (struct mp_bytes){place, (size_t)lens[i]};
		place += align_up((size_t)lens[i], ALIGNMENT);
	}
	if (task->is_star)
		return ((mp_pool_star_fn *)fn)(args, task->n_args, output);
	return ((mp_pool_fn *)fn)(args[0].data, args[0].len, output);
}

void mp_pool_run_task(struct mp_worker *self, void *ctx, void *task,
                      UNUSED size_t len)
{
	struct mp_pool *pool = ctx;
	const struct mp_pool_task *head = task;
	struct mp_pool_reply *reply = pool->reply;
	struct mp_output output = {
		.data = reply + 1,
		.max = pool->options.result_max,
	};

	*reply = (struct mp_pool_reply){.id = head->id};
	reply->error = call_function(head, &output);
	if (output.len > output.max)
		bug("a result of %zu bytes", output.len);
	/* It fits, and the queue of replies is never closed. */
	(void)mp_worker_reply_last(self, reply, sizeof(*reply) + output.len);
}

int mp_pool_initialize(UNUSED struct mp_worker *self, void *ctx)
{
	struct mp_pool *pool = ctx;

	return pool->options.initializer
	               ? pool->options.initializer(pool->options.ctx)
	               : 0;
}
