/* SPDX-License-Identifier: MIT */
#include "engine/copy_parts.h"

#include "base/fd.h"
#include "engine/bounds.h"
#include "fs/held.h"
#include "fs/node.h"
#include "fs/stage.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where there is no place for its type, some say EIO and leave an empty file. */
static int make_special(int dir_fd, const char *name, uint32_t mode,
                        uint64_t rdev)
{
	struct meta left;

	if (mknodat(dir_fd, name, mode | 0600, rdev) == 0)
		return 0;
	int rc = -errno;
	if (rc != -EIO || meta_read_at(dir_fd, name, &left) < 0 ||
	    !meta_is(&left, S_IFREG) || left.size)
		return rc;
	(void)unlinkat(dir_fd, name, 0);
	return -EOPNOTSUPP;
}

/* Makes the node under the final name if that is free, else under a temporary
 * one that then takes its place. */
static int make_node(struct copy_tools *tools, const struct copy_dirs *dirs,
                     const struct meta *meta, const char *name)
{
	if (!meta_is(meta, S_IFLNK))
		return make_special(dirs->dst_fd, name, meta->mode & S_IFMT,
		                    meta->rdev);
	return symlinkat(tools->link.data, dirs->dst_fd, name) < 0 ? -errno : 0;
}

/* Dresses the node just made, after making sure that it still is that: nothing
 * that somebody put in its place gets its owner or mode. */
static int dress_node(struct copy_tools *tools, struct copy_dirs *dirs,
                      const struct job_entry *entry, const char *name,
                      struct counts *counts, struct fault *fault)
{
	const struct meta *want = &entry->meta;
	struct dress dress = copy_dress(tools, dirs, want);
	int rc;

	dress.dst = (struct meta_target){
		.fd = node_open_path(dirs->dst_fd, name),
		.is_path = true,
		.dir_fd = dirs->dst_fd,
		/* Others could put something else there. */
		.name = dirs->writer_now == 0 ? name : NULL,
	};
	if (dress.dst.fd < 0)
		return fault_dst(fault, "cannot open", dress.dst.fd);
	rc = meta_read(dress.dst.fd, &dress.have);
	if (rc == 0 && ((dress.have.mode & S_IFMT) != (want->mode & S_IFMT) ||
	                dress.have.rdev != want->rdev))
		rc = -ESTALE;
	if (rc == 0 && held_only_name(dress.dst.fd, dirs->dst_fd, name) != 1)
		rc = -ESTALE;
	if (rc < 0) {
		(void)fd_close(dress.dst.fd);
		return fault_dst(fault, "was replaced meanwhile", rc);
	}
	/* Without its source, when that is gone, it is dressed as far as is
	 * known. */
	rc = copy_hold(dirs->src_fd, entry->name, want,
	               tools->settings->follow == FOLLOW_ALL, &dress.src);
	dress.is_new = true;
	dress.is_bare = !dirs->inherits_acl;
	if (rc < 0 && rc != -ENOENT && rc != -ESTALE)
		rc = fault_src(fault, "cannot open", rc);
	else
		rc = dress_put(&dress, fault);
	copy_note_made(dirs, dress.dst.fd);
	(void)fd_close(dress.src.fd);
	(void)fd_close(dress.dst.fd);
	copy_count_lost(counts, &dress.lost);
	return rc < 0 ? rc : 0;
}

static bool says_not_supported(int rc)
{
	return rc == -EPERM || rc == -EOPNOTSUPP || rc == -ENOSYS ||
	       rc == -EINVAL || rc == -ENOTTY;
}

/* It is neither the name, which another one shows, nor, with a device, that it
 * is refused to us: a socket may be made by anybody. */
