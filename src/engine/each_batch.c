/* SPDX-License-Identifier: MIT */
#include "engine/each_batch.h"

#include "base/fd.h"
#include "engine/each_kin.h"
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
	if (settings->block_size) {
		rc = each_blocks_open(&master->blocks, master->n_workers_max);
		if (rc < 0)
			return rc;
		master->worker.blocks = &master->blocks;
	}
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
	each_blocks_close(&master->blocks);
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
