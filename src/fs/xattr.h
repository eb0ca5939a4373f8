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
#include "fs/meta.h"

/* Scratch memory, kept from call to call; {0} to start. */
struct xattr_scratch {
	struct buf src_names, dst_names, src_value, dst_value;
};
void xattr_scratch_release(struct xattr_scratch *scratch);

struct xattr_copy {
	struct meta_target src, dst;
	bool keeps_acls, keeps_others; /* what is to be copied at all */
	bool is_bare;    /* dst has none: nothing to compare or remove */
	bool only_looks; /* change nothing, only say whether it would */
	struct xattr_scratch *scratch;
	unsigned n_lost_acls, n_lost_others; /* counted up */
};

/* Makes dst's attributes those of src. Returns how many were, or would be, set
 * or removed. */
int xattr_copy(struct xattr_copy *copy, struct fault *fault);

/* Has an ACL beyond what its mode says. */
bool xattr_has_acl(struct meta_target target);

/* Both have the same access ACL, or none. */
bool xattr_same_acl(struct meta_target a, struct meta_target b,
                    struct xattr_scratch *scratch);

/* True when files made in this directory start with an inherited ACL. */
bool xattr_is_inherited(int dir_fd);

#endif
