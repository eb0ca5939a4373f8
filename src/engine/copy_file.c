/* SPDX-License-Identifier: MIT */
#include "engine/copy_file.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TRIES 3

/* Never waits for a fifo's writer (O_NONBLOCK), never follows a link, and
 * leaves the source's access time alone where that is allowed. */
static int open_source(int dir_fd, const char *name)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dir_fd, name, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(dir_fd, name, flags);
	return fd < 0 ? -errno : fd;
}

/* Opens what the walk saw as a regular file; 0, or the outcome is set. */
static int open_regular(const struct copy_dirs *dirs, const char *name,
                        struct meta *meta, enum copy_outcome *outcome,
                        struct fault *fault)
{
	int fd = open_source(dirs->src_fd, name);

	*outcome = COPY_VANISHED;
	if (fd == -ENOENT)
		return fault_src(fault, "vanished", fd);
	if (fd == -ELOOP)
		return fault_src(fault, "is no longer a regular file", fd);
	*outcome = COPY_FAILED;
	if (fd < 0)
		return fault_src(fault, "cannot open", fd);
	int rc = meta_read(fd, meta);
	if (rc == 0 && meta_is(meta, S_IFREG))
		return fd;
	(void)fd_close(fd);
	if (rc < 0)
		return fault_src(fault, "cannot stat", rc);
	*outcome = COPY_VANISHED;
	(void)fault_src(fault, "is no longer a regular file", 0);
	return -EINVAL;
}

/* What owner a new file here has is asked once a batch. */
static int learn_new_owner(struct copy_dirs *dirs, int fd)
{
	struct meta meta;
	int rc = dirs->knows_new_owner ? 0 : meta_read(fd, &meta);

	if (rc == 0 && !dirs->knows_new_owner) {
		dirs->knows_new_owner = true;
		dirs->new_uid = meta.uid;
		dirs->new_gid = meta.gid;
	}
	return rc;
}

static int set_owner(struct copy_dirs *dirs, int fd, const struct meta *meta,
                     struct meta_kept *kept, struct counts *counts,
                     struct fault *fault)
{
	int rc = learn_new_owner(dirs, fd);

	*kept = (struct meta_kept){true, true};
	if (rc < 0)
		return fault_dst(fault, "cannot stat", rc);
	if (dirs->new_uid == meta->uid && dirs->new_gid == meta->gid)
		return 0;
	rc = meta_set_owner(fd, meta, kept);
	if (rc < 0)
		return fault_dst(fault, "cannot set owner", rc);
	if (!kept->uid || !kept->gid)
		counts->lost[LOST_OWNERS]++;
	return 1;
}

/* Owner, attributes, permissions, times: in this order, since a change of
 * owner clears set-id bits and capabilities (chown(2)) and every write
 * changes the times. */
static int dress(struct copy_tools *tools, struct copy_dirs *dirs, int src_fd,
                 int dst_fd, const struct meta *meta, bool has_perms,
                 bool is_bare, struct counts *counts, struct fault *fault)
{
	struct xattr_lost lost = {0};
	struct meta_kept kept;
	int owner = set_owner(dirs, dst_fd, meta, &kept, counts, fault);

	if (owner < 0)
		return owner;
	int attributes = xattr_copy(src_fd, dst_fd, is_bare, &tools->xattrs,
	                            &lost, fault);
	if (attributes < 0)
		return attributes;
	counts->lost[LOST_XATTRS] += lost.xattrs;
	counts->lost[LOST_ACLS] += lost.acls;
	uint32_t perms = meta_safe_perms(meta, kept);
	/* Who is not root loses set-id bits by writing (POSIX, write). */
	if (!has_perms || !is_bare || owner > 0 ||
	    (perms & (S_ISUID | S_ISGID)) ||
	    perms != (meta->mode & META_PERMS)) {
		int rc = meta_set_perms((struct meta_target){.fd = dst_fd},
		                        perms);
		if (rc < 0)
			return fault_dst(fault, "cannot set permissions", rc);
	}
	int rc = meta_set_times((struct meta_target){.fd = dst_fd}, meta);
	return rc < 0 ? fault_dst(fault, "cannot set times", rc) : 0;
}

/* 1 when the bytes read may not be one state of the source. */
static int has_changed(int src_fd, const struct meta *before,
                       struct fault *fault)
{
	struct meta after;
	int rc = meta_read(src_fd, &after);

	if (rc < 0)
		return fault_src(fault, "cannot stat", rc);
	return !meta_is_unchanged(before, &after);
}

