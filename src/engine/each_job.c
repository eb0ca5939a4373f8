/* SPDX-License-Identifier: MIT */
#include "engine/each_job.h"

#include "base/quote.h"

#include <string.h>

void each_job_arguments(const struct each_record *record, unsigned slot,
                        struct buf *out)
{
	const uint32_t *marks = (const void *)(record + 1);
	const char *bytes = (const void *)(marks + record->n_marks);
	size_t at = 0;

	for (size_t i = 0; i < record->n_marks; i++) {
		buf_append(out, bytes + at, marks[i] - at);
		buf_printf(out, "%u", slot);
		at = marks[i];
	}
	buf_append(out, bytes + at, record->size - at);
}

static bool is_safe(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("_-+=./:,@%", c));
}

static void append_quoted(struct buf *out, const char *text, size_t len)
{
	size_t n_safe = 0;

	while (n_safe < len && is_safe(text[n_safe]))
		n_safe++;
	if (n_safe == len && len > 0) {
		buf_append(out, text, len);
		return;
	}
	buf_append_char(out, '\'');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\'')
			buf_append_str(out, "'\\''");
		else
			buf_append_char(out, text[i]);
	}
	buf_append_char(out, '\'');
}

static void append_shown(struct buf *out, const char *text, size_t len)
{
	if (quote_is_plain(text, len))
		append_quoted(out, text, len);
	else
		quote_name(out, text, len);
}

/* As a format of printf(1): octal where a terminal or the format would make
 * something else of the byte. */
static void append_format(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c > '~' || strchr("%\\'", c) ||
		    (c == '-' && i == 0))
			buf_printf(out, "\\%03o", c);
		else
			buf_append_char(out, (char)c);
	}
}

/* $(..) drops the newlines at its end, so they stand behind it. */
static void append_script(struct buf *out, const char *text, size_t len)
{
	size_t end = len;

	if (quote_is_plain(text, len)) {
		append_quoted(out, text, len);
		return;
	}
	while (end > 0 && text[end - 1] == '\n')
		end--;
	if (end > 0) {
		buf_append_str(out, "\"$(printf '");
		append_format(out, text, end);
		buf_append_str(out, "')\"");
	}
	if (end < len)
		append_quoted(out, text + end, len - end);
}

static void append_all(const char *arguments, size_t n, struct buf *out,
                       void (*append)(struct buf *out, const char *text,
                                      size_t len))
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(arguments);

		if (i > 0)
			buf_append_char(out, ' ');
		append(out, arguments, len);
		arguments += len + 1;
	}
}

void each_job_quote(const char *arguments, size_t n, struct buf *out)
{
	append_all(arguments, n, out, append_quoted);
}

void each_job_text(const struct each_record *record, unsigned slot,
                   struct buf *out)
{
	struct buf bytes = {0};

	each_job_arguments(record, slot, &bytes);
	each_job_quote(bytes.data, record->n_arguments, out);
	buf_release(&bytes);
}

void each_job_show(const struct each_record *record, unsigned slot,
                   struct buf *out)
{
	struct buf bytes = {0};

	each_job_arguments(record, slot, &bytes);
	append_all(bytes.data, record->n_arguments, out, append_shown);
	buf_release(&bytes);
}

void each_job_script(const struct each_record *record, unsigned slot,
                     struct buf *out)
{
	struct buf bytes = {0};

	each_job_arguments(record, slot, &bytes);
	append_all(bytes.data, record->n_arguments, out, append_script);
	buf_release(&bytes);
}

const void *each_job_extra(const struct each_record *record)
{
	size_t at = sizeof(*record) + record->n_marks * sizeof(uint32_t) +
	            record->size;

	return (const char *)record + align_up(at, EACH_EXTRA_ALIGN);
}
