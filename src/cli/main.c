/* SPDX-License-Identifier: MIT */
/* pcopy - copies trees with worker processes
 *
 * A map of the source; a floor uses only the ones before it, and each header
 * says what its module promises (docs/architecture.md has the whole picture):
 *
 *   src/base/    messages, buffers, numbers, descriptors, clock, signals
 *   src/mp/      multiprocessing in C: queues, processes, pools, locks
 *   src/fs/      mechanisms on one file; no policy, no printing
 *   src/engine/  the copy: a master that walks and feeds, workers that copy
 *   src/cli/     this floor, the only one that prints
 *     option_table   the options, a row each: parsing and --help, which
 *                    option_help puts together
 *     options        the command line -> struct options, constant afterwards
 *     columns        how wide a text is on a terminal
 *     rate           how fast a counter has grown of late
 *     progress       the line that says how far the run is
 *     report         failures, the lists of -v and -n, the summary
 *     each_table     the options of --each; each_values reads what they say,
 *                    each_settle checks that it makes sense
 *     each_report    what is told of a batch
 *     map_table      the options of --map, map_report what is told of it
 *     main           the order of things
 *
 * The order, and why:
 *
 *   1. Descriptors 0 to 2 are open, before anything else can get their numbers
 *      and a message end up in somebody's file.
 *   2. The locale, of characters only: how wide names are. Messages, numbers
 *      and the order of things stay the same everywhere.
 *   3. The command line: nothing is touched until it is known to make sense.
 *   4. The run. It blocks the stop signals, forks the workers and only then
 *      grows (engine/run.h).
 *   5. The last words, the exit status, or the signal that ended the run. */
#include "base/buf.h"
#include "base/diag.h"
#include "base/out.h"
#include "base/signals.h"
#include "cli/each_report.h"
#include "cli/map_report.h"
#include "cli/options.h"
#include "cli/report.h"
#include "engine/run.h"
#include "fs/hash.h"

#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

/* What was closed is opened the wrong way round, so that using it still fails:
 * a list that goes nowhere must not count as written. */
static int hold_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags) != fd)
			return -1;
	}
	return 0;
}

static enum exit_status say_usage(const struct buf *problem, enum action mode)
{
	struct buf hint = {0};

	buf_printf(&hint, "Try 'pcopy %s--help' for more information.\n",
	           mode == ACTION_EACH  ? "--each "
	           : mode == ACTION_MAP ? "--map "
	                                : "");
	diag_say("%s", problem->data);
	/* Nobody is left to tell when stderr itself fails. */
	(void)out_write(STDERR_FILENO, hint.data, hint.len);
	buf_release(&hint);
	return EXIT_NOT_STARTED;
}

static enum exit_status print_help(enum action mode)
{
	struct buf text = {0};

	if (mode == ACTION_EACH)
		options_each_help(&text);
	else if (mode == ACTION_MAP)
		options_map_help(&text);
	else
		options_help(&text);
	enum exit_status status = report_data(&text);
	buf_release(&text);
	return status;
}

static enum exit_status print_version(void)
{
	struct buf text = {0};

	buf_append_str(&text, "pcopy " PCOPY_VERSION "\n");
	buf_printf(&text, "%s libxxhash (--map --check, --stale=hash)\n",
	           hash_is_there() ? "with" : "without");
	enum exit_status status = report_data(&text);
	buf_release(&text);
	return status;
}

static enum exit_status copy(const struct options *options)
{
	struct tally tally = {0};
	struct report report;

	report_init(&report, options);
	struct observer observer = report_observer(&report);
	enum exit_status status = run_copy(
		&options->settings, &options->operands, &observer, &tally);
	status = report_end(&report, &tally, status);
	if (tally.signal_number)
		signals_reraise(tally.signal_number);
	return status;
}

/* Somebody watches, or will read it: totals are worth reading ahead for. */
static bool shows_progress(const struct options *options)
{
	return !options->is_quiet && (options->progress == PROGRESS_ALWAYS ||
	                              (options->progress == PROGRESS_AUTO &&
	                               isatty(STDERR_FILENO) == 1));
}

static int each(struct options *options)
{
	struct each_tally tally = {0};
	struct each_report report;

	options->each.reads_ahead = shows_progress(options);
	options->each.filter.wants_sizes = options->each.reads_ahead;
	each_report_init(&report, options);
	struct each_observer observer = each_report_observer(&report);
	int status = run_each(&options->each, &observer, &tally);
	each_report_end(&report, &tally, status);
	if (tally.progress.signal_number)
		signals_reraise(tally.progress.signal_number);
	return status;
}

static int map(struct options *options)
{
	struct map_tally tally;
	struct each_tally jobs;
	struct map_report report;

	options->each.reads_ahead = shows_progress(options);
	map_report_init(&report, options);
	struct each_observer observer = map_report_observer(&report);
	struct map_observer lister = map_report_lister(&report);
	int status = run_map(&options->map, &options->each, &observer, &lister,
	                     &tally, &jobs);
	status = map_report_end(&report, &tally, &jobs, status);
	if (jobs.progress.signal_number)
		signals_reraise(jobs.progress.signal_number);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct buf problem = {0};
	enum exit_status status = EXIT_NOT_STARTED;

	signals_hold();
	if (hold_standard_fds() < 0)
		return EXIT_NOT_STARTED;
	/* Without such a locale, names are measured by their bytes. */
	(void)setlocale(LC_CTYPE, "");
	diag_set_program("pcopy");
	if (options_parse(argc, argv, &options, &problem) < 0) {
		status = say_usage(&problem, options.mode);
		buf_release(&problem);
		return (int)status;
	}
	switch (options.action) {
	case ACTION_HELP:
		status = print_help(options.mode);
		break;
	case ACTION_VERSION:
		status = print_version();
		break;
	case ACTION_COPY:
		status = copy(&options);
		break;
	case ACTION_EACH:
		return each(&options);
	case ACTION_MAP:
		return map(&options);
	}
	return (int)status;
}
