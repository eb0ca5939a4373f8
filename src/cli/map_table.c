/* SPDX-License-Identifier: MIT */
/* The options of --map, and what is checked of them. */
#include "cli/each_values.h"
#include "fs/hash.h"

#include <string.h>

/* It chose this table. */
static int apply_map(struct parse *parse UNUSED, const char *name UNUSED,
                     const char *value UNUSED)
{
	return 0;
}

static int apply_to(struct parse *parse, const char *name, const char *value)
{
	static const char *const others[] = {"{#}", "{%}", "{out}"};

	if (!*value)
		return option_refuse(parse, "%s: the value is empty", name);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		if (strstr(value, others[i]))
			return option_refuse(parse,
			                     "%s: %s has no place in a name",
			                     name, others[i]);
	}
	parse->options->map.to = value;
	return 0;
}

/* The number of the word, or n. */
static size_t find_word(const char *const *words, size_t n, const char *value)
{
	size_t i = 0;

	while (i < n && strcmp(words[i], value) != 0)
		i++;
	return i;
}

static int apply_else(struct parse *parse, const char *name, const char *value)
{
	static const char *const words[] = {
		[MAP_ELSE_SKIP] = "skip",
		[MAP_ELSE_COPY] = "copy",
		[MAP_ELSE_LINK] = "link",
	};
	size_t i = find_word(words, ARRAY_LEN(words), value);

	if (i == ARRAY_LEN(words))
		return option_refuse_value(parse, name, value,
		                           " is none of copy, link, skip");
	parse->options->map.otherwise = (enum map_else)i;
	return 0;
}

static int apply_stale(struct parse *parse, const char *name, const char *value)
{
	static const char *const words[] = {
		[MAP_STALE_AUTO] = "auto",
		[MAP_STALE_HASH] = "hash",
		[MAP_STALE_ALWAYS] = "always",
	};
	size_t i = find_word(words, ARRAY_LEN(words), value);

	if (i == ARRAY_LEN(words))
		return option_refuse_value(parse, name, value,
		                           " is none of auto, hash, always");
	if (i == MAP_STALE_HASH && !hash_is_there())
		return option_refuse(parse,
		                     "%s: this pcopy was built without "
		                     "libxxhash, it cannot compare contents",
		                     name);
	parse->options->map.stale = (enum map_stale)i;
	return 0;
}

static int apply_check(struct parse *parse, const char *name,
                       const char *value UNUSED)
{
	if (!hash_is_there())
		return option_refuse(parse,
		                     "%s: this pcopy was built without "
		                     "libxxhash, it cannot compare contents",
		                     name);
	parse->options->map.checks = true;
	return 0;
}

#define FLAG(field) .flag = offsetof(struct options, field)

