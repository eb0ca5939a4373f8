/* SPDX-License-Identifier: MIT */
#include "fs/dress.h"

#include <errno.h>
#include <unistd.h>

uint32_t dress_perms(const struct dress *dress)
{
	if (dress->keep & DRESS_MODE)
		return dress->want->mode & META_PERMS;
	if (dress->replaced)
		return dress->replaced->mode & 0777;
	return (meta_is(dress->want, S_IFDIR) ? 0777 : 0666) & ~dress->umask;
}

/* Before anything is tried: an ordinary user gives his files to groups he is
 * in, and nothing to anybody else. */
static int foresee_owner(struct dress *dress, struct meta_kept *kept)
{
	const struct meta *want = dress->want, *have = &dress->have;
	bool is_root = geteuid() == 0;
	bool is_in_group = want->gid == getegid() || group_member(want->gid);

	if (have->uid != want->uid)
		kept->uid = is_root;
	if (have->gid != want->gid)
		kept->gid = is_root || (have->uid == geteuid() && is_in_group);
	if (!kept->uid || !kept->gid)
		dress->lost.n_owners++;
	return (kept->uid && have->uid != want->uid) ||
	       (kept->gid && have->gid != want->gid);
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
		return foresee_owner(dress, kept);
	int rc = meta_set_owner(dress->dst.fd, want, kept);
	if (rc < 0)
		return fault_dst(fault, "cannot set owner", rc);
	if (!kept->uid || !kept->gid)
		dress->lost.n_owners++;
	return (kept->uid && !same_uid) || (kept->gid && !same_gid);
}

static bool has_other_acl(const struct dress *dress)
{
	return (dress->keep & DRESS_ACL) && dress->src.fd >= 0 &&
	       !meta_is(dress->want, S_IFLNK) &&
	       !xattr_same_acl(dress->src, dress->dst, dress->scratch);
}

static bool has_other_owner(const struct dress *dress)
{
	const struct meta *want = dress->want, *have = &dress->have;

	return (dress->keep & DRESS_OWNER) &&
	       (have->uid != want->uid || have->gid != want->gid);
}

/* The permissions of now that will be there in the end, too. What the group's
 * bits mean depends on the ACL: to be on the safe side, they go when that will
 * be another. Its owner's bits stay, as they serve to change the rest. */
static uint32_t common_perms(const struct dress *dress)
{
	uint32_t perms =
		dress->have.mode & META_PERMS & (dress_perms(dress) | S_IRWXU);

	if ((perms & S_IRWXG) && has_other_acl(dress))
		perms &= ~(uint32_t)S_IRWXG;
	return perms;
}

static int set_common(struct dress *dress, uint32_t perms, struct fault *fault)
{
	if ((dress->have.mode & META_PERMS) == perms)
		return 0;
	int rc = meta_set_perms(dress->dst, perms);
	if (rc < 0)
		return fault_dst(fault, "cannot set permissions", rc);
	dress->have.mode = (dress->have.mode & S_IFMT) | perms;
	return 1;
}

/* While an inode changes hands, or ACLs, it allows nobody what it will not
 * allow him in the end. */
static int tighten(struct dress *dress, struct fault *fault)
{
	bool same_perms = (dress->have.mode & META_PERMS) == dress_perms(dress);

	if (dress->is_new || dress->only_looks || !(dress->keep & DRESS_MODE) ||
	    meta_is(dress->want, S_IFLNK) ||
	    (same_perms && !has_other_owner(dress)))
		return 0;
	return set_common(dress, common_perms(dress), fault);
}

/* Bits of one class that another class will not have. */
static bool loses(uint32_t have, unsigned have_shift, uint32_t want,
                  unsigned want_shift)
{
	return ((have >> have_shift) & ~(want >> want_shift) & 7) != 0;
}

bool dress_is_wider(const struct dress *dress)
{
	const struct meta *want = dress->want, *have = &dress->have;
	uint32_t perms = dress_perms(dress);
	bool is_given = (dress->keep & DRESS_OWNER) && geteuid() == 0;

	if (is_given && have->uid != want->uid && have->uid != 0)
		return true;
	if (loses(have->mode, 3, perms, 3) || loses(have->mode, 0, perms, 0))
		return true;
	/* Who was of the group will be one of the others, and the reverse. */
	if (is_given && have->gid != want->gid &&
	    (loses(have->mode, 3, perms, 0) || loses(have->mode, 0, perms, 3)))
		return true;
	return (dress->keep & DRESS_ACL) && dress->src.fd >= 0 &&
	       xattr_has_acl(dress->dst) && has_other_acl(dress);
}

int dress_close(struct dress *dress, struct fault *fault)
{
	bool is_given = geteuid() == 0 && has_other_owner(dress);
	uint32_t perms = common_perms(dress);
	struct meta owner_now = *dress->want;
	struct meta_kept kept;

	if (dress->only_looks || !(dress->keep & DRESS_MODE))
		return 0;
	int rc = set_common(dress, perms, fault);
	if (rc == -EPERM) /* not ours, and so not ours to close */
		return 0;
	if (rc < 0 || !is_given)
		return rc;
	/* Neither the old nor the new owner has a hand in what is done here. */
	if (owner_now.uid != dress->have.uid)
		owner_now.uid = geteuid();
	int owner = meta_set_owner(dress->dst.fd, &owner_now, &kept);
	if (owner < 0)
		return fault_dst(fault, "cannot set owner", owner);
	/* Until then, its owner could undo it. */
	rc = meta_set_perms(dress->dst, perms);
	return rc < 0 && rc != -EPERM
	               ? fault_dst(fault, "cannot set permissions", rc)
	               : 1;
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
	/* It was inherited, as mkdir(2) says. */
	if (!(dress->keep & DRESS_MODE) && meta_is(dress->want, S_IFDIR))
		perms |= dress->have.mode & S_ISGID;
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
	if (!meta_times_fit(dress->want, dress->times))
		dress->lost.n_times++;
	if (!dress->is_new &&
	    meta_same_mtime(dress->want, &dress->have, dress->times))
		return 0;
	if (dress->only_looks)
		return 1;
	int rc = meta_set_times(dress->dst, dress->want);
	return rc < 0 ? fault_dst(fault, "cannot set times", rc) : 1;
}

int dress_put(struct dress *dress, struct fault *fault)
{
	struct meta_kept kept;
	int tightened = tighten(dress, fault);
	int owner = tightened < 0 ? tightened : put_owner(dress, &kept, fault);

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
	return tightened || owner || attributes || perms || times;
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
