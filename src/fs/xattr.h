/* SPDX-License-Identifier: MIT */
/* fs/xattr.h - extended attributes, among them POSIX ACLs and capabilities
 *
 * Model     an ACL is the attribute system.posix_acl_access (or _default), a
 *           file capability is security.capability: all are copied as they are
 * Errors    what the target cannot hold, or the caller may not set, is counted
 *           as lost; anything else (EIO, ENOSPC, EACCES, ...) is a failure */
#ifndef FS_XATTR_H
#define FS_XATTR_H

#include "base/base.h"
#include "base/buf.h"
#include "fs/fault.h"

struct xattr_lost {
	unsigned xattrs, acls;
};

/* Scratch memory, kept from call to call by the caller; {0} to start. */
struct xattr_scratch {
	struct buf src_names, dst_names, src_value, dst_value;
};
void xattr_scratch_release(struct xattr_scratch *scratch);

/* Makes dst_fd's attributes those of src_fd. is_bare: the destination has
 * none of its own, so nothing has to be removed or compared. Returns how many
 * were set or removed. */
int xattr_copy(int src_fd, int dst_fd, bool is_bare,
               struct xattr_scratch *scratch, struct xattr_lost *lost,
               struct fault *fault);

/* True when files made in this directory start with an inherited ACL. */
bool xattr_is_inherited(int dir_fd);

#endif
