/* SPDX-License-Identifier: MIT */
/* engine/ranges.h - one big file, filled by two processes
 *
 * Model     the worker that has a big file in hand copies it range by range.
 *           Where that pays (fs/route.h) and a worker has nothing to do, it
 *           forks a helper, which has both descriptors by that and takes
 *           ranges off the same counter. The worker alone opens, dresses and
 *           names the file, when the helper has ended. A helper that is no
 *           longer in place of an idle worker leaves.
 * Lifetime  {0} never has a helper; ranges_release when the worker ends
 * Blocking  as the files do, and for the helper's last range
 * Death     a range is written down before it is taken, and struck out when it
 *           is done: what a helper that died or failed had in hand the worker
 *           does again, and so finds the fault itself. A file at which a
 *           helper died gets no further one. A helper dies with its worker.
 * Errors    those of data_copy */
#ifndef ENGINE_RANGES_H
#define ENGINE_RANGES_H

#include "base/base.h"
#include "fs/data.h"

/* What is taken at a time; and a helper is worth its fork when at least two of
 * them are left (docs/decisions.md has the figures). */
#define RANGES_SIZE (UINT64_C(16) << 20)

struct ranges_shared;

struct ranges {
	/* Workers that have nothing to do, less helpers. NULL: no helper. */
	int (*n_idle)(void *ctx);
	void (*has_helper)(void *ctx, bool has_one);
	void (*died)(void *ctx, int pid, int signal_number);
	void *ctx;
	struct ranges_shared *shared; /* made when first needed */
};

/* As data_copy. progress hears of the helper's bytes, too, from the caller. */
int ranges_copy(struct ranges *ranges, struct data_io *io, int src_fd,
                int dst_fd, const struct meta *src, uint64_t dst_dev,
                struct fault *fault);

void ranges_release(struct ranges *ranges);

#endif
