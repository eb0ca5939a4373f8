/* SPDX-License-Identifier: MIT */
#include "engine/feed.h"

#include "base/fd.h"
#include "fs/node.h"
#include "fs/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Entries looked at in one step, between two looks at the queues. */
#define STEP_ENTRIES 256

void feed_init(struct feed *feed)
{
	feed->last = &feed->first;
}

void feed_release(struct feed *feed)
{
	struct feed_job *job;

	scan_close(&feed->scan);
	while ((job = feed_take(feed)))
		free(job);
	buf_release(&feed->batch);
}

bool feed_is_full(const struct feed *feed)
{
	return feed->backlog_bytes >= FEED_BACKLOG_MAX;
}

struct feed_job *feed_take(struct feed *feed)
{
	struct feed_job *job = feed->first;

	if (!job)
		return NULL;
	feed->first = job->next;
	if (!feed->first)
		feed->last = &feed->first;
	feed->backlog_bytes -= job->len;
	return job;
}

static struct job *batch_head(struct feed *feed)
{
	return (struct job *)(void *)feed->batch.data;
}

static void batch_end(struct feed *feed)
{
	size_t len = feed->batch.len;

	if (len == 0)
		return;
	struct feed_job *job = xmalloc(sizeof(*job) + len);
	memcpy(job->record, feed->batch.data, len);
	job->len = len;
	job->next = NULL;
	*feed->last = job;
	feed->last = &job->next;
	feed->backlog_bytes += len;
	buf_truncate(&feed->batch, 0);
}

static void batch_begin(struct feed *feed)
{
	const struct buf *path = dirs_path(feed->dirs, feed->dir);
	const struct job head = {
		.owner = (uint64_t)(uintptr_t)feed->dir,
		.operand = feed->dir->operand,
		.flags = (feed->dir->flags & DIR_DST_EMPTY ? JOB_DST_EMPTY
	                                                   : 0u) |
	                 (feed->dir->flags & DIR_DST_MISSING ? JOB_DST_MISSING
	                                                     : 0u),
		.path_len = (uint32_t)path->len,
	};

	job_begin(&feed->batch, &head, path->data);
	dirs_hold(feed->dir);
}

static bool batch_has_room(struct feed *feed, uint64_t size, size_t name_bytes)
{
	const struct job *head = batch_head(feed);
	size_t need = sizeof(struct job_entry) + name_bytes + 16;

	return feed->batch.len && head->n_entries < JOB_ENTRIES_MAX &&
	       head->bytes + size <= JOB_BYTES_MAX &&
	       feed->batch.len + need <= JOB_RECORD_MAX;
}

/* The weight of an entry in the totals: only files have bytes to copy. */
static uint64_t content_size(const struct meta *meta)
{
	return meta_is(meta, S_IFREG) ? meta->size : 0;
}

static void add_entry(struct feed *feed, const struct meta *meta,
                      const char *name, size_t name_len, const char *dst_name,
                      size_t dst_name_len)
{
	uint64_t size = content_size(meta);

	if (!batch_has_room(feed, size, name_len + dst_name_len)) {
		batch_end(feed);
		batch_begin(feed);
	}
	job_add(&feed->batch, meta, name, name_len, dst_name, dst_name_len);
	batch_head(feed)->bytes += size;
	feed->tally->n_total++;
	feed->tally->bytes_total += size;
}

static void fail(struct feed *feed, const struct dir *dir, const char *name,
                 const struct fault *fault)
{
	feed->tally->n_failed++;
	feed->observer.fault(feed->observer.ctx, dir, name, fault);
}

/* Our own destination, met inside the source (by a bind mount, say). */
static bool is_some_root(const struct feed *feed, const struct meta *meta,
                         bool of_dst)
{
	const struct site *site = feed->worker->site;

	for (size_t i = 0; i < site->n_pairs; i++) {
		const struct pair *pair = &site->pairs[i];
		const struct meta *root =
			of_dst ? &pair->dst_meta : &pair->meta;

		if (pair->is_dir && root->ino && meta_same_inode(root, meta))
			return true;
	}
	return false;
}

