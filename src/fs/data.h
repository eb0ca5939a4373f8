/* SPDX-License-Identifier: MIT */
/* fs/data.h - the bytes of one file, from descriptor to descriptor
 *
 * Model     shared blocks where the file systems can (FICLONE); else read and
 *           write through a buffer that fits the second-level cache. Files
 *           whose blocks are fewer than their size are copied extent by extent
 *           (SEEK_DATA), so that holes stay holes. The end of file ends the
 *           copy, not the size that stat told.
 * Lifetime  the buffer is the caller's
 * Blocking  as the two files do; progress is called between pieces and stops
 *           the copy by returning false
 * Errors    negative errno, -ECANCELED when progress said so; the fault names
 *           the side. Only "not supported" leads to another way of copying;
 *           EIO, ENOSPC and the like are final. */
#ifndef FS_DATA_H
#define FS_DATA_H

#include "base/base.h"
#include "fs/fault.h"
#include "fs/meta.h"

/* GNU cp measured 256 KiB as the best on eleven machines; larger ones fall
 * out of the second-level cache. */
#define DATA_BUFFER ((size_t)256 * 1024)

enum data_reflink { REFLINK_AUTO, REFLINK_ALWAYS, REFLINK_NEVER };
enum data_sparse { SPARSE_AUTO, SPARSE_ALWAYS, SPARSE_NEVER };

/* Pairs of file systems that cannot share blocks, as found out. */
#define DATA_PAIRS 8
struct data_pair {
	uint64_t src_dev, dst_dev;
};

struct data_io {
	char *buffer; /* DATA_BUFFER bytes */
	bool (*progress)(void *ctx, uint64_t bytes_copied);
	void *ctx;
	enum data_reflink reflink;
	enum data_sparse sparse;
	struct data_pair unshared[DATA_PAIRS];
	size_t n_unshared;
};

/* Copies src from its start to dst, which is empty and on dst_dev. progress
 * hears of the bytes that were written or shared, not of holes. */
int data_copy(struct data_io *io, int src_fd, int dst_fd,
              const struct meta *src, uint64_t dst_dev, struct fault *fault);

#endif
