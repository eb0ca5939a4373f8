/* SPDX-License-Identifier: MIT */
#include "fs/dress.h"

#include "fs/acl.h"
#include "fs/dress_parts.h"
#include "fs/times.h"

#include <errno.h>
#include <unistd.h>

int dress_look(struct dress *dress, struct fault *fault)
{
	const unsigned attributes = DRESS_XATTR | DRESS_ACL;

	if (dress->has_looked)
		return 0;
	dress->has_looked = true;
	dress->seen = (struct xattr_seen){0};
	if (dress->src.fd < 0)
		return 0;
	/* Links have no ACLs. */
	if (!(dress->keep & attributes) && meta_is(dress->want, S_IFLNK))
		return 0;
	return xattr_look(dress->src, (dress->keep & attributes) != 0,
	                  dress->scratch, &dress->seen, fault);
}

static uint32_t perms_not_kept(const struct dress *dress)
{
	if (dress->replaced)
		return dress->replaced->mode & 0777;
	return (meta_is(dress->want, S_IFDIR) ? 0777 : 0666) & ~dress->umask;
}

uint32_t dress_final_perms(const struct dress *dress, bool has_acl)
{
	uint32_t perms = dress->want->mode & META_PERMS;
	const struct buf *acl = &dress->scratch->src_acl;

	if (!(dress->keep & DRESS_MODE))
		return perms_not_kept(dress);
	if (dress->seen.acl == XATTR_HIDDEN_ACL)
		perms &= ~(uint32_t)(S_IRWXG | S_IRWXO);
	else if (dress->seen.acl == XATTR_HAS_ACL && !has_acl)
		perms = acl_perms_alone(acl->data, acl->len, perms);
	return perms;
}

uint32_t dress_birth_perms(const struct dress *dress)
{
	return dress_final_perms(dress, false) & 0777;
}

