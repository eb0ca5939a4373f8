/* SPDX-License-Identifier: MIT */
#include "cli/report.h"

#include "base/diag.h"
#include "base/mono.h"
#include "base/num.h"
#include "base/out.h"
#include "base/quote.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_BLOCK ((size_t)64 << 10)

static void clear_progress(void *progress)
{
	progress_clear(progress);
}

void report_init(struct report *report, const struct options *options)
{
	*report = (struct report){
		.options = options,
		.start_ns = mono_now_ns(),
	};
	progress_init(&report->progress,
	              options->is_quiet ? PROGRESS_NEVER : options->progress,
	              STDERR_FILENO);
	diag_set_hook(clear_progress, &report->progress);
}

enum exit_status report_data(const struct buf *out)
{
	int rc = out_write(STDOUT_FILENO, out->data, out->len);

	if (rc == 0)
		return EXIT_ALL_DONE;
	diag_fault("standard output", "write", rc);
	return EXIT_SOME_FAILED;
}

static void flush_list(struct report *report)
{
	int rc;

	if (report->list.len == 0)
		return;
	if (isatty(STDOUT_FILENO) == 1)
		progress_clear(&report->progress);
	rc = out_write(STDOUT_FILENO, report->list.data, report->list.len);
	buf_truncate(&report->list, 0);
	/* The rest of a run that is stopped is not waited for. */
	if (rc == 0 || rc == -EINTR)
		return;
	report->list_error = rc;
	diag_fault("standard output", "write", rc);
}

static void add_dir(struct buf *out, const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	quote_name(out, path, len);
}

/* Who comes from cp expects DST/SRC, who comes from rsync perhaps not: said to
 * a person only. */
static void say_which(const struct destination *to)
{
	struct buf line = {0};

	if (isatty(STDERR_FILENO) != 1 || !to->copy || !to->is_dir)
		return;
	if (to->goes_in) {
		buf_append_str(&line, "copying into ");
		add_dir(&line, to->dst);
		buf_append_str(&line, " as ");
		add_dir(&line, to->copy);
	} else if (to->was_there) {
		buf_append_str(&line, "updating ");
		add_dir(&line, to->dst);
		buf_append_str(&line, " (write ");
		add_dir(&line, to->dst);
		buf_append_str(&line, "/ to copy into it)");
	}
	if (line.len)
		diag_say("%s", line.data);
	buf_release(&line);
}

static void on_start(void *ctx, const struct destination *to)
{
	struct report *report = ctx;

	if (!report->options->is_quiet)
		say_which(to);
	add_dir(&report->where, to->copy ? to->copy : to->dst);
	if (!to->copy && report->where.data[report->where.len - 1] != '/')
		buf_append_char(&report->where, '/');
}

static void on_fault(void *ctx, const char *path, const char *what, int err)
{
	/* Lines that came before it, for those who read both as one. */
	flush_list(ctx);
	diag_fault(path, what, err);
}

static void on_entry(void *ctx, const char *action, const char *path)
{
	struct report *report = ctx;

	if (report->list_error)
		return;
	buf_printf(&report->list, "%s\t", action);
	quote_name(&report->list, path, strlen(path));
	buf_append_char(&report->list, '\n');
	if (report->list.len >= LIST_BLOCK)
		flush_list(report);
}

static void on_tick(void *ctx, const struct tally *tally, const char *current)
{
	struct report *report = ctx;

	flush_list(report);
	progress_tick(&report->progress, tally, current);
}

struct observer report_observer(struct report *report)
{
	return (struct observer){
		.on_start = on_start,
		.on_fault = on_fault,
		.on_entry = on_entry,
		.on_tick = on_tick,
		.ctx = report,
	};
}

/* "1,234" and what is counted, in one or many. */
static void add_count(struct buf *out, uint64_t n, const char *one,
                      const char *many)
{
	char text[NUM_TEXT_MAX];

	buf_printf(out, "%s %s", num_count_text(text, n), n == 1 ? one : many);
}

/* The same behind a comma, and only if there are any. */
static void add_any(struct buf *out, uint64_t n, const char *one,
                    const char *many)
{
	if (n == 0)
		return;
	buf_append_str(out, ", ");
	add_count(out, n, one, many);
}

static void add_interruption(struct buf *out, const struct tally *tally,
                             const struct percent *percent)
{
	const char *name = sigabbrev_np(tally->signal_number);
	char done[PERCENT_TEXT_MAX], total[NUM_TEXT_MAX];

	if (tally->signal_number == 0)
		return;
	buf_printf(
		out, "interrupted by SIG%s at %s of %s%s: ", name ? name : "?",
		percent_text(done, percent), tally->is_final ? "" : "at least ",
		num_size_text(total, tally->bytes_total));
}

