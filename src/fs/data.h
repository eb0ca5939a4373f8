/* SPDX-License-Identifier: MIT */
/* fs/data.h - the bytes of one file, from descriptor to descriptor
 *
 * Model     shared blocks where the file systems can (FICLONE); else, what is
 *           fastest between the two (fs/route.h): copied by the kernel, or
 *           read and written through a buffer that fits the second-level
 *           cache. Files with holes, as their blocks or SEEK_HOLE tell, are
 *           copied extent by extent (SEEK_DATA), so that holes stay holes. The end
 *           of file ends the copy, not the size that stat told.
 * Parts     a big file can be copied in parts, in any order, by several
 *           processes that hold the same two descriptors; doing one again does
 *           no harm
 * Lifetime  the buffer is the caller's
 * Blocking  as the two files do; progress is called between pieces and stops
 *           the copy by returning false
 * Errors    negative errno, -ECANCELED when progress said so; the fault names
 *           the side. Trouble with the disk or the memory is final
 *           (fs/fault.h), every refusal leads to another way of copying. */
#ifndef FS_DATA_H
#define FS_DATA_H

#include "base/base.h"
#include "fs/fault.h"
#include "fs/meta.h"
#include "fs/route.h"

#include <sys/types.h>

/* GNU cp measured 256 KiB as the best on eleven machines; larger ones fall
 * out of the second-level cache. */
#define DATA_BUFFER ((size_t)256 * 1024)

enum data_reflink { REFLINK_AUTO, REFLINK_ALWAYS, REFLINK_NEVER };
enum data_sparse { SPARSE_AUTO, SPARSE_ALWAYS, SPARSE_NEVER };

struct data_io {
	char *buffer; /* DATA_BUFFER bytes */
	bool (*progress)(void *ctx, uint64_t bytes_copied);
	void *ctx;
	enum data_reflink reflink;
	enum data_sparse sparse;
	struct routes routes;
};

/* Copies src from its start to dst, which is empty and on dst_dev. progress
 * hears of the bytes that were written or shared, not of holes. */
int data_copy(struct data_io *io, int src_fd, int dst_fd,
              const struct meta *src, uint64_t dst_dev, struct fault *fault);

/* One copy in parts: begin, parts, end. */
struct data_file {
	struct data_io *io;
	struct route *route;
	int src_fd, dst_fd;
	struct fault *fault;
	off_t size; /* as stat told it */
	off_t at;   /* the current part's, or where the file ended */
	off_t src_passed, dst_passed; /* see fs/bytes.h */
	bool has_size;                /* dst has that size already */
	bool is_sparse;   /* by the looks of it: from extent to extent */
	bool makes_holes; /* of zero runs */
	bool is_alone;    /* no other process writes to dst meanwhile */
};

/* 1 when that was all: the blocks are shared; 0 when parts are to follow. */
int data_begin(struct data_file *file, struct data_io *io, int src_fd,
               int dst_fd, const struct meta *src, uint64_t dst_dev,
               struct fault *fault);

/* Bytes from from to to. Returns 1 when the file ended before that, at
 * file->at. */
int data_part(struct data_file *file, off_t from, off_t to);

/* Before a part is left to another process. */
int data_share(struct data_file *file);

/* The file ends at file->at. */
int data_end(struct data_file *file);

#endif
