/* SPDX-License-Identifier: MIT */
/* The loop of a batch: read items, make jobs of them, submit the jobs, take
 * replies, sleep. It never blocks on a queue, nor on the list of items. */
#include "engine/each.h"

#include "base/fd.h"
#include "base/signals.h"
#include "engine/each_kin.h"
#include "engine/each_master.h"
#include "engine/each_source.h"
#include "engine/each_spawn.h"
#include "mp/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Items read ahead, so that totals are known early; or just enough. */
#define AHEAD_MAX     ((size_t)16 << 20)
#define AHEAD_MIN     ((size_t)64 << 10)
#define STEPS_MAX     256
#define STATUS_CANNOT 126
#define STATUS_ABSENT 127

struct batch {
	struct each_master master;
	struct each_source source;
	struct each_queue backlog;
	bool is_waiting; /* for the source's descriptor, in the epoll */
	int epoll_fd, signal_fd, timer_fd;
};

/* ---- in a worker ---- */

static int start_worker(struct mp_worker *self, void *ctx)
{
	struct each_master *master = ctx;

	return each_worker_start(&master->worker, self);
}

static void stop_worker(struct mp_worker *self, void *ctx)
{
	struct each_master *master = ctx;

	(void)self;
	each_worker_stop(&master->worker);
}

static void run_task(struct mp_worker *self, void *ctx, void *task, size_t len)
{
	struct each_master *master = ctx;

	(void)self;
	(void)len;
	each_worker_run(&master->worker, task);
}

/* ---- start ---- */

static int start_workers(struct each_master *master)
{
	const struct each_settings *settings = master->settings;
	const struct mp_workers_options options = {
		.n_workers = settings->n_workers,
		.n_waiting = settings->queue_depth,
		.task_max = EACH_RECORD_SIZE,
		.reply_max = sizeof(struct each_reply) + EACH_PIECE_MAX,
		.run = run_task,
		.start = start_worker,
		.stop = stop_worker,
		.on_reply = each_master_on_reply,
		.on_death = each_master_on_death,
		.ctx = master,
	};

	return mp_workers_create(&options, &master->workers);
}

