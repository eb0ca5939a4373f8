/* SPDX-License-Identifier: MIT */
#include "fs/bytes.h"

#include <errno.h>
#include <unistd.h>

static ssize_t read_next(int fd, char *buffer, size_t size, off_t *passed)
{
	ssize_t n;

	do
		n = read(fd, buffer, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*passed += n;
	return n;
}

ssize_t bytes_read(int fd, char *buffer, size_t size, off_t at, off_t *passed)
{
	ssize_t n;

	do
		n = pread(fd, buffer, size, at);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == ESPIPE && at == *passed)
		return read_next(fd, buffer, size, passed);
	return n < 0 ? -errno : n;
}

static int write_next(int fd, const char *data, size_t size, off_t *passed)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		*passed += n;
		size -= (size_t)n;
	}
	return 0;
}

static int write_zeros(int fd, off_t until, off_t *passed)
{
	static const char zeros[4096];
	int rc = 0;

	while (rc == 0 && *passed < until) {
		size_t n = (size_t)min_u64(sizeof(zeros),
		                           (uint64_t)(until - *passed));

		rc = write_next(fd, zeros, n, passed);
	}
	return rc;
}

static int write_in_turn(int fd, const char *data, size_t size, off_t at,
                         off_t *passed)
{
	int rc = at < *passed ? -ESPIPE : write_zeros(fd, at, passed);

	return rc < 0 ? rc : write_next(fd, data, size, passed);
}

int bytes_write(int fd, const char *data, size_t size, off_t at, off_t *passed)
{
	while (size) {
		ssize_t n = pwrite(fd, data, size, at);

		if (n < 0 && errno == ESPIPE)
			return write_in_turn(fd, data, size, at, passed);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}
