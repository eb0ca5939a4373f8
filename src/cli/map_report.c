/* SPDX-License-Identifier: MIT */
#include "cli/map_report.h"

#include "base/diag.h"
#include "base/fd.h"
#include "base/mono.h"
#include "base/num.h"
#include "base/quote.h"
#include "cli/nothing.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LIST_BLOCK ((size_t)32 << 10)

void map_report_init(struct map_report *report, const struct options *options)
{
	*report = (struct map_report){0};
	each_report_init(&report->each, options);
	report->jobs = each_report_observer(&report->each);
}

static void flush_list(struct map_report *report)
{
	if (report->list.len == 0 || report->list_error)
		return;
	report->list_error = report->jobs.on_output(
		report->jobs.ctx, false, report->list.data, report->list.len);
	buf_truncate(&report->list, 0);
	if (report->list_error)
		diag_fault("standard output", "write", report->list_error);
}

static void on_fault(void *ctx, const char *path, const char *what, int err)
{
	struct map_report *report = ctx;

	report->jobs.on_fault(report->jobs.ctx, path, what, err);
}

/* In the order of events. */
static int on_output(void *ctx, bool is_stderr, const void *data, size_t len)
{
	struct map_report *report = ctx;

	if (!is_stderr)
		flush_list(report);
	return report->jobs.on_output(report->jobs.ctx, is_stderr, data, len);
}

static void on_tick(void *ctx, const struct each_tally *tally,
                    const char *current)
{
	struct map_report *report = ctx;

	flush_list(report);
	report->jobs.on_tick(report->jobs.ctx, tally, current);
}

static void on_entry(void *ctx, const char *action, const char *path,
                     const char *why)
{
	struct map_report *report = ctx;

	buf_printf(&report->list, "%s\t", action);
	quote_name(&report->list, path, strlen(path));
	buf_printf(&report->list, "%s%s\n", *why ? "\t" : "", why);
	if (report->list.len >= LIST_BLOCK)
		flush_list(report);
}

static void on_pause(void *ctx)
{
	struct map_report *report = ctx;

	report->jobs.on_pause(report->jobs.ctx);
}

struct each_observer map_report_observer(struct map_report *report)
{
	return (struct each_observer){
		.on_fault = on_fault,
		.on_output = on_output,
		.on_tick = on_tick,
		.on_pause = on_pause,
		.ctx = report,
	};
}

struct map_observer map_report_lister(struct map_report *report)
{
	return (struct map_observer){.on_entry = on_entry, .ctx = report};
}

static void add_any(struct buf *out, uint64_t n, const char *what)
{
	char text[NUM_TEXT_MAX];

	if (n > 0)
		buf_printf(out, ", %s %s", num_count_text(text, n), what);
}

static void sum_up(struct buf *out, const struct map_tally *tally,
                   const struct each_tally *jobs, bool is_check)
{
	int signal_number = jobs->progress.signal_number;
	const char *name = signal_number ? sigabbrev_np(signal_number) : NULL;
	char text[NUM_TEXT_MAX];

	if (signal_number)
		buf_printf(out, "interrupted by SIG%s: ", name ? name : "?");
	else if (jobs->is_halted)
		buf_append_str(out, "halted: ");
	if (is_check) {
		buf_printf(out, "%s as made",
		           num_count_text(text, tally->n_same));
		add_any(out, tally->n_different, "different");
	} else {
		buf_printf(out, "%s made", num_count_text(text, tally->n_made));
		add_any(out, tally->n_empty, "of them empty");
		add_any(out, tally->n_copied, "copied");
		add_any(out, tally->n_linked, "linked");
		add_any(out, tally->n_adopted, "adopted");
		add_any(out, tally->n_current, "current");
		add_any(out, tally->n_deleted, "deleted");
		add_any(out, tally->n_kept, "not deleted");
	}
	add_any(out, jobs->n_failed, "failed");
	add_any(out, jobs->n_stopped, "stopped or not started");
	add_any(out, jobs->n_deaths,
	        jobs->n_deaths == 1 ? "worker died" : "workers died");
}

static bool says_summary(const struct map_report *report,
                         const struct each_tally *jobs, int status)
{
	const struct options *options = report->each.options;

	if (status == EXIT_NOT_STARTED || status == EXIT_REFUSED ||
	    jobs->exit_status)
		return false;
	return status != EXIT_ALL_DONE || jobs->progress.signal_number ||
	       (!options->is_quiet && report->each.progress.was_shown);
}

static bool found_nothing(const struct map_report *report,
                          const struct map_tally *tally,
                          const struct each_tally *jobs)
{
	return tally->n_found == 0 && !report->each.options->map.checks &&
	       !jobs->progress.signal_number && !jobs->is_halted &&
	       !jobs->exit_status;
}

int map_report_end(struct map_report *report, const struct map_tally *tally,
                   const struct each_tally *jobs, int status)
{
	struct buf text = {0};
	char passed[NUM_TEXT_MAX];

	flush_list(report);
	progress_end(&report->each.progress, &jobs->progress);
	if (says_summary(report, jobs, status)) {
		sum_up(&text, tally, jobs, report->each.options->map.checks);
		diag_say("%s in %s", text.data,
		         num_clock_text(passed,
		                        mono_now_ns() - report->each.start_ns));
	}
	if (status == EXIT_ALL_DONE && found_nothing(report, tally, jobs))
		nothing_say(report->each.options);
	diag_set_hook(NULL, NULL);
	buf_release(&text);
	buf_release(&report->list);
	return status == EXIT_ALL_DONE && report->list_error ? EXIT_SOME_FAILED
	                                                     : status;
}