static int open_events(struct batch *batch)
{
	const struct itimerspec tenth = {
		.it_interval = {.tv_nsec = 100 * NS_PER_MS},
		.it_value = {.tv_nsec = 100 * NS_PER_MS},
	};
	const int *fds[] = {&batch->timer_fd, &batch->signal_fd, NULL};
	int workers_fd = mp_workers_fd(batch->master.workers);

	fds[2] = &workers_fd;
	batch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	batch->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (batch->epoll_fd < 0 || batch->timer_fd < 0 ||
	    timerfd_settime(batch->timer_fd, 0, &tenth, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		struct epoll_event event = {.events = EPOLLIN,
		                            .data = {.fd = *fds[i]}};

		if (epoll_ctl(batch->epoll_fd, EPOLL_CTL_ADD, *fds[i], &event) <
		    0)
			return -errno;
	}
	return 0;
}

static void make_tasks(struct each_master *master)
{
	const struct each_settings *settings = master->settings;

	/* As many as may be in flight, and those that wait to be shown. */
	master->n_tasks = (uint32_t)settings->queue_depth +
	                  2 * settings->n_workers +
	                  (settings->is_ordered ? EACH_WINDOW : 0);
	master->tasks = xcalloc(master->n_tasks, sizeof(*master->tasks));
	for (uint32_t i = 0; i < master->n_tasks; i++)
		master->tasks[i].next = i + 1;
	master->first_due = master->n_tasks;
}

static int share_memory(struct each_master *master)
{
	void *memory;

	/* One cell more than workers: the master's own. */
	master->shared_size =
		sizeof(struct each_shared) +
		(master->settings->n_workers + 1) * sizeof(struct each_cell);
	int rc = mp_shm_map(master->shared_size, &memory);
	if (rc < 0)
		return rc;
	master->shared = memory;
	master->stop_fd = eventfd(0, EFD_CLOEXEC);
	master->kill_fd = eventfd(0, EFD_CLOEXEC);
	/* lint: path, the kernel's */
	master->worker.null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (master->stop_fd < 0 || master->kill_fd < 0 ||
	    master->worker.null_fd < 0)
		return -errno;
	return 0;
}

/* A walk has a descriptor for each level. The jobs keep the limit they would
 * have otherwise, unless there are more spools than it allows for. */
static void raise_descriptor_limit(const struct each_settings *settings,
                                   bool has_forked)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (!has_forked &&
	    limit.rlim_cur > 128 + settings->n_workers * N_EACH_STREAMS)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int start(struct batch *batch)
{
	struct each_master *master = &batch->master;
	const struct each_settings *settings = master->settings;
	int *spools = NULL;
	int rc = share_memory(master);

	if (rc < 0)
		return rc;
	raise_descriptor_limit(settings, false);
	if (settings->output != EACH_RAW)
		spools = each_spools_open(settings->n_workers);
	master->screen = (struct each_screen){.observer = master->observer,
	                                      .shared = master->shared,
	                                      .spool_fds = spools};
	master->worker.settings = settings;
	master->worker.shared = master->shared;
	master->worker.stop_fd = master->stop_fd;
	master->worker.kill_fd = master->kill_fd;
	master->worker.spool_fds = spools;
	master->worker.master = getpid();
	/* What a dead worker leaves becomes a child of this process. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -errno;
	make_tasks(master);
	rc = start_workers(master);
	raise_descriptor_limit(settings, true);
	return rc < 0 ? rc : open_events(batch);
}

/* ---- items and jobs ---- */

static bool has_room_ahead(const struct batch *batch)
{
	size_t max =
		batch->master.settings->reads_ahead ? AHEAD_MAX : AHEAD_MIN;

	return each_queue_size(&batch->backlog) < max;
}

/* Reads some items; true when it may go on at once. */
static bool read_items(struct batch *batch)
{
	struct tally *progress = &batch->master.tally->progress;

	for (int i = 0; i < STEPS_MAX; i++) {
		struct each_item item;
		int rc;

		if (progress->is_final || !has_room_ahead(batch))
			return false;
		rc = each_source_next(&batch->source, &item);
		if (rc == -EAGAIN)
			return each_source_fd(&batch->source) < 0;
		if (rc < 0) {
			batch->master.tally->n_failed++;
			batch->master.observer->on_fault(
				batch->master.observer->ctx, batch->source.name,
				batch->source.what,
				rc == -E2BIG || rc == -EILSEQ ? 0 : -rc);
		} else if (rc == 0) {
			progress->is_final = true;
		} else {
			each_queue_put(&batch->backlog, &item);
			progress->n_total++;
			progress->bytes_total += item.bytes;
		}
	}
	return true;
}

/* Makes at most one job; true when there was one. */
static bool make_job(struct batch *batch)
{
	struct each_master *master = &batch->master;
	struct each_item item;

	while (each_queue_first(&batch->backlog, &item)) {
		int rc = each_pack_add(&master->pack, &item);

		if (rc == -E2BIG)
			each_master_refuse(master, &item,
			                   "too long for a command line", 0);
		if (rc != -EAGAIN)
			each_queue_drop_first(&batch->backlog);
		if (rc == 1 || rc == -EAGAIN) {
			each_master_make(master);
			return true;
		}
	}
	if (!master->tally->progress.is_final || master->pack.items.n == 0)
		return false;
	each_master_make(master);
	return true;
}

static bool has_work(const struct batch *batch)
{
	const struct each_master *master = &batch->master;

	return batch->backlog.n > 0 ||
	       (master->tally->progress.is_final && master->pack.items.n > 0);
}

static void make_and_submit(struct batch *batch)
{
	struct each_master *master = &batch->master;

	each_master_submit(master);
	while (!each_master_is_stopping(master) &&
	       each_master_may_make(master) && make_job(batch))
		each_master_submit(master);
}

/* ---- the loop ---- */

static void on_signal(struct batch *batch)
{
	struct each_master *master = &batch->master;
	int signal_number = signals_read(batch->signal_fd);

	if (!signal_number)
		return;
	each_master_stop(master, master->tally->progress.signal_number
	                                 ? EACH_KILL
	                                 : EACH_TERMINATE);
	master->tally->progress.signal_number = signal_number;
}

static void watch_source(struct batch *batch)
{
	int fd = each_source_fd(&batch->source);
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT,
	                            .data = {.fd = fd}};

	if (fd < 0 || !has_room_ahead(batch))
		return;
	int rc = epoll_ctl(batch->epoll_fd,
	                   batch->is_waiting ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
	                   fd, &event);
	if (rc < 0)
		/* A device that is always ready. */
		each_source_is_ready(&batch->source, true);
	else
		batch->is_waiting = true;
}

static void sleep_or_look(struct batch *batch, bool may_sleep)
{
	struct each_master *master = &batch->master;
	struct epoll_event events[8];
	uint64_t n_ticks;
	bool wants_room = !each_master_is_stopping(master) &&
	                  (master->first_due != master->n_tasks ||
	                   (has_work(batch) && each_master_has_slot(master)));

	if (!each_master_is_stopping(master))
		watch_source(batch);
	if (may_sleep && mp_workers_prepare_sleep(master->workers, wants_room))
		may_sleep = false;
	int n = epoll_wait(batch->epoll_fd, events, ARRAY_LEN(events),
	                   may_sleep ? -1 : 0);
	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;

		if (fd == batch->signal_fd)
			on_signal(batch);
		else if (fd == batch->timer_fd &&
		         read(fd, &n_ticks, sizeof(n_ticks)) > 0)
			each_master_tick(master);
		else if (fd == batch->source.list.fd)
			each_source_is_ready(&batch->source, false);
	}
}

