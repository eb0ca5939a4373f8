/* SPDX-License-Identifier: MIT */
#include "cli/option_table.h"

#include <string.h>

#define HELP_COLUMN 30

static void help_row(struct buf *out, const struct option_row *row)
{
	size_t start = out->len;

	if (row->letter)
		buf_printf(out, "  -%c", row->letter);
	else
		buf_append_str(out, "    ");
	if (row->name)
		buf_printf(out, "%s--%s", row->letter ? ", " : "  ", row->name);
	if (row->value_rule == VALUE_OPTIONAL)
		buf_printf(out, "[=%s]", row->value_name);
	else if (row->value_rule == VALUE_NEEDED)
		buf_printf(out, "%c%s", row->name ? '=' : ' ', row->value_name);
	for (const char *line = row->help; *line;) {
		size_t len = strcspn(line, "\n");

		while (out->len - start < HELP_COLUMN)
			buf_append_char(out, ' ');
		buf_append(out, line, len);
		buf_append_char(out, '\n');
		start = out->len;
		line += len + (line[len] == '\n');
	}
}

void option_help_rows(struct buf *out, const struct option_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		help_row(out, &rows[i]);
}

void options_help(struct buf *out)
{
	buf_append_str(
		out,
		"Usage: pcopy [OPTION]... SRC DST     make DST a copy of SRC\n"
		"       pcopy [OPTION]... SRC... DIR/ put a copy of each SRC "
		"into DIR\n"
		"       pcopy --each PATH... -- COMMAND... run COMMAND for "
		"each file\n"
		"       pcopy --map SRC DST -- COMMAND...  make DST by "
		"COMMAND\n"
		"Copies directories, files and symlinks with their metadata, "
		"many at a time.\n"
		"Run it again to bring the copy up to date; what is unchanged "
		"is left alone.\n\n"
		"Options stand anywhere on the line; -- ends them.\n");
	option_help_rows(out, option_table, OPTION_ROWS);
	buf_append_str(
		out,
		"\nExit status: 0 all done, 1 some entries failed, 2 wrong "
		"usage or not started,\n3 copied but not all as asked, 5 "
		"refused to be safe, 128+n stopped by signal n.\n");
}
