/* SPDX-License-Identifier: MIT */
#include "engine/each_ended.h"

#include "base/fd.h"
#include "engine/each_later.h"
#include "engine/each_show.h"
#include "engine/each_spawn.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* So many jobs at least before a percentage of them counts. */
#define PERCENT_MIN 3

static const struct each_record *record_of(const struct each_task *task)
{
	return (const void *)task->record.data;
}

static void add_text(struct each_master *master, const struct each_task *task,
                     unsigned slot)
{
	const struct each_hooks *hooks = master->settings->hooks;

	if (hooks)
		hooks->add_text(hooks->ctx, record_of(task), slot,
		                &master->text);
	else
		each_job_text(record_of(task), slot, &master->text);
}

bool each_master_is_done(struct each_master *master, struct each_task *task)
{
	if (!master->settings->resumes)
		return false;
	buf_truncate(&master->text, 0);
	add_text(master, task, 1);
	return each_log_take(&master->log, master->text.data, master->text.len);
}

/* Shows what it printed and lets go of it. */
static void finish(struct each_master *master, struct each_task *task)
{
	master->held -= each_printed_size(&task->printed);
	each_show_stream(master, task, EACH_STDOUT);
	each_show_stream(master, task, EACH_STDERR);
	each_screen_drop(&master->screen, &task->printed);
	/* A long command line is not kept for the next, perhaps short one. */
	if (task->record.cap > EACH_PIECE_MAX)
		buf_release(&task->record);
	each_queue_release(&task->items);
	task->number = 0;
	task->next = master->free_task;
	master->free_task = (uint32_t)(task - master->tasks);
}

void each_master_settle(struct each_master *master, struct each_task *task)
{
	struct tally *progress = &master->tally->progress;

	each_blocks_drop(&master->blocks, each_job_extra(record_of(task)));
	progress->n_done += task->items.n;
	progress->bytes_done += task->bytes;
	progress->bytes_copied += task->bytes;
	task->has_ended = true;
	master->held += each_printed_size(&task->printed);
	if (!master->settings->is_ordered) {
		finish(master, task);
		return;
	}
	while (master->n_shown < master->n_numbers) {
		uint64_t number = master->n_shown + 1;
		task = &master->tasks[master->by_number[number % EACH_WINDOW]];

		if (!task->has_ended)
			break;
		master->n_shown++;
		finish(master, task);
	}
}

static void list_failed(struct each_master *master, struct each_queue items)
{
	struct each_item item;
	int rc = 0;

	/* With the columns' names in front, it can be fed back as it is. */
	bool is_csv = master->settings->is_csv;

	while (master->failed_fd >= 0 && rc == 0 &&
	       each_queue_first(&items, &item)) {
		rc = fd_write_full(master->failed_fd, item.text,
		                   item.len + !is_csv);
		if (rc == 0 && is_csv)
			rc = fd_write_full(master->failed_fd, "\n", 1);
		each_queue_drop_first(&items);
	}
	if (rc < 0)
		each_master_break(master, master->settings->failed, "write",
		                  -rc);
}

static void halt_if_due(struct each_master *master)
{
	const struct each_halt *halt = &master->settings->halt;
	uint64_t n =
		halt->counts_ok ? master->tally->n_ok : master->n_failed_jobs;

	if (halt->when == EACH_HALT_NEVER || master->tally->is_halted)
		return;
	if (halt->is_percent ? n < PERCENT_MIN ||
	                               n * 100 < halt->n * master->n_ended_jobs
	                     : n < halt->n)
		return;
	master->tally->is_halted = true;
	master->tally->is_enough = halt->counts_ok;
	each_master_stop(master, halt->when == EACH_HALT_NOW ? EACH_TERMINATE
	                                                     : EACH_START_NONE);
}

/* Not of the command. */
static bool is_own_failure(const struct each_end *end)
{
	return end->cause == EACH_NO_SPAWN || end->cause == EACH_SPOOL ||
	       end->cause == EACH_NO_RESULTS || end->cause == EACH_REJECTED;
}

