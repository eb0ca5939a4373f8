/* SPDX-License-Identifier: MIT */
#include "base/fd.h"

#include <errno.h>
#include <unistd.h>

ssize_t fd_read_full(int fd, void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)data + done, size - done);

		if (n == 0)
			break;
		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			return -errno;
	}
	return (ssize_t)done;
}

int fd_write_full(int fd, const void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = write(fd, (const char *)data + done, size - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int fd_epoll_wait(int fd, struct epoll_event *events, int n, int timeout_ms)
{
	int rc = epoll_wait(fd, events, n, timeout_ms);

	if (rc < 0 && errno != EINTR)
		rc = epoll_pwait(fd, events, n, timeout_ms, NULL);
	return rc;
}

int fd_close(int fd)
{
	/* Nothing was written through it, so there is nothing to lose. */
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

int fd_close_checked(int fd)
{
	/* Linux frees the descriptor before it can be interrupted: a retry
	 * could close somebody else's (close(2)). */
	if (fd >= 0 && close(fd) < 0 && errno != EINTR)
		return -errno;
	return 0;
}
