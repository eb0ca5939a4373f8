/* SPDX-License-Identifier: MIT */
#include "engine/copy.h"

#include "base/fd.h"
#include "engine/copy_file.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int copy_dirs_open(struct copy_tools *tools, struct copy_dirs *dirs)
{
	struct meta meta;

	if (dirs->dst_fd < 0)
		return 0;
	int rc = meta_read(dirs->dst_fd, &meta);
	if (rc < 0)
		return rc;
	dirs->traits = traits_of(&tools->traits, meta.dev, dirs->dst_fd);
	dirs->inherits_acl = xattr_is_inherited(dirs->dst_fd);
	return 0;
}

void copy_tools_release(struct copy_tools *tools)
{
	xattr_scratch_release(&tools->xattrs);
	buf_release(&tools->link);
	buf_release(&tools->other_link);
}

/* 1 when both links lead to the same text. */
static int has_same_target(struct copy_tools *tools,
                           const struct copy_dirs *dirs,
                           const struct job_entry *entry, struct fault *fault)
{
	int rc = node_read_link(dirs->src_fd, entry->name, &tools->link);

	if (rc < 0)
		return fault_src(fault, "cannot read link", rc);
	rc = node_read_link(dirs->dst_fd, job_dst_name(entry),
	                    &tools->other_link);
	if (rc < 0)
		return fault_dst(fault, "cannot read link", rc);
	return tools->link.len == tools->other_link.len &&
	       memcmp(tools->link.data, tools->other_link.data,
	              tools->link.len) == 0;
}

/* 1 when the destination has the source's content as far as size and time
 * tell; 0 when it has not; negative with a fault. */
static int is_current(struct copy_tools *tools, const struct copy_dirs *dirs,
                      const struct job_entry *entry, const struct meta *dst,
                      struct fault *fault)
{
	const struct meta *src = &entry->meta;

	if ((src->mode & S_IFMT) != (dst->mode & S_IFMT))
		return 0;
	if (meta_is(src, S_IFLNK))
		return has_same_target(tools, dirs, entry, fault);
	if (!meta_is(src, S_IFREG))
		return src->rdev == dst->rdev;
	return src->size == dst->size &&
	       meta_same_mtime(src, dst, dirs->traits->time_granularity_ns);
}

static bool is_older(const struct meta *dst, const struct meta *src)
{
	return dst->mtime_s < src->mtime_s ||
	       (dst->mtime_s == src->mtime_s && dst->mtime_ns < src->mtime_ns);
}

enum rule { RULE_COPY, RULE_LEAVE, RULE_MEND, RULE_FAIL };

/* What the update rule says of an entry whose name is taken. */
static enum rule judge(struct copy_tools *tools, const struct copy_dirs *dirs,
                       const struct job_entry *entry, const struct meta *dst,
                       struct fault *fault)
{
	enum update_rule update = tools->settings->update;

	if (update == UPDATE_NONE || meta_same_inode(&entry->meta, dst))
		return RULE_LEAVE;
	if (meta_is(dst, S_IFDIR)) {
		(void)fault_dst(fault, "is a directory, its source is not", 0);
		return RULE_FAIL;
	}
	if (update == UPDATE_ALL)
		return RULE_COPY;
	int current = is_current(tools, dirs, entry, dst, fault);
	if (current < 0)
		return RULE_FAIL;
	if (current)
		return RULE_MEND;
	if (update == UPDATE_OLDER && !is_older(dst, &entry->meta))
		return RULE_LEAVE;
	return RULE_COPY;
}

static int set_owner(int fd, const struct meta *want, const struct meta *have,
                     struct meta_kept *kept, struct counts *counts,
                     struct fault *fault)
{
	*kept = (struct meta_kept){true, true};
	if (have->uid == want->uid && have->gid == want->gid)
		return 0;
	int rc = meta_set_owner(fd, want, kept);
	if (rc < 0)
		return fault_dst(fault, "cannot set owner", rc);
	if (!kept->uid || !kept->gid)
		counts->lost[LOST_OWNERS]++;
	return (kept->uid && have->uid != want->uid) ||
	       (kept->gid && have->gid != want->gid);
}

