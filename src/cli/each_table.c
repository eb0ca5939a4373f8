/* SPDX-License-Identifier: MIT */
/* The options of --each. Copying has other ones with some of the letters; the
 * two never meet, as --each chooses the table. */
#include "base/num.h"
#include "cli/option_table.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 1000000
#define TRIES_MAX 1000

void each_defaults(struct options *options)
{
	options->each.n_items = 1;
	options->each.n_tries = 1;
	options->each.kill_after_ns = 5 * NS_PER_S;
}

static int add_word(struct parse *parse, const char *name, const char *value,
                    struct each_words *words)
{
	if (!*value)
		return option_refuse(parse, "%s: the value is empty", name);
	if (words->n == EACH_WORDS_MAX)
		return option_refuse(parse, "%s: given more than %d times",
		                     name, EACH_WORDS_MAX);
	words->words[words->n++] = value;
	return 0;
}

static int apply_extension(struct parse *parse, const char *name,
                           const char *value)
{
	return add_word(parse, name, value + (*value == '.'),
	                &parse->options->each.filter.extensions);
}

static int apply_glob(struct parse *parse, const char *name, const char *value)
{
	return add_word(parse, name, value, &parse->options->each.filter.globs);
}

static int apply_type(struct parse *parse, const char *name, const char *value)
{
	static const char letters[] = "fdl";
	const char *found =
		*value && !value[1] ? strchr(letters, *value) : NULL;

	if (!found)
		return option_refuse_value(parse, name, value,
		                           " is none of f, d, l");
	parse->options->each.filter.types |= 1u << (found - letters);
	return 0;
}

static int apply_text(const char **text, struct parse *parse, const char *name,
                      const char *value)
{
	if (!*value)
		return option_refuse(parse, "%s: the value is empty", name);
	*text = value;
	return 0;
}

static int apply_list(struct parse *parse, const char *name, const char *value)
{
	return apply_text(&parse->options->each.list, parse, name, value);
}

static int apply_joblog(struct parse *parse, const char *name,
                        const char *value)
{
	return apply_text(&parse->options->each.joblog, parse, name, value);
}

static int apply_failed(struct parse *parse, const char *name,
                        const char *value)
{
	return apply_text(&parse->options->each.failed, parse, name, value);
}

static int apply_script(struct parse *parse, const char *name,
                        const char *value)
{
	return apply_text(&parse->options->script, parse, name, value);
}

/* \t, \n and \\ are read; anything else stands for itself. */
static int apply_columns(struct parse *parse, const char *name,
                         const char *value)
{
	struct options *options = parse->options;
	size_t len = 0;

	for (const char *at = value; *at; at++) {
		char c = *at;

		if (len == OPTIONS_SEPARATOR_MAX)
			return option_refuse(parse, "%s: is too long", name);
		if (c == '\\' && at[1] && strchr("tn\\", at[1])) {
			at++;
			c = *at == 't' ? '\t' : *at == 'n' ? '\n' : '\\';
		}
		options->columns[len++] = c;
	}
	if (len == 0)
		return option_refuse(parse, "%s: the value is empty", name);
	options->columns[len] = '\0';
	return 0;
}

static int parse_between(struct parse *parse, const char *name,
                         const char *value, uint64_t min, uint64_t max,
                         uint64_t *out)
{
	uint64_t n;

	if (!option_parse_count(value, &n))
		return option_refuse_value(parse, name, value,
		                           " is not a number");
	if (n < min || n > max)
		return option_refuse(parse, "%s: %s is not %llu to %llu", name,
		                     value, (unsigned long long)min,
		                     (unsigned long long)max);
	*out = n;
	return 0;
}

static int apply_items(struct parse *parse, const char *name, const char *value)
{
	uint64_t n;
	int rc = parse_between(parse, name, value, 0, ITEMS_MAX, &n);

	if (rc == 0)
		parse->options->each.n_items = n;
	return rc;
}

static int apply_tries(struct parse *parse, const char *name, const char *value)
{
	uint64_t n;
	int rc = parse_between(parse, name, value, 1, TRIES_MAX, &n);

	if (rc == 0)
		parse->options->each.n_tries = (unsigned)n;
	return rc;
}

static int parse_duration(struct parse *parse, const char *name,
                          const char *value, int64_t *ns)
{
	if (num_parse_duration(value, ns) < 0)
		return option_refuse_value(
			parse, name, value,
			" is not a duration such as 500ms, 10s, 5m");
	return 0;
}

