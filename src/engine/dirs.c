/* SPDX-License-Identifier: MIT */
#include "engine/dirs.h"

#include "base/fd.h"
#include "engine/copy_parts.h"
#include "fs/dress.h"
#include "fs/held.h"
#include "fs/tree.h"

#include <errno.h>
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

/* What the directory has, and what flags it is to have. */
static int read_held(const struct dir *dir, struct dress *dress)
{
	int rc = meta_read(dress->dst.fd, &dress->have);

	if (rc == 0)
		rc = held_same(dress->dst.fd, dir->dst_dev, dir->dst_ino);
	if (rc < 0 || !(dress->keep & DRESS_FLAGS))
		return rc;
	rc = flags_read(dress->dst.fd, &dress->have_flags);
	dress->want_flags = dress->have_flags;
	if (rc == 0 && dress->src.fd >= 0 && !dress->src.is_path)
		rc = flags_read(dress->src.fd, &dress->want_flags);
	return rc;
}

static void learn_times(struct dirs *dirs, struct dress *dress)
{
	struct traits *traits = traits_of(&dirs->worker->tools.traits,
	                                  dress->have.dev, dress->dst.fd);

	if (dress->keep & DRESS_TIMES)
		traits_learn_times(traits, dress->dst.fd, dress->want,
		                   &dress->have);
	dress->times = traits->times;
}

/* 1 when something was changed. */
static int dress_held(struct dirs *dirs, const struct dir *dir,
                      struct dress *dress, struct fault *fault)
{
	int rc = read_held(dir, dress);

	if (rc < 0)
		return fault_dst(fault,
		                 rc == -ESTALE ? "was replaced meanwhile"
		                               : "cannot stat",
		                 rc);
	learn_times(dirs, dress);
	dress->is_new = (dir->flags & DIR_DST_EMPTY) != 0;
	/* Without --force it still is; then it has to be right already. */
	dress->only_looks = dress->have.is_locked;
	/* Some attributes exclude it (btrfs: compression). */
	if ((dress->keep & DRESS_FLAGS) && !dress->only_looks)
		rc = flags_set_early(dress->dst.fd, &dress->want_flags,
		                     &dress->have_flags, &dress->lost.n_flags,
		                     fault);
	if (rc == 0)
		rc = dress_put(dress, fault);
	int locked = rc < 0 ? rc : dress_lock(dress, fault);
	copy_count_lost(&dirs->counts, &dress->lost);
	if (dress->only_looks && (rc > 0 || locked > 0))
		return fault_dst(fault, COPY_LOCKED, -EPERM);
	return locked < 0 ? locked : rc || locked;
}

/* That it cannot be read was reported when it was to be entered; its ACL can,
 * and without that its mode would mean something else. */
static void hold_unreadable(struct dirs *dirs, const struct dir *dir,
                            struct meta_target *out)
{
	const struct buf *path = dirs_path(dirs, dir->parent);
	struct worker *worker = dirs->worker;
	int fd = tree_open(&worker->src_trees[dir->operand], path->data,
	                   path->len);

	if (fd >= 0)
		(void)copy_hold(fd, dir->name, &dir->meta,
		                worker->settings->follow == FOLLOW_ALL, out);
}

static int dress_dir(struct dirs *dirs, const struct dir *dir,
                     struct fault *fault)
{
	const struct buf *path = dirs_path(dirs, dir);
	struct worker *worker = dirs->worker;
	struct dress dress = {
		.keep = worker->settings->keep,
		.umask = worker->settings->umask,
		.want = &dir->meta,
		.scratch = &worker->tools.xattrs,
	};

	dress.dst.fd = tree_open(&worker->dst_trees[dir->operand], path->data,
	                         path->len);
	if (dress.dst.fd < 0)
		return fault_dst(fault, "cannot open directory", dress.dst.fd);
	dress.src.fd = tree_open(&worker->src_trees[dir->operand], path->data,
	                         path->len);
	/* What took its place has attributes of its own. */
	if (dress.src.fd >= 0 &&
	    held_same(dress.src.fd, dir->meta.dev, dir->meta.ino) < 0)
		dress.src.fd = -1;
	if (dress.src.fd < 0 && dir->parent)
		hold_unreadable(dirs, dir, &dress.src);
	int rc = dress_held(dirs, dir, &dress, fault);
	if (dress.src.is_path)
		(void)fd_close(dress.src.fd);
	return rc;
}

static void finish(struct dirs *dirs, struct dir *dir)
{
	const uint32_t untouched = DIR_NO_FINISH | DIR_DST_MISSING;
	struct fault fault;

	if (!(dir->flags & DIR_NO_FINISH)) {
		bool is_done = (dir->flags & untouched) ||
		               dirs->worker->settings->is_dry_run ||
		               dress_dir(dirs, dir, &fault) >= 0;
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
