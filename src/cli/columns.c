/* SPDX-License-Identifier: MIT */
#include "cli/columns.h"

#include "base/quote.h"

#include <langinfo.h>
#include <string.h>
#include <wchar.h>

#define MARK "..."

/* Turns the base character before it into a picture of two columns. */
#define VARIATION_SELECTOR_16 0xfe0f

/* The character of a valid sequence of len bytes. */
static wchar_t decode(const char *text, size_t len)
{
	static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (unsigned char)text[0] & lead_bits[len];

	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)text[i] & 0x3f);
	return (wchar_t)c;
}

/* Never less than what a terminal makes of it: a character that the C library
 * does not know yet may be a wide one. */
static size_t width_of(const char *text, size_t len, bool is_utf8)
{
	if (len == 1)
		return 1;
	if (!is_utf8)
		return len;
	wchar_t c = decode(text, len);
	int width = wcwidth(c);
	if (c == VARIATION_SELECTOR_16)
		return 1;
	return width < 0 ? 2 : (size_t)width;
}

static bool locale_is_utf8(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the locale stays as it is */
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Bytes of the next character; a stray byte is one. */
static size_t step_of(const char *text, size_t len)
{
	size_t step = quote_utf8_len(text, len);

	return step ? step : 1;
}

size_t columns_of(const char *text, size_t len)
{
	bool is_utf8 = locale_is_utf8();
	size_t columns = 0;

	while (len) {
		size_t step = step_of(text, len);

		columns += width_of(text, step, is_utf8);
		text += step;
		len -= step;
	}
	return columns;
}

void columns_fit(struct buf *out, const char *text, size_t len, size_t columns)
{
	bool is_utf8 = locale_is_utf8();
	size_t width = columns_of(text, len);

	if (width <= columns) {
		buf_append(out, text, len);
		return;
	}
	if (columns <= strlen(MARK))
		return;
	columns -= strlen(MARK);
	/* Also past what has no width of its own, such as an accent that
	 * would sit on the mark. */
	while (len && (width > columns ||
	               width_of(text, step_of(text, len), is_utf8) == 0)) {
		size_t step = step_of(text, len);

		width -= width_of(text, step, is_utf8);
		text += step;
		len -= step;
	}
	buf_append_str(out, MARK);
	buf_append(out, text, len);
}