/* Puts owner, permissions and times of an entry right through a descriptor of
 * the very inode that was looked at. Returns 1 when something changed. */
static int set_meta(int fd, const struct meta *want, const struct meta *have,
                    bool has_times, struct counts *counts, struct fault *fault)
{
	const struct meta_target target = {fd, true};
	struct meta_kept kept;
	int changed = set_owner(fd, want, have, &kept, counts, fault);

	if (changed < 0)
		return changed;
	uint32_t perms = meta_safe_perms(want, kept);
	if (!meta_is(want, S_IFLNK) &&
	    (changed || (have->mode & META_PERMS) != perms)) {
		int rc = meta_set_perms(target, perms);
		if (rc < 0)
			return fault_dst(fault, "cannot set permissions", rc);
		changed = 1;
	}
	if (has_times)
		return changed;
	int rc = meta_set_times(target, want);
	return rc < 0 ? fault_dst(fault, "cannot set times", rc) : 1;
}

static bool needs_mending(const struct meta *src, const struct meta *dst,
                          const struct traits *traits)
{
	return src->uid != dst->uid || src->gid != dst->gid ||
	       (!meta_is(src, S_IFLNK) &&
	        (src->mode & META_PERMS) != (dst->mode & META_PERMS)) ||
	       !meta_same_mtime(src, dst, traits->time_granularity_ns);
}

/* Opens the entry itself and makes sure that it is still of this type, so that
 * nothing which was put in its place meanwhile gets its owner or mode. */
static int open_checked(int dir_fd, const char *name, const struct meta *want,
                        struct meta *meta, struct fault *fault)
{
	int fd = node_open_path(dir_fd, name);

	if (fd < 0)
		return fault_dst(fault, "cannot open", fd);
	int rc = meta_read(fd, meta);
	if (rc == 0 && ((meta->mode & S_IFMT) != (want->mode & S_IFMT) ||
	                meta->rdev != want->rdev))
		rc = -ESTALE;
	if (rc == 0)
		return fd;
	(void)fd_close(fd);
	return fault_dst(fault, "was replaced meanwhile", rc);
}

static enum copy_outcome mend(const struct copy_dirs *dirs,
                              const struct job_entry *entry,
                              const struct meta *dst, struct counts *counts,
                              struct fault *fault)
{
	const struct meta *src = &entry->meta;
	struct meta meta;

	if (!needs_mending(src, dst, dirs->traits))
		return COPY_UNCHANGED;
	int fd = open_checked(dirs->dst_fd, job_dst_name(entry), dst, &meta,
	                      fault);
	if (fd < 0)
		return COPY_FAILED;
	bool has_times =
		meta_same_mtime(src, &meta, dirs->traits->time_granularity_ns);
	int rc = meta_same_inode(&meta, dst)
	                 ? set_meta(fd, src, &meta, has_times, counts, fault)
	                 : fault_dst(fault, "was replaced meanwhile", -ESTALE);
	(void)fd_close(fd);
	if (rc < 0)
		return COPY_FAILED;
	return rc ? COPY_MENDED : COPY_UNCHANGED;
}

/* Makes the node under the final name if that is free, else under a temporary
 * one that then takes its place. */
static int make_node(struct copy_tools *tools, const struct copy_dirs *dirs,
                     const struct meta *meta, const char *name)
{
	int rc;

	if (meta_is(meta, S_IFLNK))
		rc = symlinkat(tools->link.data, dirs->dst_fd, name);
	else
		rc = mknodat(dirs->dst_fd, name, meta->mode & S_IFMT,
		             meta->rdev);
	return rc < 0 ? -errno : 0;
}

