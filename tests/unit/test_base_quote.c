/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/quote.h"

static void expect(const char *name, size_t len, const char *want)
{
	struct buf out = {0};

	quote_name(&out, name, len);
	CHECK_STR(out.data, want);
	CHECK_INT(quote_is_plain(name, len), strcmp(name, want) == 0);
	buf_release(&out);
}

#define EXPECT(name, want) expect(name, sizeof(name) - 1, want)

CASE(safe_names_are_shown_as_they_are)
{
	EXPECT("plain", "plain");
	EXPECT("with blank", "with blank");
	EXPECT("it's $HOME\\n", "it's $HOME\\n");
	EXPECT("\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9");
	EXPECT("\xe2\x82\xac", "\xe2\x82\xac");
	EXPECT("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
}

CASE(empty_name_is_plain)
{
	struct buf out = {0};

	CHECK(quote_is_plain("", 0));
	quote_name(&out, "", 0);
	CHECK_INT(out.len, 0);
	buf_release(&out);
}

CASE(control_characters_are_escaped)
{
	EXPECT("a\nb", "$'a\\nb'");
	EXPECT("\t\r", "$'\\t\\r'");
	EXPECT("\x1b[2J", "$'\\x1b[2J'");
	EXPECT("\x7f", "$'\\x7f'");
	EXPECT("\x01", "$'\\x01'");
}

CASE(c1_controls_and_direction_overrides_are_escaped)
{
	/* U+009B is an escape sequence's start to some terminals. */
	EXPECT("\xc2\x9b", "$'\\xc2\\x9b'");
	EXPECT("\xc2\xa0", "\xc2\xa0");
	EXPECT("a\xe2\x80\xae", "$'a\\xe2\\x80\\xae'");
	EXPECT("\xe2\x81\xa6", "$'\\xe2\\x81\\xa6'");
	EXPECT("\xe2\x80\xa8", "$'\\xe2\\x80\\xa8'");
	EXPECT("\xe2\x80\xa7", "\xe2\x80\xa7");
}

CASE(quotes_and_backslashes_are_escaped_inside_quotes_only)
{
	EXPECT("a'b\\c\n", "$'a\\'b\\\\c\\n'");
	EXPECT("\n\xc3\xa9", "$'\\n\xc3\xa9'");
}

CASE(what_is_not_utf8_is_escaped)
{
	EXPECT("\xff", "$'\\xff'");
	EXPECT("a\xc3", "$'a\\xc3'");
	EXPECT("\xc0\xaf", "$'\\xc0\\xaf'");
	EXPECT("\xed\xa0\x80", "$'\\xed\\xa0\\x80'");
	EXPECT("\x80", "$'\\x80'");
}

CASE(length_bounds_what_is_read)
{
	CHECK_INT(quote_utf8_len("\xe2\x82\xac", 2), 0);
	CHECK_INT(quote_utf8_len("\xe2\x82\xac", 3), 3);
	CHECK_INT(quote_utf8_len("", 0), 0);
	CHECK(quote_is_plain("a\nb", 1));
	CHECK(!quote_is_plain("a\nb", 2));
}

CASE(utf8_sequences_by_the_table)
{
	CHECK_INT(quote_utf8_len("A", 1), 1);
	CHECK_INT(quote_utf8_len("\xc2\x80", 2), 2);
	CHECK_INT(quote_utf8_len("\xc1\xbf", 2), 0);
	CHECK_INT(quote_utf8_len("\xe0\xa0\x80", 3), 3);
	CHECK_INT(quote_utf8_len("\xe0\x9f\xbf", 3), 0);
	CHECK_INT(quote_utf8_len("\xed\x9f\xbf", 3), 3);
	CHECK_INT(quote_utf8_len("\xf0\x90\x80\x80", 4), 4);
	CHECK_INT(quote_utf8_len("\xf0\x8f\xbf\xbf", 4), 0);
	CHECK_INT(quote_utf8_len("\xf4\x8f\xbf\xbf", 4), 4);
	CHECK_INT(quote_utf8_len("\xf4\x90\x80\x80", 4), 0);
	CHECK_INT(quote_utf8_len("\xf5\x80\x80\x80", 4), 0);
	CHECK_INT(quote_utf8_len("\xe2\x28\xa1", 3), 0);
	CHECK_INT(quote_utf8_len("\xe2\x82\x28", 3), 0);
}

/* Asks bash to read back what was quoted: all bytes but NUL, alone and
 * between others. */
CASE(bash_reads_back_the_same_bytes)
{
	char name[600], back[600];
	size_t len = 0;

	for (int c = 1; c < 256; c++) {
		name[len++] = (char)c;
		name[len++] = 'x';
	}
	struct buf command = {0};
	buf_append_str(&command, "bash -c \"printf %s ");
	struct buf quoted = {0};
	quote_name(&quoted, name, len);
	/* Protected a second time from the shell that runs bash. */
	for (size_t i = 0; i < quoted.len; i++) {
		if (strchr("\"\\$`", quoted.data[i]))
			buf_append_char(&command, '\\');
		buf_append_char(&command, quoted.data[i]);
	}
	buf_append_char(&command, '"');
	FILE *file = popen(command.data, "re");
	CHECK(file != NULL);
	CHECK_INT(fread(back, 1, sizeof(back), file), len);
	CHECK_INT(pclose(file), 0);

	CHECK(memcmp(name, back, len) == 0);
	buf_release(&command);
	buf_release(&quoted);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
