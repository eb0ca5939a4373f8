/* SPDX-License-Identifier: MIT */
/* fs/xattr.h - extended attributes, among them POSIX ACLs and capabilities
 *
 * Model     an ACL is the attribute system.posix_acl_access (or _default), a
 *           file capability is security.capability: all are copied as they are
 * Errors    what cannot be read, set or removed is counted as lost; only
 *           trouble (fs/fault.h) is a failure */
#ifndef FS_XATTR_H
#define FS_XATTR_H

#include "base/base.h"
#include "base/buf.h"
#include "fs/fault.h"
#include "fs/meta.h"

/* Scratch memory, kept from call to call; {0} to start. */
struct xattr_scratch {
	struct buf src_names, dst_names, src_value, dst_value;
	struct buf src_acl;
};
void xattr_scratch_release(struct xattr_scratch *scratch);

/* What a source has: its names and its access ACL are in the scratch. */
enum xattr_acl {
	XATTR_NO_ACL,
	XATTR_HAS_ACL,
	XATTR_HIDDEN_ACL, /* it has, or may have, one that cannot be read */
};
struct xattr_seen {
	enum xattr_acl acl;
	bool is_partial; /* not all names are known */
};

/* Looks what src has, once for all that follows. Without wants_names only
 * the access ACL. */
int xattr_look(struct meta_target src, bool wants_names,
               struct xattr_scratch *scratch, struct xattr_seen *seen,
               struct fault *fault);

struct xattr_copy {
	struct meta_target src, dst;
	struct xattr_seen seen;        /* of src, by xattr_look */
	bool keeps_acls, keeps_others; /* what is to be copied at all */
	bool is_bare;    /* dst has none: nothing to compare or remove */
	bool only_looks; /* change nothing, only say whether it would */
	bool reads_back; /* what was set or removed without complaint, too */
	struct xattr_scratch *scratch;
	unsigned n_lost_acls, n_lost_others; /* counted up */
	bool lost_acl;    /* dst has not, or would not have, src's access ACL */
	bool was_refused; /* setting or removing one was -EACCES: user.* can be
			     set by who may write to the file (xattr(7)) */
};

/* Makes dst's attributes those of src, which were looked at. Returns how many
 * were, or would be, set or removed. */
int xattr_copy(struct xattr_copy *copy, struct fault *fault);

/* Has an ACL beyond what its mode says. */
bool xattr_has_acl(struct meta_target target);

/* dst has the same access ACL as the source that was looked at, or none. */
bool xattr_same_acl(struct meta_target dst, struct xattr_scratch *scratch);

/* True when files made in this directory start with an inherited ACL. */
bool xattr_is_inherited(int dir_fd);

#endif
