/* SPDX-License-Identifier: MIT */
/* cli/report.h - what the user is told during a run and after it
 *
 * Model     the observer of a run (engine/run.h). Failures go to stderr at
 *           once, -q or not; the list of -v and -n goes to stdout, a line
 *           "ACTION<tab>NAME" for each entry with the name quoted if it has to
 *           be; what DST means is said before the copying starts, on a
 *           terminal only; the progress line lives on stderr and is cleared
 *           before anything else is shown. In the end a summary on stderr:
 *           always, but with -q only if the exit status is not 0.
 * Lifetime  report_init right before the run, report_end right after it
 * Blocking  as writing to stdout and stderr does; the list is written in
 *           blocks, and ten times a second
 * Errors    a list that cannot be written is a failure of the run: said once,
 *           and part of the exit status; the copying goes on */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "base/base.h"
#include "base/buf.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "engine/run.h"
#include "engine/tally.h"

struct report {
	const struct options *options;
	struct progress progress;
	struct buf list;  /* lines not yet written */
	struct buf where; /* the copy is, for the summary; quoted */
	int list_error;   /* 0, or why the list ended: negative errno */
	int64_t start_ns;
};

/* options are borrowed until report_end. Becomes the hook of diag. */
void report_init(struct report *report, const struct options *options);

/* What run_copy is to call; good as long as the report. */
struct observer report_observer(struct report *report);

/* Says how the run went that ended with status and tally; returns the exit
 * status of the program. */
enum exit_status report_end(struct report *report, const struct tally *tally,
                            enum exit_status status);

/* Appends the summary, lines with "\n" between them; where is "", or the copy's
 * name, quoted. */
void report_summary(struct buf *out, const struct tally *tally,
                    const struct percent *percent,
                    const struct settings *settings, int64_t passed_ns,
                    const char *where);

/* Writes all of out to stdout and says so if that fails. */
enum exit_status report_data(const struct buf *out);

#endif
