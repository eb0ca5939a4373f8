/* SPDX-License-Identifier: MIT */
#include "engine/each_batch.h"

#include "base/fd.h"
#include "engine/each_kin.h"
#include "engine/each_spawn.h"
#include "fs/held.h"
#include "mp/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* That SIGUSR1 can add. */
#define WORKERS_SPARE 16
/* A worker that cannot be killed is left after that. */
#define HANG_MS 2000

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

static void prepare_worker(void *ctx, unsigned index)
{
	const struct each_master *master = ctx;

	if (master->spools)
		each_spools_open(master->spools, index);
}

static int start_workers(struct each_master *master)
{
	const struct each_settings *settings = master->settings;
	const struct mp_workers_options options = {
		.n_workers = master->n_workers_max,
		.n_first = settings->n_workers,
		.as_needed = true,
		.may_start_none = true,
		.n_waiting = settings->queue_depth,
		.task_max = EACH_RECORD_SIZE,
		.reply_max = sizeof(struct each_reply) + EACH_PIECE_MAX,
		.prepare = prepare_worker,
		.run = run_task,
		.start = start_worker,
		.stop = stop_worker,
		.on_reply = each_master_on_reply,
		.on_death = each_master_on_death,
		.ctx = master,
	};

	return mp_workers_create(&options, &master->workers);
}

/* Where commands write themselves, only this tells that nobody reads any more:
 * a pipe without readers has an error, whatever is asked for (poll(2)). */
static void watch_reader(struct batch *batch)
{
	struct epoll_event event = {.data = {.fd = STDOUT_FILENO}};
	struct stat status;

	if (batch->master.settings->output == EACH_RAW &&
	    fstat(STDOUT_FILENO, &status) == 0 && S_ISFIFO(status.st_mode))
		/* If not, each command meets the error by itself. */
		(void)epoll_ctl(batch->epoll_fd, EPOLL_CTL_ADD, STDOUT_FILENO,
		                &event);
}

