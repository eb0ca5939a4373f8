/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "cli/columns.h"
#include "cli/progress.h"
#include "progress_fixture.h"

#include <locale.h>

CASE(terminal_shows_all_there_is)
{
	struct terminal *terminal = open_terminal(120);
	struct progress progress;
	struct tally tally = half_done();

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	pass_ms(10000);
	progress_tick(&progress, &tally, "src/name");

	CHECK_STR(shown(terminal),
	          "\r50.00 %  400.0 MiB of 800.0 MiB  2,000 of 4,000 files  "
	          "40.0 MiB/s  ETA 0:10  src/name");
}

CASE(growing_totals_are_at_least)
{
	struct terminal *terminal = open_terminal(120);
	struct progress progress;
	struct tally tally = half_done();

	tally.is_final = false;
	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	pass_ms(10000);
	progress_tick(&progress, &tally, "src/name");

	/* No time left is known, and half of what is known is a quarter. */
	CHECK_STR(shown(terminal),
	          "\r25.00 %  400.0 MiB of at least 800.0 MiB  "
	          "2,000 of 4,000+ files  40.0 MiB/s  src/name");
}

CASE(narrow_terminals_keep_what_matters)
{
	static const struct {
		unsigned columns;
		bool is_final;
		const char *want;
	} rows[] = {
		{19, true, "\r50.00 %  ETA 0:10"},
		{20, false, "\r25.00 %  at least"},
		{24, true, "\r50.00 %  of 800.0 MiB"},
		{34, false, "\r25.00 %  of at least 800.0 MiB"},
		{40, true, "\r50.00 %  400.0 MiB of 800.0 MiB"},
		{60, true,
	         "\r50.00 %  400.0 MiB of 800.0 MiB  2,000 of 4,000 files"},
		{5, true, "\r"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct terminal *terminal = open_terminal(rows[i].columns);
		struct progress progress;
		struct tally tally = half_done();

		tally.is_final = rows[i].is_final;
		progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
		pass_ms(10000);
		progress_tick(&progress, &tally, "src/name");
		CHECK_STR(shown(terminal), rows[i].want);
	}
}

CASE(names_are_shortened_at_the_front)
{
	struct terminal *terminal = open_terminal(100);
	struct progress progress;
	struct tally tally = half_done();

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	pass_ms(10000);
	progress_tick(&progress, &tally, "some/deep/directory/and/its/file.c");

	CHECK_STR(shown(terminal),
	          "\r50.00 %  400.0 MiB of 800.0 MiB  2,000 of 4,000 files  "
	          "40.0 MiB/s  ETA 0:10  ...tory/and/its/file.c");
}

CASE(names_never_reach_the_terminal_raw)
{
	struct terminal *terminal = open_terminal(120);
	struct progress progress;
	struct tally tally = half_done();

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	pass_ms(10000);
	progress_tick(&progress, &tally, "a\n\x1b[2J\xff");

	CHECK(strstr(shown(terminal), "  $'a\\n\\x1b[2J\\xff'"));
}

CASE(an_unknown_width_is_80)
{
	struct terminal *terminal = open_terminal(0);
	struct progress progress;
	struct tally tally = half_done();

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	pass_ms(10000);
	progress_tick(&progress, &tally, "a");

	CHECK_STR(shown(terminal),
	          "\r50.00 %  400.0 MiB of 800.0 MiB  2,000 of 4,000 files  "
	          "40.0 MiB/s  ETA 0:10");
}

CASE(no_line_is_wider_than_its_terminal)
{
	static const char *const names[] = {
		"", "short", "a/long/name/of/many/parts/that/goes/on/and/on.c",
		"\xe4\xb8\xad\xe4\xb8\xad/\xc3\xbc\xe4\xb8\xad\xe4\xb8\xad",
		"with\nnewline/and/\x01\x02\x03"};
	struct terminal *terminal = open_terminal(80);
	struct progress progress;
	struct tally tally = {.is_final = false};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	for (unsigned columns = 20; columns <= 200; columns++) {
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			set_columns(terminal, columns);
			tally.n_total = tally.n_total * 17 / 16 + 20;
			tally.n_done += (tally.n_total - tally.n_done) / 3;
			tally.bytes_total = tally.n_total * 12345;
			tally.bytes_done = tally.n_done * 12345;
			tally.bytes_copied = tally.bytes_done;
			tally.is_final = columns % 2;
			pass_ms(100);
			progress_tick(&progress, &tally, names[i]);
			const char *text = shown(terminal);
			CHECK(text[0] == '\r');
			CHECK(columns_of(text + 1, strlen(text + 1)) < columns);
			CHECK(!strchr(text, '\n'));
			CHECK((strstr(text, "at least") != NULL) ==
			      !tally.is_final);
		}
	}
}

