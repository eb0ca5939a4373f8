/* SPDX-License-Identifier: MIT */
#include "fs/xattr.h"

#include "fs/attr.h"

#include <errno.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACL_PREFIX "system.posix_acl_"
#define ACCESS_ACL ACL_PREFIX "access"
#define CAPABILITY "security.capability"
#define XFS_PREFIX "trusted.SGI_ACL_"

void xattr_scratch_release(struct xattr_scratch *scratch)
{
	buf_release(&scratch->src_names);
	buf_release(&scratch->dst_names);
	buf_release(&scratch->src_value);
	buf_release(&scratch->dst_value);
	buf_release(&scratch->src_acl);
}

/* Lists and values are at most 64 KiB (XATTR_LIST_MAX, XATTR_SIZE_MAX). */
#define ROOM_MAX ((size_t)65536)

static int list_names(struct meta_target target, struct buf *names)
{
	buf_truncate(names, 0);
	for (size_t room = 1024; room <= ROOM_MAX; room *= 8) {
		buf_reserve(names, room);
		ssize_t n = attr_list(target, names->data, room);
		if (n >= 0) {
			names->len = (size_t)n;
			return 0;
		}
		if (n != -ERANGE)
			return (int)n;
	}
	return -E2BIG;
}

static bool is_none(ssize_t rc)
{
	return rc == -ENODATA || rc == -EOPNOTSUPP || rc == -ENOSYS ||
	       rc == -EBADF;
}

/* Where there is no list: what matters most has to be asked for by name. */
static int guess_names(struct meta_target target, struct buf *names)
{
	static const char *const known[] = {ACCESS_ACL, ACL_PREFIX "default",
	                                    CAPABILITY};

	buf_truncate(names, 0);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		ssize_t rc = attr_get(target, known[i], NULL, 0);

		if (rc < 0 && fault_is_trouble((int)rc))
			return (int)rc;
		if (!is_none(rc))
			buf_append(names, known[i], strlen(known[i]) + 1);
	}
	return 0;
}

/* The names, each with its NUL; none where none can be held. Of what cannot be
 * listed, *is_partial, those that can be guessed. */
static int read_names(struct meta_target target, struct buf *names,
                      bool *is_partial)
{
	int rc = list_names(target, names);

	*is_partial = rc < 0 && rc != -EOPNOTSUPP && !fault_is_trouble(rc);
	if (*is_partial)
		return guess_names(target, names);
	return rc == -EOPNOTSUPP ? 0 : rc;
}

/* -ENODATA when there is no such attribute. */
static int read_value(struct meta_target target, const char *name,
                      struct buf *value)
{
	buf_truncate(value, 0);
	for (size_t room = 1024; room <= ROOM_MAX; room *= 8) {
		buf_reserve(value, room);
		ssize_t n = attr_get(target, name, value->data, room);
		if (n >= 0) {
			value->len = (size_t)n;
			return 0;
		}
		if (n != -ERANGE)
			return (int)n;
	}
	return -E2BIG;
}

static bool has_name(const struct buf *names, const char *name)
{
	for (size_t at = 0; at < names->len;
	     at += strlen(names->data + at) + 1) {
		if (strcmp(names->data + at, name) == 0)
			return true;
	}
	return false;
}

/* ---- the source ---- */

static int look_at_acl(struct meta_target src, struct xattr_scratch *scratch,
                       struct xattr_seen *seen, struct fault *fault)
{
	int rc = read_value(src, ACCESS_ACL, &scratch->src_acl);

	seen->acl = rc == 0 ? XATTR_HAS_ACL : XATTR_HIDDEN_ACL;
	if (is_none(rc))
		seen->acl = XATTR_NO_ACL;
	if (rc < 0 && fault_is_trouble(rc))
		return fault_src(fault, "cannot read ACL", rc);
	return 0;
}

int xattr_look(struct meta_target src, bool wants_names,
               struct xattr_scratch *scratch, struct xattr_seen *seen,
               struct fault *fault)
{
	struct buf *names = &scratch->src_names;

	*seen = (struct xattr_seen){0};
	buf_truncate(names, 0);
	buf_truncate(&scratch->src_acl, 0);
	if (wants_names) {
		int rc = read_names(src, names, &seen->is_partial);

		if (rc < 0)
			return fault_src(fault,
			                 "cannot list extended attributes", rc);
		if (!has_name(names, ACCESS_ACL))
			return 0;
	}
	return look_at_acl(src, scratch, seen, fault);
}

/* ---- what is to be copied ---- */

static bool is_acl(const char *name)
{
	return strncmp(name, ACL_PREFIX, sizeof(ACL_PREFIX) - 1) == 0;
}

/* XFS shows root the attributes in which it keeps ACLs. */
static bool is_storage(const char *name)
{
	return strncmp(name, XFS_PREFIX, sizeof(XFS_PREFIX) - 1) == 0;
}

static bool is_kept(const struct xattr_copy *copy, const char *name)
{
	if (is_storage(name))
		return false;
	return is_acl(name) ? copy->keeps_acls : copy->keeps_others;
}

/* More than any attribute takes. */
#define ROOM_FREE (UINT64_C(1) << 20)

static bool has_room(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize >= ROOM_FREE;
}

/* A value that is too large is E2BIG, but ENOSPC for ext4 and btrfs. */
static bool is_refusal(int rc, int fd)
{
	return !fault_is_trouble(rc) || (rc == -ENOSPC && has_room(fd));
}

/* Labels that the kernel or a security module keeps are not ours to take
 * away. */
static bool is_label(const char *name)
{
	static const char *const labels[] = {
		"security.selinux", "security.SMACK64", "security.apparmor",
		"security.ima", "security.evm"};

	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		if (strncmp(name, labels[i], strlen(labels[i])) == 0)
			return true;
	}
	return false;
}