/* One try into a file of its own: 0 made, 1 made but the source changed. */
static int copy_staged(struct copy_tools *tools, struct copy_dirs *dirs,
                       int src_fd, const struct meta *meta, const char *name,
                       bool is_last_try, struct counts *counts,
                       struct fault *fault)
{
	struct stage stage;
	bool has_perms;
	int rc = stage_open(&stage, dirs->dst_fd, dirs->traits,
	                    meta->mode & META_PERMS, &has_perms, dirs->note);

	if (rc < 0)
		return fault_dst(fault, "cannot create", rc);
	rc = data_copy(&tools->io, src_fd, stage.fd, meta, fault);
	if (rc == 0)
		rc = dress(tools, dirs, src_fd, stage.fd, meta,
		           has_perms && !dirs->inherits_acl,
		           !dirs->inherits_acl, counts, fault);
	int changed = rc == 0 ? has_changed(src_fd, meta, fault) : 0;
	if (rc < 0 || changed < 0 || (changed && !is_last_try)) {
		stage_discard(&stage);
		return rc < 0 ? rc : changed;
	}
	rc = stage_publish(&stage, name);
	return rc < 0 ? fault_dst(fault, "cannot publish", rc) : changed;
}

/* Under the final name. An existing file keeps its inode, and so its other
 * names; it is closed to others before it gets a byte of the new content. */
static int open_inplace(const struct copy_dirs *dirs, const char *name,
                        struct fault *fault)
{
	int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dirs->dst_fd, name, flags | O_CREAT | O_EXCL, 0600);

	if (fd >= 0)
		return fd;
	if (errno == EEXIST)
		fd = openat(dirs->dst_fd, name, flags);
	if (fd < 0)
		return fault_dst(fault, "cannot open for writing", -errno);
	struct meta meta;
	int rc = meta_read(fd, &meta);
	if (rc == 0 && !meta_is(&meta, S_IFREG))
		rc = -EEXIST;
	if (rc == 0 && (meta.mode & META_PERMS) != 0600)
		rc = meta_set_perms((struct meta_target){.fd = fd}, 0600);
	if (rc == 0 && ftruncate(fd, 0) < 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	(void)fd_close(fd);
	return fault_dst(fault, "cannot write in place", rc);
}

static int copy_inplace(struct copy_tools *tools, struct copy_dirs *dirs,
                        int src_fd, const struct meta *meta, const char *name,
                        struct counts *counts, struct fault *fault)
{
	struct copy_dirs own = *dirs;
	int fd = open_inplace(dirs, name, fault);

	if (fd < 0)
		return fd;
	own.knows_new_owner = false;
	int rc = data_copy(&tools->io, src_fd, fd, meta, fault);
	if (rc == 0)
		rc = dress(tools, &own, src_fd, fd, meta, false, false, counts,
		           fault);
	int changed = rc == 0 ? has_changed(src_fd, meta, fault) : 0;
	int closed = fd_close_checked(fd);
	if (rc == 0 && closed < 0)
		rc = fault_dst(fault, "cannot close", closed);
	return rc < 0 ? rc : changed;
}

static bool can_be_replaced(const struct meta *dst)
{
	return !dst || meta_is(dst, S_IFREG);
}

enum copy_outcome copy_file(struct copy_tools *tools, struct copy_dirs *dirs,
                            const struct job_entry *entry,
                            const struct meta *dst, struct counts *counts,
                            struct fault *fault)
{
	const char *name = job_dst_name(entry);
	bool is_inplace = tools->settings->is_inplace && can_be_replaced(dst);
	int rc = 0;

	for (int try = 1; try <= TRIES; try++) {
		enum copy_outcome outcome;
		struct counts tried = *counts;
		struct meta meta;
		int src_fd =
			open_regular(dirs, entry->name, &meta, &outcome, fault);

		if (src_fd < 0)
			return outcome;
		rc = is_inplace ? copy_inplace(tools, dirs, src_fd, &meta, name,
		                               &tried, fault)
		                : copy_staged(tools, dirs, src_fd, &meta, name,
		                              try == TRIES, &tried, fault);
		(void)fd_close(src_fd);
		if (rc > 0 && try < TRIES) /* what it lost is lost again */
			continue;
		*counts = tried;
		break;
	}
	if (rc == -ECANCELED)
		return COPY_STOPPED;
	if (rc < 0)
		return COPY_FAILED;
	if (rc == 0)
		return COPY_MADE;
	(void)fault_src(fault, "kept changing while it was read", 0);
	return COPY_UNSTABLE;
}
