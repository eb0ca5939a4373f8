/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "base/diag.h"
#include "base/quote.h"
#include "cli/habits.h"
#include "cli/option_table.h"
#include "mp/cpu.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MIN_DEFAULT 64u
/* Where the disk has to be waited for, so many can wait at the same time. */
#define WORKERS_WAITING_MIN_DEFAULT 8u
/* Where each call is a round trip, workers mostly wait. */
#define WORKERS_FAR_MIN_DEFAULT 32u
#define KEEP_DEFAULT                                                        \
	(DRESS_MODE | DRESS_OWNER | DRESS_TIMES | DRESS_XATTR | DRESS_ACL | \
	 DRESS_FLAGS)
#define LONG_KEY 256 /* what getopt calls row i by its long name: + i */

int option_refuse(struct parse *parse, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(parse->problem, format, args);
	va_end(args);
	return -EINVAL;
}

/* "before'text'after"; the text may hold anything. */
int option_refuse_text(struct parse *parse, const char *before,
                       const char *text, const char *after)
{
	bool is_plain = quote_is_plain(text, strlen(text));

	buf_printf(parse->problem, "%s%s", before, is_plain ? "'" : "");
	quote_name(parse->problem, text, strlen(text));
	buf_printf(parse->problem, "%s%s", is_plain ? "'" : "", after);
	return -EINVAL;
}

/* The row that getopt calls key. */
static const struct option_row *find_row(const struct parse *parse, int key)
{
	if (key >= LONG_KEY)
		return &parse->rows[key - LONG_KEY];
	for (size_t i = 0; i < parse->n_rows; i++) {
		if (key && parse->rows[i].letter == key)
			return &parse->rows[i];
	}
	return NULL;
}

/* What getopt_long wants, from the table; long_options has a row of zeros
 * behind the last. A value of the short name is never optional: in "-uv" the v
 * is an option. */
static void fill_getopt(const struct parse *parse, struct buf *letters,
                        struct option *long_options)
{
	static const int has_arg[] = {
		[VALUE_NONE] = no_argument,
		[VALUE_NEEDED] = required_argument,
		[VALUE_OPTIONAL] = optional_argument,
	};

	buf_append_char(letters, ':');
	for (size_t i = 0; i < parse->n_rows; i++) {
		const struct option_row *row = &parse->rows[i];

		if (row->letter)
			buf_append_char(letters, row->letter);
		if (row->letter && row->value_rule == VALUE_NEEDED)
			buf_append_char(letters, ':');
		if (row->name)
			*long_options++ = (struct option){
				.name = row->name,
				.has_arg = has_arg[row->value_rule],
				.val = LONG_KEY + (int)i,
			};
	}
	*long_options = (struct option){0};
}

/* "-t" or "--target-directory", as it was called. */
static void append_name(struct buf *out, const struct option_row *row, int key)
{
	if (key >= LONG_KEY)
		buf_printf(out, "--%s", row->name);
	else
		buf_printf(out, "-%c", row->letter);
}

/* getopt said '?' or ':' about key, its optopt, in the word of the line. */
static int refuse_option(struct parse *parse, int said, int key,
                         const char *word)
{
	const struct option_row *row = find_row(parse, key);

	if (row) {
		append_name(parse->problem, row, key);
		return said == ':' ? option_refuse(parse, ": needs a value")
		                   : option_refuse(parse, ": takes no value");
	}
	if (key) {
		const char letter[] = {'-', (char)key, '\0'};

		return habits_refuse(parse, letter, word);
	}
	size_t len = strcspn(word, "="), n_like = 0;
	for (size_t i = 0; i < parse->n_rows; i++) {
		const char *name = parse->rows[i].name;

		n_like += name && strncmp(name, word + 2, len - 2) == 0;
	}
	if (n_like > 1)
		return option_refuse_text(parse, "ambiguous option ", word, "");
	return habits_refuse(parse, word, word);
}

static int apply_row(struct parse *parse, int key, const char *value)
{
	const struct option_row *row = find_row(parse, key);
	struct buf name = {0};
	int rc = 0;

	if (!row)
		bug("no option of key %d", key);
	append_name(&name, row, key);
	if (row->apply)
		rc = row->apply(parse, name.data, value);
	else
		*(bool *)((char *)parse->options + row->flag) = true;
	buf_release(&name);
	return rc;
}

