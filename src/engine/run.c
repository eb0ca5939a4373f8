/* SPDX-License-Identifier: MIT */
/* The master. It sleeps in one epoll over the workers' descriptor, the stop
 * signals and the timer of the progress line, and never blocks on a queue.
 * While the walk has more to do and its backlog has room, it does not sleep
 * but walks, a step at a time. */
#include "engine/run.h"

#include "base/fd.h"
#include "base/signals.h"
#include "engine/master.h"
#include "mp/shm.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int watch_fd(int epoll_fd, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* Ten times a second, for the progress line. */
static int open_timer(void)
{
	const struct itimerspec tenth = {
		.it_interval = {.tv_nsec = 100 * NS_PER_MS},
		.it_value = {.tv_nsec = 100 * NS_PER_MS},
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &tenth, NULL) < 0)
		return -errno;
	return fd;
}

static int open_events(struct master *master)
{
	master->timer_fd = open_timer();
	if (master->timer_fd < 0)
		return master->timer_fd;
	master->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (master->epoll_fd < 0)
		return -errno;
	int rc = watch_fd(master->epoll_fd, master->timer_fd);
	if (rc == 0)
		rc = watch_fd(master->epoll_fd, master->signal_fd);
	if (rc == 0)
		rc = watch_fd(master->epoll_fd, mp_workers_fd(master->workers));
	return rc;
}

/* ---- in a worker ---- */

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
	master->worker.cell = &master->shared->cells[mp_worker_index(self)];
	master->worker.reply = reply_to_master;
	master->worker.reply_ctx = self;
	/* What its predecessor was at is no longer in hand. */
	atomic_store(&master->worker.cell->bytes, 0);
	atomic_store(&master->worker.cell->entries, 0);
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

/* ---- in the master ---- */

static int reply_to_self(void *ctx, const void *data, size_t len, bool is_last)
{
	(void)is_last;
	master_on_reply(ctx, data, len);
	return 0;
}

static int start_workers(struct master *master)
{
	const struct mp_workers_options options = {
		.n_workers = master->settings.n_workers,
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

	return mp_workers_create(&options, &master->workers);
}

/* One cell more than workers: the master's own. */
static int share_memory(struct master *master)
{
	size_t n_cells = master->settings.n_workers + 1;
	void *memory;

	master->shared_size =
		sizeof(struct shared) + n_cells * sizeof(struct cell);
	int rc = mp_shm_map(master->shared_size, &memory);
	if (rc < 0)
		return rc;
	master->shared = memory;
	watch_init(&master->watch, master->shared, n_cells);
	return 0;
}

static void prepare_walk(struct master *master)
{
	master->worker = (struct worker){
		.settings = &master->settings,
		.site = &master->site,
		.shared = master->shared,
		.cell = &master->shared->cells[master->settings.n_workers],
		.reply = reply_to_self,
		.reply_ctx = master,
	};
	worker_init(&master->worker);
	master->dirs = (struct dirs){.worker = &master->worker,
	                             .observer = master_dirs_observer(master)};
	master->feed = (struct feed){.worker = &master->worker,
	                             .dirs = &master->dirs,
	                             .tally = master->tally,
	                             .observer = master_feed_observer(master)};
	feed_init(&master->feed);
}

static int start(struct master *master)
{
	if (master->signal_fd < 0)
		return master->signal_fd;
	int rc = share_memory(master);
	if (rc < 0)
		return rc;
	prepare_walk(master);
	rc = start_workers(master);
	return rc < 0 ? rc : open_events(master);
}

static void on_signal(struct master *master)
{
	int signal_number = signals_read(master->signal_fd);

	if (!signal_number)
		return;
	/* The second one does not wait for anybody. */
	if (master->tally->signal_number) {
		master->is_killing = true;
		mp_workers_kill(master->workers);
	}
	master->tally->signal_number = signal_number;
	atomic_store(&master->shared->is_stopping, 1);
}

static bool is_stopping(const struct master *master)
{
	return master->tally->signal_number != 0;
}

/* A job that no slot can hold, because of its directory's path, is done here
 * and now. */
static void submit(struct master *master)
{
	while (master->feed.backlog.first) {
		struct backlog_job *job = master->feed.backlog.first;
		int rc;

		if (job->len > JOB_RECORD_MAX) {
			worker_run(&master->worker, (void *)job->record);
			rc = 0;
		} else {
			rc = mp_workers_submit(master->workers, job->record,
			                       job->len);
		}
		if (rc < 0)
			return;
		free(backlog_take(&master->feed.backlog));
	}
}

static void sleep_or_look(struct master *master, bool may_sleep)
{
	struct epoll_event events[4];
	uint64_t n_ticks;

	if (may_sleep &&
	    mp_workers_prepare_sleep(master->workers,
	                             master->feed.backlog.first != NULL))
		may_sleep = false;
	int n = epoll_wait(master->epoll_fd, events, ARRAY_LEN(events),
	                   may_sleep ? -1 : 0);
	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == master->signal_fd)
			on_signal(master);
		if (events[i].data.fd == master->timer_fd &&
		    read(master->timer_fd, &n_ticks, sizeof(n_ticks)) > 0)
			master_tick(master);
	}
}

