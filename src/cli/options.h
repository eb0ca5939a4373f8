/* SPDX-License-Identifier: MIT */
/* cli/options.h - the command line: what was asked, and what may be asked
 *
 * Model     one table in options.c gives both the parsing and the text of
 *           --help. Options stand anywhere on the line, "--" ends them, and of
 *           an option given twice the last one counts. The result is constant
 *           afterwards.
 *           With --each or --map before the first "--", another table gives
 *           the options (its letters mean other things), and what stands behind
 *           that "--" is the command.
 * Lifetime  operands point into argv, which is permuted; each into the
 *           struct options that was filled, which must stay where it is
 * Errors    -EINVAL: the line asks for something unknown or contradictory, and
 *           problem says what in one line without a newline. Whether operands
 *           exist is for the engine to find out. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each.h"
#include "engine/map.h"
#include "engine/settings.h"

#define OPTIONS_WORKERS_MAX 1024u
#define OPTIONS_DEPTH_MAX   65536u

#define OPTIONS_SEPARATOR_MAX 64u

enum action {
	ACTION_COPY,
	ACTION_EACH,
	ACTION_MAP,
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
	unsigned n_verbose; /* how often -v was given */
	bool shows_stats;   /* a summary, whoever reads it */
	bool is_habit;      /* of -a, -r and -p: nothing depends on it */
	struct settings settings;
	struct operands operands;
	enum action mode; /* with ACTION_HELP: of what */
	struct each_settings each;
	struct map_settings map;
	const char *script;          /* of -s */
	const char *script_words[4]; /* its command */
	bool is_by_lines, is_raw;    /* --lb, -u */
	char columns[OPTIONS_SEPARATOR_MAX + 1];
};

/* Fills *out; with --help or --version only out->action and mode count, and what
 * stands behind them on the line is not looked at. When it is wrong *problem
 * says what, and out->mode of what it is the usage. */
int options_parse(int argc, char **argv, struct options *out,
                  struct buf *problem) NODISCARD;

/* Appends the text of --help, and that of --each --help and --map --help. */
void options_help(struct buf *out);
void options_each_help(struct buf *out);
void options_map_help(struct buf *out);

#endif
