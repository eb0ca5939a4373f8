/* SPDX-License-Identifier: MIT */
#include "cli/nothing.h"

#include "base/diag.h"
#include "base/quote.h"

#include <string.h>

static void add_word(struct buf *out, const char *before, const char *word)
{
	buf_append_str(out, before);
	quote_name(out, word, strlen(word));
}

static void add_words(struct buf *out, const char *option,
                      const struct each_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		add_word(out, option, words->words[i]);
}

static void add_types(struct buf *out, unsigned types)
{
	if (types & EACH_FILES)
		buf_append_str(out, " -t f");
	if (types & EACH_DIRS)
		buf_append_str(out, " -t d");
	if (types & EACH_LINKS)
		buf_append_str(out, " -t l");
}

static bool is_filtered(const struct each_filter *filter)
{
	return filter->extensions.n || filter->globs.n ||
	       (filter->types && filter->types != EACH_FILES);
}

static void add_filter(struct buf *out, const struct each_filter *filter)
{
	if (!is_filtered(filter)) {
		buf_append_str(out, "no files");
		return;
	}
	buf_append_str(out, "nothing matched");
	add_words(out, " -e ", &filter->extensions);
	add_words(out, " -g ", &filter->globs);
	if (filter->types != EACH_FILES)
		add_types(out, filter->types);
}

static void add_list(struct buf *out, const char *list)
{
	if (strcmp(list, "-") == 0)
		buf_append_str(out, "no items on standard input");
	else
		add_word(out, "no items in ", list);
}

void nothing_text(struct buf *out, const struct options *options)
{
	const struct each_settings *each = &options->each;

	if (options->action != ACTION_MAP && each->list) {
		add_list(out, each->list);
		return;
	}
	add_filter(out, &each->filter);
	if (options->action == ACTION_MAP)
		add_word(out, " below ", options->map.src);
	for (size_t i = 0; options->action != ACTION_MAP && i < each->n_paths;
	     i++)
		add_word(out, i == 0 ? " below " : ", ", each->paths[i]);
}

void nothing_say(const struct options *options)
{
	struct buf text = {0};

	if (options->is_quiet)
		return;
	nothing_text(&text, options);
	diag_say("%s", text.data);
	buf_release(&text);
}
