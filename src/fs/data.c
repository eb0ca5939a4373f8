/* SPDX-License-Identifier: MIT */
#include "fs/data.h"

#include <errno.h>
#include <unistd.h>

static ssize_t read_at(int fd, char *buffer, size_t size, off_t at)
{
	ssize_t n;

	do
		n = pread(fd, buffer, size, at);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int write_at(int fd, const char *data, size_t size, off_t at)
{
	while (size) {
		ssize_t n = pwrite(fd, data, size, at);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		data += n;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Copies from *at up to end or the end of the file, whichever is first; *at
 * is moved along. Returns 1 when the file ended, 0 when end was reached. */
static int copy_range(const struct data_io *io, int src_fd, int dst_fd,
                      off_t *at, off_t end, struct fault *fault)
{
	while (*at < end) {
		size_t want =
			(size_t)min_u64(DATA_BUFFER, (uint64_t)(end - *at));
		ssize_t n = read_at(src_fd, io->buffer, want, *at);

		if (n < 0)
			return fault_src(fault, "cannot read", (int)n);
		if (n == 0)
			return 1;
		int rc = write_at(dst_fd, io->buffer, (size_t)n, *at);
		if (rc < 0)
			return fault_dst(fault, "cannot write", rc);
		*at += n;
		if (io->progress && !io->progress(io->ctx, (uint64_t)n))
			return fault_src(fault, "interrupted", -ECANCELED);
	}
	return 0;
}

static bool is_unsupported(int err)
{
	return err == EINVAL || err == EOPNOTSUPP || err == ENOTTY;
}

/* From hole to hole. A file system without SEEK_DATA reports the whole file
 * as data (lseek(2)), or refuses. *at ends behind the last data. Returns 1
 * when a read said that the file ended there. */
static int copy_extents(const struct data_io *io, int src_fd, int dst_fd,
                        off_t *at, struct fault *fault)
{
	for (;;) {
		off_t data = lseek(src_fd, *at, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			return 0;
		if (data < 0 && is_unsupported(errno))
			return copy_range(io, src_fd, dst_fd, at, INT64_MAX,
			                  fault);
		if (data < 0)
			return fault_src(fault, "cannot find data", -errno);
		off_t hole = lseek(src_fd, data, SEEK_HOLE);
		if (hole < 0)
			return fault_src(fault, "cannot find holes", -errno);
		*at = data;
		int rc = copy_range(io, src_fd, dst_fd, at, hole, fault);
		if (rc != 0)
			return rc;
	}
}

int data_copy(const struct data_io *io, int src_fd, int dst_fd,
              const struct meta *src, struct fault *fault)
{
	bool looks_sparse = src->blocks * 512 < src->size;
	off_t at = 0;
	int rc;

	if (!looks_sparse) {
		rc = copy_range(io, src_fd, dst_fd, &at, INT64_MAX, fault);
		return rc < 0 ? rc : 0;
	}
	rc = copy_extents(io, src_fd, dst_fd, &at, fault);
	/* What was read to its end is whole, whatever its size is said to be:
	 * files of sysfs say 4096. */
	if (rc != 0)
		return rc < 0 ? rc : 0;
	/* The trailing hole. */
	off_t size = lseek(src_fd, 0, SEEK_END);
	if (size < 0)
		return fault_src(fault, "cannot find the end", -errno);
	if (at < size && ftruncate(dst_fd, size) < 0)
		return fault_dst(fault, "cannot set size", -errno);
	return 0;
}
