/* SPDX-License-Identifier: MIT */
#include "cli/option_table.h"

#include "base/num.h"
#include "mp/cpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int option_refuse_value(struct parse *parse, const char *name,
                        const char *value, const char *what)
{
	buf_append_str(parse->problem, name);
	return option_refuse_text(parse, ": ", value, what);
}

/* True when value is a whole number; one beyond 64 bits becomes the largest. */
bool option_parse_count(const char *value, uint64_t *count)
{
	int rc = num_parse_u64(value, count);

	if (rc == -ERANGE)
		*count = UINT64_MAX;
	return rc == 0 || rc == -ERANGE;
}

/* True when value is a whole number with a percent sign. */
static bool parse_percentage(const char *value, uint64_t *percent)
{
	size_t len = strlen(value);

	if (len == 0 || value[len - 1] != '%')
		return false;
	char *digits = xstrndup(value, len - 1);
	bool ok = option_parse_count(digits, percent);
	free(digits);
	return ok;
}

int option_parse_processors(struct parse *parse, const char *name,
                            const char *value, unsigned max, const char *what,
                            unsigned *out)
{
	uint64_t processors = mp_cpu_count(), n;

	if (strcmp(value, "-1") == 0) {
		n = processors > 1 ? processors - 1 : 1;
	} else if (parse_percentage(value, &n)) {
		if (__builtin_mul_overflow(n, processors, &n))
			n = UINT64_MAX;
		n = n < 100 ? 1 : n / 100;
	} else if (!option_parse_count(value, &n)) {
		return option_refuse_value(
			parse, name, value,
			" is not a number, a percentage or -1");
	}
	if (n < 1 || n > max)
		return option_refuse(parse, "%s: %s is not 1 to %u %s", name,
		                     value, max, what);
	*out = (unsigned)n;
	return 0;
}

int option_apply_workers(struct parse *parse, const char *name,
                         const char *value)
{
	return option_parse_processors(parse, name, value, OPTIONS_WORKERS_MAX,
	                               "workers",
	                               &parse->options->settings.n_workers);
}

int option_apply_depth(struct parse *parse, const char *name, const char *value)
{
	uint64_t n;

	if (!option_parse_count(value, &n))
		return option_refuse_value(parse, name, value,
		                           " is not a number");
	if (n < 1 || n > OPTIONS_DEPTH_MAX)
		return option_refuse(parse, "%s: %s is not 1 to %u slots", name,
		                     value, OPTIONS_DEPTH_MAX);
	parse->options->settings.queue_depth = n;
	return 0;
}

int option_apply_verbose(struct parse *parse, const char *name UNUSED,
                         const char *value UNUSED)
{
	parse->options->n_verbose++;
	return 0;
}

static int apply_target(struct parse *parse, const char *name,
                        const char *value)
{
	if (!*value)
		return option_refuse(parse, "%s: the name of DIR is empty",
		                     name);
	if (parse->target_dir)
		return option_refuse(parse, "%s: given more than once", name);
	parse->target_dir = value;
	return 0;
}

/* The index of value among n words. */
static int parse_word(struct parse *parse, const char *name, const char *value,
                      const char *const *words, size_t n)
{
	struct buf list = {0};

	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], value) == 0) {
			buf_release(&list);
			return (int)i;
		}
		buf_printf(&list, "%s%s", i ? ", " : " is none of ", words[i]);
	}
	int rc = option_refuse_value(parse, name, value, list.data);
	buf_release(&list);
	return rc;
}

static int apply_update(struct parse *parse, const char *name,
                        const char *value)
{
	static const char *const words[] = {
		[UPDATE_CHANGED] = "changed",
		[UPDATE_OLDER] = "older",
		[UPDATE_ALL] = "all",
		[UPDATE_NONE] = "none",
	};
	int word = parse_word(parse, name, value ? value : "older", words,
	                      ARRAY_LEN(words));

	if (word < 0)
		return word;
	parse->options->settings.update = (enum update_rule)word;
	return 0;
}

static int apply_reflink(struct parse *parse, const char *name,
                         const char *value)
{
	static const char *const words[] = {
		[REFLINK_AUTO] = "auto",
		[REFLINK_ALWAYS] = "always",
		[REFLINK_NEVER] = "never",
	};
	int word = parse_word(parse, name, value, words, ARRAY_LEN(words));

	if (word < 0)
		return word;
	parse->options->settings.reflink = (enum data_reflink)word;
	return 0;
}