static int apply_timeout(struct parse *parse, const char *name,
                         const char *value)
{
	int64_t *ns = &parse->options->each.timeout_ns;
	int rc = parse_duration(parse, name, value, ns);

	return rc == 0 && *ns == 0 ? option_refuse(parse, "%s: is 0", name)
	                           : rc;
}

static int apply_kill_after(struct parse *parse, const char *name,
                            const char *value)
{
	return parse_duration(parse, name, value,
	                      &parse->options->each.kill_after_ns);
}

/* "soon,fail=N" .. */
static int apply_halt(struct parse *parse, const char *name, const char *value)
{
	struct each_halt halt = {.when = EACH_HALT_SOON};
	const char *at = value;

	if (strncmp(at, "now,", 4) == 0)
		halt.when = EACH_HALT_NOW;
	else if (strncmp(at, "soon,", 5) != 0)
		at = NULL;
	at = at ? strchr(at, ',') + 1 : NULL;
	if (at && strncmp(at, "fail=", 5) == 0) {
		size_t len = strlen(at + 5);

		halt.is_percent = len > 0 && at[5 + len - 1] == '%';
		char *digits = xstrndup(at + 5, len - halt.is_percent);
		bool ok = option_parse_count(digits, &halt.n);
		free(digits);
		if (ok && halt.n > 0 && (!halt.is_percent || halt.n <= 100)) {
			parse->options->each.halt = halt;
			return 0;
		}
	}
	return option_refuse_value(parse, name, value,
	                           " is not soon,fail=N or now,fail=N or N%");
}

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
	{'a', "arg-file", VALUE_NEEDED, "FILE", apply_list,
         .help = "items are the lines of FILE, - is standard\n"
                 "input; they are read as they come"},
	{'0', "null", FLAG(each.is_null_separated),
         .help = "the records of FILE end with NUL, not newline"},
	{'d', "columns", VALUE_NEEDED, "SEP", apply_columns,
         .help = "SEP splits a record into columns {1} {2} ..;\n"
                 "\\t is a tab"},
	{'e', "extension", VALUE_NEEDED, "EXT", apply_extension,
         .help = "only files with this extension, in any case;\n"
                 "may be repeated, then any of them"},
	{'g', "glob", VALUE_NEEDED, "GLOB", apply_glob,
         .help = "only names that match; may be repeated"},
	{'t', "type", VALUE_NEEDED, "TYPE", apply_type,
         .help = "f regular files (the default), d directories,\n"
                 "l symlinks; may be repeated"},
	{'n', "items", VALUE_NEEDED, "N", apply_items,
         .help = "N items for each run, 0 as many as fit\n"
                 "(default 1)"},
	{'s', "script", VALUE_NEEDED, "TEXT", apply_script,
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
	{0, "tag", FLAG(each.is_tagged),
         .help = "put the item and a tab before each line"},
	{0, "tries", VALUE_NEEDED, "N", apply_tries,
         .help = "run a job that fails up to N times in all"},
	{0, "timeout", VALUE_NEEDED, "DUR", apply_timeout,
         .help = "terminate a job after DUR: 500ms, 10s, 5m"},
	{0, "kill-after", VALUE_NEEDED, "DUR", apply_kill_after,
         .help = "kill what was terminated after DUR (5s)"},
	{0, "halt", VALUE_NEEDED, "WHEN", apply_halt,
         .help = "soon,fail=N or N%: start no more jobs when so\n"
                 "many have failed; now,..: terminate the others"},
	{0, "joblog", VALUE_NEEDED, "FILE", apply_joblog,
         .help = "log each run, in the form of GNU parallel"},
	{0, "resume", FLAG(each.resumes),
         .help = "skip the commands the job log says are done"},
	{0, "failed", VALUE_NEEDED, "FILE", apply_failed,
         .help = "write the items that failed, for -0 -a FILE"},
	{'q', "quiet", FLAG(is_quiet),
         .help = "say nothing but what went wrong"},
	{0, "progress", VALUE_OPTIONAL, "WHEN", option_apply_progress,
         .help = "auto (on a terminal; the default), always\n"
                 "(also as plain lines into a file), never"},
	{0, "help", .apply = option_apply_help, .help = "show this text"},
	{0, "version", .apply = option_apply_version,
         .help = "show the version"},
};