/* The word that getopt has just refused: a long option is the last one it has
 * passed, a letter may stand in the midst of a word. */
static const char *word_of(int argc, char **argv, int letter)
{
	if (letter && optind < argc && argv[optind][0] == '-' &&
	    argv[optind][1] != '-' && strchr(argv[optind], letter))
		return argv[optind];
	return argv[optind - 1];
}

/* Runs through the options; 0 with optind at the first operand. */
static int parse_options(struct parse *parse, int argc, char **argv)
{
	struct option long_options[OPTION_ROWS + EACH_ROWS + MAP_ROWS + 1];
	struct buf letters = {0};
	int key, rc = habits_check(parse, argc, argv);

	fill_getopt(parse, &letters, long_options);
	optind = 0; /* from the start, however often it ran before */
	opterr = 0;
	while (rc == 0 && parse->options->action <= ACTION_MAP &&
	       (key = getopt_long(argc, argv, letters.data, long_options,
	                          NULL)) != -1) {
		if (key == '?' || key == ':')
			rc = refuse_option(parse, key, optopt,
			                   word_of(argc, argv, optopt));
		else
			rc = apply_row(parse, key, optarg);
	}
	buf_release(&letters);
	return rc;
}

/* What cannot be said of DST in one line. */
static int check_target(struct parse *parse, size_t n)
{
	const struct operands *operands = &parse->options->operands;
	bool keeps_path = operands->keeps_path || operands->keeps_relative;

	if (!operands->is_exact)
		return 0;
	if (parse->target_dir)
		return option_refuse(parse, "-t and -T contradict each other");
	if (keeps_path)
		return option_refuse(parse,
		                     "-T and --parents contradict each other");
	if (n > 2)
		return option_refuse(parse, "-T takes one SRC and one DST");
	return 0;
}

/* The last one is DST unless -t names it. */
static void name_target(const struct parse *parse, char **argv, size_t n)
{
	struct operands *operands = &parse->options->operands;

	/* char ** does not turn into this by itself, though nothing is lost. */
	operands->sources = (const char *const *)argv;
	operands->n_sources = parse->target_dir ? n : n - 1;
	operands->dst = parse->target_dir ? parse->target_dir : argv[n - 1];
	if (operands->is_exact)
		return;
	operands->into_dst = parse->target_dir || operands->n_sources > 1 ||
	                     operands->keeps_path || operands->keeps_relative ||
	                     strchr(operands->dst, '\0')[-1] == '/';
	operands->makes_into = operands->n_sources == 1 || parse->target_dir ||
	                       operands->makes_way || operands->keeps_path ||
	                       operands->keeps_relative ||
	                       strchr(operands->dst, '\0')[-1] == '/';
}

static int take_operands(struct parse *parse, char **argv, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!*argv[i])
			return option_refuse(parse, "an operand is empty");
	}
	if (n == 0)
		return option_refuse(parse, "no SRC given");
	if (n == 1 && !parse->target_dir)
		return option_refuse_text(parse, "no DST given behind ",
		                          argv[0], "");
	int rc = check_target(parse, n);
	if (rc == 0)
		name_target(parse, argv, n);
	return rc;
}

static int check_together(struct parse *parse)
{
	const struct options *options = parse->options;

	if (options->is_quiet && options->n_verbose)
		return option_refuse(parse, "-q and -v contradict each other");
	if (options->is_quiet && options->progress == PROGRESS_ALWAYS)
		return option_refuse(
			parse,
			"-q and --progress=always contradict each other");
	if (options->settings.reflink == REFLINK_ALWAYS &&
	    options->settings.sparse != SPARSE_AUTO)
		return option_refuse(
			parse,
			"--reflink=always and --sparse contradict each other");
	return 0;
}

static size_t default_depth(unsigned n_workers)
{
	size_t depth = 2 * (size_t)n_workers;

	return depth < DEPTH_MIN_DEFAULT ? DEPTH_MIN_DEFAULT : depth;
}

static unsigned limited(uint64_t n_workers)
{
	return (unsigned)min_u64(n_workers, OPTIONS_WORKERS_MAX);
}

