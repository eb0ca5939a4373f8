/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/out.h"
#include "base/signals.h"

#include <fcntl.h>

static int ends[2];

static void begin(int flags)
{
	CHECK_INT(pipe2(ends, flags), 0);
	CHECK(signals_open(SIGNALS_OF_COPY) >= 0);
}

/* A child that reads all after a moment, and ends with 0 if it was so much. */
static pid_t read_late(size_t size)
{
	pid_t pid = fork();
	size_t n = 0;
	char data[1000];
	ssize_t got;

	if (pid != 0)
		return pid;
	close(ends[1]);
	CHECK_INT(fcntl(ends[0], F_SETFL, 0), 0);
	usleep(50000);
	while ((got = read(ends[0], data, sizeof(data))) > 0)
		n += (size_t)got;
	_exit(n == size ? 0 : 1);
}

static void writes_all(int flags)
{
	const size_t size = 300000;
	char *data = calloc(1, size);
	int status;

	begin(flags);
	CHECK(data);
	pid_t pid = read_late(size);
	CHECK_INT(out_write(ends[1], data, size), 0);
	close(ends[1]);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	free(data);
}

CASE(all_is_written_to_a_slow_reader)
{
	writes_all(0);
}

CASE(a_descriptor_that_would_block_is_waited_for)
{
	writes_all(O_NONBLOCK);
}

CASE(a_signal_ends_the_wait_for_a_reader)
{
	char data[100000] = {0};

	begin(0);
	CHECK_INT(kill(getpid(), SIGTERM), 0);
	CHECK_INT(out_write(ends[1], data, sizeof(data)), -EINTR);
	CHECK(signals_heard_ns() > 0);
	/* Its time is over. */
	CHECK_INT(out_write(ends[1], data, 1), -EINTR);
}

CASE(other_signals_do_not)
{
	const size_t size = 100000;
	char *data = calloc(1, size);

	begin(0);
	CHECK(data);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	pid_t pid = read_late(size);
	CHECK_INT(out_write(ends[1], data, size), 0);
	CHECK_INT(signals_heard_ns(), 0);
	CHECK_INT(kill(pid, SIGKILL), 0);
	free(data);
}

CASE(a_reader_that_is_gone_is_an_error)
{
	begin(0);
	close(ends[0]);
	CHECK_INT(out_write(ends[1], "x", 1), -EPIPE);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
