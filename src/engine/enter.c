/* SPDX-License-Identifier: MIT */
#include "engine/enter.h"

#include "base/fd.h"
#include "fs/flags.h"
#include "fs/held.h"
#include "fs/node.h"
#include "fs/tree.h"

#include <errno.h>
#include <sys/stat.h>

/* What was found says it all: there is no errno to add. */
static int refuse_src(struct fault *fault, const char *what)
{
	(void)fault_src(fault, what, 0);
	return -EINVAL;
}

static int refuse_dst(struct fault *fault, const char *what)
{
	(void)fault_dst(fault, what, 0);
	return -EINVAL;
}

/* Our own destination, met inside the source (by a bind mount, say). */
static bool is_some_root(const struct enter *enter, const struct meta *meta,
                         bool of_dst)
{
	const struct site *site = enter->worker->site;

	for (size_t i = 0; i < site->n_pairs; i++) {
		const struct pair *pair = &site->pairs[i];
		const struct meta *root =
			of_dst ? &pair->dst_meta : &pair->meta;

		if (pair->is_dir && root->ino && meta_same_inode(root, meta))
			return true;
	}
	return false;
}

/* Looks, in a dry run, at what make_dir would find. */
static int look_at_dir(int dir_fd, const char *name, struct meta *meta)
{
	int rc = meta_read_at(dir_fd, name, meta);

	if (rc == 0 && !meta_is(meta, S_IFDIR))
		return -ENOTDIR;
	return rc;
}

/* Makes dir's destination, or makes sure that it can be worked in: 1 made, 0
 * was there, -ENOENT missing in a dry run. */
static int make_dir(const struct enter *enter, int parent_fd, const char *name,
                    struct meta *meta)
{
	const struct settings *settings = enter->worker->settings;
	int rc;

	if (settings->is_dry_run) {
		rc = look_at_dir(parent_fd, name, meta);
		return rc == -ENOTDIR && settings->is_forced ? -ENOENT : rc;
	}
	rc = node_make_dir(parent_fd, name, meta);
	if (rc == -ENOTDIR && settings->is_forced) {
		rc = node_remove(parent_fd, name, true);
		if (rc == 0)
			rc = node_make_dir(parent_fd, name, meta);
	}
	if (rc == 0 && meta->is_locked && settings->is_forced)
		rc = node_unlock(parent_fd, name);
	return rc;
}

int enter_close_to_others(struct worker *worker, struct meta_target dst_dir,
                          int src_fd, const struct meta *src,
                          const struct meta *dst, struct fault *fault)
{
	const struct settings *settings = worker->settings;
	struct dress dress = {
		.keep = settings->keep,
		.umask = settings->umask,
		.src = {.fd = src_fd},
		.dst = dst_dir,
		.want = src,
		.have = *dst,
		.only_looks = settings->is_dry_run,
		.scratch = &worker->tools.xattrs,
	};

	return dress_close(&dress, fault);
}

void enter_unlock_root(const struct settings *settings, int dst_fd)
{
	struct flags flags;

	if (settings->is_forced && !settings->is_dry_run &&
	    flags_read(dst_fd, &flags) == 0)
		(void)flags_unlock(dst_fd, flags); /* if not, others fail */
}

static int close_to_others(const struct enter *enter, int parent_fd,
                           const struct dir *dir, int src_fd,
                           const struct meta *dst, struct fault *fault)
{
	struct meta_target held = {.is_path = true};
	struct meta now;

	held.fd = node_open_path(parent_fd, dir->name);
	int rc = held.fd < 0 ? held.fd : meta_read(held.fd, &now);
	if (rc < 0)
		(void)fault_dst(fault, "cannot open directory", rc);
	/* If not, its entries are not copied: see engine/place.h. */
	else if (meta_same_inode(&now, dst))
		rc = enter_close_to_others(enter->worker, held, src_fd,
		                           &dir->meta, &now, fault);
	(void)fd_close(held.fd);
	return rc;
}

