/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "cli/progress.h"
#include "progress_fixture.h"

#include <sys/mman.h>

static int open_file(void)
{
	int fd = memfd_create("progress", MFD_CLOEXEC);

	CHECK(fd >= 0);
	mono_set_clock(fake_clock);
	return fd;
}

static const char *written(int fd)
{
	static char text[1 << 20];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	CHECK(n >= 0);
	text[n] = '\0';
	return text;
}

CASE(a_file_gets_a_line_for_each_percent)
{
	int fd = open_file();
	struct progress progress;
	struct tally tally = half_done();
	const char *rest;
	int last = -1, n_lines = 0, percent;

	progress_init(&progress, PROGRESS_ALWAYS, fd);
	for (uint64_t i = 0; i <= 1000; i++) {
		tally.n_done = i * 4;
		tally.bytes_done = tally.bytes_copied = i * MIB;
		progress_tick(&progress, &tally, "name");
		pass_ms(10);
	}
	progress_end(&progress, &tally);

	rest = written(fd);
	CHECK(!strchr(rest, '\r'));
	CHECK(!strchr(rest, '\x1b'));
	while ((percent = next_percent(rest, &rest)) >= 0) {
		CHECK(percent / 100 > last / 100 || last < 0);
		last = percent;
		n_lines++;
	}
	CHECK_INT(n_lines, 101);
	CHECK_INT(last, 10000);
	CHECK_STR(strrchr(rest, '\n'), "\n");
	(void)fd_close(fd);
}

CASE(a_file_gets_a_line_after_five_seconds_in_any_case)
{
	int fd = open_file();
	struct progress progress;
	struct tally tally = half_done();
	size_t n_lines = 0;

	progress_init(&progress, PROGRESS_ALWAYS, fd);
	for (int i = 0; i <= 200; i++) {
		progress_tick(&progress, &tally, "name");
		pass_ms(100);
	}

	for (const char *c = written(fd); *c; c++)
		n_lines += *c == '\n';
	CHECK_INT(n_lines, 5);
	(void)fd_close(fd);
}

CASE(a_plain_line_is_like_that_of_a_terminal)
{
	int fd = open_file();
	struct progress progress;
	struct tally tally = half_done();

	progress_init(&progress, PROGRESS_ALWAYS, fd);
	pass_ms(10000);
	progress_tick(&progress, &tally, "new\nline");

	CHECK_STR(written(fd),
	          "50.00 %  2,000 of 4,000 files  400.0 MiB of 800.0 MiB  "
	          "40.0 MiB/s  ETA 0:10  $'new\\nline'\n");
	(void)fd_close(fd);
}

CASE(auto_and_never_write_nothing_into_a_file)
{
	static const enum progress_mode modes[] = {PROGRESS_AUTO,
	                                           PROGRESS_NEVER};

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		int fd = open_file();
		struct progress progress;
		struct tally tally = all_done();

		progress_init(&progress, modes[i], fd);
		pass_ms(1000);
		progress_tick(&progress, &tally, "name");
		progress_end(&progress, &tally);
		CHECK_STR(written(fd), "");
		(void)fd_close(fd);
	}
}

CASE(never_draws_nothing_on_a_terminal)
{
	struct terminal *terminal = open_terminal(80);
	struct progress progress;
	struct tally tally = all_done();

	progress_init(&progress, PROGRESS_NEVER, terminal->slave);
	pass_ms(1000);
	progress_tick(&progress, &tally, "name");
	progress_end(&progress, &tally);

	CHECK_STR(shown(terminal), "");
}

CASE(auto_draws_on_a_terminal_that_is_not_the_session_s)
{
	struct terminal *terminal = open_terminal(19);
	struct progress progress;
	struct tally tally = half_done();

	progress_init(&progress, PROGRESS_AUTO, terminal->slave);
	pass_ms(1000);
	progress_tick(&progress, &tally, "name");

	CHECK_STR(shown(terminal), "\r50.00 %  400.0 MiB");
}

/* Ticks twice in a process in the background of the terminal's session: with
 * auto and with always. */
static void tick_in_background(struct terminal *terminal)
{
	static const enum progress_mode modes[] = {PROGRESS_AUTO,
	                                           PROGRESS_ALWAYS};
	struct tally tally = half_done();

	CHECK_INT(setpgid(0, 0), 0);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct progress progress;

		progress_init(&progress, modes[i], terminal->slave);
		pass_ms(1000);
		progress_tick(&progress, &tally, "name");
		CHECK_INT(fd_write_full(terminal->slave, "|", 1), 0);
	}
}

static void wait_for(pid_t pid)
{
	int status;

	CHECK(pid > 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

/* The line is drawn in the foreground, whose group leads the session. */
static void run_session(struct terminal *terminal)
{
	CHECK(setsid() > 0);
	CHECK_INT(ioctl(terminal->slave, TIOCSCTTY, 0), 0);
	pid_t pid = fork();
	if (pid == 0) {
		tick_in_background(terminal);
		_exit(0);
	}
	wait_for(pid);
}

CASE(auto_is_silent_in_the_background)
{
	struct terminal *terminal = open_terminal(19);
	pid_t pid = fork();

	if (pid == 0) {
		run_session(terminal);
		/* A leader that leaves hangs up its terminal. */
		CHECK_STR(shown(terminal), "|\r50.00 %  400.0 MiB|");
		_exit(0);
	}
	wait_for(pid);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