static void settle_defaults(struct options *options)
{
	struct settings *settings = &options->settings;

	settings->n_workers_far = settings->n_workers;
	settings->n_workers_waiting = settings->n_workers;
	if (!settings->n_workers) {
		uint64_t processors = mp_cpu_count();

		settings->n_workers = limited(processors);
		settings->n_workers_waiting =
			limited(processors > WORKERS_WAITING_MIN_DEFAULT
		                        ? processors
		                        : WORKERS_WAITING_MIN_DEFAULT);
		settings->n_workers_far =
			limited(4 * processors > WORKERS_FAR_MIN_DEFAULT
		                        ? 4 * processors
		                        : WORKERS_FAR_MIN_DEFAULT);
	}
	settings->queue_depth_far = settings->queue_depth;
	if (!settings->queue_depth) {
		settings->queue_depth = default_depth(settings->n_workers);
		settings->queue_depth_far =
			default_depth(settings->n_workers_far);
	}
	settings->lists_entries =
		options->n_verbose > 0 || settings->is_dry_run;
	settings->lists_unchanged = options->n_verbose > 1;
}

/* Where the first "--" is, or argc; *mode says if --each or --map stands
 * before. */
static int find_end(int argc, char **argv, enum action *mode)
{
	bool seeks = true;

	*mode = ACTION_COPY;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i;
		if (strcmp(argv[i], "--args") == 0)
			seeks = false;
		if (!seeks)
			continue;
		if (strcmp(argv[i], "--each") == 0)
			*mode = ACTION_EACH;
		if (strcmp(argv[i], "--map") == 0)
			*mode = ACTION_MAP;
	}
	return argc;
}

/* The table of a mode that runs commands. */
static void choose_mode(struct parse *parse, enum action mode)
{
	struct options *options = parse->options;

	options->mode = options->action = mode;
	parse->rows = each_table;
	parse->n_rows = EACH_ROWS;
	each_defaults(options);
	if (mode == ACTION_MAP) {
		parse->rows = map_table;
		parse->n_rows = MAP_ROWS;
		map_defaults(options);
	}
}

/* What follows its own options: PATHs before "--", the command behind. */
static int parse_mode(struct parse *parse, int argc, char **argv, int end)
{
	struct options *options = parse->options;
	int rest = each_options_end(argv, end);
	int rc = parse_options(parse, rest, argv);

	if (rc < 0 || options->action != options->mode)
		return rc;
	rc = each_check_args(parse, argv, rest);
	if (rc < 0)
		return rc;
	/* char ** does not turn into these by itself, though nothing is lost.
	 */
	options->each.paths = (const char *const *)(argv + optind);
	options->each.n_paths = (size_t)(end - optind);
	/* Whoever says how many jobs are to run has not asked make. */
	if (!options->settings.n_workers)
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes it */
		options->each.limits.makeflags = getenv("MAKEFLAGS");
	if (end < argc) {
		options->each.command = (const char *const *)(argv + end + 1);
		options->each.n_command = (size_t)(argc - end - 1);
	}
	if (options->each.has_terminal && !options->settings.n_workers)
		options->settings.n_workers = 1;
	settle_defaults(options);
	return options->mode == ACTION_MAP ? map_settle(parse)
	                                   : each_settle(parse);
}

int options_parse(int argc, char **argv, struct options *out,
                  struct buf *problem)
{
	struct options options = {
		.action = ACTION_COPY,
		.settings = {.keep = KEEP_DEFAULT, .keeps_links = true}};
	struct parse parse = {.options = &options,
	                      .rows = option_table,
	                      .n_rows = OPTION_ROWS,
	                      .problem = problem};
	enum action mode;
	int end = find_end(argc, argv, &mode);
	int rc;

	if (mode == ACTION_COPY) {
		rc = parse_options(&parse, argc, argv);
	} else {
		choose_mode(&parse, mode);
		rc = parse_mode(&parse, argc, argv, end);
	}
	if (rc == 0 && options.action == ACTION_COPY) {
		rc = take_operands(&parse, argv + optind,
		                   (size_t)(argc - optind));
		if (rc == 0)
			rc = check_together(&parse);
		settle_defaults(&options);
	}
	if (rc < 0) {
		out->mode = mode;
		return rc;
	}
	*out = options;
	if (options.action == ACTION_EACH)
		each_bind(out);
	return 0;
}
