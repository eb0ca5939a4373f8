/* SPDX-License-Identifier: MIT */
#include "cli/each_values.h"

#include "base/num.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 1000000
#define TRIES_MAX 1000
#define LOAD_MAX  1000000u

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

/* The last name of a path has no slash in it: nothing would ever match. */
static int refuse_slash(struct parse *parse, const char *name,
                        const char *value)
{
	if (!strchr(value, '/'))
		return 0;
	return option_refuse_value(parse, name, value,
	                           " has a slash in it, and the last name of a "
	                           "path never has");
}

int each_apply_extension(struct parse *parse, const char *name,
                         const char *value)
{
	if (refuse_slash(parse, name, value) < 0)
		return -EINVAL;
	if (strpbrk(value, "*?["))
		return option_refuse_value(parse, name, value,
		                           " is a pattern, which is for -g");
	return add_word(parse, name, value + (*value == '.'),
	                &parse->options->each.filter.extensions);
}

int each_apply_glob(struct parse *parse, const char *name, const char *value)
{
	if (refuse_slash(parse, name, value) < 0)
		return -EINVAL;
	return add_word(parse, name, value, &parse->options->each.filter.globs);
}

int each_apply_type(struct parse *parse, const char *name, const char *value)
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

int each_apply_list(struct parse *parse, const char *name, const char *value)
{
	return apply_text(&parse->options->each.list, parse, name, value);
}

int each_apply_joblog(struct parse *parse, const char *name, const char *value)
{
	return apply_text(&parse->options->each.joblog, parse, name, value);
}

int each_apply_failed(struct parse *parse, const char *name, const char *value)
{
	return apply_text(&parse->options->each.failed, parse, name, value);
}

int each_apply_results(struct parse *parse, const char *name, const char *value)
{
	return apply_text(&parse->options->each.results, parse, name, value);
}

int each_apply_script(struct parse *parse, const char *name, const char *value)
{
	return apply_text(&parse->options->script, parse, name, value);
}

/* \t, \n and \\ are read; anything else stands for itself. */
int each_apply_columns(struct parse *parse, const char *name, const char *value)
{
	struct options *options = parse->options;
	size_t len = 0;

	for (const char *at = value; *at; at++) {
		char c = *at;

		if (len == OPTIONS_SEPARATOR_MAX)
			return option_refuse(parse, "%s: is too long", name);
		if (c == '\\' && at[1] && strchr("tn\\", at[1])) {
			c = *++at;
			if (c == 't')
				c = '\t';
			else if (c == 'n')
				c = '\n';
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

int each_apply_items(struct parse *parse, const char *name, const char *value)
{
	uint64_t n = 0;
	int rc = parse_between(parse, name, value, 0, ITEMS_MAX, &n);

	if (rc == 0)
		parse->options->each.n_items = n;
	return rc;
}

int each_apply_tries(struct parse *parse, const char *name, const char *value)
{
	uint64_t n = 0;
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

int each_apply_timeout(struct parse *parse, const char *name, const char *value)
{
	int64_t *ns = &parse->options->each.timeout_ns;
	int rc = parse_duration(parse, name, value, ns);

	return rc == 0 && *ns == 0 ? option_refuse(parse, "%s: is 0", name)
	                           : rc;
}

int each_apply_kill_after(struct parse *parse, const char *name,
                          const char *value)
{
	return parse_duration(parse, name, value,
	                      &parse->options->each.kill_after_ns);
}

int each_apply_delay(struct parse *parse, const char *name, const char *value)
{
	return parse_duration(parse, name, value,
	                      &parse->options->each.limits.delay_ns);
}

int each_apply_load(struct parse *parse, const char *name, const char *value)
{
	return option_parse_processors(parse, name, value, LOAD_MAX, "tasks",
	                               &parse->options->each.limits.load_max);
}

int each_apply_memfree(struct parse *parse, const char *name, const char *value)
{
	uint64_t *bytes = &parse->options->each.limits.memory_min;

	if (num_parse_size(value, bytes) < 0)
		return option_refuse_value(parse, name, value,
		                           " is not a size such as 500M, 2G");
	return *bytes ? 0 : option_refuse(parse, "%s: is 0", name);
}

int each_apply_retry_delay(struct parse *parse, const char *name,
                           const char *value)
{
	return parse_duration(parse, name, value,
	                      &parse->options->each.retry_delay_ns);
}

int each_apply_block(struct parse *parse, const char *name, const char *value)
{
	uint64_t size;

	if (num_parse_size(value, &size) < 0 || size > SSIZE_MAX)
		return option_refuse_value(parse, name, value,
		                           " is not a size such as 64K, 10M");
	parse->options->each.block_size = size;
	return size ? 0 : option_refuse(parse, "%s: is 0", name);
}

/* "fail=N", "success=N%" .. */
static bool parse_halt(const char *text, struct each_halt *halt)
{
	static const char ok[] = "success=", failed[] = "fail=";
	size_t n_before = strlen(failed);

	halt->counts_ok = strncmp(text, ok, strlen(ok)) == 0;
	if (halt->counts_ok)
		n_before = strlen(ok);
	else if (strncmp(text, failed, n_before) != 0)
		return false;
	size_t len = strlen(text += n_before);
	halt->is_percent = len > 0 && text[len - 1] == '%';
	char *digits = xstrndup(text, len - halt->is_percent);
	bool is_number = option_parse_count(digits, &halt->n);
	free(digits);
	return is_number && halt->n > 0 &&
	       (!halt->is_percent || halt->n <= 100);
}

/* "soon,fail=N" .. */
int each_apply_halt(struct parse *parse, const char *name, const char *value)
{
	struct each_halt halt = {.when = EACH_HALT_SOON};
	const char *at = value;

	if (strcmp(at, "never") == 0) {
		parse->options->each.halt.when = EACH_HALT_NEVER;
		return 0;
	}
	if (strncmp(at, "now,", 4) == 0)
		halt.when = EACH_HALT_NOW;
	else if (strncmp(at, "soon,", 5) != 0)
		at = NULL;
	if (!at || !parse_halt(strchr(at, ',') + 1, &halt))
		return option_refuse_value(
			parse, name, value,
			" is not never, or soon or now with ,fail=N or "
			",success=N, or N%");
	if (halt.counts_ok && parse->options->mode == ACTION_MAP)
		return option_refuse(parse,
		                     "%s: success is no reason to leave "
		                     "the other outputs unmade",
		                     name);
	parse->options->each.halt = halt;
	return 0;
}
