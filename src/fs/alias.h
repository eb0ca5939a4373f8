/* SPDX-License-Identifier: MIT */
/* fs/alias.h - names that a file system takes for the same one
 *
 * Model     some file systems fold case or normalise Unicode: what is found
 *           under a name may have been made under another. Whether one does
 *           is seen by looking up another spelling of a name that is there;
 *           what an entry is called is seen in the listing.
 * Lifetime  the listing last read is kept in the caller; {0} is empty
 * Errors    negative errno */
#ifndef FS_ALIAS_H
#define FS_ALIAS_H

#include "base/base.h"
#include "base/hash_set.h"
#include "fs/meta.h"

/* The names of one directory. */
struct alias_list {
	uint64_t dev, ino;
	struct hash_set names;
};

void alias_list_release(struct alias_list *list);

/* Two ways in which names may meet, and whether they were tried. */
struct alias_kinds {
	bool knows_case, knows_form; /* it has been tried */
	bool folds;                  /* one of them does */
};

/* True when dir_fd finds seen, which is there under name, under another
 * spelling as well. What one name tells of the directory is kept in kinds. */
bool alias_folds(struct alias_kinds *kinds, int dir_fd, const char *name,
                 const struct meta *seen);

/* 1 when dir_fd lists exactly this name. */
int alias_is_listed(struct alias_list *list, int dir_fd, const char *name);

/* 1 when seen, which dst_fd finds under name, is listed there under a name
 * that src_fd has, too: it is the copy of another entry. */
int alias_is_other(struct alias_list *list, int src_fd, int dst_fd,
                   const char *name, const struct meta *seen);

#endif
