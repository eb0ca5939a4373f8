/* SPDX-License-Identifier: MIT */
#include "fs/data.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Below this, copying the bytes costs no more than sharing the blocks
 * (docs/decisions.md has the figures). */
#define CLONE_MIN (UINT64_C(16) * 1024)

/* Zero runs of this length, at multiples of it, become holes. */
#define HOLE_UNIT ((size_t)4096)

struct copying {
	struct data_io *io;
	int src_fd, dst_fd;
	off_t at;         /* copied so far */
	bool makes_holes; /* of zero runs */
	struct fault *fault;
};

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

/* All bytes are zero: the first is, and each equals the one before it. */
static bool is_zero(const char *data, size_t size)
{
	return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

/* The length of the run at data that is all zero units, or none. */
static size_t run_length(const char *data, size_t size, bool *is_hole)
{
	size_t at = 0;

	while (at < size) {
		size_t unit = min_size(HOLE_UNIT, size - at);
		bool zero = is_zero(data + at, unit);

		if (at == 0)
			*is_hole = zero;
		else if (zero != *is_hole)
			break;
		at += unit;
	}
	return at;
}

static int write_around_holes(const struct copying *copying, size_t size)
{
	const char *data = copying->io->buffer;
	off_t at = copying->at;

	while (size) {
		bool is_hole = false;
		size_t run = run_length(data, size, &is_hole);
		int rc = is_hole ? 0 : write_at(copying->dst_fd, data, run, at);

		if (rc < 0)
			return rc;
		data += run;
		at += (off_t)run;
		size -= run;
	}
	return 0;
}

/* Copies up to end or the end of the file, whichever is first. Returns 1 when
 * the file ended, 0 when end was reached. */
static int copy_range(struct copying *copying, off_t end)
{
	struct data_io *io = copying->io;

	while (copying->at < end) {
		size_t want = (size_t)min_u64(DATA_BUFFER,
		                              (uint64_t)(end - copying->at));
		ssize_t n =
			read_at(copying->src_fd, io->buffer, want, copying->at);

		if (n < 0)
			return fault_src(copying->fault, "cannot read", (int)n);
		if (n == 0)
			return 1;
		int rc = copying->makes_holes
		                 ? write_around_holes(copying, (size_t)n)
		                 : write_at(copying->dst_fd, io->buffer,
		                            (size_t)n, copying->at);
		if (rc < 0)
			return fault_dst(copying->fault, "cannot write", rc);
		copying->at += n;
		if (io->progress && !io->progress(io->ctx, (uint64_t)n))
			return fault_src(copying->fault, "interrupted",
			                 -ECANCELED);
	}
	return 0;
}

static bool is_unsupported(int err)
{
	return err == EINVAL || err == EOPNOTSUPP || err == ENOTTY;
}

/* From hole to hole. A file system without SEEK_DATA reports the whole file as
 * data (lseek(2)), or refuses. Returns 1 when a read said that the file ended:
 * it is whole then, whatever its size is said to be (files of sysfs say 4096). */
static int copy_extents(struct copying *copying)
{
	for (;;) {
		off_t data = lseek(copying->src_fd, copying->at, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			break;
		if (data < 0 && is_unsupported(errno))
			return copy_range(copying, INT64_MAX);
		if (data < 0)
			return fault_src(copying->fault, "cannot find data",
			                 -errno);
		off_t hole = lseek(copying->src_fd, data, SEEK_HOLE);
		if (hole < 0)
			return fault_src(copying->fault, "cannot find holes",
			                 -errno);
		copying->at = data;
		int rc = copy_range(copying, hole);
		if (rc != 0)
			return rc;
	}
	/* What is left is a hole. */
	off_t size = lseek(copying->src_fd, 0, SEEK_END);
	if (size < 0)
		return fault_src(copying->fault, "cannot find the end", -errno);
	if (size > copying->at)
		copying->at = size;
	return 0;
}

static bool is_known_unshared(const struct data_io *io, uint64_t src_dev,
                              uint64_t dst_dev)
{
	for (size_t i = 0; i < DATA_PAIRS && i < io->n_unshared; i++) {
		if (io->unshared[i].src_dev == src_dev &&
		    io->unshared[i].dst_dev == dst_dev)
			return true;
	}
	return false;
}

static void note_unshared(struct data_io *io, uint64_t src_dev,
                          uint64_t dst_dev)
{
	io->unshared[io->n_unshared++ % DATA_PAIRS] =
		(struct data_pair){src_dev, dst_dev};
}

/* 1 shared, 0 copy the bytes, negative when that is final. */
static int clone(const struct copying *copying, const struct meta *src,
                 uint64_t dst_dev)
{
	struct data_io *io = copying->io;
	bool must = io->reflink == REFLINK_ALWAYS;

	if (io->reflink == REFLINK_NEVER || io->sparse != SPARSE_AUTO)
		return 0;
	if (!must &&
	    (src->size < CLONE_MIN || is_known_unshared(io, src->dev, dst_dev)))
		return 0;
	if (src->size == 0)
		return 0;
	if (ioctl(copying->dst_fd, FICLONE, copying->src_fd) == 0)
		return 1;
	int err = errno;
	switch (err) {
	case EXDEV:
	case EOPNOTSUPP:
	case ENOTTY:
	case ENOSYS:
		note_unshared(io, src->dev, dst_dev);
		break;
	/* Of this one file only: a swap file, differing flags, a seccomp
	 * filter, files of no blocks (ioctl_ficlone(2)). */
	case EINVAL:
	case EPERM:
	case EACCES:
	case ETXTBSY:
	case EBADF:
		break;
	default:
		return fault_dst(copying->fault, "cannot share blocks", -err);
	}
	return must ? fault_dst(copying->fault, "cannot share blocks", -err)
	            : 0;
}

static int set_size(const struct copying *copying, off_t size)
{
	if (ftruncate(copying->dst_fd, size) == 0)
		return 0;
	return fault_dst(copying->fault, "cannot set size", -errno);
}

static int copy_bytes(struct copying *copying, const struct meta *src)
{
	bool looks_sparse = src->blocks * 512 < src->size &&
	                    copying->io->sparse != SPARSE_NEVER;
	bool has_holes = looks_sparse || copying->makes_holes;

	/* The size first: what XFS sets aside for a file that grows would fill
	 * the holes. */
	if (has_holes && set_size(copying, (off_t)src->size) < 0)
		return -copying->fault->err;
	int rc = looks_sparse ? copy_extents(copying)
	                      : copy_range(copying, INT64_MAX);
	if (rc < 0)
		return rc;
	return has_holes ? set_size(copying, copying->at) : 0;
}

int data_copy(struct data_io *io, int src_fd, int dst_fd,
              const struct meta *src, uint64_t dst_dev, struct fault *fault)
{
	struct copying copying = {
		.io = io,
		.src_fd = src_fd,
		.dst_fd = dst_fd,
		.makes_holes = io->sparse == SPARSE_ALWAYS,
		.fault = fault,
	};
	int rc = clone(&copying, src, dst_dev);

	if (rc == 0)
		return copy_bytes(&copying, src);
	if (rc > 0 && io->progress && !io->progress(io->ctx, src->size))
		return fault_src(fault, "interrupted", -ECANCELED);
	return rc < 0 ? rc : 0;
}
