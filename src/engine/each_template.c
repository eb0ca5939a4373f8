/* SPDX-License-Identifier: MIT */
#include "engine/each_template.h"

#include "base/quote.h"
#include "engine/each_csv.h"

#include <stdlib.h>
#include <string.h>

enum part_kind {
	PART_TEXT,
	PART_ITEM,
	PART_BASE,
	PART_DIR,
	PART_STEM,
	PART_BASE_STEM,
	PART_RELATIVE,
	PART_RELATIVE_STEM,
	PART_COLUMN,
	PART_NUMBER,
	PART_SLOT,
	PART_OUT,
};

struct part {
	enum part_kind kind;
	size_t column;
	size_t n_columns;      /* with that name, at a match */
	struct each_text text; /* of PART_TEXT, in the word */
};

struct each_argument {
	const char *word;
	struct part *parts;
	size_t n_parts;
	bool repeats;
};

static const struct {
	const char *text;
	enum part_kind kind;
} names[] = {
	{"{}", PART_ITEM},
	{"{/}", PART_BASE},
	{"{//}", PART_DIR},
	{"{.}", PART_STEM},
	{"{/.}", PART_BASE_STEM},
	{"{r}", PART_RELATIVE},
	{"{r.}", PART_RELATIVE_STEM},
	{"{#}", PART_NUMBER},
	{"{%}", PART_SLOT},
	{"{out}", PART_OUT},
};

/* "{12}": the bytes it takes, 0 if it is none. */
static size_t match_column(const char *text, size_t *column)
{
	size_t at = 1;

	*column = 0;
	while (text[at] >= '0' && text[at] <= '9' && at < 8)
		*column = *column * 10 + (size_t)(text[at++] - '0');
	return *column > 0 && text[at] == '}' ? at + 1 : 0;
}

/* Words that may be a name: what is no name stays as it is, such as a program
 * for awk. */
static bool looks_like_name(const char *text, size_t len)
{
	if (len == 0 || text[0] == ' ' || text[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x80 && !(c >= '0' && c <= '9') &&
		    !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !strchr(" _-", c))
			return false;
	}
	return true;
}

/* "{name}" of a column: its bytes, 0 if it is none. */
static size_t match_name(const struct each_template *template, const char *text,
                         struct part *part)
{
	const struct each_columns *columns = &template->columns;
	const char *end = columns->is_csv ? strchr(text, '}') : NULL;

	if (!end)
		return 0;
	struct each_text name = {text + 1, (size_t)(end - text) - 1};
	size_t n = each_csv_find(columns->header, columns->separator.text[0],
	                         name, &part->column);
	part->kind = PART_COLUMN;
	part->n_columns = n;
	return name.len > 0 && n > 0 ? name.len + 2 : 0;
}

/* "{12}", where there are so many columns as far as one knows. */
static size_t match_number(const struct each_template *template,
                           const char *text, struct part *part)
{
	const struct each_columns *columns = &template->columns;
	size_t len = match_column(text, &part->column);

	part->kind = PART_COLUMN;
	if (len > 0 && columns->is_csv &&
	    part->column >
	            each_csv_count(columns->header, columns->separator.text[0]))
		return 0;
	return len;
}

/* The placeholder that starts here: the bytes it takes, 0 if there is none. */
static size_t match(const struct each_template *template, const char *text,
                    struct part *part)
{
	size_t n_number, n_name;

	part->n_columns = 1;
	if (*text != '{')
		return 0;
	n_number = match_number(template, text, part);
	if (n_number > 0)
		return n_number;
	n_name = match_name(template, text, part);
	if (n_name > 0)
		return n_name;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t len = strlen(names[i].text);

		if (strncmp(text, names[i].text, len) == 0 &&
		    (template->knows_out || names[i].kind != PART_OUT)) {
			part->n_columns = 1;
			part->kind = names[i].kind;
			return len;
		}
	}
	return 0;
}

