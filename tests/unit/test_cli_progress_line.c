/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "cli/columns.h"
#include "cli/each_report.h"
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
	          "\r50.00 %  2,000 of 4,000 files  400.0 MiB of 800.0 MiB  "
	          "40.0 MiB/s  ETA 0:10  src/name");
}

/* Half of what is known to be there is done, and half of all is known. */
static struct tally half_walked(void)
{
	struct tally tally = half_done();

	tally.is_final = false;
	tally.walked = 0.5;
	tally.n_operands = 1;
	return tally;
}

/* An estimate is shown when it has held for a while. */
static void let_hold(struct terminal *terminal, struct progress *progress,
                     const struct tally *tally, const char *name)
{
	for (int i = 0; i < 3; i++) {
		(void)shown(terminal);
		pass_ms(4000);
		progress_tick(progress, tally, name);
	}
}

CASE(growing_totals_are_at_least_and_the_rest_is_estimated)
{
	struct terminal *terminal = open_terminal(120);
	struct progress progress;
	struct tally tally = half_walked();

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	let_hold(terminal, &progress, &tally, "src/name");

	CHECK_STR(shown(terminal),
	          "\r~25.00 %  2,000 of 4,000+ files  400.0 MiB of at least "
	          "800.0 MiB  33.3 MiB/s  ETA ~0:36  src/name");
}

CASE(time_left_is_that_of_the_estimate)
{
	struct terminal *terminal = open_terminal(120);
	struct progress progress;
	struct tally tally = half_walked();

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	let_hold(terminal, &progress, &tally, "");
	tally.n_done++;
	tally.bytes_done += tally.bytes_done / 2;
	tally.bytes_copied = tally.bytes_done;
	pass_ms(2000);
	progress_tick(&progress, &tally, "");
	CHECK(strstr(shown(terminal), "  ETA ~0:"));

	/* So little is known that nothing is said. */
	tally.walked = 0.01;
	pass_ms(1000);
	progress_tick(&progress, &tally, "");
	CHECK(!strstr(shown(terminal), "ETA"));
}

CASE(an_estimate_has_to_hold)
{
	struct percent percent;
	struct tally low = half_walked(), high = half_walked();

	low.walked = 0.25;
	high.walked = 1;
	percent_init(&percent, 0);
	percent_note(&percent, &high, 100 * NS_PER_MS);
	CHECK_INT(percent.permyriad, 0);
	for (int i = 2; i <= 20; i++)
		percent_note(&percent, &low, i * 100 * NS_PER_MS);
	CHECK_INT(percent.permyriad, 1250);
	/* A peak counts for nothing, what stays does. */
	percent_note(&percent, &high, 2100 * NS_PER_MS);
	percent_note(&percent, &low, 2200 * NS_PER_MS);
	CHECK_INT(percent.permyriad, 1250);
	for (int i = 23; i <= 40; i++)
		percent_note(&percent, &high, i * 100 * NS_PER_MS);
	CHECK_INT(percent.permyriad, 5000);
	/* It never goes back; what is known is shown at once. */
	percent_note(&percent, &low, 4100 * NS_PER_MS);
	CHECK_INT(percent.permyriad, 5000);
	high.n_done = 3500;
	high.is_final = true;
	percent_note(&percent, &high, 4200 * NS_PER_MS);
	CHECK(percent.permyriad > 5000);
}

