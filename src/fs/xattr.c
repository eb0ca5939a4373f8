/* SPDX-License-Identifier: MIT */
#include "fs/xattr.h"

#include <errno.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#define ACL_PREFIX "system.posix_acl_"
#define XFS_PREFIX "trusted.SGI_ACL_"

void xattr_scratch_release(struct xattr_scratch *scratch)
{
	buf_release(&scratch->src_names);
	buf_release(&scratch->dst_names);
	buf_release(&scratch->src_value);
	buf_release(&scratch->dst_value);
}

/* ---- the system calls, for both kinds of descriptor ---- */

static ssize_t list(struct meta_target target, char *names, size_t size)
{
	char path[META_PROC_PATH];

	if (!target.is_path)
		return flistxattr(target.fd, names, size);
	return listxattr(meta_proc_path(path, target.fd), names, size);
}

static ssize_t get(struct meta_target target, const char *name, void *value,
                   size_t size)
{
	char path[META_PROC_PATH];

	if (!target.is_path)
		return fgetxattr(target.fd, name, value, size);
	return getxattr(meta_proc_path(path, target.fd), name, value, size);
}

static int set(struct meta_target target, const char *name,
               const struct buf *value)
{
	char path[META_PROC_PATH];
	int rc = target.is_path ? setxattr(meta_proc_path(path, target.fd),
	                                   name, value->data, value->len, 0)
	                        : fsetxattr(target.fd, name, value->data,
	                                    value->len, 0);

	return rc < 0 ? -errno : 0;
}

static int take_away(struct meta_target target, const char *name)
{
	char path[META_PROC_PATH];
	int rc = target.is_path
	                 ? removexattr(meta_proc_path(path, target.fd), name)
	                 : fremovexattr(target.fd, name);

	return rc < 0 ? -errno : 0;
}

/* Lists and values are at most 64 KiB (XATTR_LIST_MAX, XATTR_SIZE_MAX). */
#define ROOM_MAX ((size_t)65536)

/* The names, each with its NUL; none where none can be held. */
static int read_names(struct meta_target target, struct buf *names)
{
	buf_truncate(names, 0);
	for (size_t room = 1024; room <= ROOM_MAX; room *= 8) {
		buf_reserve(names, room);
		ssize_t n = list(target, names->data, room);
		if (n >= 0) {
			names->len = (size_t)n;
			return 0;
		}
		if (errno == EOPNOTSUPP)
			return 0;
		if (errno != ERANGE)
			return -errno;
	}
	return -E2BIG;
}

/* -ENODATA when there is no such attribute. */
static int read_value(struct meta_target target, const char *name,
                      struct buf *value)
{
	buf_truncate(value, 0);
	for (size_t room = 1024; room <= ROOM_MAX; room *= 8) {
		buf_reserve(value, room);
		ssize_t n = get(target, name, value->data, room);
		if (n >= 0) {
			value->len = (size_t)n;
			return 0;
		}
		if (errno != ERANGE)
			return -errno;
	}
	return -E2BIG;
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

/* What a target says that can never hold it, or will not from this user:
 * trusted.* and most of security.* need privileges; user.* on a special file,
 * and ids without a mapping, are EPERM and EINVAL (xattr(7)). A value that is
 * too large is E2BIG, but ENOSPC for ext4 and btrfs. */
static bool is_refusal(int rc, const char *name, int fd)
{
	return rc == -EOPNOTSUPP || rc == -EPERM || rc == -E2BIG ||
	       (rc == -ENOSPC && has_room(fd)) ||
	       (rc == -EINVAL && is_acl(name));
}

static bool has_value(const struct xattr_copy *copy, const char *name)
{
	struct xattr_scratch *scratch = copy->scratch;

	return read_value(copy->dst, name, &scratch->dst_value) == 0 &&
	       scratch->dst_value.len == scratch->src_value.len &&
	       memcmp(scratch->dst_value.data, scratch->src_value.data,
	              scratch->src_value.len) == 0;
}

/* Returns 1 when the destination is, or would be, changed. */
static int copy_one(struct xattr_copy *copy, const char *name,
                    struct fault *fault)
{
	int rc = read_value(copy->src, name, &copy->scratch->src_value);

	if (rc == -ENODATA) /* went away since it was listed */
		return 0;
	if (rc < 0)
		return fault_src(fault, "cannot read extended attribute", rc);
	if (!copy->is_bare && has_value(copy, name))
		return 0;
	if (copy->only_looks)
		return 1;
	rc = set(copy->dst, name, &copy->scratch->src_value);
	if (rc == 0)
		return 1;
	if (!is_refusal(rc, name, copy->dst.fd))
		return fault_dst(fault,
		                 is_acl(name) ? "cannot set ACL"
		                              : "cannot set extended attribute",
		                 rc);
	/* A security module labels every file: the same label is no loss. */
	if (has_value(copy, name))
		return 0;
	if (is_acl(name))
		copy->n_lost_acls++;
	else
		copy->n_lost_others++;
	return 0;
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

/* Removes what the source does not have. Labels that the kernel or a security
 * module keeps are not ours to take away. */
static int remove_extra(struct xattr_copy *copy, struct fault *fault)
{
	struct xattr_scratch *scratch = copy->scratch;
	int n_removed = 0;
	int rc = read_names(copy->dst, &scratch->dst_names);

	if (rc < 0)
		return fault_dst(fault, "cannot list extended attributes", rc);
	for (size_t at = 0; at < scratch->dst_names.len;) {
		const char *name = scratch->dst_names.data + at;

		at += strlen(name) + 1;
		if (!is_kept(copy, name) || has_name(&scratch->src_names, name))
			continue;
		rc = copy->only_looks ? 0 : take_away(copy->dst, name);
		n_removed += rc == 0;
		if (rc < 0 && rc != -ENODATA &&
		    !is_refusal(rc, name, copy->dst.fd))
			return fault_dst(
				fault, "cannot remove extended attribute", rc);
	}
	return n_removed;
}

int xattr_copy(struct xattr_copy *copy, struct fault *fault)
{
	struct buf *names = &copy->scratch->src_names;
	int n_changed = 0;
	int rc = read_names(copy->src, names);

	if (rc < 0)
		return fault_src(fault, "cannot list extended attributes", rc);
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
	return get(target, ACL_PREFIX "access", NULL, 0) > 0;
}

bool xattr_same_acl(struct meta_target a, struct meta_target b,
                    struct xattr_scratch *scratch)
{
	static const char name[] = ACL_PREFIX "access";
	struct buf *first = &scratch->src_value, *second = &scratch->dst_value;

	/* What cannot be read, or is not there, has no bytes. */
	(void)read_value(a, name, first);
	(void)read_value(b, name, second);
	return first->len == second->len &&
	       (first->len == 0 ||
	        memcmp(first->data, second->data, first->len) == 0);
}

bool xattr_is_inherited(int dir_fd)
{
	ssize_t n = fgetxattr(dir_fd, "system.posix_acl_default", NULL, 0);

	/* EBADF: it may not be read, and so may have one. */
	return n > 0 || (n < 0 && errno == EBADF);
}
