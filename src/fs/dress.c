/* SPDX-License-Identifier: MIT */
#include "fs/dress.h"

#include <errno.h>
#include <unistd.h>

uint32_t dress_perms(const struct dress *dress)
{
	if (dress->keep & DRESS_MODE)
		return dress->want->mode & META_PERMS;
	return dress->want->mode & 0777 & ~dress->umask;
}

static int put_owner(struct dress *dress, struct meta_kept *kept,
                     struct fault *fault)
{
	const struct meta *want = dress->want, *have = &dress->have;
	bool same_uid = have->uid == want->uid;
	bool same_gid = have->gid == want->gid;

	*kept = (struct meta_kept){same_uid, same_gid};
	if ((same_uid && same_gid) || !(dress->keep & DRESS_OWNER))
		return 0;
	if (dress->only_looks)
		return 1;
	int rc = meta_set_owner(dress->dst.fd, want, kept);
	if (rc < 0)
		return fault_dst(fault, "cannot set owner", rc);
	if (!kept->uid || !kept->gid)
		dress->lost.n_owners++;
	return (kept->uid && !same_uid) || (kept->gid && !same_gid);
}

/* Permissions that the inode keeps while its owner changes: none that it will
 * not have in the end, for whoever owns it meanwhile. */
static int tighten(struct dress *dress, struct fault *fault)
{
	const struct meta *have = &dress->have;
	uint32_t common = have->mode & dress_perms(dress) & 0777;
	bool same_owner =
		have->uid == dress->want->uid && have->gid == dress->want->gid;

	if (same_owner || dress->is_new || dress->only_looks ||
	    !(dress->keep & DRESS_OWNER) || !(dress->keep & DRESS_MODE) ||
	    meta_is(have, S_IFLNK) || (have->mode & 0777) == common)
		return 0;
	int rc = meta_set_perms(dress->dst, common);
	if (rc < 0)
		return fault_dst(fault, "cannot set permissions", rc);
	dress->have.mode = (have->mode & S_IFMT) | common;
	return 0;
}

static int put_attributes(struct dress *dress, struct fault *fault)
{
	struct xattr_copy copy = {
		.src = dress->src,
		.dst = dress->dst,
		.keeps_acls = (dress->keep & DRESS_ACL) != 0,
		.keeps_others = (dress->keep & DRESS_XATTR) != 0,
		.is_bare = dress->is_bare,
		.only_looks = dress->only_looks,
		.scratch = dress->scratch,
	};

	if (dress->src.fd < 0 || !(copy.keeps_acls || copy.keeps_others))
		return 0;
	int n_changed = xattr_copy(&copy, fault);
	dress->lost.n_acls += copy.n_lost_acls;
	dress->lost.n_xattrs += copy.n_lost_others;
	return n_changed;
}

static bool is_ours(const struct dress *dress)
{
	return dress->is_new || geteuid() == 0 || dress->have.uid == geteuid();
}

/* force: an ACL or an owner was set, which may have changed the mode. */
static int put_perms(struct dress *dress, struct meta_kept kept, bool force,
                     struct fault *fault)
{
	uint32_t perms = dress_perms(dress);

	/* Set-id bits are for the owner they were given to. */
	if (!kept.uid)
		perms &= ~(uint32_t)S_ISUID;
	if (!kept.gid)
		perms &= ~(uint32_t)S_ISGID;
	if (meta_is(dress->want, S_IFLNK))
		return 0;
	bool same = (dress->have.mode & META_PERMS) == perms;
	if (!dress->is_new && !(dress->keep & DRESS_MODE))
		return 0;
	if (dress->only_looks)
		return !same;
	/* Who is not root loses set-id bits by writing (POSIX, write). */
	if (same && !force && !(dress->is_new && (perms & 06000)))
		return 0;
	int rc = meta_set_perms(dress->dst, perms);
	/* What is ours, and refuses, is on a file system without modes. */
	if ((rc == -EPERM || rc == -EOPNOTSUPP) && is_ours(dress)) {
		dress->lost.n_modes++;
		return 0;
	}
	if (rc < 0)
		return fault_dst(fault, "cannot set permissions", rc);
	return !same;
}

static int put_times(struct dress *dress, struct fault *fault)
{
	if (!(dress->keep & DRESS_TIMES))
		return 0;
	if (!dress->is_new && meta_same_mtime(dress->want, &dress->have,
	                                      dress->time_granularity_ns))
		return 0;
	if (dress->only_looks)
		return 1;
	int rc = meta_set_times(dress->dst, dress->want);
	return rc < 0 ? fault_dst(fault, "cannot set times", rc) : 1;
}

int dress_put(struct dress *dress, struct fault *fault)
{
	struct meta_kept kept;
	int rc = tighten(dress, fault);
	int owner = rc < 0 ? rc : put_owner(dress, &kept, fault);

	if (owner < 0)
		return owner;
	int attributes = put_attributes(dress, fault);
	if (attributes < 0)
		return attributes;
	int perms = put_perms(dress, kept, owner || attributes, fault);
	if (perms < 0)
		return perms;
	int times = put_times(dress, fault);
	if (times < 0)
		return times;
	return owner || attributes || perms || times;
}

int dress_lock(struct dress *dress, struct fault *fault)
{
	if (!(dress->keep & DRESS_FLAGS) ||
	    flags_are_same(dress->want_flags, dress->have_flags))
		return 0;
	if (dress->only_looks)
		return 1;
	return flags_set(dress->dst.fd, dress->want_flags, dress->have_flags,
	                 &dress->lost.n_flags, fault);
}
