/* SPDX-License-Identifier: MIT */
/* What holds before the options of --each are read, and what is checked and
 * put together afterwards. */
#include "cli/option_table.h"

#include "base/buf.h"
#include "cli/habits.h"
#include "engine/each_spawn.h"
#include "engine/each_template.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_DEFAULT ((size_t)1 << 20)

void each_defaults(struct options *options)
{
	options->each.n_items = 1;
	options->each.n_tries = 1;
	options->each.kill_after_ns = 5 * NS_PER_S;
}

int each_options_end(char **argv, int end)
{
	for (int i = 1; i < end; i++) {
		if (strcmp(argv[i], "--args") == 0)
			return i + 1;
	}
	return end;
}

int each_check_args(struct parse *parse, char **argv, int rest)
{
	bool has_args = parse->options->each.are_words;

	if (has_args && optind < rest)
		return option_refuse_text(parse, "--args contradicts the path ",
		                          argv[optind], "");
	if (!has_args && strcmp(argv[rest - 1], "--args") == 0)
		return option_refuse(parse, "--args is taken for the value of "
		                            "what stands before it");
	return 0;
}

/* Words that GNU parallel has between the command and its items. */
static int refuse_nothing(struct parse *parse)
{
	const struct each_settings *each = &parse->options->each;

	for (size_t i = 0; i < each->n_command; i++) {
		if (habits_refuse_word(parse, each->command[i]) < 0)
			return -EINVAL;
	}
	return option_refuse(parse, each->are_words
	                                    ? "no ITEM given behind --args"
	                                    : "no PATH and no -a given");
}

static int check_items(struct parse *parse)
{
	const struct options *options = parse->options;
	const struct each_settings *each = &options->each;

	if (!each->list && each->n_paths == 0)
		return refuse_nothing(parse);
	if (each->list && each->are_words)
		return option_refuse(parse,
		                     "-a and --args contradict each other");
	if (each->list && each->n_paths > 0)
		return option_refuse_text(parse, "-a contradicts the path ",
		                          each->paths[0], "");
	for (size_t i = 0; i < each->n_paths; i++) {
		if (!*each->paths[i])
			return option_refuse(parse, "%s is empty",
			                     each->are_words ? "an ITEM"
			                                     : "a PATH");
	}
	if (!each->list && each->is_null_separated)
		return option_refuse(parse, "-0 is for -a only");
	if (each_walks(each) && options->columns[0])
		return option_refuse(parse, "-d is for -a and --args only");
	if (!each_walks(each) && (each->filter.types || each->filter.globs.n ||
	                          each->filter.extensions.n))
		return option_refuse(parse, "-e, -g and -t are for PATHs only");
	if (!each_walks(each) &&
	    (each->filter.is_one_file_system || each->filter.follows))
		return option_refuse(parse, "-x and -L are for PATHs only");
	return 0;
}

static int check_csv(struct parse *parse)
{
	struct options *options = parse->options;
	const struct each_settings *each = &options->each;

	if (!each->is_csv)
		return 0;
	if (!each->list)
		return option_refuse(parse, "--csv is for -a only");
	if (each->is_null_separated)
		return option_refuse(parse,
		                     "--csv and -0 contradict each other");
	if (!options->columns[0])
		options->columns[0] = ',';
	if (options->columns[1] || strchr("\"\r\n", options->columns[0]))
		return option_refuse(parse, "--csv: -d is to be one byte, and "
		                            "no quote or line end");
	return 0;
}

static bool has_item(const struct each_settings *each)
{
	struct each_template template;

	each_template_init_bare(&template, each->command, each->n_command, 0);
	bool found = template.has_item;
	each_template_release(&template);
	return found;
}

/* What has items, or makes a job of several, has no sense with blocks. */
static int check_pipe(struct parse *parse)
{
	const struct options *options = parse->options;
	const struct each_settings *each = &options->each;

	if (options->columns[0] || each->is_csv)
		return option_refuse(parse, "--pipe contradicts -d and --csv: "
		                            "lines are not taken apart");
	if (each->n_items != 1)
		return option_refuse(parse, "--pipe contradicts -n: --block "
		                            "says how much goes to a job");
	if (each->failed)
		return option_refuse(parse, "--pipe contradicts --failed: "
		                            "blocks have no names");
	if (each->resumes)
		return option_refuse(parse, "--resume knows a command by its "
		                            "text, which --pipe has for all");
	if (!options->script && has_item(each))
		return option_refuse(parse, "--pipe: the command reads its "
		                            "block from standard input, there "
		                            "is no item for {}");
	return 0;
}

static int settle_pipe(struct parse *parse)
{
	struct each_settings *each = &parse->options->each;

	if (!each->pipes && each->block_size)
		return option_refuse(parse, "--block is for --pipe only");
	if (!each->pipes)
		return 0;
	if (!each->list && each->n_paths > 0)
		return option_refuse_text(
			parse, "--pipe reads standard input or -a FILE, not ",
			each->paths[0], "");
	if (!each->list)
		each->list = "-";
	if (!each->block_size)
		each->block_size = BLOCK_DEFAULT;
	return check_pipe(parse);
}