CASE(narrow_terminals_keep_what_matters)
{
	static const struct {
		unsigned columns;
		bool is_final;
		const char *want;
	} rows[] = {
		{5, true, "\r"},
		{8, true, "\r50.00 %"},
		{8, false, "\r"},
		{9, false, "\r~25.00 %"},
		{19, true, "\r50.00 %  400.0 MiB"},
		{20, false, "\r~25.00 %  400.0 MiB"},
		{24, true, "\r50.00 %  2,000 files"},
		{34, false, "\r~25.00 %  2,000 of 4,000+ files"},
		{41, true, "\r50.00 %  2,000 of 4,000 files  400.0 MiB"},
		{60, true,
	         "\r50.00 %  2,000 of 4,000 files  400.0 MiB of 800.0 MiB"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct terminal *terminal = open_terminal(rows[i].columns);
		struct progress progress;
		struct tally tally = half_walked();

		tally.is_final = rows[i].is_final;
		progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
		let_hold(terminal, &progress, &tally, "src/name");
		CHECK_STR(shown(terminal), rows[i].want);
	}
}

/* Whether text is one of the parts of all, or the end of a name there. */
static bool is_part(const char *text, const char *all)
{
	const char *at = strstr(all, text);
	size_t len = strlen(text);

	if (strncmp(text, "...", 3) == 0)
		return strcmp(text + 3, all + strlen(all) - len + 3) == 0;
	if (strcmp(text, "2,000 files") == 0 || strcmp(text, "2,000 done") == 0)
		return true;
	/* Bytes without a total are the front of a part. */
	return at && (at == all || at[-1] == ' ') &&
	       (at[len] == '\0' || at[len] == ' ');
}

/* All widths of the line that render makes. */
static void check_widths(progress_render_fn *render, const struct tally *tally,
                         const char *name, bool has_percent)
{
	struct progress progress;
	struct buf all = {0}, line = {0};

	mono_set_clock(fake_clock);
	progress_init(&progress, PROGRESS_NEVER, -1);
	percent_end(&progress.percent, tally);
	render(&progress, tally, name, SIZE_MAX, &all);
	for (size_t columns = 10; columns <= 200; columns++) {
		buf_truncate(&line, 0);
		render(&progress, tally, name, columns, &line);
		char *rest = line.data, *part;
		CHECK(columns_of(line.data, line.len) <= columns);
		CHECK(!has_percent || strstr(line.data, " %"));
		rest += strspn(rest, " ");
		while (rest) {
			part = rest;
			rest = strstr(rest, "  ");
			if (rest) {
				*rest = '\0';
				rest += 2;
			}
			CHECK(is_part(part, all.data));
		}
	}
	buf_release(&all);
	buf_release(&line);
}

CASE(at_each_width_there_are_whole_parts_only)
{
	static const char name[] = "some/deep/directory/and/its/file.c";
	struct tally walked = half_walked(), done = half_done();

	check_widths(progress_render, &walked, name, true);
	check_widths(progress_render, &done, name, true);
	check_widths(progress_render, &done, "", true);
	check_widths(each_report_line, &done, name, true);
	check_widths(each_report_line, &walked, name, false);
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
	          "\r50.00 %  2,000 of 4,000 files  400.0 MiB of 800.0 MiB  "
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
	          "\r50.00 %  2,000 of 4,000 files  400.0 MiB of 800.0 MiB  "
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
	for (unsigned columns = 10; columns <= 200; columns++) {
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
			CHECK((strchr(text, '~') != NULL) == !tally.is_final);
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
	struct tally tally = {.n_total = 1, .n_operands = 1};
	int last = 0;

	progress_init(&progress, PROGRESS_ALWAYS, terminal->slave);
	for (int i = 0; i < 3000; i++) {
		const char *rest;

		/* The walk finds in bursts, the copy goes on steadily. */
		if (i % 100 == 0 && i < 2000)
			tally.n_total += 1000;
		tally.is_final = i >= 2000;
		tally.walked = i / 2500.0;
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
	CHECK_STR(shown(terminal), "\r50.00 %  400.0 MiB");
	progress_clear(&progress);
	CHECK_STR(shown(terminal), "\r                  \r");
	progress_clear(&progress);
	CHECK_STR(shown(terminal), "");
	pass_ms(100);
	progress_tick(&progress, &tally, "");
	CHECK_STR(shown(terminal), "\r50.00 %  400.0 MiB");
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