/* "{x}" that looks like the name of a column, where there are names. */
static size_t match_unknown(const struct each_template *template,
                            const char *text)
{
	const char *end = template->columns.is_csv && *text == '{'
	                          ? strchr(text, '}')
	                          : NULL;

	return end && looks_like_name(text + 1, (size_t)(end - text) - 1)
	               ? (size_t)(end - text) + 1
	               : 0;
}

/* "{{x}}" around a placeholder: the bytes of "{x}", 0 if it is none. */
static size_t match_escaped(const struct each_template *template,
                            const char *text)
{
	struct part part;
	size_t len = text[0] == '{' ? match(template, text + 1, &part) : 0;

	if (len == 0 && text[0] == '{')
		len = match_unknown(template, text + 1);
	return len > 0 && text[1 + len] == '}' ? len : 0;
}

static void add_part(struct each_argument *argument, const struct part *part)
{
	struct part *last = argument->n_parts > 0
	                            ? &argument->parts[argument->n_parts - 1]
	                            : NULL;

	/* Neighbouring texts become one. */
	if (part->kind == PART_TEXT && last && last->kind == PART_TEXT &&
	    last->text.text + last->text.len == part->text.text) {
		last->text.len += part->text.len;
		return;
	}
	argument->parts =
		xrealloc(argument->parts,
	                 (argument->n_parts + 1) * sizeof(*argument->parts));
	argument->parts[argument->n_parts++] = *part;
	if (part->kind != PART_TEXT && part->kind != PART_NUMBER &&
	    part->kind != PART_SLOT)
		argument->repeats = true;
}

static void note_unknown(struct each_template *template, const char *text,
                         size_t len, const struct part *part)
{
	size_t n = part->n_columns > 1 ? len : 0;

	if (len == 0)
		n = match_unknown(template, text);
	if (n == 0 || template->unknown.len > 0)
		return;
	template->unknown = (struct each_text){text, n};
	template->is_twice = len > 0;
}

static void compile(struct each_template *template,
                    struct each_argument *argument, const char *word)
{
	argument->word = word;
	for (const char *at = word; *at;) {
		struct part part = {.kind = PART_TEXT, .text = {at, 1}};
		size_t len = match_escaped(template, at);

		if (len > 0) {
			part.text = (struct each_text){at + 1, len};
			at += len + 2;
		} else {
			len = match(template, at, &part);
			note_unknown(template, at, len, &part);
			if (len == 0)
				part.kind = PART_TEXT;
			at += len ? len : 1;
		}
		add_part(argument, &part);
	}
}

static void take_literally(struct each_argument *argument, const char *word)
{
	const struct part part = {.kind = PART_TEXT,
	                          .text = {word, strlen(word)}};

	argument->word = word;
	add_part(argument, &part);
}

/* What the parts of an argument say of the whole command. */
static void note_parts(struct each_template *template,
                       const struct each_argument *argument)
{
	for (size_t i = 0; i < argument->n_parts; i++) {
		enum part_kind kind = argument->parts[i].kind;

		template->has_slot |= kind == PART_SLOT;
		template->has_out |= kind == PART_OUT;
		template->has_item |= kind != PART_SLOT &&kind !=
		                      PART_OUT &&kind != PART_TEXT &&kind !=
		                      PART_NUMBER;
	}
}

static void compile_all(struct each_template *template,
                        const char *const *words, size_t n_words,
                        size_t n_literal)
{
	template->arguments =
		xcalloc(n_words + 1, sizeof(struct each_argument));
	template->n_arguments = n_words;
	for (size_t i = 0; i < n_words; i++) {
		struct each_argument *argument = &template->arguments[i];

		if (i < n_literal)
			take_literally(argument, words[i]);
		else
			compile(template, argument, words[i]);
		note_parts(template, argument);
	}
}

