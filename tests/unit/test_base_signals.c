/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/signals.h"

#include <fcntl.h>
#include <poll.h>

static bool is_blocked(int signal_number)
{
	sigset_t set;

	CHECK_INT(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	return sigismember(&set, signal_number);
}

static void (*handler_of(int signal_number))(int)
{
	struct sigaction action;

	CHECK_INT(sigaction(signal_number, NULL, &action), 0);
	return action.sa_handler;
}

/* How a child that runs the function ends: exit code or -signal. */
static int end_of(void (*run)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		run();
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

CASE(stop_signals_are_read_and_not_delivered)
{
	const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	int fd = signals_open(SIGNALS_OF_COPY);

	CHECK(fd >= 0);
	CHECK_INT(signals_read(fd), 0);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};

		CHECK_INT(kill(getpid(), signals[i]), 0);
		CHECK_INT(poll(&ready, 1, -1), 1);
		CHECK_INT(signals_read(fd), signals[i]);
		CHECK_INT(signals_read(fd), 0);
	}
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

CASE(ignored_signal_stays_ignored)
{
	CHECK(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	int fd = signals_open(SIGNALS_OF_COPY);

	CHECK(fd >= 0);
	CHECK(!is_blocked(SIGHUP));
	CHECK(is_blocked(SIGINT));
	CHECK_INT(kill(getpid(), SIGHUP), 0);
	CHECK_INT(signals_read(fd), 0);
	signals_reset();
	CHECK(handler_of(SIGHUP) == SIG_IGN);
	close(fd);
}

CASE(sigpipe_is_an_error_of_write)
{
	int fds[2], fd = signals_open(SIGNALS_OF_COPY);

	CHECK(fd >= 0);
	CHECK_INT(pipe(fds), 0);
	close(fds[0]);
	CHECK_INT(write(fds[1], "x", 1), -1);
	CHECK_INT(errno, EPIPE);
	close(fds[1]);
	close(fd);
}

static void open_and_reraise(void)
{
	int fd = signals_open(SIGNALS_OF_COPY);

	CHECK(fd >= 0);
	CHECK_INT(kill(getpid(), SIGTERM), 0);
	signals_reraise(signals_read(fd));
}

static void reraise_ignored(void)
{
	CHECK(signal(SIGINT, SIG_IGN) != SIG_ERR);
	signals_reraise(SIGINT);
}

CASE(reraised_signal_ends_the_process)
{
	CHECK_INT(end_of(open_and_reraise), -SIGTERM);
	CHECK_INT(end_of(reraise_ignored), -SIGINT);
}

static void note_signal(int signal_number)
{
	(void)signal_number;
}

CASE(reset_makes_everything_default)
{
	CHECK(signal(SIGINT, note_signal) != SIG_ERR);
	int fd = signals_open(SIGNALS_OF_COPY);

	CHECK(fd >= 0);
	signals_reset();
	CHECK(!is_blocked(SIGINT));
	CHECK(!is_blocked(SIGTERM));
	CHECK(handler_of(SIGINT) == SIG_DFL);
	CHECK(handler_of(SIGPIPE) == SIG_DFL);
	close(fd);
}

CASE(child_keeps_them_blocked)
{
	int fd = signals_open(SIGNALS_OF_COPY), status;

	CHECK(fd >= 0);
	pid_t pid = fork();
	if (pid == 0)
		_exit(!is_blocked(SIGINT) || !is_blocked(SIGTERM));
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	close(fd);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