static int lose(struct xattr_copy *copy, const char *name)
{
	if (is_acl(name))
		copy->n_lost_acls++;
	else
		copy->n_lost_others++;
	if (strcmp(name, ACCESS_ACL) == 0)
		copy->lost_acl = true;
	return 0;
}

static bool is_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len &&
	       (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool has_value(const struct xattr_copy *copy, const char *name,
                      const struct buf *value)
{
	struct buf *now = &copy->scratch->dst_value;

	return read_value(copy->dst, name, now) == 0 && is_same(now, value);
}

/* It needs no try to know it. */
static bool will_refuse(const struct xattr_copy *copy, const char *name)
{
	if (geteuid() != 0 && strcmp(name, CAPABILITY) == 0)
		return true;
	return attr_get(copy->dst, name, NULL, 0) == -EOPNOTSUPP;
}

/* Returns 1 when the destination is, or would be, changed. */
static int put_value(struct xattr_copy *copy, const char *name,
                     const struct buf *value, struct fault *fault)
{
	if (!copy->is_bare && has_value(copy, name, value))
		return 0;
	if (copy->only_looks)
		return will_refuse(copy, name) ? lose(copy, name) : 1;
	int rc = attr_set(copy->dst, name, value->data, value->len);
	if (rc == 0 && copy->reads_back && !has_value(copy, name, value))
		return lose(copy, name);
	if (rc == 0)
		return 1;
	if (!is_refusal(rc, copy->dst.fd))
		return fault_dst(fault,
		                 is_acl(name) ? "cannot set ACL"
		                              : "cannot set extended attribute",
		                 rc);
	copy->was_refused |= rc == -EACCES;
	/* A security module labels every file: the same label is no loss. */
	return has_value(copy, name, value) ? 0 : lose(copy, name);
}

static int copy_one(struct xattr_copy *copy, const char *name,
                    struct fault *fault)
{
	struct xattr_scratch *scratch = copy->scratch;

	if (copy->seen.acl == XATTR_HAS_ACL && strcmp(name, ACCESS_ACL) == 0)
		return put_value(copy, name, &scratch->src_acl, fault);
	int rc = read_value(copy->src, name, &scratch->src_value);
	if (rc == -ENODATA) /* went away since it was listed */
		return 0;
	if (rc < 0 && fault_is_trouble(rc))
		return fault_src(fault, "cannot read extended attribute", rc);
	if (rc < 0)
		return lose(copy, name);
	return put_value(copy, name, &scratch->src_value, fault);
}

/* Returns 1 when it is, or would be, taken away. */
static int remove_one(struct xattr_copy *copy, const char *name,
                      struct fault *fault)
{
	if (copy->only_looks)
		return !is_label(name);
	int rc = attr_remove(copy->dst, name);
	if (rc == 0 && copy->reads_back &&
	    attr_get(copy->dst, name, NULL, 0) >= 0)
		rc = -EPERM;
	if (rc == 0)
		return 1;
	if (rc == -ENODATA)
		return 0;
	if (!is_refusal(rc, copy->dst.fd))
		return fault_dst(fault, "cannot remove extended attribute", rc);
	copy->was_refused |= rc == -EACCES;
	return is_label(name) ? 0 : lose(copy, name);
}

/* Removes what the source does not have; what it may have stays. */
static int remove_extra(struct xattr_copy *copy, struct fault *fault)
{
	struct xattr_scratch *scratch = copy->scratch;
	bool is_partial;
	int n_removed = 0;
	int rc = read_names(copy->dst, &scratch->dst_names, &is_partial);

	if (rc < 0)
		return fault_dst(fault, "cannot list extended attributes", rc);
	copy->n_lost_others += is_partial && copy->keeps_others;
	for (size_t at = 0; at < scratch->dst_names.len;) {
		const char *name = scratch->dst_names.data + at;

		at += strlen(name) + 1;
		if (!is_kept(copy, name) || has_name(&scratch->src_names, name))
			continue;
		if (copy->seen.is_partial && !is_acl(name) &&
		    strcmp(name, CAPABILITY) != 0)
			continue;
		rc = remove_one(copy, name, fault);
		if (rc < 0)
			return rc;
		n_removed += rc;
	}
	return n_removed;
}

int xattr_copy(struct xattr_copy *copy, struct fault *fault)
{
	const struct buf *names = &copy->scratch->src_names;
	int n_changed = 0;
	int rc = 0;

	copy->n_lost_others += copy->seen.is_partial && copy->keeps_others;
	if (!copy->is_bare) {
		rc = remove_extra(copy, fault);
		if (rc < 0)
			return rc;
		n_changed = rc;
	}
	for (size_t at = 0; at < names->len;) {
		const char *name = names->data + at;

		at += strlen(name) + 1;
		rc = is_kept(copy, name) ? copy_one(copy, name, fault) : 0;
		if (rc < 0)
			return rc;
		n_changed += rc;
	}
	return n_changed;
}

bool xattr_has_acl(struct meta_target target)
{
	return attr_get(target, ACCESS_ACL, NULL, 0) > 0;
}

bool xattr_same_acl(struct meta_target dst, struct xattr_scratch *scratch)
{
	/* What cannot be read, or is not there, has no bytes. */
	(void)read_value(dst, ACCESS_ACL, &scratch->dst_value);
	return is_same(&scratch->src_acl, &scratch->dst_value);
}

bool xattr_is_inherited(int dir_fd)
{
	ssize_t n = fgetxattr(dir_fd, "system.posix_acl_default", NULL, 0);

	/* EBADF: it may not be read, and so may have one. */
	return n > 0 || (n < 0 && errno == EBADF);
}