void each_template_init(struct each_template *template,
                        const char *const *words, size_t n_words,
                        size_t n_literal, struct each_columns columns)
{
	*template = (struct each_template){.columns = columns};
	compile_all(template, words, n_words, n_literal);
	if (!template->has_item)
		compile(template, &template->arguments[template->n_arguments++],
		        "{}");
}

void each_template_init_bare(struct each_template *template,
                             const char *const *words, size_t n_words,
                             size_t n_literal)
{
	*template = (struct each_template){0};
	compile_all(template, words, n_words, n_literal);
}

void each_template_list_names(const struct each_template *template,
                              struct buf *out)
{
	const struct each_columns *columns = &template->columns;
	struct each_text rest = columns->header;
	struct buf name = {0};

	while (each_csv_next(&rest, columns->separator.text[0], &name)) {
		buf_append_str(out, " {");
		quote_name(out, name.len ? name.data : "", name.len);
		buf_append_char(out, '}');
		buf_truncate(&name, 0);
	}
	buf_release(&name);
}

void each_template_init_out(struct each_template *template,
                            const char *const *words, size_t n_words)
{
	*template = (struct each_template){.knows_out = true};
	compile_all(template, words, n_words, 0);
}

void each_template_release(struct each_template *template)
{
	for (size_t i = 0; i < template->n_arguments; i++)
		free(template->arguments[i].parts);
	free(template->arguments);
	*template = (struct each_template){0};
}

bool each_template_repeats(const struct each_template *template,
                           size_t argument)
{
	return template->arguments[argument].repeats;
}

const char *each_template_constant(const struct each_template *template,
                                   size_t argument)
{
	const struct each_argument *words = &template->arguments[argument];
	bool is_whole = words->n_parts == 1 &&
	                words->parts[0].kind == PART_TEXT &&
	                words->parts[0].text.len == strlen(words->word);

	return is_whole || words->n_parts == 0 ? words->word : NULL;
}

static struct each_text part_text(const struct each_template *template,
                                  const struct part *part,
                                  const struct each_item *item)
{
	struct each_text whole = {item->text, item->len};
	struct each_text relative = {item->text + item->root_len,
	                             item->len - item->root_len};

	switch (part->kind) {
	case PART_BASE:
		return each_item_base(whole);
	case PART_DIR:
		return each_item_dir(whole);
	case PART_STEM:
		return each_item_stem(whole);
	case PART_BASE_STEM:
		return each_item_stem(each_item_base(whole));
	case PART_RELATIVE:
		return relative;
	case PART_RELATIVE_STEM:
		return each_item_stem(relative);
	case PART_COLUMN:
		return each_item_column(whole, template->columns.separator,
		                        part->column);
	case PART_OUT:
		return item->out;
	case PART_ITEM:
	case PART_TEXT:
	case PART_NUMBER:
	case PART_SLOT:
		break;
	}
	return whole;
}

void each_template_expand(const struct each_template *template, size_t argument,
                          const struct each_item *item, uint64_t number,
                          struct buf *out, struct buf *marks)
{
	const struct each_argument *words = &template->arguments[argument];

	for (size_t i = 0; i < words->n_parts; i++) {
		const struct part *part = &words->parts[i];

		if (part->kind == PART_TEXT) {
			buf_append(out, part->text.text, part->text.len);
		} else if (part->kind == PART_NUMBER) {
			buf_printf(out, "%llu", (unsigned long long)number);
		} else if (part->kind == PART_COLUMN &&
		           template->columns.is_csv) {
			each_csv_field(
				(struct each_text){item->text, item->len},
				template->columns.separator.text[0],
				part->column, out);
		} else if (part->kind == PART_SLOT) {
			uint32_t at = (uint32_t)out->len;

			buf_append(marks, &at, sizeof(at));
		} else {
			struct each_text text = part_text(template, part, item);

			buf_append(out, text.text, text.len);
		}
	}
	buf_append_char(out, '\0');
}