/* Makes or opens dir's destination below its parent's. */
static int make_dst(struct feed *feed, struct dir *dir, struct fault *fault)
{
	const bool is_dry_run = feed->worker->settings->is_dry_run;
	struct dir *parent = dir->parent;
	struct meta meta;

	if (parent->flags & DIR_DST_MISSING) {
		dir->flags |= DIR_DST_MISSING;
		return 0;
	}
	const struct buf *path = dirs_path(feed->dirs, parent);
	int fd = tree_open(&feed->worker->dst_trees[dir->operand], path->data,
	                   path->len);
	if (fd < 0)
		return fault_dst(fault, "cannot open directory", fd);
	int rc = is_dry_run ? meta_read_at(fd, dir->name, &meta)
	                    : node_make_dir(fd, dir->name, &meta);
	if (is_dry_run && rc == -ENOENT) {
		dir->flags |= DIR_DST_MISSING;
		return 0;
	}
	if (rc == -ENOTDIR ||
	    (is_dry_run && rc == 0 && !meta_is(&meta, S_IFDIR)))
		return fault_dst(fault, "is not a directory, its source is",
		                 -EEXIST);
	if (rc < 0)
		return fault_dst(fault, "cannot create directory", rc);
	if (rc == 0 && is_some_root(feed, &meta, false))
		return fault_dst(fault, "is the source itself", -EEXIST);
	if (rc == 1)
		dir->flags |= DIR_DST_EMPTY;
	return 0;
}

/* Opens dir's source and notes what it is like before it is read. */
static int open_src(struct feed *feed, struct dir *dir, struct fault *fault)
{
	const struct buf *path = dirs_path(feed->dirs, dir);
	int fd = tree_open(&feed->worker->src_trees[dir->operand], path->data,
	                   path->len);

	if (fd < 0)
		return fault_src(fault, "cannot open directory", fd);
	int rc = meta_read(fd, &dir->meta);
	if (rc < 0)
		return fault_src(fault, "cannot stat", rc);
	if (is_some_root(feed, &dir->meta, true))
		return fault_src(fault, "is the destination itself", -ELOOP);
	return fd;
}

/* The unreadable directory still gets its place and its own metadata. */
static int open_unreadable(struct feed *feed, struct dir *dir)
{
	const struct buf *path = dirs_path(feed->dirs, dir->parent);
	int fd = tree_open(&feed->worker->src_trees[dir->operand], path->data,
	                   path->len);

	return fd < 0 ? fd : meta_read_at(fd, dir->name, &dir->meta);
}

static bool is_other_file_system(const struct feed *feed, const struct dir *dir)
{
	const struct pair *root = &feed->worker->site->pairs[dir->operand];

	return feed->worker->settings->is_one_file_system &&
	       dir->meta.dev != root->meta.dev;
}

static void begin_scan(struct feed *feed, struct dir *dir, int src_fd)
{
	struct fault fault;
	/* A description of its own: the cached one keeps its offset. */
	int fd = tree_open_child(src_fd, ".", O_NOATIME);
	int rc = fd < 0 ? fd : scan_open(&feed->scan, fd);

	if (rc < 0) {
		(void)fd_close(fd);
		(void)fault_src(&fault, "cannot open directory", rc);
		fail(feed, dir, "", &fault);
	}
}

/* Nothing is made for it and nothing is to be finished. */
static void leave_out(struct feed *feed, struct dir *dir,
                      const struct fault *fault)
{
	dir->flags |= DIR_NO_FINISH;
	/* Gone since it was listed: as if it had never been. */
	if (fault->err == ENOENT && !fault->is_at_dst) {
		feed->tally->n_total--;
		return;
	}
	fail(feed, dir, "", fault);
	feed->tally->n_done++;
}

