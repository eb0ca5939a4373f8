/* SPDX-License-Identifier: MIT */
/* The options of --each. Copying has other ones with some of the letters; the
 * two never meet, as --each chooses the table. */
#include "cli/each_values.h"

/* It chose this table. */
static int apply_each(struct parse *parse UNUSED, const char *name UNUSED,
                      const char *value UNUSED)
{
	return 0;
}

#define FLAG(field) .flag = offsetof(struct options, field)

const struct option_row each_table[EACH_ROWS] = {
	{0, "each", .apply = apply_each,
         .help = "run COMMAND for each file or record"},
	{'a', "arg-file", VALUE_NEEDED, "FILE", each_apply_list,
         .help = "items are the lines of FILE, - is standard\n"
                 "input; they are read as they come"},
	{0, "args", FLAG(each.are_words),
         .help = "all words from here to -- are the items, no\n"
                 "PATHs or options: --args a b -- COMMAND"},
	{'0', "null", FLAG(each.is_null_separated),
         .help = "the records of FILE end with NUL, not newline"},
	{'d', "columns", VALUE_NEEDED, "SEP", each_apply_columns,
         .help = "SEP splits a record into columns {1} {2} ..;\n"
                 "\\t is a tab"},
	{0, "csv", FLAG(each.is_csv),
         .help = "FILE is CSV: quotes count, and its first record\n"
                 "names the columns: {NAME}; -d SEP instead of ,"},
	{0, "pipe", FLAG(each.pipes),
         .help = "cut standard input, or FILE, into blocks of whole\n"
                 "lines; each is the standard input of a job"},
	{0, "block", VALUE_NEEDED, "SIZE", each_apply_block,
         .help = "a block has SIZE bytes at most, or one line\n"
                 "(default 1M)"},
	{'e', "extension", VALUE_NEEDED, "EXT", each_apply_extension,
         .help = "only files with this extension, in any case;\n"
                 "may be repeated, then any of them"},
	{'g', "glob", VALUE_NEEDED, "GLOB", each_apply_glob,
         .help = "only names that match; may be repeated"},
	{'t', "type", VALUE_NEEDED, "TYPE", each_apply_type,
         .help = "f regular files (the default), d directories,\n"
                 "l symlinks; may be repeated"},
	{'x', "one-file-system", FLAG(each.filter.is_one_file_system),
         .help = "leave out what is mounted inside a PATH"},
	{'L', "dereference", FLAG(each.filter.follows),
         .help = "take symlinks for what they lead to"},
	{'n', "items", VALUE_NEEDED, "N", each_apply_items,
         .help = "N items for each run, 0 as many as fit\n"
                 "(default 1)"},
	{'s', "script", VALUE_NEEDED, "TEXT", each_apply_script,
         .help = "the command is sh -c TEXT with the item as $1"},
	{'j', "jobs", VALUE_NEEDED, "N", option_apply_workers,
         .help = "N jobs at a time; N% of the processors, or -1\n"
                 "for all but one (default: as many as there are)"},
	{0, "queue-depth", VALUE_NEEDED, "N", option_apply_depth,
         .help = "let N jobs wait for a worker (default: 2 for\n"
                 "each worker, at least 64)"},
	{'k', "keep-order", FLAG(each.is_ordered),
         .help = "show output in the order of the items"},
	{0, "lb", FLAG(is_by_lines), .help = "show whole lines as they come"},
	{'u', "ungroup", FLAG(is_raw),
         .help = "commands write themselves, output may mix"},
	{0, "tty", FLAG(each.has_terminal),
         .help = "the jobs get the terminal, one after another;\n"
                 "the default for -j1 -u on a terminal"},
	{0, "tag", FLAG(each.is_tagged),
         .help = "put the item and a tab before each line"},
	{0, "results", VALUE_NEEDED, "DIR", each_apply_results,
         .help = "put what jobs print into files in DIR instead:\n"
                 "ITEM.out and ITEM.err, or by number for -a"},
	{0, "tries", VALUE_NEEDED, "N", each_apply_tries,
         .help = "run a job that fails up to N times in all"},
	{0, "retry-delay", VALUE_NEEDED, "DUR", each_apply_retry_delay,
         .help = "wait DUR before the second try, and twice as\n"
                 "long before each further one, up to 64 DUR"},
	{0, "timeout", VALUE_NEEDED, "DUR", each_apply_timeout,
         .help = "terminate a job after DUR: 500ms, 10s, 5m"},
	{0, "kill-after", VALUE_NEEDED, "DUR", each_apply_kill_after,
         .help = "kill what was terminated after DUR (5s)"},
	{0, "halt", VALUE_NEEDED, "WHEN", each_apply_halt,
         .help = "soon,fail=N or N%: start no more jobs when so\n"
                 "many have failed; now,..: terminate the others;\n"
                 "success=N: when so many have not, status 0"},
	{0, "load", VALUE_NEEDED, "N", each_apply_load,
         .help = "start no job while N or more tasks run on the\n"
                 "machine; N% of the processors"},
	{0, "memfree", VALUE_NEEDED, "SIZE", each_apply_memfree,
         .help = "start no job while less memory is available"},
	{0, "delay", VALUE_NEEDED, "DUR", each_apply_delay,
         .help = "let DUR pass between the starts of two jobs"},
	{0, "joblog", VALUE_NEEDED, "FILE", each_apply_joblog,
         .help = "log each run, in the form of GNU parallel"},
	{0, "resume", FLAG(each.resumes),
         .help = "skip the commands the job log says are done"},
	{0, "failed", VALUE_NEEDED, "FILE", each_apply_failed,
         .help = "write the items that failed, for -0 -a FILE"},
	{0, "dry-run", FLAG(each.is_dry_run),
         .help = "run nothing, list the commands on stdout"},
	{'v', "verbose", FLAG(each.lists_commands),
         .help = "list each command on stderr when it starts"},
	{'q', "quiet", FLAG(is_quiet),
         .help = "say nothing but what went wrong"},
	{0, "progress", VALUE_OPTIONAL, "WHEN", option_apply_progress,
         .help = "auto (on a terminal; the default), always\n"
                 "(also as plain lines into a file), never"},
	{'h', "help", .apply = option_apply_help, .help = "show this text"},
	{'V', "version", .apply = option_apply_version,
         .help = "show the version"},
};

