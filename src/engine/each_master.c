/* SPDX-License-Identifier: MIT */
/* Jobs on their way: put together, submitted, tried again. What becomes of
 * them is in each_ended.c. */
#include "engine/each_master.h"

#include "base/fd.h"
#include "base/mono.h"
#include "base/signals.h"
#include "engine/each_ended.h"
#include "engine/each_kin.h"
#include "engine/each_later.h"
#include "engine/each_show.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the output of jobs that have ended and wait for an earlier one. */
#define HELD_MAX ((size_t)16 << 20)
/* Workers that died at a job before it is given up. */
#define DEATHS_MAX 2
/* Ticks until one worker more is tried. */
#define TICKS_UP 10

bool each_master_is_stopping(const struct each_master *master)
{
	return atomic_load(&master->shared->stop) != EACH_GO_ON;
}

void each_master_stop(struct each_master *master, enum each_stop stop)
{
	const uint64_t one = 1;

	if (atomic_load(&master->shared->stop) >= stop)
		return;
	atomic_store(&master->shared->stop, stop);
	/* A write to an eventfd that is far from full cannot fail. */
	if (stop >= EACH_TERMINATE)
		(void)!write(master->stop_fd, &one, sizeof(one));
	if (stop >= EACH_KILL)
		(void)!write(master->kill_fd, &one, sizeof(one));
}

void each_master_break(struct each_master *master, const char *path,
                       const char *what, int err)
{
	if (master->tally->is_broken)
		return;
	master->tally->is_broken = true;
	master->observer->on_fault(master->observer->ctx, path, what, err);
	each_master_stop(master, EACH_TERMINATE);
}

bool each_master_has_slot(const struct each_master *master)
{
	if (master->free_task == master->n_tasks)
		return false;
	return !master->settings->is_ordered ||
	       (master->n_numbers - master->n_shown < EACH_WINDOW &&
	        master->held < HELD_MAX);
}

bool each_master_may_make(const struct each_master *master)
{
	/* One job waits for the queue's room at most, besides new tries. */
	return each_master_has_slot(master) &&
	       master->first_due == master->n_tasks &&
	       mp_workers_has_room(master->workers);
}

void each_master_let_wait(struct each_master *master, struct each_task *task)
{
	uint32_t index = (uint32_t)(task - master->tasks);

	task->next = master->n_tasks;
	if (master->first_due == master->n_tasks)
		master->first_due = index;
	else
		master->tasks[master->last_due].next = index;
	master->last_due = index;
}

static uint32_t take_due(struct each_master *master)
{
	uint32_t index = master->first_due;

	master->first_due = master->tasks[index].next;
	return index;
}

void each_master_make(struct each_master *master)
{
	uint32_t index = master->free_task;
	struct each_task *task = &master->tasks[index];

	if (master->pack.items.n == 0)
		return;
	master->free_task = task->next;
	task->number = ++master->n_numbers;
	task->n_tried = 0;
	task->has_ended = false;
	task->bytes = each_pack_take(&master->pack, index, task->number,
	                             &task->record, &task->items);
	if (master->settings->is_ordered)
		master->by_number[task->number % EACH_WINDOW] = index;
	if (each_master_is_done(master, task)) {
		master->tally->n_skipped++;
		each_master_settle(master, task);
	} else if (master->settings->is_dry_run) {
		each_show_command(master, task, 1, false);
		master->tally->n_ok++;
		each_master_settle(master, task);
	} else if (each_master_has_place(master, task)) {
		each_master_let_wait(master, task);
	}
}

void each_master_submit(struct each_master *master)
{
	each_later_take(master, 0);
	while (master->first_due != master->n_tasks &&
	       !each_master_is_stopping(master)) {
		const struct each_task *task =
			&master->tasks[master->first_due];
		size_t n_running = mp_workers_n_in_flight(master->workers);

		if (!each_gate_pass(&master->gate, n_running))
			return;
		if (mp_workers_submit(master->workers, task->record.data,
		                      task->record.len) < 0)
			return;
		(void)take_due(master);
	}
}

void each_master_drop_due(struct each_master *master)
{
	const struct each_end end = {.cause = EACH_NOT_STARTED};

	each_later_take(master, MONO_NEVER);
	while (master->first_due != master->n_tasks)
		each_master_end(master, &master->tasks[take_due(master)], 0,
		                &end);
}

void each_master_add(struct each_master *master)
{
	struct each_turns *turns = &master->shared->turns;

	each_turns_grow(turns);
	if (atomic_load(&turns->n) <= master->n_workers_open)
		return;
	unsigned worker = mp_workers_add(master->workers);
	if (worker == UINT_MAX)
		return;
	master->n_workers_open = worker + 1;
	master->gate.n_max = worker + 1;
}

static void signal_workers(struct each_master *master, int signal_number)
{
	for (unsigned i = 0; i < master->n_workers_max; i++) {
		pid_t pid = mp_workers_pid(master->workers, i);

		if (pid > 0)
			(void)kill(pid, signal_number);
	}
}