static void enter(struct feed *feed, struct dir *dir)
{
	struct fault fault;
	int src_fd = open_src(feed, dir, &fault);

	if (src_fd < 0 &&
	    (fault.err != EACCES || open_unreadable(feed, dir) < 0)) {
		leave_out(feed, dir, &fault);
		return;
	}
	if (src_fd < 0)
		fail(feed, dir, "", &fault);
	if (make_dst(feed, dir, &fault) < 0) {
		leave_out(feed, dir, &fault);
		return;
	}
	if (dir->flags & (DIR_DST_EMPTY | DIR_DST_MISSING))
		feed->observer.made_dir(feed->observer.ctx, dir);
	if (src_fd >= 0 && !is_other_file_system(feed, dir))
		begin_scan(feed, dir, src_fd);
}

static void start_file_operand(struct feed *feed, const struct pair *pair)
{
	feed->dir->flags |= DIR_NO_FINISH;
	add_entry(feed, &pair->meta, pair->src_name, strlen(pair->src_name),
	          pair->dst_name, strlen(pair->dst_name));
	batch_end(feed);
}

static void start_dir_operand(struct feed *feed, const struct pair *pair)
{
	struct dir *dir = feed->dir;

	dir->meta = pair->meta;
	if (pair->dst_is_new)
		dir->flags |= DIR_DST_EMPTY;
	if (pair->dst_is_missing)
		dir->flags |= DIR_DST_MISSING;
	if (dir->flags)
		feed->observer.made_dir(feed->observer.ctx, dir);
	feed->tally->n_total++;
	begin_scan(feed, dir, pair->src_fd);
}

static bool start_operand(struct feed *feed)
{
	const struct site *site = feed->worker->site;

	while (feed->next_operand < site->n_pairs) {
		size_t i = feed->next_operand++;
		const struct pair *pair = &site->pairs[i];

		if (pair->is_unusable)
			continue;
		feed->dir = dirs_add(feed->dirs, NULL, (uint32_t)i, "", 0);
		if (pair->is_dir)
			start_dir_operand(feed, pair);
		else
			start_file_operand(feed, pair);
		return true;
	}
	return false;
}

/* Into the next subdirectory, or back up; between operands dir is NULL. */
static void move_on(struct feed *feed)
{
	struct dir *dir = feed->dir;

	if (dir->subdirs_at < dir->subdirs.len) {
		const char *name = dir->subdirs.data + dir->subdirs_at;
		size_t len = strlen(name);

		dir->subdirs_at += len + 1;
		feed->dir = dirs_add(feed->dirs, dir, dir->operand, name, len);
		enter(feed, feed->dir);
		return;
	}
	buf_release(&dir->subdirs);
	feed->dir = dir->parent;
	dirs_let_go(feed->dirs, dir);
}

/* Takes up one entry of the directory that is being scanned. */
static void take_entry(struct feed *feed, const struct scan_entry *entry)
{
	struct dir *dir = feed->dir;
	struct fault fault;
	struct meta meta = {.mode = S_IFDIR};

	if (entry->type != DT_DIR) {
		int rc = meta_read_at(feed->scan.fd, entry->name, &meta);

		if (rc == -ENOENT) /* gone since it was listed: never was */
			return;
		if (rc < 0) {
			(void)fault_src(&fault, "cannot stat", rc);
			fail(feed, dir, entry->name, &fault);
			return;
		}
	}
	if (meta_is(&meta, S_IFDIR)) {
		buf_append(&dir->subdirs, entry->name, entry->name_len + 1);
		feed->tally->n_total++;
		return;
	}
	add_entry(feed, &meta, entry->name, entry->name_len, "", 0);
}

static void end_scan(struct feed *feed, int rc)
{
	struct fault fault;

	if (rc < 0) {
		(void)fault_src(&fault, "cannot read directory", rc);
		fail(feed, feed->dir, "", &fault);
	}
	scan_close(&feed->scan);
	batch_end(feed);
}

bool feed_step(struct feed *feed)
{
	struct scan_entry entry;

	if (!feed->dir)
		return start_operand(feed);
	if (!feed->scan.buffer) {
		move_on(feed);
		return true;
	}
	for (int i = 0; i < STEP_ENTRIES; i++) {
		int rc = scan_next(&feed->scan, &entry);

		if (rc <= 0) {
			end_scan(feed, rc);
			break;
		}
		take_entry(feed, &entry);
	}
	return true;
}