static int dress_node(const struct copy_dirs *dirs, const char *name,
                      const struct meta *want, struct counts *counts,
                      struct fault *fault)
{
	struct meta meta;
	int fd = open_checked(dirs->dst_fd, name, want, &meta, fault);

	if (fd < 0)
		return fd;
	int rc = meta.nlink == 1
	                 ? set_meta(fd, want, &meta, false, counts, fault)
	                 : fault_dst(fault, "was replaced meanwhile", -ESTALE);
	(void)fd_close(fd);
	return rc < 0 ? rc : 0;
}

static enum copy_outcome copy_node(struct copy_tools *tools,
                                   const struct copy_dirs *dirs,
                                   const struct job_entry *entry,
                                   bool dst_exists, struct counts *counts,
                                   struct fault *fault)
{
	const struct meta *meta = &entry->meta;
	const char *name = job_dst_name(entry);
	int rc = 0;

	if (meta_is(meta, S_IFLNK))
		rc = node_read_link(dirs->src_fd, entry->name, &tools->link);
	if (rc < 0) {
		(void)fault_src(fault, "cannot read link", rc);
		return rc == -ENOENT ? COPY_VANISHED : COPY_FAILED;
	}
	rc = dst_exists ? -EEXIST : make_node(tools, dirs, meta, name);
	bool is_staged = rc == -EEXIST;
	if (is_staged) {
		stage_make_name(dirs->note);
		name = dirs->note;
		rc = make_node(tools, dirs, meta, name);
	}
	if (rc < 0) {
		dirs->note[0] = '\0';
		(void)fault_dst(fault, "cannot create", rc);
		return COPY_FAILED;
	}
	rc = dress_node(dirs, name, meta, counts, fault);
	if (rc == 0 && is_staged) {
		rc = stage_rename(dirs->dst_fd, dirs->note,
		                  job_dst_name(entry));
		if (rc < 0)
			(void)fault_dst(fault, "cannot replace", rc);
	} else if (is_staged) {
		stage_sweep(dirs->dst_fd, dirs->note);
	}
	return rc < 0 ? COPY_FAILED : COPY_MADE;
}

static enum copy_outcome do_copy(struct copy_tools *tools,
                                 struct copy_dirs *dirs,
                                 const struct job_entry *entry,
                                 const struct meta *dst, struct counts *counts,
                                 struct fault *fault)
{
	if (tools->settings->is_dry_run)
		return COPY_MADE;
	if (meta_is(&entry->meta, S_IFREG))
		return copy_file(tools, dirs, entry, dst, counts, fault);
	return copy_node(tools, dirs, entry, dst != NULL, counts, fault);
}

enum copy_outcome copy_entry(struct copy_tools *tools, struct copy_dirs *dirs,
                             const struct job_entry *entry,
                             struct counts *counts, struct fault *fault)
{
	struct meta dst;
	int rc = -ENOENT;

	if (dirs->dst_fd >= 0 && !dirs->dst_is_empty)
		rc = meta_read_at(dirs->dst_fd, job_dst_name(entry), &dst);
	if (rc == -ENOENT)
		return do_copy(tools, dirs, entry, NULL, counts, fault);
	if (rc < 0) {
		(void)fault_dst(fault, "cannot stat", rc);
		return COPY_FAILED;
	}
	switch (judge(tools, dirs, entry, &dst, fault)) {
	case RULE_COPY:
		return do_copy(tools, dirs, entry, &dst, counts, fault);
	case RULE_LEAVE:
		return COPY_UNCHANGED;
	case RULE_MEND:
		if (tools->settings->is_dry_run)
			return needs_mending(&entry->meta, &dst, dirs->traits)
			               ? COPY_MENDED
			               : COPY_UNCHANGED;
		return mend(dirs, entry, &dst, counts, fault);
	case RULE_FAIL:
		break;
	}
	return COPY_FAILED;
}
