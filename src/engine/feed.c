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
	links_release(&feed->links);
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

static void batch_begin(struct feed *feed, struct dir *dir)
{
	const struct buf *path = dirs_path(feed->dirs, dir);
	const struct job head = {
		.owner = (uint64_t)(uintptr_t)dir,
		.operand = dir->operand,
		.flags = (dir->flags & DIR_DST_EMPTY ? JOB_DST_EMPTY : 0u) |
	                 (dir->flags & DIR_DST_MISSING ? JOB_DST_MISSING : 0u),
		.path_len = (uint32_t)path->len,
	};

	job_begin(&feed->batch, &head, path->data);
	dirs_hold(dir);
}

static bool batch_has_room(struct feed *feed, uint64_t bytes, size_t size)
{
	const struct job *head = batch_head(feed);

	return feed->batch.len && head->n_entries < JOB_ENTRIES_MAX &&
	       head->bytes + bytes <= JOB_BYTES_MAX &&
	       feed->batch.len + size <= JOB_RECORD_MAX;
}

static uint64_t content_bytes(const struct job_new_entry *entry)
{
	bool has_content =
		meta_is(entry->meta, S_IFREG) && entry->link != JOB_FOLLOWS;

	return has_content ? entry->meta->size : 0;
}

/* Adds to the batch of dir, the directory that is being scanned. */
static void add_to_batch(struct feed *feed, struct dir *dir,
                         const struct job_new_entry *entry)
{
	uint64_t bytes = content_bytes(entry);

	if (!batch_has_room(feed, bytes, job_entry_size(entry))) {
		batch_end(feed);
		batch_begin(feed, dir);
	}
	job_add(&feed->batch, entry);
	batch_head(feed)->bytes += bytes;
	feed->tally->bytes_total += bytes;
}

/* Fills in what the entry's link group says; false when it has to wait. */
static bool join_group(struct feed *feed, struct dir *dir,
                       struct job_new_entry *entry)
{
	struct link_group *group;
	enum link_role role = links_meet(&feed->links, entry->meta, &group);

	if (role == LINK_WAITS) {
		links_wait(group, dir, entry->meta, entry->name,
		           entry->name_len, entry->dst_name,
		           entry->dst_name_len);
		return false;
	}
	links_sent(group);
	entry->group = (uint64_t)(uintptr_t)group;
	entry->link = role == LINK_LEADS ? JOB_LEADS : JOB_FOLLOWS;
	if (role == LINK_FOLLOWS) {
		entry->link_path = links_path(group);
		entry->link_operand = links_operand(group);
	}
	return true;
}

static void add_entry(struct feed *feed, const struct meta *meta,
                      const char *name, size_t name_len, const char *dst_name,
                      size_t dst_name_len)
{
	struct job_new_entry entry = {.meta = meta,
	                              .name = name,
	                              .name_len = name_len,
	                              .dst_name = dst_name,
	                              .dst_name_len = dst_name_len};
	bool is_linked = meta->nlink > 1 && feed->worker->settings->keeps_links;

	feed->tally->n_total++;
	if (!is_linked || join_group(feed, feed->dir, &entry))
		add_to_batch(feed, feed->dir, &entry);
}

/* A job of one entry, beside the batch that is being filled. */
static void add_single(struct feed *feed, struct dir *dir,
                       const struct job_new_entry *entry)
{
	struct buf filling = feed->batch;

	feed->batch = (struct buf){0};
	add_to_batch(feed, dir, entry);
	batch_end(feed);
	buf_release(&feed->batch);
	feed->batch = filling;
}

static void release_waiter(struct feed *feed, struct link_group *group,
                           const struct link_waiter *waiter,
                           enum link_role role)
{
	struct job_new_entry entry = {
		.meta = &waiter->meta,
		.name = waiter->names,
		.name_len = waiter->name_len,
		.dst_name = waiter->names + waiter->name_len + 1,
		.dst_name_len = waiter->dst_name_len,
		.group = (uint64_t)(uintptr_t)group,
		.link = role == LINK_LEADS ? JOB_LEADS : JOB_FOLLOWS,
	};

	if (role == LINK_FOLLOWS) {
		entry.link_path = links_path(group);
		entry.link_operand = links_operand(group);
	}
	links_sent(group);
	add_single(feed, waiter->dir, &entry);
	dirs_let_go(feed->dirs, waiter->dir);
}