static int apply_sparse(struct parse *parse, const char *name,
                        const char *value)
{
	static const char *const words[] = {
		[SPARSE_AUTO] = "auto",
		[SPARSE_ALWAYS] = "always",
		[SPARSE_NEVER] = "never",
	};
	int word = parse_word(parse, name, value, words, ARRAY_LEN(words));

	if (word < 0)
		return word;
	parse->options->settings.sparse = (enum data_sparse)word;
	return 0;
}

static int apply_follow_all(struct parse *parse, const char *name UNUSED,
                            const char *value UNUSED)
{
	parse->options->settings.follow = FOLLOW_ALL;
	return 0;
}

static int apply_follow_operands(struct parse *parse, const char *name UNUSED,
                                 const char *value UNUSED)
{
	parse->options->settings.follow = FOLLOW_OPERANDS;
	return 0;
}

/* What the words of --preserve mean, in the order of preserve_words. */
#define PRESERVE_LINKS (1u << 16)
#define PRESERVE_ALL                                                        \
	(DRESS_MODE | DRESS_OWNER | DRESS_TIMES | DRESS_XATTR | DRESS_ACL | \
	 DRESS_FLAGS | PRESERVE_LINKS)

static const char *const preserve_words[] = {"mode", "owner", "times", "xattr",
                                             "acl",  "flags", "links", "all"};
static const unsigned preserve_bits[] = {
	DRESS_MODE, DRESS_OWNER, DRESS_TIMES,    DRESS_XATTR,
	DRESS_ACL,  DRESS_FLAGS, PRESERVE_LINKS, PRESERVE_ALL};

/* The words of a list with commas; *demanded is without those of "all". */
static int parse_preserve(struct parse *parse, const char *name,
                          const char *value, unsigned *bits, unsigned *demanded)
{
	const char *word = value;
	int rc = 0;

	*bits = *demanded = 0;
	while (rc >= 0 && word) {
		const char *comma = strchr(word, ',');
		size_t len = comma ? (size_t)(comma - word) : strlen(word);
		char *text = xstrndup(word, len);

		rc = parse_word(parse, name, text, preserve_words,
		                ARRAY_LEN(preserve_words));
		free(text);
		if (rc >= 0) {
			*bits |= preserve_bits[rc];
			if (preserve_bits[rc] != PRESERVE_ALL)
				*demanded |= preserve_bits[rc];
		}
		word = comma ? comma + 1 : NULL;
	}
	return rc < 0 ? rc : 0;
}

static int apply_preserve(struct parse *parse, const char *name,
                          const char *value)
{
	struct settings *settings = &parse->options->settings;
	unsigned bits, demanded;
	int rc = parse_preserve(parse, name, value, &bits, &demanded);

	if (rc < 0)
		return rc;
	settings->keep |= bits & ~PRESERVE_LINKS;
	settings->demanded |= demanded & ~PRESERVE_LINKS;
	if (bits & PRESERVE_LINKS)
		settings->keeps_links = true;
	if (demanded & PRESERVE_LINKS)
		settings->demands_links = true;
	return 0;
}

static int apply_no_preserve(struct parse *parse, const char *name,
                             const char *value)
{
	struct settings *settings = &parse->options->settings;
	unsigned bits, demanded;
	int rc = parse_preserve(parse, name, value, &bits, &demanded);

	if (rc < 0)
		return rc;
	settings->keep &= ~bits;
	settings->demanded &= ~bits;
	if (bits & PRESERVE_LINKS)
		settings->keeps_links = settings->demands_links = false;
	return 0;
}

int option_apply_progress(struct parse *parse, const char *name,
                          const char *value)
{
	static const char *const words[] = {
		[PROGRESS_AUTO] = "auto",
		[PROGRESS_ALWAYS] = "always",
		[PROGRESS_NEVER] = "never",
	};
	int word = parse_word(parse, name, value ? value : "always", words,
	                      ARRAY_LEN(words));

	if (word < 0)
		return word;
	parse->options->progress = (enum progress_mode)word;
	return 0;
}

int option_apply_help(struct parse *parse, const char *name UNUSED,
                      const char *value UNUSED)
{
	parse->options->action = ACTION_HELP;
	return 0;
}

int option_apply_version(struct parse *parse, const char *name UNUSED,
                         const char *value UNUSED)
{
	parse->options->action = ACTION_VERSION;
	return 0;
}

/* Where it counts it was seen before the options were read. */
static int apply_mode(struct parse *parse, const char *name UNUSED,
                      const char *value UNUSED)
{
	return option_refuse(parse, "--each and --map are to be written "
	                            "in full");
}

