/* SPDX-License-Identifier: MIT */
/* The master. It sleeps in one epoll over the workers' descriptor, the stop
 * signals and the timer of the progress line, and never blocks on a queue.
 * While the walk has more to do and its backlog has room, it does not sleep
 * but walks, a step at a time. */
#include "engine/run.h"

#include "base/diag.h"
#include "base/fd.h"
#include "base/signals.h"
#include "engine/master.h"
#include "engine/rooms.h"
#include "mp/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Steps of the walk between two looks at the queues, at most. */
#define WALK_STEPS 16

static int reply_to_self(void *ctx, const void *data, size_t len, bool is_last)
{
	(void)is_last;
	master_on_reply(ctx, data, len);
	return 0;
}

/* One cell more than workers: the master's own. */
static int share_memory(struct master *master)
{
	size_t n_cells = master->n_workers_max + 1;
	void *memory;

	master->shared_size =
		sizeof(struct shared) + n_cells * sizeof(struct cell);
	int rc = mp_shm_map(master->shared_size, &memory);
	if (rc < 0)
		return rc;
	master->shared = memory;
	turns_init(&master->shared->turns);
	atomic_store(&master->shared->n_workers, master->settings.n_workers);
	watch_init(&master->watch, master->shared, n_cells);
	return 0;
}

