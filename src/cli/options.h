/* SPDX-License-Identifier: MIT */
/* cli/options.h - the command line: what was asked, and what may be asked
 *
 * Model     one table in options.c gives both the parsing and the text of
 *           --help. Options stand anywhere on the line, "--" ends them, and of
 *           an option given twice the last one counts. The result is constant
 *           afterwards.
 * Lifetime  operands point into argv, which is permuted
 * Errors    -EINVAL: the line asks for something unknown or contradictory, and
 *           problem says what in one line without a newline. Whether operands
 *           exist is for the engine to find out. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/settings.h"

#define OPTIONS_WORKERS_MAX 1024u
#define OPTIONS_DEPTH_MAX   65536u

enum action {
	ACTION_COPY,
	ACTION_HELP,
	ACTION_VERSION,
};

enum progress_mode {
	PROGRESS_AUTO,   /* a line on a terminal, in the foreground */
	PROGRESS_ALWAYS, /* elsewhere too, as plain lines */
	PROGRESS_NEVER,
};

struct options {
	enum action action;
	enum progress_mode progress;
	bool is_quiet;
	bool is_verbose;
	struct settings settings;
	struct operands operands;
};

/* Fills *out; with --help or --version only out->action counts, and what
 * stands behind them on the line is not looked at. */
int options_parse(int argc, char **argv, struct options *out,
                  struct buf *problem) NODISCARD;

/* Appends the text of --help. */
void options_help(struct buf *out);

/* Processors this process may run on, 1 and up. */
unsigned options_n_processors(void);

#endif
