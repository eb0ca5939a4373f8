/* SPDX-License-Identifier: MIT */
#include "engine/dirs.h"

#include "fs/tree.h"
#include "fs/xattr.h"

#include <stdlib.h>
#include <string.h>

struct dir *dirs_add(struct dirs *dirs, struct dir *parent, uint32_t operand,
                     const char *name, size_t name_len)
{
	struct dir *dir = xcalloc(1, sizeof(*dir) + name_len + 1);

	memcpy(dir->name, name, name_len);
	dir->name_len = name_len;
	dir->operand = operand;
	dir->n_holds = 1;
	dir->parent = parent;
	if (parent)
		dirs_hold(parent);
	dir->next = dirs->all;
	if (dir->next)
		dir->next->prev = dir;
	dirs->all = dir;
	return dir;
}

void dirs_hold(struct dir *dir)
{
	dir->n_holds++;
}

const struct buf *dirs_path(struct dirs *dirs, const struct dir *dir)
{
	size_t len = 0;

	for (const struct dir *at = dir; at->parent; at = at->parent)
		len += at->name_len + 1;
	buf_truncate(&dirs->path, 0);
	buf_reserve(&dirs->path, len);
	dirs->path.len = len ? len - 1 : 0;
	dirs->path.data[dirs->path.len] = '\0';
	for (const struct dir *at = dir; at->parent; at = at->parent) {
		len -= at->name_len + 1;
		memcpy(dirs->path.data + len, at->name, at->name_len);
		if (at != dir)
			dirs->path.data[len + at->name_len] = '/';
	}
	return &dirs->path;
}

static int set_meta(struct dirs *dirs, int fd, const struct meta *want,
                    const struct meta *have, bool is_redressed,
                    struct fault *fault)
{
	const struct meta_target target = {.fd = fd};
	struct meta_kept kept = {true, true};
	int rc;

	if (have->uid != want->uid || have->gid != want->gid) {
		rc = meta_set_owner(fd, want, &kept);
		if (rc < 0)
			return fault_dst(fault, "cannot set owner", rc);
		if (!kept.uid || !kept.gid)
			dirs->counts.lost[LOST_OWNERS]++;
		is_redressed = true;
	}
	uint32_t perms = meta_safe_perms(want, kept);
	if (is_redressed || (have->mode & META_PERMS) != perms) {
		rc = meta_set_perms(target, perms);
		if (rc < 0)
			return fault_dst(fault, "cannot set permissions", rc);
	}
	rc = meta_set_times(target, want);
	return rc < 0 ? fault_dst(fault, "cannot set times", rc) : 0;
}

/* In the order of a file: owner, attributes, permissions, times. */
static int dress(struct dirs *dirs, const struct dir *dir, struct fault *fault)
{
	const struct buf *path = dirs_path(dirs, dir);
	struct worker *worker = dirs->worker;
	struct xattr_lost lost = {0};
	struct meta have;
	int dst_fd = tree_open(&worker->dst_trees[dir->operand], path->data,
	                       path->len);

	if (dst_fd < 0)
		return fault_dst(fault, "cannot open directory", dst_fd);
	int rc = meta_read(dst_fd, &have);
	if (rc < 0)
		return fault_dst(fault, "cannot stat", rc);
	int src_fd = tree_open(&worker->src_trees[dir->operand], path->data,
	                       path->len);
	/* That it cannot be read was reported when it was to be entered. */
	if (src_fd >= 0) {
		rc = xattr_copy(src_fd, dst_fd, false, &worker->tools.xattrs,
		                &lost, fault);
		if (rc < 0)
			return rc;
	}
	dirs->counts.lost[LOST_XATTRS] += lost.xattrs;
	dirs->counts.lost[LOST_ACLS] += lost.acls;
	return set_meta(dirs, dst_fd, &dir->meta, &have, rc > 0, fault);
}

static void finish(struct dirs *dirs, struct dir *dir)
{
	const uint32_t untouched = DIR_NO_FINISH | DIR_DST_MISSING;
	struct fault fault;

	if (!(dir->flags & DIR_NO_FINISH)) {
		bool is_done = (dir->flags & untouched) ||
		               dirs->worker->settings->is_dry_run ||
		               dress(dirs, dir, &fault) == 0;
		if (is_done)
			dirs->observer.finished(dirs->observer.ctx, dir);
		else
			dirs->observer.failed(dirs->observer.ctx, dir, &fault);
	}
}

static void drop(struct dirs *dirs, struct dir *dir)
{
	if (dirs->all == dir)
		dirs->all = dir->next;
	else
		dir->prev->next = dir->next;
	if (dir->next)
		dir->next->prev = dir->prev;
	buf_release(&dir->subdirs);
	free(dir);
}

void dirs_let_go(struct dirs *dirs, struct dir *dir)
{
	while (dir && --dir->n_holds == 0) {
		struct dir *parent = dir->parent;

		finish(dirs, dir);
		drop(dirs, dir);
		dir = parent;
	}
}

void dirs_release(struct dirs *dirs)
{
	while (dirs->all)
		drop(dirs, dirs->all);
	buf_release(&dirs->path);
}
