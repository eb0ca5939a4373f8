/* SPDX-License-Identifier: MIT */
#include "base/quote.h"

#include <string.h>

/* The well-formed sequences of the Unicode standard, table 3-7: no overlong
 * forms, no surrogates, nothing above U+10FFFF. */
size_t quote_utf8_len(const char *text, size_t len)
{
	const unsigned char *byte = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t need;

	if (len == 0)
		return 0;
	if (byte[0] < 0x80)
		return 1;
	if (byte[0] >= 0xc2 && byte[0] <= 0xdf)
		need = 2;
	else if (byte[0] >= 0xe0 && byte[0] <= 0xef)
		need = 3;
	else if (byte[0] >= 0xf0 && byte[0] <= 0xf4)
		need = 4;
	else
		return 0;
	if (byte[0] == 0xe0)
		low = 0xa0;
	else if (byte[0] == 0xed)
		high = 0x9f;
	else if (byte[0] == 0xf0)
		low = 0x90;
	else if (byte[0] == 0xf4)
		high = 0x8f;
	if (len < need || byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++) {
		if (byte[i] < 0x80 || byte[i] > 0xbf)
			return 0;
	}
	return need;
}

/* Control characters: C0, DEL, and C1 (U+0080 to U+009F), which some
 * terminals obey; also the bidirectional overrides that reorder a line. */
static bool is_control(const char *text, size_t len)
{
	const unsigned char *byte = (const unsigned char *)text;

	if (len == 1)
		return byte[0] < 0x20 || byte[0] == 0x7f;
	if (len == 2)
		return byte[0] == 0xc2 && byte[1] < 0xa0;
	if (len == 3 && byte[0] == 0xe2)
		return (byte[1] == 0x80 && byte[2] >= 0xa8 &&
		        byte[2] <= 0xae) ||
		       (byte[1] == 0x81 && byte[2] >= 0xa6 && byte[2] <= 0xa9);
	return false;
}

bool quote_is_plain(const char *name, size_t len)
{
	while (len) {
		size_t step = quote_utf8_len(name, len);

		if (step == 0 || is_control(name, step))
			return false;
		name += step;
		len -= step;
	}
	return true;
}

static void quote_byte(struct buf *out, char c)
{
	switch (c) {
	case '\n':
		buf_append_str(out, "\\n");
		break;
	case '\t':
		buf_append_str(out, "\\t");
		break;
	case '\r':
		buf_append_str(out, "\\r");
		break;
	case '\\':
		buf_append_str(out, "\\\\");
		break;
	case '\'':
		buf_append_str(out, "\\'");
		break;
	default:
		buf_printf(out, "\\x%02x", (unsigned)(unsigned char)c);
	}
}

void quote_name(struct buf *out, const char *name, size_t len)
{
	if (quote_is_plain(name, len)) {
		buf_append(out, name, len);
		return;
	}
	buf_append_str(out, "$'");
	while (len) {
		size_t step = quote_utf8_len(name, len);

		if (step && !is_control(name, step) && *name != '\\' &&
		    *name != '\'') {
			buf_append(out, name, step);
		} else {
			step = step ? step : 1;
			for (size_t i = 0; i < step; i++)
				quote_byte(out, name[i]);
		}
		name += step;
		len -= step;
	}
	buf_append_char(out, '\'');
}
