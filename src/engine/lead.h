/* SPDX-License-Identifier: MIT */
/* engine/lead.h - follows a path of the user's, one component after the other
 *
 * Model     as the kernel would, but each symbolic link on the way is looked
 *           at. Who follows a link trusts whoever has put it there: that is
 *           root, or us, or the owner of what it leads to, whose own it is to
 *           change. Any other one is a trap. What is gone through is held by
 *           descriptors, so nothing that is exchanged meanwhile changes where
 *           it leads.
 * Errors    negative errno, as of open(2) */
#ifndef ENGINE_LEAD_H
#define ENGINE_LEAD_H

#include "base/base.h"
#include "fs/meta.h"

struct lead {
	int fd; /* owned; O_PATH, or for reading if it is such a directory */
	bool is_path;
	bool is_trap;  /* a link on the way is one */
	bool by_magic; /* at last by a link of /proc to a descriptor, or so */
	struct meta meta;
};

/* Where path leads from dir_fd, or AT_FDCWD. On failure nothing is held, but
 * is_trap tells. */
int lead_follow(int dir_fd, const char *path, struct lead *out);

/* Opens a directory to work in: one that may be searched but not read gets an
 * O_PATH descriptor. A link is not followed. */
int lead_open_dir(int dir_fd, const char *name, bool *is_path);

#endif