const struct option_row map_table[MAP_ROWS] = {
	{0, "map", .apply = apply_map,
         .help = "make each file of DST from its file in SRC"},
	{0, "to", VALUE_NEEDED, "TEMPLATE", apply_to,
         .help = "the name of an output below DST, made of parts\n"
                 "of the path below SRC (default: {r})"},
	{'e', "extension", VALUE_NEEDED, "EXT", each_apply_extension,
         .help = "only files with this extension, in any case;\n"
                 "may be repeated, then any of them"},
	{'g', "glob", VALUE_NEEDED, "GLOB", each_apply_glob,
         .help = "only names that match; may be repeated"},
	{0, "else", VALUE_NEEDED, "WHAT", apply_else,
         .help = "what becomes of anything else: copy, link, or\n"
                 "skip (the default)"},
	{0, "stale", VALUE_NEEDED, "WHEN", apply_stale,
         .help = "an output is made again if size or mtime of its\n"
                 "source differ (auto, the default), if the content\n"
                 "does (hash), or always"},
	{0, "ignore-cmd", FLAG(map.ignores_command),
         .help = "another command is no reason to make it again"},
	{0, "times", FLAG(map.takes_times),
         .help = "outputs and directories get their sources' times"},
	{0, "delete", FLAG(map.deletes),
         .help = "delete outputs made here whose source is gone"},
	{0, "adopt", FLAG(map.adopts),
         .help = "take outputs that are there for up to date"},
	{0, "check", .apply = apply_check,
         .help = "run nothing, compare outputs with the record"},
	{'n', "dry-run", FLAG(map.is_dry_run),
         .help = "change nothing, list what would be done and why"},
	{'v', "verbose", .apply = option_apply_verbose,
         .help = "list what is done; -vv: also what is current"},
	{'j', "jobs", VALUE_NEEDED, "N", option_apply_workers,
         .help = "N jobs at a time; N% of the processors, or -1\n"
                 "for all but one (default: as many as there are)"},
	{0, "queue-depth", VALUE_NEEDED, "N", option_apply_depth,
         .help = "let N jobs wait for a worker (default: 2 for\n"
                 "each worker, at least 64)"},
	{'k', "keep-order", FLAG(each.is_ordered),
         .help = "show what commands print in the order of files"},
	{0, "lb", FLAG(is_by_lines), .help = "show whole lines as they come"},
	{'u', "ungroup", FLAG(is_raw),
         .help = "commands write themselves, output may mix"},
	{0, "tty", FLAG(each.has_terminal),
         .help = "the jobs get the terminal, one after another;\n"
                 "the default for -j1 -u on a terminal"},
	{0, "tag", FLAG(each.is_tagged),
         .help = "put the source and a tab before each line"},
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
                 "many have failed; now,..: terminate the others"},
	{0, "joblog", VALUE_NEEDED, "FILE", each_apply_joblog,
         .help = "log each run, in the form of GNU parallel"},
	{0, "failed", VALUE_NEEDED, "FILE", each_apply_failed,
         .help = "write the sources that failed, each with a NUL"},
	{'q', "quiet", FLAG(is_quiet),
         .help = "say nothing but what went wrong"},
	{0, "progress", VALUE_OPTIONAL, "WHEN", option_apply_progress,
         .help = "auto (on a terminal; the default), always\n"
                 "(also as plain lines into a file), never"},
	{'h', "help", .apply = option_apply_help, .help = "show this text"},
	{'V', "version", .apply = option_apply_version,
         .help = "show the version"},
};

void options_map_help(struct buf *out)
{
	buf_append_str(
		out,
		"Usage: pcopy --map [OPTION]... SRC DST -- COMMAND [ARG]...\n"
		"       pcopy --map --check SRC DST\n"
		"Makes a file of DST from each file of SRC through COMMAND, "
		"many at a time, and\nonly where there is need to. An output "
		"appears when COMMAND has ended with 0.\n\n"
		"In the arguments of COMMAND:\n"
		"  {out}              the output; without it, COMMAND prints "
		"it\n"
		"  {} {/} {//} {.} {/.} {r} {r.}   the source or parts of it, "
		"as for --each\n"
		"Without any of them COMMAND also reads the source as its "
		"standard input.\n\n");
	option_help_rows(out, map_table, MAP_ROWS);
	buf_append_str(
		out,
		"\nExit status: 0 all is up to date, 1 some jobs failed, 2 "
		"wrong usage or not\nstarted, 4 --check found a difference, 5 "
		"refused, nothing was changed, 126\nCOMMAND cannot be run, 127 "
		"not found, 128+n stopped by signal n.\n");
}

void map_defaults(struct options *options)
{
	options->map.to = "{r}";
}

/* Options that only mean something when jobs run. */
static int check_mode(struct parse *parse)
{
	const struct options *options = parse->options;
	const struct map_settings *map = &options->map;

	if (map->checks && options->each.n_command > 0)
		return option_refuse(parse, "--check runs no command");
	if (map->checks && (map->deletes || map->adopts || map->is_dry_run))
		return option_refuse(parse, "--check contradicts --delete, "
		                            "--adopt and -n");
	if (!map->checks && options->each.n_command == 0)
		return option_refuse(parse, "no COMMAND given behind --");
	if (options->is_quiet && options->n_verbose)
		return option_refuse(parse, "-q and -v contradict each other");
	return 0;
}

int map_settle(struct parse *parse)
{
	struct options *options = parse->options;
	struct each_settings *each = &options->each;
	int rc = each_settle_jobs(parse);

	if (rc == 0)
		rc = check_mode(parse);
	if (rc < 0)
		return rc;
	if (each->n_paths != 2)
		return option_refuse(parse,
		                     each->n_paths < 2
		                             ? "SRC and DST are needed"
		                             : "more than SRC and DST given");
	if (!*each->paths[0] || !*each->paths[1])
		return option_refuse(parse, "an operand is empty");
	options->map.src = each->paths[0];
	options->map.dst = each->paths[1];
	options->map.lists = options->n_verbose || options->map.is_dry_run;
	options->map.lists_current = options->n_verbose > 1;
	return 0;
}
