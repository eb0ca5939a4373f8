/* SPDX-License-Identifier: MIT */
#include "engine/each_csv.h"

#include <string.h>

/* The state behind the byte, which ends no record. */
static enum each_csv_state step(enum each_csv_state state, char separator,
                                char byte)
{
	if (state == EACH_CSV_QUOTED)
		return byte == '"' ? EACH_CSV_QUOTE : EACH_CSV_QUOTED;
	if (byte == separator)
		return EACH_CSV_START;
	return byte == '"' && state != EACH_CSV_PLAIN ? EACH_CSV_QUOTED
	                                              : EACH_CSV_PLAIN;
}

size_t each_csv_end(enum each_csv_state *state, char separator,
                    const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n' && *state != EACH_CSV_QUOTED) {
			*state = EACH_CSV_START;
			return i;
		}
		*state = step(*state, separator, data[i]);
	}
	return len;
}

/* Quotes around a field are none of its text, but the second of two is. */
static bool is_text(enum each_csv_state before, char byte)
{
	if (byte != '"')
		return true;
	return before == EACH_CSV_PLAIN || before == EACH_CSV_QUOTE;
}

bool each_csv_next(struct each_text *record, char separator, struct buf *out)
{
	enum each_csv_state state = EACH_CSV_START;

	if (!record->text)
		return false;
	for (size_t i = 0; i < record->len; i++) {
		char byte = record->text[i];

		if (byte == separator && state != EACH_CSV_QUOTED) {
			record->text += i + 1;
			record->len -= i + 1;
			return true;
		}
		if (out && is_text(state, byte))
			buf_append_char(out, byte);
		state = step(state, separator, byte);
	}
	*record = (struct each_text){0};
	return true;
}

void each_csv_field(struct each_text record, char separator, size_t k,
                    struct buf *out)
{
	while (k > 1 && each_csv_next(&record, separator, NULL))
		k--;
	(void)each_csv_next(&record, separator, out);
}

size_t each_csv_count(struct each_text record, char separator)
{
	size_t n = 0;

	while (each_csv_next(&record, separator, NULL))
		n++;
	return n;
}

size_t each_csv_find(struct each_text record, char separator,
                     struct each_text text, size_t *k)
{
	struct buf field = {0};
	size_t n = 0;

	for (size_t i = 1; each_csv_next(&record, separator, &field); i++) {
		bool is_same = field.len == text.len &&
		               (text.len == 0 ||
		                memcmp(field.data, text.text, text.len) == 0);

		if (is_same && ++n == 1)
			*k = i;
		buf_truncate(&field, 0);
	}
	buf_release(&field);
	return n;
}
