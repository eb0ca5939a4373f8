/* SPDX-License-Identifier: MIT */
#include "engine/dirs.h"

#include "engine/finish.h"
#include "engine/rooms.h"

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

struct job dirs_job(const struct dir *dir, enum job_kind kind, size_t path_len)
{
	return (struct job){
		.owner = (uint64_t)(uintptr_t)dir,
		.kind = kind,
		.operand = dir->operand,
		.flags = dir->flags & DIRS_JOB_FLAGS,
		.path_len = (uint32_t)path_len,
		.src_dev = dir->meta.dev,
		.src_ino = dir->meta.ino,
		.dst_dev = dir->dst_dev,
		.dst_ino = dir->dst_ino,
		.dst_writer = dir->dst_writer,
	};
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

static int finish_here(struct dirs *dirs, const struct dir *dir,
                       struct fault *fault)
{
	const struct buf *path = dirs_path(dirs, dir);
	const struct finish finish = {
		.operand = dir->operand,
		.path = path->data,
		.path_len = path->len,
		.want = &dir->meta,
		.dst_dev = dir->dst_dev,
		.dst_ino = dir->dst_ino,
		.is_new = (dir->flags & DIR_DST_EMPTY) != 0,
	};

	return finish_dir(dirs->worker, &finish, &dirs->counts, fault);
}

static bool has_to_be_dressed(const struct dirs *dirs, const struct dir *dir)
{
	const uint32_t untouched = DIR_DST_MISSING | DIR_DRESSED;

	return !(dir->flags & untouched) && !dirs->worker->settings->is_dry_run;
}

static void finish(struct dirs *dirs, struct dir *dir)
{
	struct fault fault;

	if (dir->flags & DIR_NO_FINISH)
		return;
	int rc = has_to_be_dressed(dirs, dir) ? finish_here(dirs, dir, &fault)
	                                      : 0;
	if (rc >= 0 && (dir->flags & DIR_ROOM_STAYS))
		rc = fault_dst(&fault,
		               "cannot remove a staging directory "
		               "(" STAGE_PREFIX "*)",
		               -ENOTEMPTY);
	if (rc >= 0)
		dirs->observer.finished(dirs->observer.ctx, dir);
	else
		dirs->observer.failed(dirs->observer.ctx, dir, &fault);
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
	if (dir->far)
		buf_release(&dir->far->names);
	free(dir->far);
	free(dir);
}

static void remove_rooms(struct dirs *dirs, struct dir *root)
{
	if (rooms_remove(&dirs->worker->site->pairs[root->operand]) < 0)
		root->flags |= DIR_ROOM_STAYS;
}

void dirs_let_go(struct dirs *dirs, struct dir *dir)
{
	while (dir && --dir->n_holds == 0) {
		struct dir *parent = dir->parent;

		if (!parent)
			remove_rooms(dirs, dir);
		if ((dir->flags & DIR_FAR) && !(dir->flags & DIR_NO_FINISH) &&
		    has_to_be_dressed(dirs, dir)) {
			dir->n_holds = 1; /* the worker's */
			dirs->send(dirs->send_ctx, dir);
			return;
		}
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