void each_master_pause(struct each_master *master)
{
	const struct each_observer *observer = master->observer;
	struct each_turns *turns = &master->shared->turns;

	each_turns_pause(turns, true);
	signal_workers(master, SIGTSTP);
	observer->on_pause(observer->ctx);
	signals_pause();
	each_turns_pause(turns, false);
	signal_workers(master, SIGCONT);
}

bool each_master_spares(void *ctx, pid_t pid)
{
	struct each_master *master = ctx;
	unsigned n = master->n_workers_max;

	for (unsigned i = 0; i < n; i++) {
		if (mp_workers_pid(master->workers, i) == pid)
			return true;
	}
	/* One cell more than workers: what dead ones had left alone. */
	for (unsigned i = 0; i <= n; i++) {
		if (each_kin_is_left(&master->shared->cells[i], pid))
			return true;
	}
	return false;
}

/* What the dead worker ran is the master's now. */
static void kill_kin(struct each_master *master)
{
	struct each_cell *own = &master->shared->cells[master->n_workers_max];
	pid_t pids[EACH_LEFT_MAX];

	each_kin_kill(each_master_spares, master);
	size_t n = each_kin_list(pids, EACH_LEFT_MAX);
	for (size_t i = 0; i < n; i++)
		atomic_store(&own->left[i], pids[i]);
	atomic_store(&own->n_left, (uint32_t)n);
}

enum mp_queue_verdict each_master_on_death(void *ctx, struct mp_death *death)
{
	struct each_master *master = ctx;
	struct each_end end = {.cause = EACH_STOPPED};
	struct each_terminal *terminal = &master->worker.terminal;

	master->tally->n_deaths++;
	terminal->holder =
		atomic_load(&master->shared->cells[death->worker].pid);
	kill_kin(master);
	each_terminal_take_back(terminal, true);
	each_turns_give(&master->shared->turns, death->worker);
	if (!death->task)
		return MP_QUEUE_DROP;
	const struct each_record *record = death->task;
	struct each_task *task = &master->tasks[record->job];
	bool is_last =
		death->n_takes >= DEATHS_MAX || each_master_is_stopping(master);

	each_screen_drop(&master->screen, &task->printed);
	buf_truncate(&master->text, 0);
	buf_printf(&master->text, "worker %u (process %d) ", death->worker + 1,
	           (int)death->pid);
	if (death->exit_code < 0)
		buf_printf(&master->text, "was killed by signal %d",
		           -death->exit_code);
	else
		buf_printf(&master->text, "ended with %d", death->exit_code);
	buf_append_str(&master->text, is_last ? ", given up" : ", tried again");
	master->observer->on_fault(master->observer->ctx,
	                           each_show_name(master, task),
	                           master->text.data, 0);
	if (!is_last)
		return MP_QUEUE_RETRY;
	if (!each_master_is_stopping(master))
		end.cause = EACH_WORKER_DIED;
	each_master_end(master, task, death->worker, &end);
	return MP_QUEUE_DROP;
}

static void tell_short(struct each_master *master, const char *what, int err)
{
	if (!master->is_short_told)
		master->observer->on_fault(master->observer->ctx, "workers",
		                           what, -err);
	master->is_short_told = true;
}

static void set_limit(struct each_master *master, unsigned n)
{
	master->n_limit = n ? n : 1;
	master->n_ticks = 0;
	mp_workers_limit(master->workers, master->n_limit);
	atomic_store(&master->shared->n_limit, master->n_limit);
}

void each_master_take_fewer(struct each_master *master, int err)
{
	tell_short(master, "fewer at a time, as no process is to be had", err);
	set_limit(master, mp_workers_n_alive(master->workers) - 1);
}

void each_master_note_shortage(struct each_master *master)
{
	int err = mp_workers_shortage(master->workers);
	char what[80];

	if (!err || master->is_short_told)
		return;
	snprintf(what, sizeof(what), "only %u of %u could be started",
	         mp_workers_n_alive(master->workers),
	         master->settings->n_workers);
	tell_short(master, what, err);
}

/* The shortage may be over: one more a second. */
static void try_more(struct each_master *master)
{
	if (master->n_limit && master->n_limit < master->n_workers_open &&
	    ++master->n_ticks >= TICKS_UP)
		set_limit(master, master->n_limit + 1);
}

void each_master_tick(struct each_master *master)
{
	const char *name = "";
	int64_t oldest_ns = INT64_MAX;

	try_more(master);
	for (unsigned i = 0; i < master->n_workers_max; i++) {
		struct each_cell *cell = &master->shared->cells[i];
		uint32_t job_up = atomic_load(&cell->job_up);
		int64_t since_ns = atomic_load(&cell->since_ns);

		if (job_up == 0 || since_ns >= oldest_ns ||
		    !master->tasks[job_up - 1].number)
			continue;
		oldest_ns = since_ns;
		name = each_show_name(master, &master->tasks[job_up - 1]);
	}
	master->observer->on_tick(master->observer->ctx, master->tally, name);
}