void enter_stop_project(const struct enter *enter, struct dir *dir, int dst_fd)
{
	const struct settings *settings = enter->worker->settings;
	struct flags flags;

	if (settings->is_dry_run || !(settings->keep & DRESS_FLAGS) ||
	    flags_read(dst_fd, &flags) < 0 || !flags_pass_project(flags))
		return;
	dir->flags |= DIR_HAD_PROJECT;
	/* If that fails, the end of the directory says so. */
	(void)flags_stop_project(dst_fd, flags);
}

/* Below one that did, others may that were there before. */
static void stop_project_at(const struct enter *enter, struct dir *dir,
                            int parent_fd)
{
	int fd = tree_open_child(parent_fd, dir->name, 0);

	if (fd >= 0 && held_same(fd, dir->dst_dev, dir->dst_ino) == 0)
		enter_stop_project(enter, dir, fd);
	(void)fd_close(fd);
}

int enter_make_dst(const struct enter *enter, struct dir *dir, int src_fd,
                   struct fault *fault)
{
	struct dir *parent = dir->parent;
	struct meta meta;

	if (parent->flags & DIR_DST_MISSING) {
		dir->flags |= DIR_DST_MISSING;
		return 0;
	}
	const struct buf *path = dirs_path(enter->dirs, parent);
	int fd = tree_open(&enter->worker->dst_trees[dir->operand], path->data,
	                   path->len);
	if (fd < 0)
		return fault_dst(fault, "cannot open directory", fd);
	int rc = make_dir(enter, fd, dir->name, &meta);
	if (rc == -ENOENT && enter->worker->settings->is_dry_run) {
		dir->flags |= DIR_DST_MISSING;
		return 0;
	}
	if (rc == -ENOTDIR)
		return refuse_dst(fault, "is not a directory, its source is");
	if (rc < 0)
		return fault_dst(fault, "cannot create directory", rc);
	if (rc == 0 && is_some_root(enter, &meta, false))
		return refuse_dst(fault, "is the source itself");
	if (rc == 1)
		dir->flags |= DIR_DST_EMPTY;
	dir->dst_dev = meta.dev;
	dir->dst_ino = meta.ino;
	dir->dst_writer = held_writer(&meta);
	if (rc == 0 && parent->flags & DIR_HAD_PROJECT)
		stop_project_at(enter, dir, fd);
	/* One that is said to be made just now may be another that took its
	 * place. */
	if (rc == 0 || !held_is_private(&meta) || (meta.mode & 077))
		rc = close_to_others(enter, fd, dir, src_fd, &meta, fault);
	return rc < 0 ? rc : 0;
}

/* Only links that are followed can lead back up. */
static bool is_loop(const struct enter *enter, const struct dir *dir)
{
	if (enter->worker->settings->follow != FOLLOW_ALL)
		return false;
	for (const struct dir *up = dir->parent; up; up = up->parent) {
		if (meta_same_inode(&up->meta, &dir->meta))
			return true;
	}
	return false;
}

int enter_open_src(const struct enter *enter, struct dir *dir,
                   struct fault *fault)
{
	const struct buf *path = dirs_path(enter->dirs, dir);
	int fd = tree_open(&enter->worker->src_trees[dir->operand], path->data,
	                   path->len);

	if (fd < 0)
		return fault_src(fault, "cannot open directory", fd);
	int rc = meta_read(fd, &dir->meta);
	if (rc < 0)
		return fault_src(fault, "cannot stat", rc);
	if (is_some_root(enter, &dir->meta, true))
		return refuse_src(fault, "is the destination itself");
	if (is_loop(enter, dir))
		return refuse_src(fault, "leads back into itself");
	return fd;
}

int enter_read_unreadable(const struct enter *enter, struct dir *dir)
{
	const struct buf *path = dirs_path(enter->dirs, dir->parent);
	int fd = tree_open(&enter->worker->src_trees[dir->operand], path->data,
	                   path->len);

	return fd < 0 ? fd : meta_read_at(fd, dir->name, &dir->meta);
}

bool enter_is_other_file_system(const struct enter *enter,
                                const struct dir *dir)
{
	const struct pair *root = &enter->worker->site->pairs[dir->operand];

	return enter->worker->settings->is_one_file_system &&
	       dir->meta.dev != root->meta.dev;
}