static void say_why(struct each_master *master, struct each_task *task,
                    const struct each_end *end)
{
	int err = 0;

	buf_truncate(&master->text, 0);
	if (end->cause == EACH_TIMED_OUT)
		buf_append_str(&master->text, "timed out");
	else if (end->cause == EACH_NO_TERMINAL)
		buf_append_str(&master->text,
		               "wants the terminal, which it cannot have");
	else if (is_own_failure(end))
		err = -end->err;
	else if (end->signal_number)
		buf_printf(&master->text, "killed by signal %d",
		           end->signal_number);
	else
		buf_printf(&master->text, "exit status %d", end->exit_code);
	if (end->cause == EACH_NO_SPAWN)
		buf_append_str(&master->text, "cannot start the command");
	if (end->cause == EACH_SPOOL)
		buf_append_str(&master->text,
		               "its output cannot be kept in TMPDIR");
	if (end->cause == EACH_NO_RESULTS)
		buf_append_str(&master->text,
		               "its output cannot be put into its files");
	if (end->cause == EACH_REJECTED)
		buf_append_str(&master->text,
		               master->settings->hooks->reason(end->reason));
	master->observer->on_fault(master->observer->ctx,
	                           each_show_name(master, task),
	                           master->text.data, err);
}

/* The program is the same for all jobs, and is not there or cannot be run (nor
 * what its first line names): one word for all of them. */
static bool is_never_to_run(const struct each_master *master,
                            const struct each_end *end)
{
	return end->cause == EACH_NO_SPAWN && master->program.len > 0 &&
	       (end->err == -ENOENT || end->err == -EACCES ||
	        end->err == -ENOTDIR);
}

static void give_up(struct each_master *master, const struct each_end *end)
{
	if (!master->tally->exit_status)
		master->observer->on_fault(master->observer->ctx,
		                           master->program.data,
		                           "cannot run the command", -end->err);
	master->tally->exit_status = each_spawn_status(end->err);
	each_master_stop(master, EACH_TERMINATE);
}

static void count_failure(struct each_master *master, struct each_task *task,
                          const struct each_end *end)
{
	struct each_queue items = task->items;

	master->tally->n_failed++;
	master->n_failed_jobs++;
	/* Of a worker's death was told when it died. */
	if (is_never_to_run(master, end))
		give_up(master, end);
	else if (end->cause != EACH_WORKER_DIED)
		say_why(master, task, end);
	list_failed(master, items);
	halt_if_due(master);
}

static void log_try(struct each_master *master, const struct each_task *task,
                    unsigned worker, const struct each_end *end)
{
	if (!master->settings->joblog || end->cause == EACH_NOT_STARTED ||
	    end->start_ns == 0)
		return;
	buf_truncate(&master->text, 0);
	add_text(master, task, worker + 1);
	int rc = each_log_add(&master->log, task->number, end,
	                      master->text.data, master->text.len);
	if (rc < 0)
		each_master_break(master, master->settings->joblog, "write",
		                  -rc);
}

static bool has_failed(const struct each_end *end)
{
	return end->cause != EACH_BY_ITSELF || end->exit_code != 0 ||
	       end->signal_number != 0;
}

/* By the end of the run. */
static bool is_cut_off(const struct each_end *end)
{
	return end->cause == EACH_NOT_STARTED || end->cause == EACH_STOPPED;
}

static bool is_tried_again(const struct each_master *master,
                           const struct each_task *task,
                           const struct each_end *end)
{
	return has_failed(end) && end->cause != EACH_WORKER_DIED &&
	       task->n_tried < master->settings->n_tries &&
	       !each_master_is_stopping(master);
}

/* That its output cannot be kept makes it fail; if it has already, it is said
 * besides. Of a job that the run's end cut off nothing is kept, and what an
 * earlier run left stays. */
static void keep_results(struct each_master *master, struct each_task *task,
                         struct each_end *end)
{
	struct each_end lost = *end;

	if (master->results.fd < 0 || end->cause == EACH_NO_RESULTS)
		return;
	if (is_cut_off(end)) {
		each_screen_drop(&master->screen, &task->printed);
		return;
	}
	int rc = each_show_keep(master, task);
	if (rc == 0)
		return;
	lost.cause = EACH_NO_RESULTS;
	lost.err = rc;
	if (has_failed(end))
		say_why(master, task, &lost);
	else
		*end = lost;
}

