/* SPDX-License-Identifier: MIT */
/* engine/twins.h - destination inodes that two different sources would share
 *
 * Model     an update run leaves a file alone that is as it should be. If its
 *           inode has further names, another of them may belong to the copy of
 *           another source: then the second one met has to get an inode of its
 *           own. Names outside the copy, such as a snapshot made by cp -al,
 *           are none of our business and stay linked.
 * Lifetime  in the master, {0} to start
 * Memory    about 30 bytes per inode with several names that was left alone.
 *           Inodes are kept as 64-bit hashes; two that collide cost a copy
 *           that was not needed. */
#ifndef ENGINE_TWINS_H
#define ENGINE_TWINS_H

#include "base/base.h"

struct twin {
	uint64_t dst, src; /* hashes; dst 0: unused */
};

struct twins {
	struct twin *table; /* open addressing, a power of two */
	size_t size, n_used;
};

struct twin_inode {
	uint64_t dev, ino;
};

/* Notes that dst serves as the copy of src; true when it already does for
 * another source. */
bool twins_conflict(struct twins *twins, struct twin_inode dst,
                    struct twin_inode src);

void twins_release(struct twins *twins);

#endif
