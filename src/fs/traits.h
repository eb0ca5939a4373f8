/* SPDX-License-Identifier: MIT */
/* fs/traits.h - what the file system of a destination directory can do
 *
 * Model     found out once per file system and process, then remembered: the
 *           first use says "not supported", all later ones know
 * Lifetime  a table of a few devices inside the caller; {0} is empty */
#ifndef FS_TRAITS_H
#define FS_TRAITS_H

#include "base/base.h"

struct traits {
	uint64_t dev;
	bool is_known;
	bool no_tmpfile;      /* O_TMPFILE is refused here */
	bool no_xattr;        /* cannot hold extended attributes at all */
	uint32_t told_losses; /* for the user of this table */
	bool errs_late;       /* write errors may show at close or fsync only */
	uint32_t time_granularity_ns;
};

#define TRAITS_MAX 8

struct traits_table {
	struct traits entries[TRAITS_MAX];
	size_t next;
};

/* The traits of the file system dev that dir_fd, a directory, is on. */
struct traits *traits_of(struct traits_table *table, uint64_t dev, int dir_fd);

#endif