void feed_linked(struct feed *feed, struct link_group *group, int err,
                 bool leads, uint32_t operand, const char *path)
{
	struct link_waiter *waiter;
	enum link_role role;

	if (err)
		links_failed(group);
	else
		links_arrived(group, operand, leads ? path : NULL);
	while ((waiter = links_next(group, &role))) {
		release_waiter(feed, group, waiter, role);
		free(waiter);
	}
	links_drop(&feed->links, group);
}

void feed_again(struct feed *feed, struct dir *dir,
                const struct job_entry *entry)
{
	const struct job_new_entry again = {
		.meta = &entry->meta,
		.name = entry->name,
		.name_len = entry->name_len,
		.dst_name = entry->name + entry->name_len + 1,
		.dst_name_len = entry->dst_name_len,
		.group = entry->group,
		.link = entry->link,
		.link_path = job_link_path(entry),
		.link_operand = entry->link_operand,
	};

	feed->tally->n_total++;
	add_single(feed, dir, &again);
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
static int make_dir(const struct feed *feed, int parent_fd, const char *name,
                    struct meta *meta)
{
	const struct settings *settings = feed->worker->settings;
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

/* What an existing directory allows others, but its source does not, goes
 * before anything new is put into it. */
static int close_to_others(const struct feed *feed, int parent_fd,
                           const struct dir *dir, const struct meta *dst)
{
	const struct settings *settings = feed->worker->settings;
	uint32_t perms = dst->mode & META_PERMS & (dir->meta.mode | S_IRWXU);
	struct meta_target held = {.is_path = true};
	struct meta now;

	if (settings->is_dry_run || !(settings->keep & DRESS_MODE) ||
	    perms == (dst->mode & META_PERMS))
		return 0;
	held.fd = node_open_path(parent_fd, dir->name);
	int rc = held.fd < 0 ? held.fd : meta_read(held.fd, &now);
	if (rc == 0 && meta_same_inode(&now, dst))
		rc = meta_set_perms(held, perms);
	(void)fd_close(held.fd);
	/* Who does not own it cannot; the end of the directory will say so. */
	return rc == -EPERM ? 0 : rc;
}

/* Makes or opens dir's destination below its parent's. */
static int make_dst(struct feed *feed, struct dir *dir, struct fault *fault)
{
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
	int rc = make_dir(feed, fd, dir->name, &meta);
	if (rc == -ENOENT && feed->worker->settings->is_dry_run) {
		dir->flags |= DIR_DST_MISSING;
		return 0;
	}
	if (rc == -ENOTDIR)
		return fault_dst(fault, "is not a directory, its source is",
		                 -EEXIST);
	if (rc < 0)
		return fault_dst(fault, "cannot create directory", rc);
	if (rc == 0 && is_some_root(feed, &meta, false))
		return fault_dst(fault, "is the source itself", -EEXIST);
	if (rc == 1)
		dir->flags |= DIR_DST_EMPTY;
	dir->dst_dev = meta.dev;
	dir->dst_ino = meta.ino;
	if (rc == 0)
		rc = close_to_others(feed, fd, dir, &meta);
	return rc < 0 ? fault_dst(fault, "cannot set permissions", rc) : 0;
}

/* Only links that are followed can lead back up. */
static bool is_loop(const struct feed *feed, const struct dir *dir)
{
	if (feed->worker->settings->follow != FOLLOW_ALL)
		return false;
	for (const struct dir *up = dir->parent; up; up = up->parent) {
		if (meta_same_inode(&up->meta, &dir->meta))
			return true;
	}
	return false;
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
	if (is_loop(feed, dir))
		return fault_src(fault, "leads back into itself", -ELOOP);
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

	/* One that can be read but not entered; it is read only once. */
	if (fd == -EACCES)
		fd = fcntl(src_fd, F_DUPFD_CLOEXEC, 0);
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

static int stat_entry(const struct feed *feed, const char *name,
                      struct meta *meta)
{
	if (feed->worker->settings->follow == FOLLOW_ALL)
		return meta_read_target_at(feed->scan.fd, name, meta);
	return meta_read_at(feed->scan.fd, name, meta);
}

/* Takes up one entry of the directory that is being scanned. */
static void take_entry(struct feed *feed, const struct scan_entry *entry)
{
	struct dir *dir = feed->dir;
	struct fault fault;
	struct meta meta = {.mode = S_IFDIR};

	if (entry->type != DT_DIR) {
		int rc = stat_entry(feed, entry->name, &meta);

		/* Gone since it was listed: as if it had never been. With
		 * links followed it may lead nowhere, though. */
		if (rc == -ENOENT && entry->type != DT_LNK)
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
