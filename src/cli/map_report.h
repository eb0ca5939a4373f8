/* SPDX-License-Identifier: MIT */
/* cli/map_report.h - what the user is told of --map
 *
 * Model     as of a batch (cli/each_report.h); the lists of -n and -v go to
 *           stdout, a line for each output: action, tab, path, and where there
 *           is one, tab and reason
 * Lifetime  map_report_init right before the run, map_report_end right after
 * Errors    a list that cannot be written makes the status 1 */
#ifndef CLI_MAP_REPORT_H
#define CLI_MAP_REPORT_H

#include "base/base.h"
#include "base/buf.h"
#include "cli/each_report.h"
#include "engine/map.h"

struct map_report {
	struct each_report each;
	struct each_observer jobs; /* of each */
	struct buf list;
	int list_error;
};

void map_report_init(struct map_report *report, const struct options *options);
struct each_observer map_report_observer(struct map_report *report);
struct map_observer map_report_lister(struct map_report *report);

/* Says how it went; returns the exit status. */
int map_report_end(struct map_report *report, const struct map_tally *tally,
                   const struct each_tally *jobs, int status);

#endif
