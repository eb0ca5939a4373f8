/* SPDX-License-Identifier: MIT */
/* cli/each_report.h - what the user is told of a batch
 *
 * Model     the observer of engine/each.h: what jobs print goes to stdout and
 *           stderr as it is; failures, the progress line and the summary go to
 *           stderr. The line has no percentage before the number of items is
 *           known; then it counts bytes for trees and items for lists.
 * Lifetime  each_report_init right before the run, each_report_end right after
 * Blocking  as writing to stdout and stderr does
 * Errors    on_output returns them: the run stops */
#ifndef CLI_EACH_REPORT_H
#define CLI_EACH_REPORT_H

#include "base/base.h"
#include "base/buf.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "engine/each.h"

struct each_report {
	const struct options *options;
	struct progress progress;
	int64_t start_ns;
	bool shares_terminal; /* stdout is one too */
};

void each_report_init(struct each_report *report,
                      const struct options *options);
struct each_observer each_report_observer(struct each_report *report);

/* Says how it went. */
void each_report_end(struct each_report *report, const struct each_tally *tally,
                     int status);

/* Appends the summary. */
void each_report_summary(struct buf *out, const struct each_tally *tally,
                         int64_t passed_ns);

/* Appends the progress line: items found and done, bytes, what runs longest. */
void each_report_line(const struct progress *progress,
                      const struct tally *tally, const char *current,
                      size_t columns, struct buf *out);

#endif
