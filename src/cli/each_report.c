/* SPDX-License-Identifier: MIT */
#include "cli/each_report.h"

#include "base/diag.h"
#include "base/mono.h"
#include "base/num.h"
#include "base/out.h"
#include "cli/nothing.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void clear_progress(void *progress)
{
	progress_clear(progress);
}

void each_report_init(struct each_report *report, const struct options *options)
{
	*report = (struct each_report){
		.options = options,
		.start_ns = mono_now_ns(),
		.shares_terminal = isatty(STDOUT_FILENO) == 1,
	};
	progress_init(&report->progress,
	              options->is_quiet ? PROGRESS_NEVER : options->progress,
	              STDERR_FILENO);
	report->progress.render = each_report_line;
	diag_set_hook(clear_progress, &report->progress);
}

static void on_fault(void *ctx, const char *path, const char *what, int err)
{
	(void)ctx;
	diag_fault(path, what, err);
}

static int on_output(void *ctx, bool is_stderr, const void *data, size_t len)
{
	struct each_report *report = ctx;

	if (is_stderr || report->shares_terminal)
		progress_clear(&report->progress);
	int rc =
		out_write(is_stderr ? STDERR_FILENO : STDOUT_FILENO, data, len);

	/* The rest of a run that is stopped is not waited for. */
	return rc == -EINTR ? 0 : rc;
}

static void on_tick(void *ctx, const struct each_tally *tally,
                    const char *current)
{
	struct each_report *report = ctx;

	progress_tick(&report->progress, &tally->progress, current);
}

static void on_pause(void *ctx)
{
	struct each_report *report = ctx;

	progress_clear(&report->progress);
}

struct each_observer each_report_observer(struct each_report *report)
{
	return (struct each_observer){
		.on_fault = on_fault,
		.on_output = on_output,
		.on_tick = on_tick,
		.on_pause = on_pause,
		.ctx = report,
	};
}

/* Nobody knows how many more there will be. */
static void add_found(struct line *line, const struct tally *tally)
{
	char done[NUM_TEXT_MAX], found[NUM_TEXT_MAX];
	char part[2 * NUM_TEXT_MAX + 24];

	num_count_text(done, tally->n_done);
	num_count_text(found, tally->n_total);
	snprintf(part, sizeof(part), "%s done, %s+ found", done, found);
	if (line_add(line, part))
		return;
	snprintf(part, sizeof(part), "%s done", done);
	(void)line_add(line, part);
}

void each_report_line(const struct progress *progress,
                      const struct tally *tally, const char *current,
                      size_t columns, struct buf *out)
{
	struct line line = line_begin(out, columns);

	if (!tally->is_final) {
		add_found(&line, tally);
	} else {
		progress_add_percent(&line, progress);
		progress_add_count(&line, tally, "done");
		if (tally->bytes_total > 0)
			progress_add_bytes(&line, tally);
	}
	progress_add_left(&line, progress, tally);
	line_add_name(&line, current);
}

static void add_any(struct buf *out, uint64_t n, const char *what)
{
	char text[NUM_TEXT_MAX];

	if (n > 0)
		buf_printf(out, ", %s %s", num_count_text(text, n), what);
}

void each_report_summary(struct buf *out, const struct each_tally *tally,
                         int64_t passed_ns)
{
	int signal_number = tally->progress.signal_number;
	const char *name = signal_number ? sigabbrev_np(signal_number) : NULL;
	char text[NUM_TEXT_MAX];
	uint64_t n_left =
		tally->progress.n_total -
		min_u64(tally->progress.n_total, tally->progress.n_done);

	if (signal_number)
		buf_printf(out, "interrupted by SIG%s: ", name ? name : "?");
	else if (tally->is_halted)
		buf_append_str(out, "halted: ");
	buf_printf(out, "%s ok", num_count_text(text, tally->n_ok));
	add_any(out, tally->n_failed, "failed");
	add_any(out, tally->n_skipped, "skipped");
	add_any(out, tally->n_stopped, "stopped or not started");
	add_any(out, n_left,
	        tally->progress.is_final ? "items not run"
	                                 : "or more items not run");
	add_any(out, tally->n_deaths,
	        tally->n_deaths == 1 ? "worker died" : "workers died");
	buf_printf(out, " in %s", num_clock_text(text, passed_ns));
}

static bool found_nothing(const struct each_tally *tally)
{
	return tally->progress.is_final && tally->progress.n_total == 0 &&
	       tally->progress.signal_number == 0;
}

void each_report_end(struct each_report *report, const struct each_tally *tally,
                     int status)
{
	struct buf text = {0};
	bool has_run = status != EXIT_NOT_STARTED && !tally->exit_status;

	progress_end(&report->progress, &tally->progress);
	/* Commands speak for themselves: a word of ours only where it is
	 * needed, or a person watches. */
	if (status == EXIT_ALL_DONE && found_nothing(tally)) {
		nothing_say(report->options);
	} else if (has_run &&
	           (status != EXIT_ALL_DONE || tally->progress.signal_number ||
	            (!report->options->is_quiet &&
	             report->progress.was_shown))) {
		each_report_summary(&text, tally,
		                    mono_now_ns() - report->start_ns);
		diag_say("%s", text.data);
	}
	diag_set_hook(NULL, NULL);
	buf_release(&text);
}