static bool is_over(struct batch *batch)
{
	struct each_master *master = &batch->master;

	if (mp_workers_n_in_flight(master->workers))
		return false;
	if (each_master_is_stopping(master))
		return true;
	return master->tally->progress.is_final && batch->backlog.n == 0 &&
	       master->pack.items.n == 0 &&
	       master->first_due == master->n_tasks;
}

static int loop(struct batch *batch)
{
	struct each_master *master = &batch->master;
	int rc = 0;

	while (rc >= 0 && !is_over(batch)) {
		bool reads = false;

		if (!each_master_is_stopping(master)) {
			reads = read_items(batch);
			make_and_submit(batch);
		}
		rc = mp_workers_dispatch(master->workers);
		if (rc >= 0 && !is_over(batch))
			sleep_or_look(batch, !reads && rc == 0);
	}
	each_master_drop_due(master);
	return rc < 0 ? rc : 0;
}

static void finish(struct batch *batch)
{
	struct each_master *master = &batch->master;

	if (master->workers) {
		mp_workers_close(master->workers);
		(void)mp_workers_join(master->workers, 10000);
		mp_workers_kill(master->workers);
		each_kin_kill(each_master_spares, master);
		mp_workers_destroy(master->workers);
	}
	for (uint32_t i = 0; master->tasks && i < master->n_tasks; i++) {
		buf_release(&master->tasks[i].record);
		each_queue_release(&master->tasks[i].items);
		each_printed_release(&master->tasks[i].printed);
	}
	free(master->tasks);
	each_spools_close((int *)(uintptr_t)master->screen.spool_fds,
	                  master->settings->n_workers);
	buf_release(&master->screen.scratch);
	mp_shm_unmap(master->shared, master->shared_size);
	each_queue_release(&batch->backlog);
	each_pack_release(&master->pack);
	each_template_release(&master->template);
	buf_release(&master->text);
	buf_release(&master->tag);
	buf_release(&master->name);
	buf_release(&master->program);
	(void)fd_close(master->stop_fd);
	(void)fd_close(master->kill_fd);
	(void)fd_close(master->worker.null_fd);
	(void)fd_close(batch->epoll_fd);
	(void)fd_close(batch->timer_fd);
	(void)fd_close(batch->signal_fd);
}

