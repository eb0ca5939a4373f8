/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/fd.h"

#include <fcntl.h>
#include <sys/mman.h>

#define MIB ((size_t)1 << 20)

static void note_signal(int signal_number)
{
	(void)signal_number;
}

/* A child that writes in three pieces, with a signal to us before each. */
static pid_t write_in_pieces(int fd)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (int i = 0; i < 3; i++) {
		CHECK_INT(kill(getppid(), SIGUSR1), 0);
		CHECK_INT(write(fd, "abc", 3), 3);
	}
	_exit(0);
}

CASE(read_collects_what_comes_in_pieces)
{
	struct sigaction action = {.sa_handler = note_signal};
	char data[20];
	int fds[2], status;

	CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
	CHECK_INT(pipe(fds), 0);
	pid_t pid = write_in_pieces(fds[1]);
	close(fds[1]);
	CHECK_INT(fd_read_full(fds[0], data, 5), 5);
	CHECK(memcmp(data, "abcab", 5) == 0);
	CHECK_INT(fd_read_full(fds[0], data, sizeof(data)), 4);
	CHECK(memcmp(data, "cabc", 4) == 0);
	CHECK_INT(fd_read_full(fds[0], data, sizeof(data)), 0);

	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	CHECK_INT(fd_read_full(fds[0], data, 0), 0);
	close(fds[0]);
}

CASE(write_fills_a_pipe_again_and_again)
{
	char *data = calloc(1, MIB), *back = malloc(MIB);
	int fds[2], status;

	CHECK(data && back);
	for (size_t i = 0; i < MIB; i++)
		data[i] = (char)(i ^ i >> 8);
	CHECK_INT(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(fds[0]);
		_exit(fd_write_full(fds[1], data, MIB) != 0);
	}
	close(fds[1]);
	CHECK_INT(fd_read_full(fds[0], back, MIB), MIB);
	CHECK(memcmp(data, back, MIB) == 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);

	close(fds[0]);
	free(data);
	free(back);
}

CASE(errors_come_back)
{
	char data[4];
	int fds[2];

	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	CHECK_INT(fd_read_full(-1, data, sizeof(data)), -EBADF);
	CHECK_INT(fd_write_full(-1, data, sizeof(data)), -EBADF);
	CHECK_INT(pipe(fds), 0);
	close(fds[0]);
	CHECK_INT(fd_write_full(fds[1], "x", 1), -EPIPE);
	CHECK_INT(fd_write_full(fds[1], NULL, 0), 0);
	close(fds[1]);
}

CASE(full_device_is_an_error)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		SKIP("no /dev/full");
	CHECK_INT(fd_write_full(fd, "x", 1), -ENOSPC);
	CHECK_INT(fd_close_checked(fd), 0);
}

CASE(close_gives_minus_one_and_takes_it)
{
	int fd = memfd_create("test", MFD_CLOEXEC), copy = fd;

	CHECK(fd >= 0);
	fd = fd_close(fd);
	CHECK_INT(fd, -1);
	CHECK_INT(fcntl(copy, F_GETFD), -1);
	CHECK_INT(fd_close(fd), -1);
}

CASE(checked_close_says_what_went_wrong)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	CHECK_INT(fd_close_checked(fd), 0);
	CHECK_INT(fd_close_checked(fd), -EBADF);
	CHECK_INT(fd_close_checked(-1), 0);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