void options_each_help(struct buf *out)
{
	buf_append_str(
		out,
		"Usage: pcopy --each [OPTION]... PATH... -- COMMAND [ARG]...\n"
		"       pcopy --each [OPTION]... -a FILE -- COMMAND [ARG]...\n"
		"       pcopy --each [OPTION]... -s TEXT PATH...\n"
		"Runs COMMAND for each file under the PATHs, or each line of "
		"FILE, many at a time.\n"
		"No shell is involved unless there is -s.\n\n"
		"In the arguments of COMMAND:\n"
		"  {} the item        {/} its last name   {//} what is before "
		"it\n"
		"  {.} {/.}           without extension   {r} {r.} below its "
		"PATH\n"
		"  {1} {2} ..         columns             {#} number of the "
		"job\n"
		"  {%} its slot, 1 to N                   {{}} the text {}\n"
		"Without any of the item, the item is the last argument.\n\n");
	option_help_rows(out, each_table, EACH_ROWS);
	buf_append_str(
		out,
		"\nExit status: 0 all jobs ended with 0, 1 some failed, 2 "
		"wrong usage or not\nstarted, 126 COMMAND cannot be run, 127 "
		"not found, 128+n stopped by signal n.\n");
}

static int check_items(struct parse *parse)
{
	const struct options *options = parse->options;
	const struct each_settings *each = &options->each;

	if (!each->list && each->n_paths == 0)
		return option_refuse(parse, "no PATH and no -a given");
	if (each->list && each->n_paths > 0)
		return option_refuse_text(parse, "-a contradicts the path ",
		                          each->paths[0], "");
	for (size_t i = 0; i < each->n_paths; i++) {
		if (!*each->paths[i])
			return option_refuse(parse, "a PATH is empty");
	}
	if (!each->list && (each->is_null_separated || options->columns[0]))
		return option_refuse(parse, "-0 and -d are for -a only");
	if (each->list && (each->filter.types || each->filter.globs.n ||
	                   each->filter.extensions.n))
		return option_refuse(parse, "-e, -g and -t are for PATHs only");
	return 0;
}

static int check_output(struct parse *parse)
{
	const struct options *options = parse->options;

	if (options->is_raw && options->is_by_lines)
		return option_refuse(parse,
		                     "-u and --lb contradict each other");
	if (options->each.is_ordered &&
	    (options->is_raw || options->is_by_lines))
		return option_refuse(
			parse, "-k contradicts -u and --lb: it shows what a "
			       "job printed when its turn has come");
	if (options->each.is_tagged && options->is_raw)
		return option_refuse(parse,
		                     "--tag and -u contradict each other");
	if (options->is_quiet && options->progress == PROGRESS_ALWAYS)
		return option_refuse(parse, "-q and --progress=always "
		                            "contradict each other");
	if (options->each.resumes && !options->each.joblog)
		return option_refuse(parse, "--resume needs --joblog");
	return 0;
}

static bool has_slot(const struct each_settings *each)
{
	for (size_t i = 0; i < each->n_command; i++) {
		if (strstr(each->command[i], "{%}"))
			return true;
	}
	return false;
}

int each_settle(struct parse *parse)
{
	struct options *options = parse->options;
	struct each_settings *each = &options->each;
	int rc = check_items(parse);

	if (rc == 0)
		rc = check_output(parse);
	if (rc < 0)
		return rc;
	if (options->script && each->n_command > 0)
		return option_refuse(parse, "-s and a command behind -- "
		                            "contradict each other");
	if (!options->script && each->n_command == 0)
		return option_refuse(parse, "no COMMAND given behind --");
	if (each->resumes && has_slot(each))
		return option_refuse(parse, "--resume knows a command by its "
		                            "text, {%%} changes it");
	each->n_workers = options->settings.n_workers;
	each->queue_depth = options->settings.queue_depth;
	if (!each->filter.types)
		each->filter.types = EACH_FILES;
	if (options->is_by_lines)
		each->output = EACH_LINES;
	if (options->is_raw)
		each->output = EACH_RAW;
	return 0;
}

void each_bind(struct options *options)
{
	struct each_settings *each = &options->each;

	each->columns =
		(struct each_text){options->columns, strlen(options->columns)};
	if (!options->script)
		return;
	/* The item is the last argument, as there is no place for it. */
	options->script_words[0] = "sh";
	options->script_words[1] = "-c";
	options->script_words[2] = options->script;
	options->script_words[3] = "sh";
	each->command = options->script_words;
	each->n_command = each->n_literal = 4;
}