/* ---- before anything is started ---- */

/* A command whose program is always the same is looked for once. */
static int find_program(struct each_master *master)
{
	const struct each_observer *observer = master->observer;
	const char *name = each_template_constant(&master->template, 0);

	if (!name)
		return 0;
	int rc = each_spawn_find(name, &master->program);
	master->worker.program = master->program.data;
	if (rc == 0)
		return 0;
	observer->on_fault(observer->ctx, *name ? name : "''",
	                   "cannot run the command", -rc);
	master->tally->exit_status =
		rc == -ENOENT || rc == -ENOTDIR ? STATUS_ABSENT : STATUS_CANNOT;
	return rc;
}

static int open_files(struct batch *batch)
{
	struct each_master *master = &batch->master;
	const struct each_settings *settings = master->settings;
	const struct each_observer *observer = master->observer;
	const char *name = settings->list;
	int rc = each_source_open(&batch->source, settings);

	if (rc == 0) {
		name = settings->joblog;
		rc = each_log_open(&master->log, name, settings->resumes);
	}
	if (rc == 0 && settings->failed) {
		name = settings->failed;
		/* lint: path, given by the user */
		master->failed_fd = open(
			name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		rc = master->failed_fd < 0 ? -errno : 0;
	}
	if (rc < 0)
		observer->on_fault(observer->ctx, name, "open", -rc);
	return rc;
}

static int close_files(struct batch *batch)
{
	struct each_master *master = &batch->master;
	const char *name = master->settings->joblog;
	int rc = each_log_close(&master->log);

	if (rc == 0) {
		name = master->settings->failed;
		rc = fd_close_checked(master->failed_fd);
	}
	if (rc < 0) {
		master->tally->is_broken = true;
		master->observer->on_fault(master->observer->ctx, name, "write",
		                           -rc);
	}
	each_source_close(&batch->source);
	return rc;
}

static int exit_status(const struct each_tally *tally)
{
	return tally->n_failed || tally->is_broken || tally->n_stopped
	               ? EXIT_SOME_FAILED
	               : EXIT_ALL_DONE;
}

static int run(struct batch *batch)
{
	struct each_master *master = &batch->master;
	const struct each_observer *observer = master->observer;
	int rc = start(batch);

	if (rc < 0) {
		observer->on_fault(observer->ctx, "workers", "cannot start",
		                   -rc);
		return EXIT_NOT_STARTED;
	}
	rc = loop(batch);
	if (rc < 0) {
		observer->on_fault(observer->ctx, "workers",
		                   "none is left, giving up", 0);
		master->tally->is_broken = true;
	}
	return exit_status(master->tally);
}

int run_each(const struct each_settings *settings,
             const struct each_observer *observer, struct each_tally *tally)
{
	struct batch batch = {
		.master = {.settings = settings,
	                   .observer = observer,
	                   .tally = tally,
	                   .log = {.fd = -1},
	                   .failed_fd = -1,
	                   .stop_fd = -1,
	                   .kill_fd = -1,
	                   .worker = {.null_fd = -1, .child_fd = -1}},
		.source = {.list = {.fd = -1}},
		.epoll_fd = -1,
		.timer_fd = -1,
	};
	int status = EXIT_NOT_STARTED;

	*tally = (struct each_tally){0};
	each_template_init(&batch.master.template, settings->command,
	                   settings->n_command, settings->n_literal,
	                   settings->columns);
	each_pack_init(&batch.master.pack, &batch.master.template,
	               settings->n_items);
	if (find_program(&batch.master) == 0 && open_files(&batch) == 0) {
		batch.signal_fd = signals_open();
		status = run(&batch);
	} else {
		batch.signal_fd = -1;
	}
	if (close_files(&batch) < 0 && status == EXIT_ALL_DONE)
		status = EXIT_SOME_FAILED;
	finish(&batch);
	return tally->exit_status ? tally->exit_status : status;
}