static void prepare_walk(struct master *master)
{
	master->worker = (struct worker){
		.settings = &master->settings,
		.site = &master->site,
		.shared = master->shared,
		.cell = &master->shared->cells[master->n_workers_max],
		.index = UINT_MAX,
		.reply = reply_to_self,
		.look = master_look,
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
	rooms_make(&master->site, master->settings.n_workers,
	           &master->worker.tools.traits);
	rc = master_start_workers(master);
	return rc < 0 ? rc : master_open_events(master);
}

static bool is_stopping(const struct master *master)
{
	return master->tally->signal_number != 0;
}

static bool has_job(const struct master *master)
{
	return master->feed.backlog.first || far_has_next(&master->feed);
}

/* Jobs of the walk and of the copy take turns: so the walk runs ahead as far
 * as the backlog allows, and the copy does not wait for that. */
static bool walk_is_next(struct master *master)
{
	if (!far_has_next(&master->feed))
		return false;
	master->walk_was_last =
		!master->feed.backlog.first || !master->walk_was_last;
	return master->walk_was_last;
}

/* A job that no slot can hold, because of its directory's path, is done here
 * and now, and so is any while there is no worker. */
static void put(struct master *master, void *record, size_t len)
{
	if (len > JOB_RECORD_MAX || mp_workers_n_alive(master->workers) == 0)
		worker_run(&master->worker, record);
	else if (mp_workers_submit(master->workers, record, len) < 0)
		bug("no slot for a job, though there was room");
}

/* A job that waits for workers that there are no more. */
static void run_waiting(struct master *master)
{
	struct job *job = xmalloc(JOB_RECORD_MAX);
	size_t len;

	if (mp_workers_take_back(master->workers, job, &len))
		worker_run(&master->worker, job);
	free(job);
}

/* Between two jobs that it does itself the master looks for workers. */
static void submit(struct master *master)
{
	bool is_alone = mp_workers_n_alive(master->workers) == 0;

	if (is_alone && mp_workers_n_in_flight(master->workers)) {
		run_waiting(master);
		return;
	}
	while (has_job(master) && mp_workers_has_room(master->workers)) {
		if (walk_is_next(master)) {
			const struct buf *record = far_next(&master->feed);

			put(master, record->data, record->len);
		} else {
			struct backlog_job *job =
				backlog_take(&master->feed.backlog);

			put(master, job->record, job->len);
			free(job);
		}
		if (is_alone)
			return;
	}
}

/* While half of the jobs that wait are done, none of the workers has to wait
 * for the master: a wake for each would cost both more than it brings. Faults
 * are told at the next tick at the latest. Where workers walk, each reply may
 * be what the others wait for. */
static uint32_t n_ends_worth_waking(struct master *master)
{
	size_t n_jobs = mp_workers_n_in_flight(master->workers);
	size_t n_in_hand = master->settings.n_workers;

	if (n_jobs < n_in_hand + 4 || !far_is_idle(&master->feed))
		return 1;
	return (uint32_t)(n_jobs - n_in_hand) / 2;
}

static void sleep_or_look(struct master *master, bool may_sleep)
{
	bool wants_room = !is_stopping(master) && has_job(master);

	if (may_sleep && mp_workers_prepare_sleep(master->workers, wants_room,
	                                          n_ends_worth_waking(master)))
		may_sleep = false;
	/* It does them itself. */
	if (wants_room && mp_workers_n_alive(master->workers) == 0)
		may_sleep = false;
	if (may_sleep)
		pace_forget(&master->feed.pace);
	master_look_for(master, may_sleep ? -1 : 0);
}

static bool is_over(const struct master *master)
{
	if (mp_workers_n_in_flight(master->workers))
		return false;
	return is_stopping(master) ||
	       (master->tally->is_final && !master->feed.backlog.first);
}

/* While the queue is half full nobody waits for what the walk finds, and a look
 * at the queues costs as much as six entries. */
static enum feed_state walk(struct master *master)
{
	enum feed_state state;
	unsigned n_steps = 0;

	do
		state = feed_step(&master->feed);
	while (state == FEED_WALKED && ++n_steps < WALK_STEPS &&
	       2 * mp_workers_n_in_flight(master->workers) >=
	               master->settings.queue_depth &&
	       !backlog_is_full(&master->feed.backlog));
	return state;
}

/* Returns 0, or -ECHILD when all workers are gone for good. */
static int loop(struct master *master)
{
	int rc = 0;

	while (rc >= 0 && !is_over(master)) {
		bool walks = !is_stopping(master) && !master->tally->is_final &&
		             !backlog_is_full(&master->feed.backlog);

		enum feed_state state = walks ? walk(master) : FEED_WAITS;
		if (state == FEED_ENDED)
			master->tally->is_final = true;
		if (!is_stopping(master))
			submit(master);
		rc = mp_workers_dispatch(master->workers);
		if (rc >= 0 && !is_over(master))
			sleep_or_look(master, state != FEED_WALKED && rc == 0);
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
		master->tally->bytes_copied = watch_moved(&master->watch);
		feed_release(&master->feed);
		dirs_release(&master->dirs);
		worker_release(&master->worker);
		watch_release(&master->watch);
		mp_shm_unmap(master->shared, master->shared_size);
	}
	for (size_t i = 0; i < master->site.n_pairs; i++)
		(void)rooms_remove(&master->site.pairs[i]); /* said before */
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
	implied_end(&master->dirs);
	if (rc < 0) {
		observer->on_fault(observer->ctx, "workers",
		                   "none is left, giving up", 0);
		master->tally->n_failed++;
	}
	for (size_t i = 0; i < N_LOST; i++)
		master->tally->lost[i] += master->dirs.counts.lost[i];
	return tally_exit_status(master->tally);
}

/* Each operand's two roots stay open, and a shell's * gives thousands. Where
 * there is no more, opening the site says so. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* What a walk needs at least, with the queues and the timers. */
#define N_OWN_FILES 22

/* The master holds a descriptor of each worker. */
static unsigned most_workers(const struct master *master)
{
	struct rlimit limit;
	int fd = fcntl(master->signal_fd, F_DUPFD_CLOEXEC, 0);
	rlim_t n_used = fd < 0 ? 0 : (rlim_t)fd + N_OWN_FILES;

	(void)fd_close(fd);
	if (fd < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1;
	if (limit.rlim_cur <= n_used)
		return 1;
	return (unsigned)min_u64(limit.rlim_cur - n_used, UINT_MAX);
}

static void settle_workers(struct master *master)
{
	const struct observer *observer = master->observer;
	unsigned n_most = most_workers(master);
	char what[80];

	struct settings *settings = &master->settings;

	if (settings->n_workers_far && site_is_far(&master->site)) {
		settings->n_workers = settings->n_workers_far;
		settings->queue_depth = settings->queue_depth_far;
	}
	master->n_workers_max = settings->n_workers;
	if (settings->n_workers_waiting > master->n_workers_max)
		master->n_workers_max = settings->n_workers_waiting;
	if (master->n_workers_max > n_most)
		master->n_workers_max = n_most;
	if (settings->n_workers <= n_most)
		return;
	snprintf(what, sizeof(what), "only %u of %u at a time", n_most,
	         settings->n_workers);
	settings->n_workers = n_most;
	observer->on_fault(observer->ctx, "workers", what, EMFILE);
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
	master.signal_fd = signals_open(SIGNALS_OF_COPY);
	if (status == EXIT_ALL_DONE) {
		destination_tell(&master.site, operands, observer);
		settle_workers(&master);
		status = copy_site(&master);
	}
	finish(&master);
	site_close(&master.site);
	(void)umask(master.settings.umask);
	return status;
}
