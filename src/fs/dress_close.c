/* SPDX-License-Identifier: MIT */
#include "fs/dress_parts.h"

#include <unistd.h>

static bool has_other_acl(const struct dress *dress)
{
	return (dress->keep & DRESS_ACL) && dress->src.fd >= 0 &&
	       !meta_is(dress->want, S_IFLNK) &&
	       !xattr_same_acl(dress->dst, dress->scratch);
}

static bool has_other_owner(const struct dress *dress)
{
	const struct meta *want = dress->want, *have = &dress->have;

	return (dress->keep & DRESS_OWNER) &&
	       (have->uid != want->uid || have->gid != want->gid);
}

/* If nothing is refused. */
static uint32_t hoped_perms(const struct dress *dress)
{
	return dress_final_perms(dress, (dress->keep & DRESS_ACL) != 0);
}

/* The permissions of now that will be there in the end, too. What the group's
 * bits mean depends on the ACL: to be on the safe side, they go when that will
 * be another. Its owner's bits stay, as they serve to change the rest. */
static uint32_t common_perms(const struct dress *dress)
{
	uint32_t perms =
		dress->have.mode & META_PERMS & (hoped_perms(dress) | S_IRWXU);

	if ((perms & S_IRWXG) && has_other_acl(dress))
		perms &= ~(uint32_t)S_IRWXG;
	return perms;
}

static int set_common(struct dress *dress, uint32_t perms, struct fault *fault)
{
	if ((dress->have.mode & META_PERMS) == perms)
		return 0;
	return dress_set_perms(dress, perms, fault);
}

int dress_tighten(struct dress *dress, struct fault *fault)
{
	const uint32_t have = dress->have.mode & META_PERMS;
	bool same_perms = have == hoped_perms(dress) ||
	                  have == dress_final_perms(dress, false);

	if (dress->is_new || dress->only_looks || dress->no_modes ||
	    !(dress->keep & DRESS_MODE) || meta_is(dress->want, S_IFLNK) ||
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
	uint32_t perms = hoped_perms(dress);
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

/* Neither the old nor the new owner has a hand in what is done here. */
static int take_over(struct dress *dress, struct fault *fault)
{
	struct meta owner_now = *dress->want;
	struct meta_kept kept;

	if (owner_now.uid != dress->have.uid)
		owner_now.uid = geteuid();
	int rc = meta_set_owner(dress->dst.fd, &owner_now, &dress->have, &kept);
	return rc < 0 ? fault_dst(fault, "cannot set owner", rc) : 0;
}

int dress_close(struct dress *dress, struct fault *fault)
{
	if (dress->only_looks || !(dress->keep & DRESS_MODE))
		return 0;
	int rc = dress_look(dress, fault);
	if (rc < 0)
		return rc;
	bool is_given = geteuid() == 0 && has_other_owner(dress);
	uint32_t perms = common_perms(dress);
	bool is_other = (dress->have.mode & META_PERMS) != perms;
	rc = set_common(dress, perms, fault);
	/* What is refused is not ours, and so not ours to close. */
	if (rc < 0 || (rc == 0 && is_other) || !is_given)
		return rc;
	rc = take_over(dress, fault);
	if (rc < 0)
		return rc;
	/* Until then, its owner could undo it. */
	rc = dress_set_perms(dress, perms, fault);
	return rc < 0 ? rc : 1;
}
