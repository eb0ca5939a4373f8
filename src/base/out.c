/* SPDX-License-Identifier: MIT */
#include "base/out.h"

#include "base/fd.h"
#include "base/mono.h"
#include "base/signals.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static bool is_writable(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	/* Where poll is refused nobody can tell. */
	return poll(&ready, 1, 0) != 0;
}

/* What can be written without waiting, or -EAGAIN. The flag of the descriptor is
 * shared with others, so it is not touched; where the call for once cannot be
 * used, as many bytes as a pipe that is ready takes at once. */
static ssize_t write_now(int fd, const char *data, size_t size)
{
	struct iovec part = {(void *)(uintptr_t)data, size};
	ssize_t n = pwritev2(fd, &part, 1, -1, RWF_NOWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR && errno != EPIPE) {
		if (!is_writable(fd))
			return -EAGAIN;
		n = write(fd, data, min_size(size, PIPE_BUF));
	}
	return n < 0 ? -errno : n;
}

struct patience {
	int signal_fd;
	int64_t deadline_ns;
};

/* False when a signal has come, and its time is over. */
static bool wait_for_reader(int fd, struct patience *patience)
{
	const struct timespec pause = {.tv_nsec = 5 * NS_PER_MS};
	struct pollfd ready[] = {{fd, POLLOUT, 0},
	                         {patience->signal_fd, POLLIN, 0}};
	int n = poll(ready, ARRAY_LEN(ready),
	             mono_left_ms(patience->deadline_ns));

	if (n < 0 && errno != EINTR)
		(void)nanosleep(&pause, NULL);
	if (n > 0 && ready[1].revents) {
		patience->signal_fd = -1;
		patience->deadline_ns =
			signals_note_stop() + OUT_GRACE_MS * NS_PER_MS;
	}
	return n != 0;
}

static bool is_file(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

int out_write(int fd, const void *data, size_t size)
{
	int64_t heard_ns = signals_heard_ns();
	struct patience patience = {
		.signal_fd = signals_stop_fd(),
		.deadline_ns = heard_ns ? heard_ns + OUT_GRACE_MS * NS_PER_MS
	                                : MONO_NEVER};
	size_t done = 0;

	if (is_file(fd))
		return fd_write_full(fd, data, size);
	while (done < size) {
		ssize_t n =
			write_now(fd, (const char *)data + done, size - done);

		if (n >= 0)
			done += (size_t)n;
		else if (n == -EAGAIN && !wait_for_reader(fd, &patience))
			return -EINTR;
		else if (n != -EAGAIN && n != -EINTR)
			return (int)n;
	}
	return 0;
}