static bool has_no_place(const struct copy_dirs *dirs, const struct meta *meta)
{
	const bool is_device = meta_is(meta, S_IFCHR) || meta_is(meta, S_IFBLK);
	const uint32_t type = is_device ? S_IFSOCK : meta->mode & S_IFMT;
	int rc;

	stage_make_name(dirs->note);
	if (!meta_is(meta, S_IFLNK))
		rc = make_special(dirs->dst_fd, dirs->note, type, 0);
	else
		rc = symlinkat("x", dirs->dst_fd, dirs->note) < 0 ? -errno : 0;
	stage_sweep(dirs->dst_fd, dirs->note);
	return says_not_supported(rc);
}

/* What the file system has no place for is left out, and counted. */
static enum copy_outcome not_made(const struct copy_dirs *dirs,
                                  const struct meta *meta, int rc,
                                  struct counts *counts, struct fault *fault)
{
	bool is_link = meta_is(meta, S_IFLNK);

	(void)copy_not_created(fault, "cannot create", rc);
	if (says_not_supported(rc) && !dirs->dst_is_locked &&
	    has_no_place(dirs, meta)) {
		counts->lost[is_link ? LOST_SYMLINKS : LOST_NODES]++;
		return COPY_NO_PLACE;
	}
	return COPY_FAILED;
}

/* *gives_way: what had the name was removed, as nothing can be renamed here, so
 * that it is to be made under that name. */
static enum copy_outcome try_node(struct copy_tools *tools,
                                  struct copy_dirs *dirs,
                                  const struct job_entry *entry,
                                  bool dst_exists, bool *gives_way,
                                  struct counts *counts, struct fault *fault)
{
	const struct meta *meta = &entry->meta;
	const char *name = job_dst_name(entry);
	int rc = 0;

	if (meta_is(meta, S_IFLNK))
		rc = node_read_link(dirs->src_fd, entry->name, &tools->link);
	if (rc < 0) {
		(void)fault_src(fault, "cannot read link", rc);
		return rc == -ENOENT || rc == -EINVAL ? COPY_VANISHED
		                                      : COPY_FAILED;
	}
	/* It may have been exchanged since it was judged. */
	if (meta_is(meta, S_IFLNK) && tools->settings->drops_unsafe &&
	    bounds_are_left(tools->link.data, dirs->depth))
		return COPY_LEFT_OUT;
	rc = dst_exists ? -EEXIST : make_node(tools, dirs, meta, name);
	if (rc == -EEXIST && dirs->dst_is_empty &&
	    copy_name_refused(tools, dirs, name, rc, fault) < 0)
		return COPY_FAILED;
	bool is_staged = rc == -EEXIST;
	if (is_staged) {
		stage_make_name(dirs->note);
		name = dirs->note;
		rc = make_node(tools, dirs, meta, name);
	}
	if (rc < 0) {
		/* Some make half of it. */
		if (is_staged && rc != -EEXIST)
			stage_sweep(dirs->dst_fd, dirs->note);
		dirs->note[0] = '\0';
		return not_made(dirs, meta, rc, counts, fault);
	}
	const struct counts before = *counts;
	rc = dress_node(tools, dirs, entry, name, counts, fault);
	if (rc == 0 && is_staged) {
		name = job_dst_name(entry);
		rc = stage_rename(copy_stage_dir(dirs), dirs->traits,
		                  dirs->note, name);
		if (rc < 0 && copy_gives_way(tools, dirs, name, rc)) {
			*counts = before;
			*gives_way = true;
			return COPY_FAILED;
		}
		if (rc < 0)
			rc = copy_name_refused(tools, dirs, name, rc, fault);
	} else if (is_staged) {
		stage_sweep(dirs->dst_fd, dirs->note);
	}
	return rc < 0 ? COPY_FAILED : COPY_MADE;
}

enum copy_outcome copy_node(struct copy_tools *tools, struct copy_dirs *dirs,
                            const struct job_entry *entry, bool dst_exists,
                            struct counts *counts, struct fault *fault)
{
	bool gives_way = false;
	enum copy_outcome outcome = try_node(tools, dirs, entry, dst_exists,
	                                     &gives_way, counts, fault);

	return gives_way ? try_node(tools, dirs, entry, false, &gives_way,
	                            counts, fault)
	                 : outcome;
}
