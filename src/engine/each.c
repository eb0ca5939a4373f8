/* SPDX-License-Identifier: MIT */
/* The loop of a batch: read items, make jobs of them, submit the jobs, take
 * replies, sleep. It never blocks on a queue, nor on the list of items. */
#include "engine/each.h"

#include "base/fd.h"
#include "base/mono.h"
#include "base/signals.h"
#include "engine/each_batch.h"
#include "engine/each_later.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Items read ahead, so that totals are known early; or just enough. */
#define AHEAD_MAX ((size_t)16 << 20)
#define AHEAD_MIN ((size_t)64 << 10)
#define STEPS_MAX 256

/* ---- items and jobs ---- */

static bool has_room_ahead(const struct batch *batch)
{
	size_t max =
		batch->master.settings->reads_ahead ? AHEAD_MAX : AHEAD_MIN;

	if (batch->master.settings->block_size &&
	    !each_blocks_have_room(&batch->master.blocks,
	                           atomic_load(&batch->master.shared->turns.n)))
		return false;
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
				batch->source.what, each_source_error(rc));
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

	if (signal_number == SIGUSR1)
		each_master_add(master);
	else if (signal_number == SIGUSR2)
		each_turns_shrink(&master->shared->turns);
	else if (signal_number == SIGTSTP)
		each_master_pause(master);
	if (!signals_is_stop(signal_number))
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

static void watch_tokens(struct batch *batch)
{
	int fd = batch->master.gate.tokens.fd;
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT,
	                            .data = {.fd = fd}};

	/* A fifo can be waited for; it was added once. */
	if (fd >= 0 && batch->master.gate.wants_token)
		(void)epoll_ctl(batch->epoll_fd, EPOLL_CTL_MOD, fd, &event);
}

static void on_reader_gone(struct batch *batch)
{
	each_master_break(&batch->master, "standard output", "write", EPIPE);
	(void)epoll_ctl(batch->epoll_fd, EPOLL_CTL_DEL, STDOUT_FILENO, NULL);
}

static void sleep_or_look(struct batch *batch, bool may_sleep)
{
	struct each_master *master = &batch->master;
	struct epoll_event events[8];
	uint64_t n_ticks;
	bool is_stopping = each_master_is_stopping(master);
	bool has_due = !is_stopping && master->first_due != master->n_tasks;
	bool is_barred = has_due && master->gate.is_closed;
	bool wants_room =
		!is_stopping && !is_barred &&
		(has_due || (has_work(batch) && each_master_has_slot(master)));
	int64_t look_ns = is_barred ? master->gate.look_ns : MONO_NEVER;

	if (!is_stopping) {
		if (each_later_ns(master) < look_ns)
			look_ns = each_later_ns(master);
		watch_source(batch);
		watch_tokens(batch);
	}
	if (may_sleep &&
	    mp_workers_prepare_sleep(master->workers, wants_room, 1))
		may_sleep = false;
	int n = fd_epoll_wait(batch->epoll_fd, events, ARRAY_LEN(events),
	                      may_sleep ? mono_left_ms(look_ns) : 0);
	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;

		if (fd == batch->signal_fd)
			on_signal(batch);
		else if (fd == batch->timer_fd &&
		         read(fd, &n_ticks, sizeof(n_ticks)) > 0)
			each_master_tick(master);
		else if (fd == STDOUT_FILENO)
			on_reader_gone(batch);
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
	       master->first_due == master->n_tasks &&
	       master->first_later == master->n_tasks;
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
		each_master_note_shortage(master);
		each_gate_leave(&master->gate,
		                mp_workers_n_in_flight(master->workers));
		if (rc >= 0 && !is_over(batch))
			sleep_or_look(batch, !reads && rc == 0);
	}
	each_master_drop_due(master);
	return rc < 0 ? rc : 0;
}

static int exit_status(const struct each_tally *tally)
{
	if (tally->is_broken)
		return EXIT_SOME_FAILED;
	if (tally->is_enough)
		return EXIT_ALL_DONE;
	return tally->n_failed || tally->n_stopped ? EXIT_SOME_FAILED
	                                           : EXIT_ALL_DONE;
}

static int run(struct batch *batch)
{
	struct each_master *master = &batch->master;
	const struct each_observer *observer = master->observer;
	int rc = each_batch_start(batch);

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
	                   .results = {.fd = -1},
	                   .gate = {.tokens = {.fd = -1}},
	                   .failed_fd = -1,
	                   .stop_fd = -1,
	                   .kill_fd = -1,
	                   .worker = {.null_fd = -1,
	                              .signals_fd = -1,
	                              .terminal = {.fd = -1}}},
		.source = {.list = {.fd = -1}},
		.epoll_fd = -1,
		.timer_fd = -1,
	};
	int status = EXIT_NOT_STARTED;

	*tally = (struct each_tally){0};
	if (each_batch_prepare(&batch) == 0 &&
	    each_batch_find(&batch.master) == 0 &&
	    each_batch_open(&batch) == 0) {
		batch.signal_fd = signals_open(SIGNALS_OF_JOBS);
		status = run(&batch);
	} else {
		batch.signal_fd = -1;
	}
	if (each_batch_close(&batch) < 0 && status == EXIT_ALL_DONE)
		status = EXIT_SOME_FAILED;
	each_batch_release(&batch);
	return tally->exit_status ? tally->exit_status : status;
}
