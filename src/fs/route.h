/* SPDX-License-Identifier: MIT */
/* fs/route.h - how bytes get from one file system to another
 *
 * Model     a few facts for each pair of file systems that was met: the type
 *           of the destination says the first ones (docs/decisions.md has the
 *           figures), a refusal says the others, and is remembered
 * Lifetime  a table inside the caller; {0} is empty */
#ifndef FS_ROUTE_H
#define FS_ROUTE_H

#include "base/base.h"

struct route {
	uint64_t src_dev, dst_dev;
	bool is_known;
	bool no_clone;      /* FICLONE is refused */
	uint64_t clone_min; /* below this, copying the bytes costs no more */
	/* A read that returns less than it could, up to the size that stat
	 * told, was the last one. */
	bool ends_short;
	/* copy_file_range is faster than read and write, and does not share
	 * blocks in secret. */
	bool has_kernel_copy;
	bool allocates; /* room for a big file is best asked for beforehand */
	bool splits;    /* two processes fill one file faster than one does */
};

#define ROUTES_MAX 8

struct routes {
	struct route entries[ROUTES_MAX];
	size_t next;
};

/* The route from src_dev to dst_dev, where dst_fd is. It is there until
 * ROUTES_MAX others were asked for. */
struct route *route_of(struct routes *routes, uint64_t src_dev,
                       uint64_t dst_dev, int dst_fd);

#endif
