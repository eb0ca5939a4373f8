/* SPDX-License-Identifier: MIT */
/* fs/mount.h - one directory by several ways
 *
 * Model     a bind mount shows a directory at a second place, from where ".."
 *           leads elsewhere. What /proc/self/mountinfo tells of the mounts
 *           gives a path from the one directory to the other, and that is
 *           believed only when it leads there.
 * Errors    what cannot be found out (no /proc) counts as no */
#ifndef FS_MOUNT_H
#define FS_MOUNT_H

#include "base/base.h"

/* True when the directory dir_fd can be reached from upper_fd downwards, or is
 * it: within upper_fd's file system and, with crosses, through what is mounted
 * below it. */
bool mount_leads_to(int upper_fd, int dir_fd, bool crosses);

#endif