CASE(a_shorter_line_covers_the_longer_one_before_it)
{
	struct terminal *terminal = open_terminal(120);
	struct progress progress;
	struct tally tally = half_done();

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	pass_ms(10000);
	progress_tick(&progress, &tally, "longest");
	(void)shown(terminal);
	pass_ms(100);
	progress_tick(&progress, &tally, "long");

	const char *text = shown(terminal);
	CHECK_STR(text + strlen(text) - 7, "long   ");
}

CASE(percentage_never_goes_back_though_totals_grow)
{
	struct terminal *terminal = open_terminal(80);
	struct progress progress;
	struct tally tally = {.n_total = 1};
	int last = 0;

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	for (int i = 0; i < 3000; i++) {
		const char *rest;

		/* The walk finds in bursts, the copy goes on steadily. */
		if (i % 100 == 0 && i < 2000)
			tally.n_total += 1000;
		tally.is_final = i >= 2000;
		tally.n_done += tally.n_done < tally.n_total ? 7 : 0;
		if (tally.n_done > tally.n_total)
			tally.n_done = tally.n_total;
		pass_ms(100);
		progress_tick(&progress, &tally, "");
		int percent = next_percent(shown(terminal), &rest);
		CHECK(percent >= last);
		CHECK(percent < 10000);
		last = percent;
	}
	CHECK_INT(last, 9999);
}

CASE(hundred_percent_appears_once_at_the_end)
{
	struct terminal *terminal = open_terminal(80);
	struct progress progress;
	struct tally tally = all_done();
	const char *rest;

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	pass_ms(10000);
	progress_tick(&progress, &tally, "");
	CHECK_INT(next_percent(shown(terminal), &rest), 9999);
	progress_end(&progress, &tally);
	CHECK_INT(next_percent(shown(terminal), &rest), 10000);
	CHECK_INT(next_percent(rest, &rest), -1);

	/* The line is gone, and nothing comes after it. */
	CHECK_INT(rest[strlen(rest) - 1], '\r');
	pass_ms(1000);
	progress_tick(&progress, &tally, "");
	progress_end(&progress, &tally);
	CHECK_STR(shown(terminal), "");
}

CASE(an_interrupted_run_shows_no_hundred)
{
	struct terminal *terminal = open_terminal(80);
	struct progress progress;
	struct tally tally = all_done();

	tally.signal_number = SIGINT;
	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	pass_ms(10000);
	progress_tick(&progress, &tally, "");
	progress_end(&progress, &tally);

	CHECK(!strstr(shown(terminal), "100.00"));
}

CASE(an_unfinished_run_shows_no_hundred)
{
	struct terminal *terminal = open_terminal(80);
	struct progress progress;
	struct tally tally = half_done();

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	progress_end(&progress, &tally);
	CHECK_STR(shown(terminal), "");

	tally = all_done();
	tally.is_final = false;
	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	progress_end(&progress, &tally);
	CHECK_STR(shown(terminal), "");
}

CASE(ten_redraws_a_second_at_most)
{
	struct terminal *terminal = open_terminal(80);
	struct progress progress;
	struct tally tally = half_done();
	const char *rest = NULL;
	int n_drawn = 0;

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	for (int ms = 0; ms < 10000; ms++) {
		progress_tick(&progress, &tally, "");
		pass_ms(1);
	}

	for (rest = shown(terminal); next_percent(rest, &rest) >= 0;)
		n_drawn++;
	CHECK(n_drawn <= 101);
	CHECK(n_drawn >= 99);
}

CASE(ticks_that_waver_are_not_skipped_in_turn)
{
	struct terminal *terminal = open_terminal(80);
	struct progress progress;
	struct tally tally = half_done();
	const char *rest = NULL;
	int n_drawn = 0;

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	for (int i = 0; i < 100; i++) {
		pass_ms(i % 2 ? 103 : 97);
		progress_tick(&progress, &tally, "");
	}

	for (rest = shown(terminal); next_percent(rest, &rest) >= 0;)
		n_drawn++;
	CHECK_INT(n_drawn, 100);
}

CASE(clear_blanks_the_line_until_the_next_tick)
{
	struct terminal *terminal = open_terminal(19);
	struct progress progress;
	struct tally tally = half_done();

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	progress_clear(&progress);
	CHECK_STR(shown(terminal), "");
	pass_ms(10000);
	progress_tick(&progress, &tally, "");
	CHECK_STR(shown(terminal), "\r50.00 %  ETA 0:10");
	progress_clear(&progress);
	CHECK_STR(shown(terminal), "\r                 \r");
	progress_clear(&progress);
	CHECK_STR(shown(terminal), "");
	pass_ms(100);
	progress_tick(&progress, &tally, "");
	CHECK_STR(shown(terminal), "\r50.00 %  ETA 0:10");
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