static void add_speed(struct buf *out, uint64_t bytes, int64_t passed_ns)
{
	char size[NUM_TEXT_MAX], clock[NUM_TEXT_MAX];

	buf_printf(out, ", %s in %s", num_size_text(size, bytes),
	           num_clock_text(clock, passed_ns));
	if (bytes == 0 || passed_ns <= 0)
		return;
	double per_s = (double)bytes * (double)NS_PER_S / (double)passed_ns;
	buf_printf(out, " (%s/s)", num_size_text(size, (uint64_t)per_s));
}

static void add_lost(struct buf *out, const struct tally *tally)
{
	const char *before = "\nnot preserved: ";

	for (enum tally_lost what = 0; what < N_LOST; what++) {
		const char *text = tally_lost_text(what, tally->lost[what]);

		if (tally->lost[what] == 0)
			continue;
		buf_append_str(out, before);
		add_count(out, tally->lost[what], text, text);
		before = ", ";
	}
}

void report_summary(struct buf *out, const struct tally *tally,
                    const struct percent *percent,
                    const struct settings *settings, int64_t passed_ns,
                    const char *where)
{
	const char *copied = settings->is_dry_run ? "to copy" : "copied";

	add_interruption(out, tally, percent);
	if (settings->is_dry_run)
		buf_append_str(out, "dry run, nothing changed: ");
	add_count(out, tally->n_copied, copied, copied);
	add_any(out, tally->n_unchanged, "unchanged", "unchanged");
	if (tally->n_mended) {
		buf_append_str(out, " (");
		add_count(out, tally->n_mended, "mended)", "mended)");
	}
	add_any(out, tally->n_dirs, "directory", "directories");
	add_any(out, tally->n_unsafe, "unsafe link left out",
	        "unsafe links left out");
	add_any(out, tally->n_failed, "failed", "failed");
	add_any(out, tally->n_changed, "vanished or kept changing",
	        "vanished or kept changing");
	add_any(out, tally->n_deaths, "worker died", "workers died");
	if (!settings->is_dry_run)
		add_speed(out, tally->bytes_copied, passed_ns);
	if (*where)
		buf_printf(out, " to %s", where);
	add_lost(out, tally);
}

static void say_summary(const struct report *report, const struct tally *tally)
{
	struct buf text = {0};

	report_summary(&text, tally, &report->progress.percent,
	               &report->options->settings,
	               mono_now_ns() - report->start_ns,
	               report->where.len ? report->where.data : "");
	char *rest = text.data, *line;
	while ((line = strsep(&rest, "\n")))
		diag_say("%s", line);
	buf_release(&text);
}

/* A list that could not be written is a failure like that of an entry. */
static enum exit_status worst(enum exit_status status, int list_error)
{
	bool is_worse = status == EXIT_NOT_STARTED || status == EXIT_REFUSED;

	return list_error && !is_worse ? EXIT_SOME_FAILED : status;
}

/* A person, or a log that somebody keeps. What goes into a pipe is read by a
 * program: cron would send a mail for each run. */
static bool is_kept(int fd)
{
	struct stat status;

	return isatty(fd) == 1 ||
	       (fstat(fd, &status) == 0 && S_ISREG(status.st_mode));
}

/* That only root can give files away is no trouble, any other loss is. */
static bool has_trouble(const struct tally *tally, enum exit_status status)
{
	bool is_lost = false;

	for (enum tally_lost what = 0; what < N_LOST; what++)
		is_lost |= what != LOST_OWNERS && tally->lost[what] > 0;
	return status != EXIT_ALL_DONE || tally->signal_number || is_lost;
}

static bool sums_up(const struct report *report, const struct tally *tally,
                    enum exit_status status)
{
	const struct options *options = report->options;

	if (status == EXIT_NOT_STARTED || status == EXIT_REFUSED)
		return false;
	if (options->is_quiet)
		return status != EXIT_ALL_DONE || tally->signal_number;
	return options->shows_stats || options->n_verbose > 0 ||
	       options->settings.is_dry_run || report->progress.was_shown ||
	       has_trouble(tally, status) || is_kept(STDERR_FILENO);
}

enum exit_status report_end(struct report *report, const struct tally *tally,
                            enum exit_status status)
{
	flush_list(report);
	progress_end(&report->progress, tally);
	status = worst(status, report->list_error);
	if (sums_up(report, tally, status))
		say_summary(report, tally);
	diag_set_hook(NULL, NULL);
	buf_release(&report->list);
	buf_release(&report->where);
	return status;
}