int dress_set_perms(struct dress *dress, uint32_t perms, struct fault *fault)
{
	int rc = meta_set_perms(dress->dst, perms);

	if (rc < 0 && fault_is_trouble(rc))
		return fault_dst(fault, "cannot set permissions", rc);
	if (rc < 0)
		return 0;
	dress->have.mode = (dress->have.mode & S_IFMT) | perms;
	return 1;
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

/* A set-id bit is worth a look whether the owner is there indeed: some file
 * systems take what they do not keep. */
static int check_owner(const struct dress *dress, struct meta_kept *kept,
                       struct fault *fault)
{
	struct meta now;

	if (!(dress->want->mode & (S_ISUID | S_ISGID)))
		return 0;
	int rc = meta_read(dress->dst.fd, &now);
	if (rc < 0)
		return fault_dst(fault, "cannot stat", rc);
	kept->uid = now.uid == dress->want->uid;
	kept->gid = now.gid == dress->want->gid;
	return 0;
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
	if (dress->no_owners) {
		dress->lost.n_owners++;
		return 0;
	}
	if (dress->only_looks)
		return foresee_owner(dress, kept);
	int rc = meta_set_owner(dress->dst.fd, want, have, kept);
	if (rc < 0)
		return fault_dst(fault, "cannot set owner", rc);
	rc = check_owner(dress, kept, fault);
	if (rc < 0)
		return rc;
	if (!kept->uid || !kept->gid)
		dress->lost.n_owners++;
	return (kept->uid && !same_uid) || (kept->gid && !same_gid);
}

/* Who is not root may set user.* on what he may write to: its owner may,
 * meanwhile. 1 when he may now. */
static int let_us_write(struct dress *dress, struct fault *fault)
{
	if (dress->have.mode & S_IWUSR)
		return 0;
	return dress_set_perms(dress, (dress->have.mode & META_PERMS) | S_IWUSR,
	                       fault);
}

/* What is on it in the end, whatever was refused. */
enum acl_state {
	ACL_AS_WANTED,
	ACL_NONE,
	ACL_OTHER, /* one that could not be taken away */
};

static enum acl_state acl_state(const struct dress *dress,
                                const struct xattr_copy *copy)
{
	if (!(dress->keep & DRESS_ACL))
		return ACL_NONE;
	if (!copy->lost_acl)
		return ACL_AS_WANTED;
	return xattr_has_acl(dress->dst) ? ACL_OTHER : ACL_NONE;
}

static int put_attributes(struct dress *dress, enum acl_state *acl,
                          struct fault *fault)
{
	struct xattr_copy copy = {
		.src = dress->src,
		.dst = dress->dst,
		.seen = dress->seen,
		.keeps_acls = (dress->keep & DRESS_ACL) != 0,
		.keeps_others = (dress->keep & DRESS_XATTR) != 0,
		.is_bare = dress->is_bare,
		.only_looks = dress->only_looks,
		.reads_back = dress->reads_back,
		.scratch = dress->scratch,
	};

	*acl = ACL_NONE;
	if (dress->src.fd < 0 || !(copy.keeps_acls || copy.keeps_others))
		return 0;
	struct xattr_copy again = copy;
	int n_changed = xattr_copy(&copy, fault);
	if (n_changed >= 0 && copy.was_refused) {
		int rc = let_us_write(dress, fault);

		copy = rc > 0 ? again : copy;
		rc = rc > 0 ? xattr_copy(&copy, fault) : rc;
		n_changed = rc < 0 ? rc : n_changed + rc;
	}
	*acl = acl_state(dress, &copy);
	dress->lost.n_acls += copy.n_lost_acls;
	dress->lost.n_xattrs += copy.n_lost_others;
	return n_changed;
}

static uint32_t perms_to_put(const struct dress *dress, struct meta_kept kept,
                             enum acl_state acl)
{
	uint32_t perms = dress_final_perms(dress, acl == ACL_AS_WANTED);

	/* It was inherited, as mkdir(2) says. */
	if (!(dress->keep & DRESS_MODE) && meta_is(dress->want, S_IFDIR))
		return perms | (dress->have.mode & S_ISGID);
	/* The group's bits are what that ACL gives whomever. */
	if (acl == ACL_OTHER)
		perms &= ~(uint32_t)S_IRWXG;
	/* Set-id bits are for the owner they were given to. */
	return meta_safe_perms(perms, kept);
}

/* What it has now may be right: an ACL brings the mode along. */
static int lose_perms(struct dress *dress, uint32_t perms, struct fault *fault)
{
	struct meta now;
	int rc = meta_read(dress->dst.fd, &now);

	if (rc < 0)
		return fault_dst(fault, "cannot stat", rc);
	if ((now.mode & META_PERMS) != perms)
		dress->lost.n_modes++;
	return 0;
}

/* force: an ACL or an owner was set, which may have changed the mode. */
static int put_perms(struct dress *dress, uint32_t perms, bool force,
                     struct fault *fault)
{
	bool same = (dress->have.mode & META_PERMS) == perms;

	if (meta_is(dress->want, S_IFLNK))
		return 0;
	if (dress->no_modes) {
		dress->lost.n_modes += !same;
		return 0;
	}
	if (dress->only_looks)
		return !same;
	/* Who is not root loses set-id bits by writing (POSIX, write). */
	if (same && !force && !(dress->is_new && (perms & 06000)))
		return 0;
	int rc = dress_set_perms(dress, perms, fault);
	if (rc < 0)
		return rc;
	return rc > 0 ? !same : lose_perms(dress, perms, fault);
}

static int put_times(struct dress *dress, struct fault *fault)
{
	if (!(dress->keep & DRESS_TIMES))
		return 0;
	bool fits = meta_times_fit(dress->want, dress->times);
	bool same = meta_same_mtime(dress->want, &dress->have, dress->times);
	dress->lost.n_times += !fits || (dress->no_times && !same);
	if (dress->no_times || (!dress->is_new && same))
		return 0;
	if (dress->only_looks)
		return 1;
	int rc = meta_set_times(dress->dst, dress->want);
	if (rc < 0 && fault_is_trouble(rc))
		return fault_dst(fault, "cannot set times", rc);
	dress->lost.n_times += rc < 0 && fits;
	return rc == 0;
}

enum { PUT_ATTRIBUTES = 2 };

/* All steps in their order. 1 when one of them changed something, for a moment
 * at least; PUT_ATTRIBUTES when one changed attributes. */
static int put_all(struct dress *dress, struct fault *fault)
{
	const uint32_t before = dress->have.mode & META_PERMS;
	struct meta_kept kept;
	enum acl_state acl;
	int tightened = dress_tighten(dress, fault);
	int owner = tightened < 0 ? tightened : put_owner(dress, &kept, fault);

	if (owner < 0)
		return owner;
	int attributes = put_attributes(dress, &acl, fault);
	if (attributes < 0)
		return attributes;
	bool sets_mode = dress->is_new || (dress->keep & DRESS_MODE);
	int perms = put_perms(
		dress, sets_mode ? perms_to_put(dress, kept, acl) : before,
		sets_mode && (owner || attributes), fault);
	if (perms < 0)
		return perms;
	int times = put_times(dress, fault);
	if (times < 0)
		return times;
	return attributes ? PUT_ATTRIBUTES
	                  : tightened || owner || perms || times;
}

/* Steps of time that have not been found out yet are none that were lost. */
static bool has_time(const struct dress *dress, const struct meta *now)
{
	struct meta_times guess = dress->times;

	return meta_same_mtime(dress->want, now, dress->times) ||
	       times_explain(dress->want, now, &guess);
}

/* What was taken without complaint, and is not there. */
static void count_unsaid(struct dress *dress, const struct meta *now)
{
	const struct meta *want = dress->want;
	struct dress_lost *lost = &dress->lost;

	if (!lost->n_modes && !meta_is(want, S_IFLNK))
		lost->n_modes =
			((now->mode ^ dress->have.mode) & META_PERMS) != 0;
	if (!lost->n_owners && (dress->keep & DRESS_OWNER))
		lost->n_owners = now->uid != want->uid || now->gid != want->gid;
	if (!lost->n_times && (dress->keep & DRESS_TIMES))
		lost->n_times = !has_time(dress, now);
}

static bool is_other(const struct meta *now, const struct meta *before)
{
	return now->mode != before->mode || now->uid != before->uid ||
	       now->gid != before->gid || now->mtime_s != before->mtime_s ||
	       now->mtime_ns != before->mtime_ns;
}

/* What is refused each time, or taken and not kept, is no change. */
static int look_back(struct dress *dress, const struct meta *before, int rc,
                     struct fault *fault)
{
	struct meta now;
	int read = meta_read(dress->dst.fd, &now);

	if (read < 0)
		return fault_dst(fault, "cannot stat", read);
	count_unsaid(dress, &now);
	return dress->is_new || rc == PUT_ATTRIBUTES || is_other(&now, before);
}

int dress_put(struct dress *dress, struct fault *fault)
{
	const struct meta before = dress->have;
	int rc = dress_look(dress, fault);

	if (rc == 0)
		rc = put_all(dress, fault);
	if (rc < 0 || dress->only_looks)
		return rc < 0 ? rc : rc > 0;
	if (dress->is_new ? dress->reads_back : rc == 1)
		return look_back(dress, &before, rc, fault);
	return rc > 0;
}

int dress_lock(struct dress *dress, struct fault *fault)
{
	if (!(dress->keep & DRESS_FLAGS) ||
	    flags_are_same(dress->want_flags, dress->have_flags))
		return 0;
	if (dress->dst.is_path) {
		dress->lost.n_flags++;
		return 0;
	}
	if (dress->only_looks)
		return 1;
	return flags_set(dress->dst.fd, dress->want_flags, dress->have_flags,
	                 &dress->lost.n_flags, fault);
}