static bool is_over(const struct master *master)
{
	if (mp_workers_n_in_flight(master->workers))
		return false;
	return is_stopping(master) ||
	       (master->tally->is_final && !master->feed.backlog.first);
}

/* Returns 0, or -ECHILD when all workers are gone for good. */
static int loop(struct master *master)
{
	int rc = 0;

	while (rc >= 0 && !is_over(master)) {
		bool walks = !is_stopping(master) && !master->tally->is_final &&
		             !backlog_is_full(&master->feed.backlog);

		if (walks)
			master->tally->is_final = !feed_step(&master->feed);
		if (!is_stopping(master))
			submit(master);
		rc = mp_workers_dispatch(master->workers);
		if (rc >= 0 && !is_over(master))
			sleep_or_look(master, !walks && rc == 0);
	}
	return rc < 0 ? rc : 0;
}

static void finish(struct master *master)
{
	if (master->workers) {
		mp_workers_close(master->workers);
		/* They leave by themselves; who does not is killed. */
		(void)mp_workers_join(master->workers, 10000);
		mp_workers_destroy(master->workers);
	}
	if (master->shared) {
		for (size_t i = 0; i < N_LOST; i++)
			master->tally->lost[i] += master->dirs.counts.lost[i];
		master->tally->bytes_copied = watch_moved(&master->watch);
		feed_release(&master->feed);
		dirs_release(&master->dirs);
		worker_release(&master->worker);
		watch_release(&master->watch);
		mp_shm_unmap(master->shared, master->shared_size);
	}
	buf_release(&master->path);
	buf_release(&master->losses);
	twins_release(&master->twins);
	(void)fd_close(master->epoll_fd);
	(void)fd_close(master->timer_fd);
	(void)fd_close(master->signal_fd);
}

static void report_source(void *ctx, const char *path,
                          const struct fault *fault)
{
	struct master *master = ctx;

	master->tally->n_failed++;
	master->observer->on_fault(master->observer->ctx, path, fault->what,
	                           fault->err);
}

static enum exit_status open_site(struct master *master,
                                  const struct operands *operands)
{
	struct site_problem problem;
	enum exit_status status =
		site_open(&master->settings, operands, &master->site,
	                  report_source, master, &problem);

	if (problem.path)
		master->observer->on_fault(master->observer->ctx, problem.path,
		                           problem.fault.what,
		                           problem.fault.err);
	free(problem.path);
	return status;
}

static enum exit_status copy_site(struct master *master)
{
	const struct observer *observer = master->observer;
	int rc = start(master);

	if (rc < 0) {
		observer->on_fault(observer->ctx, "workers", "cannot start",
		                   -rc);
		return EXIT_NOT_STARTED;
	}
	rc = loop(master);
	if (rc < 0) {
		observer->on_fault(observer->ctx, "workers",
		                   "none is left, giving up", 0);
		master->tally->n_failed++;
	}
	return tally_exit_status(master->tally);
}

/* Each operand's two roots stay open: thousands of files, as a shell's * gives
 * them, need more than the usual 1024. Where there is no more, opening the
 * site says so. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

enum exit_status run_copy(const struct settings *settings,
                          const struct operands *operands,
                          const struct observer *observer, struct tally *tally)
{
	struct master master = {.settings = *settings,
	                        .observer = observer,
	                        .tally = tally,
	                        .epoll_fd = -1,
	                        .signal_fd = -1,
	                        .timer_fd = -1};

	*tally = (struct tally){
		.demands = {
			[LOST_LINKS] = settings->demands_links,
			[LOST_XATTRS] = settings->demanded & DRESS_XATTR,
			[LOST_ACLS] = settings->demanded & DRESS_ACL,
			[LOST_FLAGS] = settings->demanded & DRESS_FLAGS,
			[LOST_TIMES] = settings->demanded & DRESS_TIMES,
			[LOST_MODES] = settings->demanded & DRESS_MODE,
			[LOST_OWNERS] = settings->demanded & DRESS_OWNER,
		}};
	raise_descriptor_limit();
	/* Modes are set as they are to be, not as a mask leaves them. */
	master.settings.umask = umask(0);
	enum exit_status status = open_site(&master, operands);
	master.signal_fd = signals_open();
	if (status == EXIT_ALL_DONE)
		status = copy_site(&master);
	finish(&master);
	site_close(&master.site);
	(void)umask(master.settings.umask);
	return status;
}
