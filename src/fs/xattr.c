/* SPDX-License-Identifier: MIT */
#include "fs/xattr.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

#define ACL_PREFIX "system.posix_acl_"

void xattr_scratch_release(struct xattr_scratch *scratch)
{
	buf_release(&scratch->src_names);
	buf_release(&scratch->dst_names);
	buf_release(&scratch->src_value);
	buf_release(&scratch->dst_value);
}

/* The NUL-separated names, 0 or more bytes; none where none can be held. */
static int list_names(int fd, struct buf *names)
{
	size_t room = 1024;

	buf_truncate(names, 0);
	for (;;) {
		buf_reserve(names, room);
		ssize_t n = flistxattr(fd, names->data, room);
		if (n >= 0) {
			names->len = (size_t)n;
			return 0;
		}
		if (errno == EOPNOTSUPP)
			return 0;
		/* The list is at most 64 KiB (XATTR_LIST_MAX). */
		if (errno != ERANGE || room > 65536)
			return -errno;
		room *= 8;
	}
}

/* 0, or -ENODATA when there is no such attribute. */
static int read_value(int fd, const char *name, struct buf *value)
{
	size_t room = 512;

	buf_truncate(value, 0);
	for (;;) {
		buf_reserve(value, room);
		ssize_t n = fgetxattr(fd, name, value->data, room);
		if (n >= 0) {
			value->len = (size_t)n;
			return 0;
		}
		if (errno != ERANGE || room > 65536)
			return -errno;
		room *= 8;
	}
}

static bool is_acl(const char *name)
{
	return strncmp(name, ACL_PREFIX, sizeof(ACL_PREFIX) - 1) == 0;
}

/* What a target says that can never hold it, or will not from this user. */
static bool is_refusal(int rc, const char *name)
{
	if (rc == -EOPNOTSUPP)
		return true;
	/* trusted.* and most of security.* need privileges; user.* on a
	 * special file, and ids without a mapping, are EPERM and EINVAL. */
	return rc == -EPERM || (rc == -EINVAL && is_acl(name));
}

static void count_lost(const char *name, struct xattr_lost *lost)
{
	if (is_acl(name))
		lost->acls++;
	else
		lost->xattrs++;
}

static bool is_same_value(int dst_fd, const char *name,
                          struct xattr_scratch *scratch)
{
	return read_value(dst_fd, name, &scratch->dst_value) == 0 &&
	       scratch->dst_value.len == scratch->src_value.len &&
	       memcmp(scratch->dst_value.data, scratch->src_value.data,
	              scratch->src_value.len) == 0;
}

/* Returns 1 when the destination was changed. */
static int copy_one(int src_fd, int dst_fd, const char *name, bool is_bare,
                    struct xattr_scratch *scratch, struct xattr_lost *lost,
                    struct fault *fault)
{
	int rc = read_value(src_fd, name, &scratch->src_value);

	if (rc == -ENODATA) /* went away since it was listed */
		return 0;
	if (rc < 0)
		return fault_src(fault, "cannot read extended attribute", rc);
	if (!is_bare && is_same_value(dst_fd, name, scratch))
		return 0;
	if (fsetxattr(dst_fd, name, scratch->src_value.data,
	              scratch->src_value.len, 0) == 0)
		return 1;
	rc = -errno;
	/* SELinux and friends label every file: the same label is no loss. */
	if (is_refusal(rc, name)) {
		if (!is_same_value(dst_fd, name, scratch))
			count_lost(name, lost);
		return 0;
	}
	return fault_dst(fault,
	                 is_acl(name) ? "cannot set ACL"
	                              : "cannot set extended attribute",
	                 rc);
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
static int remove_extra(int dst_fd, struct xattr_scratch *scratch,
                        struct fault *fault)
{
	int n_removed = 0;
	int rc = list_names(dst_fd, &scratch->dst_names);

	if (rc < 0)
		return fault_dst(fault, "cannot list extended attributes", rc);
	for (size_t at = 0; at < scratch->dst_names.len;) {
		const char *name = scratch->dst_names.data + at;

		at += strlen(name) + 1;
		if (has_name(&scratch->src_names, name))
			continue;
		if (fremovexattr(dst_fd, name) == 0) {
			n_removed++;
			continue;
		}
		rc = -errno;
		if (rc != -ENODATA && !is_refusal(rc, name) &&
		    strncmp(name, "security.", 9) != 0)
			return fault_dst(
				fault, "cannot remove extended attribute", rc);
	}
	return n_removed;
}

int xattr_copy(int src_fd, int dst_fd, bool is_bare,
               struct xattr_scratch *scratch, struct xattr_lost *lost,
               struct fault *fault)
{
	int n_changed = 0;
	int rc = list_names(src_fd, &scratch->src_names);

	if (rc < 0)
		return fault_src(fault, "cannot list extended attributes", rc);
	if (!is_bare) {
		rc = remove_extra(dst_fd, scratch, fault);
		if (rc < 0)
			return rc;
		n_changed = rc;
	}
	for (size_t at = 0; at < scratch->src_names.len;) {
		const char *name = scratch->src_names.data + at;

		at += strlen(name) + 1;
		rc = copy_one(src_fd, dst_fd, name, is_bare, scratch, lost,
		              fault);
		if (rc < 0)
			return rc;
		n_changed += rc;
	}
	return n_changed;
}

bool xattr_is_inherited(int dir_fd)
{
	return fgetxattr(dir_fd, "system.posix_acl_default", NULL, 0) > 0;
}
