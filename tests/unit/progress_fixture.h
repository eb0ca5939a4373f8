/* SPDX-License-Identifier: MIT */
/* tests/unit/progress_fixture.h - a clock, tallies and a terminal for tests of
 * cli/progress.h
 *
 * Model     the clock stands still until pass_ms; the terminal is a pseudo-
 *           terminal of any width that hands over bytes as they are written */
#ifndef TESTS_PROGRESS_FIXTURE_H
#define TESTS_PROGRESS_FIXTURE_H

#include "base/fd.h"
#include "base/mono.h"
#include "check.h"
#include "cli/progress.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>

#define MIB (UINT64_C(1) << 20)
#define END "\x04" /* ends what shown() reads; no line holds it */

static int64_t now_ns = 1000 * NS_PER_S;

UNUSED static int64_t fake_clock(void)
{
	return now_ns;
}

UNUSED static void pass_ms(int64_t ms)
{
	now_ns += ms * NS_PER_MS;
}

struct terminal {
	int master;
	int slave;
	char text[1 << 16];
};

UNUSED static void set_columns(struct terminal *terminal, unsigned columns)
{
	struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = 24};

	CHECK_INT(ioctl(terminal->slave, TIOCSWINSZ, &size), 0);
}

UNUSED static struct terminal *open_terminal(unsigned columns)
{
	static struct terminal terminal;
	struct termios modes;

	CHECK_INT(openpty(&terminal.master, &terminal.slave, NULL, NULL, NULL),
	          0);
	CHECK_INT(tcgetattr(terminal.slave, &modes), 0);
	cfmakeraw(&modes);
	CHECK_INT(tcsetattr(terminal.slave, TCSANOW, &modes), 0);
	set_columns(&terminal, columns);
	mono_set_clock(fake_clock);
	return &terminal;
}

/* What the terminal was sent since the last call. */
UNUSED static const char *shown(struct terminal *terminal)
{
	size_t len = 0;

	CHECK_INT(fd_write_full(terminal->slave, END, 1), 0);
	do {
		ssize_t n = read(terminal->master, terminal->text + len,
		                 sizeof(terminal->text) - len);
		CHECK(n > 0);
		len += (size_t)n;
	} while (terminal->text[len - 1] != END[0]);
	terminal->text[len - 1] = '\0';
	return terminal->text;
}

UNUSED static struct tally half_done(void)
{
	return (struct tally){
		.is_final = true,
		.n_total = 4000,
		.n_done = 2000,
		.bytes_total = 800 * MIB,
		.bytes_done = 400 * MIB,
		.bytes_copied = 400 * MIB,
	};
}

UNUSED static struct tally all_done(void)
{
	struct tally tally = half_done();

	tally.n_done = tally.n_total;
	tally.bytes_done = tally.bytes_copied = tally.bytes_total;
	return tally;
}

/* The number of a shown text's first percent sign, in hundredths; the rest
 * behind it in *rest. -1: there is none. */
UNUSED static int next_percent(const char *text, const char **rest)
{
	const char *sign = strstr(text, " %");
	const char *start = sign;

	if (!sign)
		return -1;
	while (start > text && strchr("0123456789.", start[-1]))
		start--;
	CHECK(sign - start >= 4);
	CHECK(sign[-3] == '.');
	*rest = sign + 2;
	return atoi(start) * 100 + atoi(sign - 2);
}

#endif
