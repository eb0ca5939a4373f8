/* SPDX-License-Identifier: MIT */
#include "fs/data.h"

#include "fs/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Zero runs of this length, at multiples of it, become holes. */
#define HOLE_UNIT ((size_t)4096)

/* From here on the kernel is faster at copying than a buffer. */
#define KERNEL_MIN 16384

/* Room for files of this size is asked for in one piece. */
#define ALLOCATE_MIN ((off_t)8 << 20)

static ssize_t read_at(struct data_file *file, size_t size)
{
	return bytes_read(file->src_fd, file->io->buffer, size, file->at,
	                  &file->src_passed);
}

static int write_at(struct data_file *file, const char *data, size_t size,
                    off_t at)
{
	return bytes_write(file->dst_fd, data, size, at, &file->dst_passed);
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

static int write_around_holes(struct data_file *file, size_t size)
{
	const char *data = file->io->buffer;
	off_t at = file->at;

	while (size) {
		bool is_hole = false;
		size_t run = run_length(data, size, &is_hole);
		int rc = is_hole ? 0 : write_at(file, data, run, at);

		if (rc < 0)
			return rc;
		data += run;
		at += (off_t)run;
		size -= run;
	}
	return 0;
}

/* Returns the bytes read and written, 0 at the end of the file. */
static ssize_t copy_by_buffer(struct data_file *file, uint64_t room)
{
	ssize_t n = read_at(file, (size_t)min_u64(DATA_BUFFER, room));

	if (n < 0)
		return fault_src(file->fault, "cannot read", (int)n);
	int rc = file->makes_holes ? write_around_holes(file, (size_t)n)
	                           : write_at(file, file->io->buffer, (size_t)n,
	                                      file->at);
	return rc < 0 ? fault_dst(file->fault, "cannot write", rc) : n;
}

/* The kernel does not say on which side it failed. */
static ssize_t kernel_failed(struct data_file *file, int err)
{
	ssize_t n = read_at(file, DATA_BUFFER);

	if (n < 0)
		return fault_src(file->fault, "cannot read", (int)n);
	return fault_dst(file->fault, "cannot write", -err);
}

/* Returns the bytes copied, 0 when it is to be done by buffer: also at what
 * may be the end, as some files say 0 that have content
 * (copy_file_range(2), BUGS). */
static ssize_t copy_by_kernel(struct data_file *file, uint64_t room)
{
	size_t want = (size_t)min_u64(DATA_BUFFER, room);
	off_t src_at = file->at, dst_at = file->at;
	ssize_t n = copy_file_range(file->src_fd, &src_at, file->dst_fd,
	                            &dst_at, want, 0);

	if (n >= 0)
		return n;
	switch (errno) {
	case EIO:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return kernel_failed(file, errno);
	case EINTR:
	case EAGAIN:
		return 0;
	default: /* not supported, or forbidden: it has many names */
		file->route->has_kernel_copy = false;
		return 0;
	}
}

/* Who shares the destination with another process reads by himself: a kernel
 * that copies holds the inode while it reads. */
static bool wants_kernel(const struct data_file *file)
{
	return file->route->has_kernel_copy && file->is_alone &&
	       !file->makes_holes && file->size >= KERNEL_MIN &&
	       file->at < file->size;
}

/* A read that could have returned more, and ended where the file ended when it
 * was opened, has met its end, where files are what they seem to be. A read of
 * its own would say no more; that the size is still that is seen afterwards, by
 * who compares times. */
static bool has_met_end(const struct data_file *file, ssize_t n, uint64_t room)
{
	return file->route->ends_short && file->at == file->size &&
	       (uint64_t)n < min_u64(DATA_BUFFER, room);
}

/* Copies up to end or the end of the file, whichever is first. Returns 1 when
 * the file ended, 0 when end was reached. */
static int copy_range(struct data_file *file, off_t end)
{
	const struct data_io *io = file->io;

	while (file->at < end) {
		uint64_t room = (uint64_t)(end - file->at);
		ssize_t n = wants_kernel(file) ? copy_by_kernel(file, room) : 0;
		bool is_read = n == 0;

		if (is_read)
			n = copy_by_buffer(file, room);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return 1;
		file->at += n;
		if (io->progress && !io->progress(io->ctx, (uint64_t)n))
			return fault_src(file->fault, "interrupted",
			                 -ECANCELED);
		if (is_read && has_met_end(file, n, room))
			return 1;
	}
	return 0;
}

/* What is left before end is a hole. */
static int skip_hole(struct data_file *file, off_t end)
{
	off_t size = lseek(file->src_fd, 0, SEEK_END);

	if (size < 0)
		return copy_range(file, end);
	if (size > file->at)
		file->at = size < end ? size : end;
	return size < end;
}

/* A data extent at or behind file->at: 1 found, 0 there is none, negative when
 * that cannot be asked here. */
static int next_extent(const struct data_file *file, off_t *data, off_t *hole)
{
	*data = lseek(file->src_fd, file->at, SEEK_DATA);
	if (*data < 0)
		return errno == ENXIO ? 0 : -errno;
	*hole = lseek(file->src_fd, *data, SEEK_HOLE);
	return *hole < 0 ? -errno : 1;
}

/* From hole to hole, up to end. A file system without SEEK_DATA reports the
 * whole file as data (lseek(2)), or refuses: then all is read. Returns 1 when a
 * read said that the file ended: it is whole then, whatever its size is said to
 * be (files of sysfs say 4096). */
static int copy_extents(struct data_file *file, off_t end)
{
	off_t data = 0, hole = 0;

	while (file->at < end) {
		int found = next_extent(file, &data, &hole);

		if (found == 0)
			return skip_hole(file, end);
		if (found < 0 && fault_is_disk(found))
			return fault_src(file->fault, "cannot find data",
			                 found);
		if (found < 0)
			return copy_range(file, end);
		file->at = data < end ? data : end;
		int rc = copy_range(file, hole < end ? hole : end);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* 1 shared, 0 copy the bytes, negative when that is final. */
static int clone(const struct data_file *file)
{
	const struct data_io *io = file->io;
	bool must = io->reflink == REFLINK_ALWAYS;

	if (io->reflink == REFLINK_NEVER || io->sparse != SPARSE_AUTO)
		return 0;
	if (!must && ((uint64_t)file->size < file->route->clone_min ||
	              file->route->no_clone))
		return 0;
	if (file->size == 0)
		return 0;
	if (ioctl(file->dst_fd, FICLONE, file->src_fd) == 0)
		return 1;
	int err = errno;
	switch (err) {
	case EXDEV:
	case EOPNOTSUPP:
	case ENOTTY:
	case ENOSYS:
		file->route->no_clone = true;
		break;
	default: /* Of this one file only: a swap file, differing flags, a
	          * seccomp filter, files of no blocks (ioctl_ficlone(2)). */
		must = must || fault_is_disk(-err);
	}
	return must ? fault_dst(file->fault, "cannot share blocks", -err) : 0;
}

static int set_size(const struct data_file *file, off_t size)
{
	if (ftruncate(file->dst_fd, size) == 0)
		return 0;
	return fault_dst(file->fault, "cannot set size", -errno);
}

/* Holes are kept by writing around them in a file of that size. Who cannot be
 * given one gets it with its last byte; or else there are no holes. */
static int set_size_first(struct data_file *file)
{
	file->has_size = true;
	if (file->size == 0 || ftruncate(file->dst_fd, file->size) == 0)
		return 0;
	int rc = -errno;
	if (fault_is_disk(rc) || rc == -EFBIG)
		return fault_dst(file->fault, "cannot set size", rc);
	if (pwrite(file->dst_fd, "", 1, file->size - 1) != 1)
		file->has_size = file->is_sparse = file->makes_holes = false;
	return 0;
}

/* Room for all of it, contiguous. */
static int allocate(struct data_file *file)
{
	if (fallocate(file->dst_fd, 0, 0, file->size) == 0) {
		file->has_size = true;
		return 0;
	}
	switch (errno) {
	/* What was removed just now is perhaps not free yet, and will be when
	 * it is needed: writing tells. */
	case ENOSPC:
	case EDQUOT:
		return set_size(file, 0);
	case EFBIG:
		return fault_dst(file->fault, "cannot write", -errno);
	case EINTR:
		return 0;
	default:
		file->route->allocates = false;
		return 0;
	}
}

/* The size first: what XFS sets aside for a file that grows would fill the
 * holes. */
static int make_room(struct data_file *file)
{
	if (file->is_sparse || file->makes_holes)
		return set_size_first(file);
	if (file->route->allocates && file->size >= ALLOCATE_MIN)
		return allocate(file);
	return 0;
}

/* Where it starts to look for a hole although the blocks are as many as the
 * size. */
#define SEEK_MIN UINT64_C(65536)

/* Blocks that were set aside behind the end make up for those of holes: large
 * files, and those with more blocks than their size takes, are asked. */
static bool has_holes(int fd, const struct meta *src)
{
	uint64_t room = src->blocks * 512;

	if (room < src->size)
		return true;
	if (src->size < SEEK_MIN &&
	    (src->size <= HOLE_UNIT || room <= align_up(src->size, HOLE_UNIT)))
		return false;
	off_t hole = lseek(fd, 0, SEEK_HOLE);
	return hole >= 0 && (uint64_t)hole < src->size;
}

int data_begin(struct data_file *file, struct data_io *io, int src_fd,
               int dst_fd, const struct meta *src, uint64_t dst_dev,
               struct fault *fault)
{
	*file = (struct data_file){
		.io = io,
		.route = route_of(&io->routes, src->dev, dst_dev, dst_fd),
		.src_fd = src_fd,
		.dst_fd = dst_fd,
		.fault = fault,
		.size = (off_t)src->size,
		.makes_holes = io->sparse == SPARSE_ALWAYS,
		.is_alone = true,
	};
	int rc = clone(file);

	if (rc == 0) {
		file->is_sparse =
			io->sparse != SPARSE_NEVER && has_holes(src_fd, src);
		return make_room(file);
	}
	if (rc > 0 && io->progress && !io->progress(io->ctx, src->size))
		return fault_src(fault, "interrupted", -ECANCELED);
	return rc;
}

int data_part(struct data_file *file, off_t from, off_t to)
{
	file->at = from;
	return file->is_sparse ? copy_extents(file, to) : copy_range(file, to);
}

/* With its size, so that it can be cut to where it ends. Two cannot take turns
 * in one file that does not seek. */
int data_share(struct data_file *file)
{
	if (file->src_passed || file->dst_passed)
		return -ESPIPE;
	int rc = file->has_size ? 0 : set_size(file, file->size);

	if (rc < 0)
		return rc;
	file->has_size = true;
	file->is_alone = false;
	return 0;
}

int data_end(struct data_file *file)
{
	if (file->has_size && file->at != file->size)
		return set_size(file, file->at);
	return 0;
}

int data_copy(struct data_io *io, int src_fd, int dst_fd,
              const struct meta *src, uint64_t dst_dev, struct fault *fault)
{
	struct data_file file;
	int rc = data_begin(&file, io, src_fd, dst_fd, src, dst_dev, fault);

	if (rc == 0)
		rc = data_part(&file, 0, INT64_MAX);
	else if (rc > 0)
		return 0;
	return rc < 0 ? rc : data_end(&file);
}
