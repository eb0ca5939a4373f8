/* SPDX-License-Identifier: MIT */
#include "cli/line.h"

#include "base/quote.h"
#include "cli/columns.h"

#include <string.h>

#define GAP          "  "
#define NAME_COLUMNS 8u /* less than that of a name says nothing */

struct line line_begin(struct buf *out, size_t columns)
{
	return (struct line){out, out->len, columns};
}

static bool is_empty(const struct line *line)
{
	return line->out->len == line->start;
}

/* For one more part. */
static size_t columns_left(const struct line *line)
{
	size_t used;

	if (is_empty(line))
		return line->columns;
	used = columns_of(line->out->data + line->start,
	                  line->out->len - line->start) +
	       strlen(GAP);
	return line->columns > used ? line->columns - used : 0;
}

static void add_gap(struct line *line)
{
	if (!is_empty(line))
		buf_append_str(line->out, GAP);
}

bool line_add(struct line *line, const char *text)
{
	if (columns_of(text, strlen(text)) > columns_left(line))
		return false;
	add_gap(line);
	buf_append_str(line->out, text);
	return true;
}

void line_add_name(struct line *line, const char *name)
{
	size_t left = columns_left(line);
	struct buf quoted = {0};

	if (!*name || left < NAME_COLUMNS)
		return;
	quote_name(&quoted, name, strlen(name));
	add_gap(line);
	columns_fit(line->out, quoted.data, quoted.len, left);
	buf_release(&quoted);
}
