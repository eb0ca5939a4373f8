/* SPDX-License-Identifier: MIT */
/* fs/attr.h - the calls for extended attributes, for every kind of descriptor
 *
 * Model     an O_PATH descriptor, as symlinks and special files have it, is no
 *           argument for these calls. Its link in /proc leads to what it
 *           holds; where there is no /proc, it is asked by a name in a held
 *           directory (getxattrat(2) and the like, of Linux 6.13, or the older
 *           calls from within that directory), and what has the name has to
 *           be what is held.
 * Errors    negative errno; -EBADF: there is no way to ask */
#ifndef FS_ATTR_H
#define FS_ATTR_H

#include "base/base.h"
#include "fs/meta.h"

#include <sys/types.h>

ssize_t attr_list(struct meta_target target, char *names, size_t size);
ssize_t attr_get(struct meta_target target, const char *attr, void *value,
                 size_t size);
int attr_set(struct meta_target target, const char *attr, const void *value,
             size_t size);
int attr_remove(struct meta_target target, const char *attr);

#endif
