/* SPDX-License-Identifier: MIT */
/* The worker's side: take a task, run it, send its end, be done with it.
 *
 * The order of the last two matters. The end is in the reply queue before the
 * task leaves its slot, so a death at any moment leaves either the task in its
 * slot without an end (it is tried again), or with one (the master drops it),
 * or an end alone. It never leaves neither. */
#include "mp/workers_private.h"

#include "base/diag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

unsigned mp_worker_index(const struct mp_worker *self)
{
	return self->index;
}

unsigned mp_worker_n_takes(const struct mp_worker *self)
{
	return self->task ? mp_queue_n_takes(self->workers->tasks, self->task)
	                  : 0;
}

int mp_worker_reply_reserve(struct mp_worker *self, void **reply)
{
	void *record;
	int err;

	if (self->reserved)
		bug("a reply is reserved already");
	err = mp_queue_reserve(self->workers->replies, &record, -1);
	if (err)
		return err;
	self->reserved = record;
	*reply = self->reserved + 1;
	return 0;
}

static void send_reserved(struct mp_worker *self, unsigned kind, size_t len)
{
	struct reply_head *head = self->reserved;

	if (!self->task || self->has_ended)
		bug("a reply outside of a task or behind its last one");
	*head = (struct reply_head){
		.kind = kind,
		.worker = self->index,
		.ticket = self->task->ticket,
		.serial = self->task->serial,
	};
	if (kind & REPLY_END)
		self->has_ended = true;
	self->reserved = NULL;
	mp_queue_publish(self->workers->replies, head, sizeof(*head) + len);
}

static void send_checked(struct mp_worker *self, unsigned kind,
                         const void *reply, size_t len)
{
	if (!self->reserved || reply != self->reserved + 1)
		bug("not the reserved reply");
	if (len > self->workers->options.reply_max)
		bug("a reply of %zu bytes", len);
	send_reserved(self, kind, len);
}

void mp_worker_reply_send(struct mp_worker *self, void *reply, size_t len)
{
	send_checked(self, REPLY_DATA, reply, len);
}

void mp_worker_reply_send_last(struct mp_worker *self, void *reply, size_t len)
{
	send_checked(self, REPLY_DATA | REPLY_END, reply, len);
}

static int reply_copy(struct mp_worker *self, unsigned kind, const void *reply,
                      size_t len)
{
	void *place;
	int err;

	if (len > self->workers->options.reply_max)
		return -EMSGSIZE;
	err = mp_worker_reply_reserve(self, &place);
	if (err)
		return err;
	if (len > 0)
		memcpy(place, reply, len);
	send_reserved(self, kind, len);
	return 0;
}

int mp_worker_reply(struct mp_worker *self, const void *reply, size_t len)
{
	return reply_copy(self, REPLY_DATA, reply, len);
}

int mp_worker_reply_last(struct mp_worker *self, const void *reply, size_t len)
{
	return reply_copy(self, REPLY_DATA | REPLY_END, reply, len);
}

static void run_task(struct mp_worker *self, void *record, size_t len)
{
	const struct mp_workers_options *options = &self->workers->options;

	self->task = record;
	self->has_ended = false;
	options->run(self, options->ctx, self->task + 1,
	             len - sizeof(*self->task));
	if (self->reserved) {
		mp_queue_cancel(self->workers->replies, self->reserved);
		self->reserved = NULL;
	}
	if (!self->has_ended && reply_copy(self, REPLY_END, NULL, 0) != 0)
		bug("the end of a task cannot be sent");
	self->task = NULL;
	mp_queue_done(self->workers->tasks, record);
}

/* The exit code for a start() that failed: its value without the sign. */
static int start_exit_code(int value)
{
	int code = abs(value) & 0xff;

	return code ? code : 1;
}

int mp_worker_main(void *arg)
{
	const struct worker_slot *slot = arg;
	struct mp_workers *workers = slot->workers;
	const struct mp_workers_options *options = &workers->options;
	struct mp_worker self = {.workers = workers, .index = slot->index};
	void *record;
	size_t len;

	if (options->start) {
		int err = options->start(&self, options->ctx);

		if (err)
			return start_exit_code(err);
	}
	for (unsigned n = 0; options->max_tasks == 0 || n < options->max_tasks;
	     n++) {
		if (mp_queue_take(workers->tasks, &record, &len, -1) != 1)
			break;
		run_task(&self, record, len);
		if (self.leaves)
			break;
	}
	if (options->stop)
		options->stop(&self, options->ctx);
	return 0;
}

void mp_worker_leave(struct mp_worker *self)
{
	self->leaves = true;
}