static bool leads_up(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && strncmp(path, "..", 2) == 0)
			return true;
		path += len + (path[len] == '/');
	}
	return false;
}

static int check_results(struct parse *parse)
{
	const struct options *options = parse->options;
	const struct each_settings *each = &options->each;

	if (!each->results)
		return 0;
	if (options->is_raw || options->is_by_lines || each->is_ordered ||
	    each->is_tagged)
		return option_refuse(parse, "--results contradicts -k, -u, "
		                            "--lb and --tag");
	for (size_t i = 0; each_walks(each) && i < each->n_paths; i++) {
		if (leads_up(each->paths[i]))
			return option_refuse_text(
				parse, "--results: the path ", each->paths[i],
				" has .. in it, which would lead out of DIR");
	}
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
	if (options->each.retry_delay_ns && options->each.n_tries == 1)
		return option_refuse(parse, "--retry-delay needs --tries");
	return 0;
}

static bool lists_from_terminal(const struct each_settings *each)
{
	return each->list && strcmp(each->list, "-") == 0 &&
	       isatty(STDIN_FILENO) == 1;
}

/* Jobs that write to the terminal one after another may also read it, unless
 * it is what the items are typed into. */
static int settle_terminal(struct parse *parse)
{
	struct options *options = parse->options;
	struct each_settings *each = &options->each;

	if (each->has_terminal && options->settings.n_workers != 1)
		return option_refuse(parse, "--tty is for one job at a time, "
		                            "and contradicts -j");
	if (each->has_terminal && lists_from_terminal(each))
		return option_refuse(parse, "--tty: the items are read from "
		                            "the terminal");
	if (options->is_raw && options->settings.n_workers == 1 &&
	    isatty(STDOUT_FILENO) == 1 && !lists_from_terminal(each))
		each->has_terminal = true;
	/* A line that is drawn over what somebody works with is of no use. */
	if (each->has_terminal && options->progress == PROGRESS_AUTO)
		options->progress = PROGRESS_NEVER;
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

static bool is_program(const char *name)
{
	struct buf path = {0};
	bool found = each_spawn_find(name, &path) == 0;

	buf_release(&path);
	return found;
}

/* GNU parallel takes the command as one text for a shell; here it would be the
 * name of a program. Paths with blanks in them are no such thing. */
static int check_one_word(struct parse *parse)
{
	const struct each_settings *each = &parse->options->each;
	const char *text = each->n_command == 1 ? each->command[0] : "";
	size_t len = strcspn(text, " \t\n");

	if (!text[len] || len == 0 || is_program(text))
		return 0;
	char *first = xstrndup(text, len);
	bool is_path = strchr(first, '/') && !is_program(first);
	free(first);
	if (is_path)
		return 0;
	return option_refuse_text(
		parse, "the command is one word, ", text,
		parse->options->mode == ACTION_MAP
			? ": leave the quotes out (-- PROGRAM ARG...), or "
			  "write sh -c before it"
			: ": leave the quotes out (-- PROGRAM ARG...), or "
			  "give it to a shell (-s TEXT, the item is \"$1\")");
}

int each_settle_jobs(struct parse *parse)
{
	struct options *options = parse->options;
	struct each_settings *each = &options->each;

	if (each->has_terminal)
		options->is_raw = true;
	int rc = check_output(parse);
	if (rc == 0)
		rc = check_one_word(parse);
	if (rc == 0)
		rc = settle_terminal(parse);
	if (rc < 0)
		return rc;
	each->n_workers = options->settings.n_workers;
	each->queue_depth = options->settings.queue_depth;
	if (options->is_by_lines)
		each->output = EACH_LINES;
	if (options->is_raw)
		each->output = EACH_RAW;
	return 0;
}

int each_settle(struct parse *parse)
{
	struct options *options = parse->options;
	struct each_settings *each = &options->each;
	int rc = settle_pipe(parse);

	if (rc == 0)
		rc = check_items(parse);
	if (rc == 0)
		rc = check_csv(parse);
	if (rc == 0)
		rc = each_settle_jobs(parse);
	if (rc == 0)
		rc = check_results(parse);
	if (rc < 0)
		return rc;
	if (options->script && each->n_command > 0)
		return option_refuse(parse, "-s and a command behind -- "
		                            "contradict each other");
	if (!options->script && each->n_command == 0)
		return option_refuse(parse, "no COMMAND given behind --");
	if (options->is_quiet && each->lists_commands)
		return option_refuse(parse, "-q and -v contradict each other");
	if (each->resumes && has_slot(each))
		return option_refuse(parse, "--resume knows a command by its "
		                            "text, {%%} changes it");
	if (!each->filter.types)
		each->filter.types = EACH_FILES;
	if (each->is_dry_run) {
		each->n_workers = 1;
		each->failed = each->results = NULL;
		each->joblog = each->resumes ? each->joblog : NULL;
		each->limits = (struct each_limits){0};
	}
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
