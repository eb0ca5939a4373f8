/* SPDX-License-Identifier: MIT */
/* The processes of the workers. */
#include "engine/master.h"
#include "engine/rooms.h"

#include <stdio.h>

static int reply_to_master(void *ctx, const void *data, size_t len,
                           bool is_last)
{
	return is_last ? mp_worker_reply_last(ctx, data, len)
	               : mp_worker_reply(ctx, data, len);
}

static int start_worker(struct mp_worker *self, void *ctx)
{
	struct master *master = ctx;

	/* The child's copy of the master's own worker becomes its own; what it
	 * has cached stays open, and is closed with it. */
	worker_release(&master->worker);
	master->worker.index = mp_worker_index(self);
	master->worker.cell = &master->shared->cells[master->worker.index];
	rooms_name_file(master->worker.room_file, master->worker.index);
	master->worker.look = NULL;
	master->worker.reply = reply_to_master;
	master->worker.reply_ctx = self;
	/* What its predecessor was at is no longer in hand. */
	atomic_store(&master->worker.cell->bytes, 0);
	atomic_store(&master->worker.cell->entries, 0);
	atomic_store(&master->worker.cell->has_helper, 0);
	master->worker.cell->name[0] = '\0';
	worker_init(&master->worker);
	return 0;
}

static void stop_worker(struct mp_worker *self, void *ctx)
{
	struct master *master = ctx;

	(void)self;
	worker_release(&master->worker);
}

static void run_task(struct mp_worker *self, void *ctx, void *task, size_t len)
{
	struct master *master = ctx;

	(void)self;
	(void)len;
	worker_run(&master->worker, task);
}

/* So many more batches waited for a disk than did not. */
#define WAITED_ENOUGH 8

/* Bytes a file: several streams from big files make a disk seek. */
#define WAITING_FILE_BYTES (UINT64_C(1) << 20)

void master_note_waits(struct master *master, const struct job *job)
{
	_Atomic uint32_t *n_workers = &master->shared->n_workers;

	if (atomic_load(n_workers) == master->n_workers_max ||
	    job->bytes > WAITING_FILE_BYTES * job->n_entries)
		return;
	if (job->has_waited)
		master->n_waited++;
	else if (master->n_waited)
		master->n_waited--;
	if (master->n_waited < WAITED_ENOUGH)
		return;
	mp_workers_grow(master->workers);
	atomic_store(n_workers, master->n_workers_max);
}

/* Fewer are better than none. */
static void tell_shortage(struct master *master)
{
	const struct observer *observer = master->observer;
	int shortage = mp_workers_shortage(master->workers);
	char what[80];

	if (!shortage)
		return;
	snprintf(what, sizeof(what), "only %u of %u could be started",
	         mp_workers_n_alive(master->workers),
	         master->settings.n_workers);
	observer->on_fault(observer->ctx, "workers", what, -shortage);
}

int master_start_workers(struct master *master)
{
	const struct mp_workers_options options = {
		.n_workers = master->n_workers_max,
		.n_first = master->settings.n_workers,
		.may_start_none = true,
		.n_waiting = master->settings.queue_depth,
		.task_max = JOB_RECORD_MAX,
		.reply_max = REPLY_MAX,
		.run = run_task,
		.start = start_worker,
		.stop = stop_worker,
		.on_reply = master_on_reply,
		.on_death = master_on_death,
		.ctx = master,
	};

	int rc = mp_workers_create(&options, &master->workers);
	if (rc == 0)
		tell_shortage(master);
	return rc;
}

/* Its unpublished file is left alone: the same file system would have to remove
 * it. */
void master_tell_hung(struct master *master, const struct mp_death *death)
{
	const struct observer *observer = master->observer;
	const struct job *job = death->task;
	const char *note = job ? job->note : "", *path = "workers";
	char what[120 + STAGE_NAME_MAX];

	if (job && job->next < job->n_entries) {
		const struct pair *pair = &master->site.pairs[job->operand];

		worker_path(&master->path, pair->src, job_path(job),
		            job->path_len,
		            pair->is_dir ? job_in_hand(death->task)->name : "");
		path = master->path.data;
	}
	snprintf(what, sizeof(what),
	         "worker %u (pid %d) hangs in the kernel, left behind%s%s",
	         death->worker, (int)death->pid, *note ? ", may leave " : "",
	         note);
	observer->on_fault(observer->ctx, path, what, 0);
}