void options_each_help(struct buf *out)
{
	buf_append_str(
		out,
		"Usage: pcopy --each [OPTION]... PATH... -- COMMAND [ARG]...\n"
		"       pcopy --each [OPTION]... -a FILE -- COMMAND [ARG]...\n"
		"       pcopy --each [OPTION]... --args ITEM... -- COMMAND "
		"[ARG]...\n"
		"       pcopy --each [OPTION]... --pipe [-a FILE] -- COMMAND "
		"[ARG]...\n"
		"       pcopy --each [OPTION]... -s TEXT PATH...\n"
		"Runs COMMAND for each file under the PATHs, or each line of "
		"FILE, many at a\ntime. No shell is involved unless there is "
		"-s.\n\n"
		"In the arguments of COMMAND:\n"
		"  {} the item        {/} its last name   {//} what is before "
		"it\n"
		"  {.} {/.}           without extension   {r} {r.} below its "
		"PATH\n"
		"  {1} {2} ..         columns             {#} number of the "
		"job\n"
		"  {NAME}             of --csv\n"
		"  {%} its slot, 1 to N                   {{}} the text {}\n"
		"Without any of the item, the item is the last argument.\n\n");
	option_help_rows(out, each_table, EACH_ROWS);
	buf_append_str(
		out,
		"\nExit status: 0 all jobs ended with 0, 1 some failed, 2 "
		"wrong usage or not\nstarted, 126 COMMAND cannot be run, 127 "
		"not found, 128+n stopped by signal n.\n");
}
