/* SPDX-License-Identifier: MIT */
/* fs/times.h - which times a file system keeps, found out by setting some
 *
 * Model     a new file is given times, and what it shows then is compared:
 *           steps, cut or rounded; the first and the last second; or that
 *           times cannot be set at all
 * Errors    none: what cannot be found out is taken for the best */
#ifndef FS_TIMES_H
#define FS_TIMES_H

#include "base/base.h"
#include "fs/meta.h"

/* Of the file that fd holds, which is the caller's own. */
struct meta_times times_learn(int fd);

/* Makes times such that dst's mtime is src's, cut or rounded; false when no
 * known step explains it. */
bool times_explain(const struct meta *src, const struct meta *dst,
                   struct meta_times *times);

#endif