#define FLAG(field) .flag = offsetof(struct options, field)

const struct option_row option_table[OPTION_ROWS] = {
	{'j', "jobs", VALUE_NEEDED, "N", option_apply_workers,
         .help = "copy with N worker processes; N% of the\n"
                 "processors, or -1 for all but one of them\n"
                 "(default: as many as there are processors;\n"
                 "more where files wait for a disk, or\n"
                 "where file systems are far away)"},
	{0, "queue-depth", VALUE_NEEDED, "N", option_apply_depth,
         .help = "let N batches of files wait for a worker\n"
                 "(default: 2 for each worker, at least 64)"},
	{'t', "target-directory", VALUE_NEEDED, "DIR", apply_target,
         .help = "put a copy of each SRC into DIR"},
	{'T', "no-target-directory", FLAG(operands.is_exact),
         .help = "DST is the copy itself, also of a file"},
	{0, "mkpath", FLAG(operands.makes_way),
         .help = "make the missing parents of DST"},
	{0, "parents", FLAG(operands.keeps_path),
         .help = "put a copy of a/b/SRC into DST as a/b/SRC"},
	{0, "relative", FLAG(operands.keeps_relative),
         .help = "the same; of a/./b/SRC as b/SRC"},
	{'u', "update", VALUE_OPTIONAL, "WHICH", apply_update,
         .help = "which files that exist are replaced: changed\n"
                 "(type, size or mtime differs; the default),\n"
                 "older, all, none; -u alone means older"},
	{0, "preserve", VALUE_NEEDED, "LIST", apply_preserve,
         .help = "keep these, and let it count (status 3) where\n"
                 "one cannot be kept: mode, owner, times, links,\n"
                 "xattr, acl, flags; all of them are kept by\n"
                 "default as far as the target and the user can"},
	{0, "no-preserve", VALUE_NEEDED, "LIST", apply_no_preserve,
         .help = "do not keep these (or all); the last word counts"},
	{'L', "dereference", .apply = apply_follow_all,
         .help = "copy what symlinks lead to instead of them"},
	{'H', NULL, .apply = apply_follow_operands,
         .help = "the same for a SRC that is a symlink only"},
	{0, "reflink", VALUE_NEEDED, "WHEN", apply_reflink,
         .help = "share blocks with the source: auto (where that\n"
                 "can be; the default), always, never"},
	{0, "sparse", VALUE_NEEDED, "WHEN", apply_sparse,
         .help = "holes: auto (as in the source; the default),\n"
                 "always (also for runs of zeros), never"},
	{0, "safe-links", FLAG(settings.drops_unsafe),
         .help = "leave out symlinks that lead out of the tree"},
	{0, "force", FLAG(settings.is_forced),
         .help = "let a directory take the place of a file and\n"
                 "the reverse, and change what is immutable"},
	{0, "inplace", FLAG(settings.is_inplace),
         .help = "write files under their final names, where\n"
                 "others may see them half written"},
	{'x', "one-file-system", FLAG(settings.is_one_file_system),
         .help = "leave out what is mounted inside SRC"},
	{'n', "dry-run", FLAG(settings.is_dry_run),
         .help = "change nothing, list what would be done"},
	{'v', "verbose", .apply = option_apply_verbose,
         .help = "list what is changed; -vv: also what is not"},
	{'q', "quiet", FLAG(is_quiet),
         .help = "say nothing but what went wrong"},
	{0, "progress", VALUE_OPTIONAL, "WHEN", option_apply_progress,
         .help = "auto (on a terminal; the default), always\n"
                 "(also as plain lines into a file), never"},
	{0, "each", .apply = apply_mode,
         .help = "run a command for each file instead: other\n"
                 "options, shown by pcopy --each --help"},
	{0, "map", .apply = apply_mode,
         .help = "make each file by a command: pcopy --map --help"},
	{0, "stats", FLAG(shows_stats),
         .help = "sum up, as is done on a terminal anyway"},
	{'a', "archive", FLAG(is_habit),
         .help = "keep everything: done anyway"},
	{'r', "recursive", FLAG(is_habit),
         .help = "copy directories whole: done anyway"},
	{'p', NULL, FLAG(is_habit),
         .help = "keep mode, owner and times: done anyway"},
	{'h', "help", .apply = option_apply_help, .help = "show this text"},
	{'V', "version", .apply = option_apply_version,
         .help = "show the version"},
};
