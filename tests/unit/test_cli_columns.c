/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "cli/columns.h"

#include <locale.h>

#define ZHONG  "\xe4\xb8\xad" /* two columns */
#define E_MARK "e\xcc\x81"    /* e and a combining accent: one */
#define UMLAUT "\xc3\xbc"     /* one */
#define HEART  "\xe2\x9d\xa4" /* one, or two with the selector behind it */
#define VS16   "\xef\xb8\x8f"

static void use_utf8(void)
{
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		SKIP("no C.UTF-8 locale");
}

static size_t width(const char *text)
{
	return columns_of(text, strlen(text));
}

static void check_fit(const char *text, size_t columns, const char *want)
{
	struct buf out = {0};

	buf_append_str(&out, "");
	columns_fit(&out, text, strlen(text), columns);
	CHECK_STR(out.data, want);
	CHECK(columns_of(out.data, out.len) <= columns);
	buf_release(&out);
}

CASE(ascii_is_one_column_each)
{
	use_utf8();

	CHECK_INT(width(""), 0);
	CHECK_INT(width("plain text"), 10);
}

CASE(width_follows_the_terminal_in_utf8)
{
	use_utf8();

	CHECK_INT(width(UMLAUT), 1);
	CHECK_INT(width(ZHONG ZHONG), 4);
	CHECK_INT(width(E_MARK), 1);
	CHECK_INT(width(HEART VS16), 2);
}

CASE(unknown_characters_count_as_wide)
{
	use_utf8();

	CHECK_INT(width("\xef\xb7\x90"), 2); /* U+FDD0, never assigned */
}

CASE(every_byte_counts_in_other_locales)
{
	CHECK_INT(width(UMLAUT), 2);
	CHECK_INT(width(ZHONG), 3);
}

CASE(what_fits_stays_whole)
{
	use_utf8();

	check_fit("abcdef", 6, "abcdef");
	check_fit(ZHONG ZHONG, 4, ZHONG ZHONG);
	check_fit("", 0, "");
}

CASE(what_is_too_wide_keeps_its_end)
{
	use_utf8();

	check_fit("abcdef", 5, "...ef");
	check_fit("abcdef", 4, "...f");
	check_fit("abcdef", 3, "");
	check_fit("abcdef", 0, "");
}

CASE(no_character_is_cut)
{
	use_utf8();

	check_fit(ZHONG ZHONG ZHONG, 5, "..." ZHONG);
	check_fit(ZHONG ZHONG ZHONG, 4, "...");
	check_fit("ab" E_MARK E_MARK, 3, "");
	check_fit("abc" E_MARK E_MARK, 4, "..." E_MARK);
}

CASE(no_width_is_exceeded_by_any_mixture)
{
	static const char text[] =
		"a/" ZHONG UMLAUT "b" E_MARK ZHONG "/" HEART VS16 "c" ZHONG;

	use_utf8();

	for (size_t columns = 0; columns < 30; columns++) {
		struct buf out = {0};

		columns_fit(&out, text, sizeof(text) - 1, columns);
		CHECK(columns_of(out.data, out.len) <= columns);
		buf_release(&out);
	}
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