static int open_events(struct batch *batch)
{
	const struct itimerspec tenth = {
		.it_interval = {.tv_nsec = 100 * NS_PER_MS},
		.it_value = {.tv_nsec = 100 * NS_PER_MS},
	};
	const int *tokens_fd = &batch->master.gate.tokens.fd;
	int workers_fd = mp_workers_fd(batch->master.workers);
	const int *fds[] = {&batch->timer_fd, &batch->signal_fd, &workers_fd,
	                    tokens_fd};

	batch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	batch->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (batch->epoll_fd < 0 || batch->timer_fd < 0 ||
	    timerfd_settime(batch->timer_fd, 0, &tenth, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		/* Of tokens it hears when it waits for some. */
		uint32_t events = fds[i] == tokens_fd ? EPOLLONESHOT : EPOLLIN;
		struct epoll_event event = {.events = events,
		                            .data = {.fd = *fds[i]}};

		if (*fds[i] >= 0 && epoll_ctl(batch->epoll_fd, EPOLL_CTL_ADD,
		                              *fds[i], &event) < 0)
			return -errno;
	}
	watch_reader(batch);
	return 0;
}

static void make_tasks(struct each_master *master)
{
	const struct each_settings *settings = master->settings;

	/* As many as may be in flight, and those that wait to be shown. */
	master->n_tasks = (uint32_t)settings->queue_depth +
	                  2 * master->n_workers_max +
	                  (settings->is_ordered ? EACH_WINDOW : 0);
	master->tasks = xcalloc(master->n_tasks, sizeof(*master->tasks));
	for (uint32_t i = 0; i < master->n_tasks; i++)
		master->tasks[i].next = i + 1;
	master->first_due = master->first_later = master->n_tasks;
}

static int share_memory(struct each_master *master)
{
	void *memory;

	/* One cell more than workers: the master's own. */
	master->shared_size =
		sizeof(struct each_shared) +
		(master->n_workers_max + 1) * sizeof(struct each_cell);
	int rc = mp_shm_map(master->shared_size, &memory);
	if (rc < 0)
		return rc;
	master->shared = memory;
	rc = each_turns_open(&master->shared->turns,
	                     master->settings->n_workers,
	                     master->n_workers_max);
	if (rc < 0)
		return rc;
	atomic_store(&master->shared->n_limit, master->settings->n_workers);
	master->stop_fd = eventfd(0, EFD_CLOEXEC);
	master->kill_fd = eventfd(0, EFD_CLOEXEC);
	/* lint: path, the kernel's */
	master->worker.null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (master->stop_fd < 0 || master->kill_fd < 0 ||
	    master->worker.null_fd < 0)
		return -errno;
	return 0;
}

static int open_gate(struct each_master *master)
{
	const struct each_settings *settings = master->settings;
	const struct each_observer *observer = master->observer;
	const char *name = NULL;
	int rc = each_gate_open(&master->gate, &settings->limits,
	                        settings->n_workers, &master->shared->tokens,
	                        &name);

	if (rc != 0)
		observer->on_fault(observer->ctx, name,
		                   rc < 0 ? "read"
		                          : "this jobserver cannot be used",
		                   rc < 0 ? -rc : 0);
	return rc;
}

static unsigned most_workers(const struct each_settings *settings)
{
	unsigned n = settings->n_workers + WORKERS_SPARE;

	if (settings->has_terminal || settings->is_dry_run)
		return settings->n_workers;
	return n < EACH_TURNS_MAX ? n : EACH_TURNS_MAX;
}

int each_batch_start(struct batch *batch)
{
	struct each_master *master = &batch->master;
	each_batch_settle_descriptors(batch);
	const struct each_settings *settings = master->settings;

	master->n_workers_max = most_workers(settings);
	master->n_workers_open = settings->n_workers;
	int rc = share_memory(master);

	if (rc < 0)
		return rc;
	rc = open_gate(master);
	if (rc < 0)
		return rc;
	if (settings->output != EACH_RAW)
		master->spools = each_spools_make(master->n_workers_max);
	master->screen =
		(struct each_screen){.write = master->observer->on_output,
	                             .ctx = master->observer->ctx,
	                             .shared = master->shared,
	                             .spool_fds = master->spools};
	/* Where there is none, no job can be stopped for it. */
	if (settings->has_terminal)
		(void)each_terminal_open(&master->worker.terminal);
	master->worker.settings = settings;
	master->worker.shared = master->shared;
	master->worker.stop_fd = master->stop_fd;
	master->worker.kill_fd = master->kill_fd;
	master->worker.spool_fds = master->spools;
	master->worker.tokens_fd = master->gate.tokens.fd;
	master->worker.master = getpid();
	/* What a dead worker leaves becomes a child of this process. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -errno;
	make_tasks(master);
	rc = start_workers(master);
	return rc < 0 ? rc : open_events(batch);
}

void each_batch_release(struct batch *batch)
{
	struct each_master *master = &batch->master;

	if (master->workers) {
		mp_workers_close(master->workers);
		(void)mp_workers_join(master->workers, 10000);
		mp_workers_kill(master->workers, HANG_MS);
		each_kin_kill(each_master_spares, master);
		mp_workers_destroy(master->workers);
	}
	for (uint32_t i = 0; master->tasks && i < master->n_tasks; i++) {
		buf_release(&master->tasks[i].record);
		each_queue_release(&master->tasks[i].items);
		each_printed_release(&master->tasks[i].printed);
	}
	free(master->tasks);
	each_spools_close(master->spools, master->n_workers_max);
	buf_release(&master->screen.scratch);
	each_gate_close(&master->gate);
	if (master->shared)
		each_turns_close(&master->shared->turns);
	mp_shm_unmap(master->shared, master->shared_size);
	each_terminal_close(&master->worker.terminal);
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
int each_batch_find(struct each_master *master)
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
	master->tally->exit_status = each_spawn_status(rc);
	return rc;
}

static enum each_log_use log_use(const struct each_settings *settings)
{
	if (settings->is_dry_run)
		return EACH_LOG_READ;
	return settings->resumes ? EACH_LOG_RESUME : EACH_LOG_NEW;
}

/* A directory that is walked must not be in the one that results are put into:
 * they would be found there and be items themselves. */
static int check_results_place(const struct batch *batch)
{
	const struct each_master *master = &batch->master;
	const struct each_settings *settings = master->settings;
	struct meta dir;
	bool is_inside = false;

	if (master->results.fd < 0 || !each_walks(settings) ||
	    meta_read(master->results.fd, &dir) < 0)
		return 0;
	for (size_t i = 0; i < settings->n_paths && !is_inside; i++) {
		/* lint: path, given by the user */
		int fd = open(settings->paths[i],
		              O_PATH | O_DIRECTORY | O_CLOEXEC);

		is_inside =
			fd >= 0 && held_is_below(fd, &dir, master->results.fd);
		(void)fd_close(fd);
		if (is_inside)
			master->observer->on_fault(
				master->observer->ctx, settings->paths[i],
				"is in the directory of --results, whose files "
				"would be found there: name another one",
				0);
	}
	return is_inside ? -EINVAL : 0;
}

/* What this run writes is none of its items, wherever it lies. */
static void omit_own(struct batch *batch)
{
	struct each_own *own = &batch->source.own;

	each_own_add(own, batch->master.log.fd);
	each_own_add(own, batch->master.failed_fd);
	each_own_add(own, batch->master.results.fd);
	each_own_add(own, STDOUT_FILENO);
	each_own_add(own, STDERR_FILENO);
}

int each_batch_open(struct batch *batch)
{
	struct each_master *master = &batch->master;
	const struct each_settings *settings = master->settings;
	const struct each_observer *observer = master->observer;
	const char *name = settings->list;
	int rc = each_source_open(&batch->source, settings);

	if (rc == 0) {
		name = settings->joblog;
		rc = each_log_open(&master->log, name, log_use(settings));
	}
	if (rc == 0) {
		name = settings->results;
		rc = each_results_open(&master->results, name);
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
	else
		omit_own(batch);
	return rc < 0 ? rc : check_results_place(batch);
}

int each_batch_close(struct batch *batch)
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
	each_results_close(&master->results);
	each_source_close(&batch->source);
	return rc;
}