static void count(struct each_master *master, struct each_task *task,
                  const struct each_end *end)
{
	if (is_cut_off(end)) {
		master->tally->n_stopped++;
		return;
	}
	master->n_ended_jobs++;
	if (!has_failed(end)) {
		master->tally->n_ok++;
		halt_if_due(master);
		return;
	}
	/* In the order of events: first what it said itself. */
	if (!master->settings->is_ordered) {
		each_show_stream(master, task, EACH_STDOUT);
		each_show_stream(master, task, EACH_STDERR);
	}
	count_failure(master, task, end);
}

void each_master_end(struct each_master *master, struct each_task *task,
                     unsigned worker, const struct each_end *end)
{
	struct each_end last = *end;

	if (end->cause == EACH_SCARCE && !each_master_is_stopping(master)) {
		each_screen_drop(&master->screen, &task->printed);
		each_master_let_wait(master, task);
		each_master_take_fewer(master, end->err);
		return;
	}
	if (end->cause == EACH_SCARCE)
		last.cause = EACH_NOT_STARTED;
	end = &last;
	task->n_tried++;
	if (is_tried_again(master, task, end)) {
		log_try(master, task, worker, end);
		each_screen_drop(&master->screen, &task->printed);
		each_later_put(master, task);
		return;
	}
	keep_results(master, task, &last);
	log_try(master, task, worker, &last);
	count(master, task, &last);
	each_master_settle(master, task);
}

bool each_master_has_place(struct each_master *master, struct each_task *task)
{
	struct each_end end = {.cause = EACH_NO_RESULTS,
	                       .err = each_show_may_keep(master, task)};

	if (end.err == 0)
		return true;
	end.start_ns = (int64_t)time(NULL) * NS_PER_S;
	/* Trying again would not help. */
	task->n_tried = master->settings->n_tries;
	each_master_end(master, task, 0, &end);
	return false;
}

void each_master_refuse(struct each_master *master,
                        const struct each_item *item, const char *what, int err)
{
	buf_truncate(&master->name, 0);
	buf_append(&master->name, item->text, item->len);
	master->tally->n_failed++;
	master->n_failed_jobs++;
	master->n_ended_jobs++;
	master->tally->progress.n_done++;
	master->tally->progress.bytes_done += item->bytes;
	each_blocks_drop(&master->blocks, item->extra.text);
	master->observer->on_fault(master->observer->ctx, master->name.data,
	                           what, err);
	if (item->len > 0) {
		struct each_queue items = {0};

		each_queue_put(&items, item);
		list_failed(master, items);
		each_queue_release(&items);
	}
	halt_if_due(master);
}

static void say_halted(struct each_master *master, const struct each_task *task,
                       int signal_number)
{
	buf_truncate(&master->text, 0);
	buf_printf(
		&master->text,
		"stopped by signal %d, and waits for somebody to continue it",
		signal_number);
	master->observer->on_fault(master->observer->ctx,
	                           each_show_name(master, task),
	                           master->text.data, 0);
}

void each_master_on_reply(void *ctx, const void *data, size_t len)
{
	struct each_master *master = ctx;
	const struct each_reply *reply = data;
	struct each_task *task = &master->tasks[reply->job];
	struct each_printed *printed = &task->printed;

	printed->worker = reply->worker;
	switch ((enum each_reply_kind)reply->kind) {
	case EACH_BYTES:
		buf_append(&printed->streams[reply->stream].bytes, reply + 1,
		           len - sizeof(*reply));
		break;
	case EACH_EXTENT:
		printed->streams[reply->stream].at = reply->extent.at;
		printed->streams[reply->stream].len = reply->extent.len;
		break;
	case EACH_FLUSH:
		each_show_stream(master, task, reply->stream);
		break;
	case EACH_STARTED:
		each_show_command(master, task, reply->worker + 1, true);
		break;
	case EACH_HALTED:
		say_halted(master, task, reply->end.signal_number);
		break;
	case EACH_NOTE:
		master->settings->hooks->on_note(master->settings->hooks->ctx,
		                                 record_of(task), reply + 1,
		                                 len - sizeof(*reply));
		break;
	case EACH_ENDED:
		each_master_end(master, task, reply->worker, &reply->end);
		break;
	}
}
