/* SPDX-License-Identifier: MIT */
/* fs/data.h - the bytes of one file, from descriptor to descriptor
 *
 * Model     read and write through a buffer that fits the second-level cache;
 *           files whose blocks are fewer than their size are copied extent by
 *           extent (SEEK_DATA), so that holes stay holes. The end of file ends
 *           the copy, not the size that stat told.
 * Lifetime  the buffer is the caller's
 * Blocking  as the two files do; progress is called between pieces and stops
 *           the copy by returning false
 * Errors    negative errno, -ECANCELED when progress said so; the fault names
 *           the side */
#ifndef FS_DATA_H
#define FS_DATA_H

#include "base/base.h"
#include "fs/fault.h"
#include "fs/meta.h"

/* GNU cp measured 256 KiB as the best on eleven machines; larger ones fall
 * out of the second-level cache. */
#define DATA_BUFFER ((size_t)256 * 1024)

struct data_io {
	char *buffer; /* DATA_BUFFER bytes */
	bool (*progress)(void *ctx, uint64_t bytes_copied);
	void *ctx;
};

/* Copies src from its start to dst, which is empty. progress hears of the bytes
 * that were written, not of holes. */
int data_copy(const struct data_io *io, int src_fd, int dst_fd,
              const struct meta *src, struct fault *fault);

#endif
