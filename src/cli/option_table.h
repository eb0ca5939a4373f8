/* SPDX-License-Identifier: MIT */
/* cli/option_table.h - the options: one row each, for parsing and for --help
 *
 * Model     a row says how an option is written, what it does and what --help
 *           says of it; to add an option is to add a row. options.c drives it.
 * Errors    -EINVAL with the problem said in parse->problem */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include "base/base.h"
#include "base/buf.h"
#include "cli/options.h"

struct option_row;

/* What is filled while the line is read. */
struct parse {
	struct options *options;
	const char *target_dir;        /* of -t, or NULL */
	const struct option_row *rows; /* the table in use */
	size_t n_rows;
	struct buf *problem;
};

enum value_rule {
	VALUE_NONE,
	VALUE_NEEDED,
	VALUE_OPTIONAL, /* behind an equals sign of the long name only */
};

/* Called with the name as it was written ("-j") and the value, NULL if there
 * is none. */
typedef int option_apply_fn(struct parse *parse, const char *name,
                            const char *value);

/* One option: it runs apply, or sets a flag of struct options. */
struct option_row {
	char letter;      /* 0: there is none */
	const char *name; /* NULL: there is no long one */
	enum value_rule value_rule;
	const char *value_name;
	option_apply_fn *apply;
	size_t flag;      /* without apply: where the bool is */
	const char *help; /* lines that fit behind the names */
};

#define OPTION_ROWS 30

extern const struct option_row option_table[OPTION_ROWS];

/* The options of --each: letters mean other things there. */
#define EACH_ROWS 40

extern const struct option_row each_table[EACH_ROWS];

/* For options.c: what holds before the options of --each are read, and what is
 * checked and put together afterwards. */
void each_defaults(struct options *options);
int each_settle(struct parse *parse);

/* Where the options end, at end or behind "--args": all words behind that are
 * items. When they are read, optind is the first operand. */
int each_options_end(char **argv, int end);
int each_check_args(struct parse *parse, char **argv, int rest);

/* The part of it that is about running jobs and showing what they print. */
int each_settle_jobs(struct parse *parse);

/* Sets what points into options, when they are where they stay. */
void each_bind(struct options *options);

/* The options of --map: those of --each that make sense, and its own. */
#define MAP_ROWS 31

extern const struct option_row map_table[MAP_ROWS];

void map_defaults(struct options *options);
int map_settle(struct parse *parse);

/* Appends the rows as --help shows them. */
void option_help_rows(struct buf *out, const struct option_row *rows, size_t n);

/* Those that both tables have. */
option_apply_fn option_apply_workers;
option_apply_fn option_apply_depth;
option_apply_fn option_apply_progress;
option_apply_fn option_apply_verbose;
option_apply_fn option_apply_help;
option_apply_fn option_apply_version;

/* "NAME: 'value'what", and whole numbers; for both tables. */
int option_refuse_value(struct parse *parse, const char *name,
                        const char *value, const char *what);
bool option_parse_count(const char *value, uint64_t *count);

/* A number, a percentage of the processors, or -1 for all but one. */
int option_parse_processors(struct parse *parse, const char *name,
                            const char *value, unsigned max, const char *what,
                            unsigned *out);

/* Puts the problem together and returns -EINVAL. */
int option_refuse(struct parse *parse, const char *format, ...)
	PRINTF_LIKE(2, 3);

/* The same for "before 'text' after", where text may hold any byte. */
int option_refuse_text(struct parse *parse, const char *before,
                       const char *text, const char *after);

#endif
