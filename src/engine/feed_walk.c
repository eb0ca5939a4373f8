/* SPDX-License-Identifier: MIT */
/* The walk itself, as far as it is the master's. */
#include "engine/feed.h"

#include "base/fd.h"
#include "engine/implied.h"
#include "engine/share.h"
#include "fs/distance.h"
#include "fs/held.h"
#include "fs/tree.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

/* Entries looked at in one step, between two looks at the queues. */
#define STEP_ENTRIES 256

#define KEEPS_ITS_OWN \
	"is shared by many: keeps its own owner, permissions and times"

static void fail(struct feed *feed, const struct dir *dir, const char *name,
                 const struct fault *fault)
{
	feed->tally->n_failed++;
	feed->observer.fault(feed->observer.ctx, dir, name, fault);
}

/* Gone since it was listed, and what was in it. */
static void tell_vanished(struct feed *feed, const struct dir *dir,
                          const char *name)
{
	struct fault fault;

	(void)fault_src(&fault, "vanished", -ENOENT);
	feed->tally->n_changed++;
	feed->observer.fault(feed->observer.ctx, dir, name, &fault);
}

static void begin_scan(struct feed *feed, struct dir *dir, int src_fd)
{
	struct fault fault;
	int fd = enter_open_names(src_fd, !dir->parent);
	int rc = fd < 0 ? fd : scan_open(&feed->scan, fd);

	/* Whoever takes over before the first entry begins there. */
	feed->cookie = 0;
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
	feed->tally->n_dirs_done++;
	if (fault->err == ENOENT && !fault->is_at_dst)
		tell_vanished(feed, dir, "");
	else
		fail(feed, dir, "", fault);
}

static bool is_loop(const struct feed *feed, const struct dir *dir,
                    const struct enter_dir *at)
{
	size_t len = at->path_len;

	for (const struct dir *up = dir->parent; up; up = up->parent) {
		len = enter_upper_len(at, len);
		if (meta_same_inode(&up->meta, &at->meta) &&
		    enter_is_upper(feed->worker, at, len))
			return true;
	}
	return false;
}

static struct enter_dir words_of(struct feed *feed, const struct dir *dir)
{
	const struct buf *path = dirs_path(feed->dirs, dir);

	return (struct enter_dir){.operand = dir->operand,
	                          .path = path->data,
	                          .path_len = path->len,
	                          .up_flags = dir->parent->flags};
}

static int make_dst(struct feed *feed, struct dir *dir, struct enter_dir *at,
                    int src_fd, struct fault *fault)
{
	int rc = enter_make_dst(feed->worker, at, src_fd, fault);

	if (rc < 0 && (at->flags & DIR_IN_WAY)) {
		at->flags = 0;
		rc = enter_clear_way(feed->worker, at, fault);
		if (rc == 0)
			rc = enter_make_dst(feed->worker, at, src_fd, fault);
	}
	dir->flags |= at->flags & DIRS_JOB_FLAGS;
	dir->dst_dev = at->dst_dev;
	dir->dst_ino = at->dst_ino;
	dir->dst_writer = at->dst_writer;
	return rc;
}
/* Its two sides, where they are on other file systems than its parent's. */
static bool is_far(struct feed *feed, const struct dir *dir, int src_fd)
{
	const struct dir *up = dir->parent;
	const struct pair *pair = &feed->worker->site->pairs[dir->operand];
	uint64_t up_dst_dev = up->parent ? up->dst_dev : pair->dst_meta.dev;

	if (feed->pace.is_slow ||
	    (dir->meta.dev != up->meta.dev && distance_is_far(src_fd)))
		return true;
	if (dir->dst_ino == 0 || dir->dst_dev == up_dst_dev)
		return false;
	const struct buf *path = dirs_path(feed->dirs, dir);
	int fd = tree_open(&feed->worker->dst_trees[dir->operand], path->data,
	                   path->len);
	return fd >= 0 && distance_is_far(fd);
}

/* The workers walk it, and what is below. */
static void hand_over(struct feed *feed)
{
	struct dir *dir = feed->dir;

	feed->dir = dir->parent;
	far_take(feed, dir, 0, false);
}

static void enter_dir(struct feed *feed, struct dir *dir)
{
	struct fault fault;
	struct enter_dir at = words_of(feed, dir);
	int src_fd = enter_open_src(feed->worker, &at, &fault);

	if (src_fd >= 0 && is_loop(feed, dir, &at))
		src_fd = enter_refuse_loop(&fault);
	if (src_fd < 0 && !at.is_elsewhere &&
	    (fault.err != EACCES ||
	     enter_read_unreadable(feed->worker, &at) < 0)) {
		leave_out(feed, dir, &fault);
		return;
	}
	dir->meta = at.meta;
	if (src_fd < 0 && !at.is_elsewhere)
		fail(feed, dir, "", &fault);
	if (make_dst(feed, dir, &at, src_fd, &fault) < 0) {
		leave_out(feed, dir, &fault);
		return;
	}
	if (dir->flags & (DIR_DST_EMPTY | DIR_DST_MISSING))
		feed->observer.made_dir(feed->observer.ctx, dir);
	if (src_fd < 0)
		return;
	if (is_far(feed, dir, src_fd))
		hand_over(feed);
	else
		begin_scan(feed, dir, src_fd);
}

static void start_file_operand(struct feed *feed, const struct pair *pair)
{
	feed->dir->flags |= DIR_NO_FINISH;
	if (pair->dst_is_missing)
		feed->dir->flags |= DIR_DST_MISSING;
	feed_add(feed, feed->dir, &pair->meta, pair->src_name,
	         strlen(pair->src_name), pair->dst_name,
	         strlen(pair->dst_name));
	backlog_flush(&feed->backlog);
}

/* The directory that DST is, made by us or not. */
static void prepare_dst_root(struct feed *feed, struct dir *dir,
                             const struct pair *pair)
{
	const struct meta_target root = {.fd = pair->dst_fd,
	                                 .is_path = pair->dst_is_path};
	struct fault fault;

	dir->dst_writer = held_writer(&pair->dst_meta);
	if (pair->keeps_dst) {
		dir->flags |= DIR_DRESSED;
		(void)fault_dst(&fault, KEEPS_ITS_OWN, 0);
		feed->observer.fault(feed->observer.ctx, dir, "", &fault);
		return;
	}
	if (pair->dst_meta.is_locked)
		enter_unlock_root(feed->worker->settings, pair->dst_fd);
	enter_stop_project(feed->worker, &dir->flags, pair->dst_fd);
	if (!pair->dst_is_new &&
	    enter_close_to_others(feed->worker, root, pair->src_fd, &pair->meta,
	                          &pair->dst_meta, &fault) < 0)
		fail(feed, dir, "", &fault);
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
	feed->tally->n_dirs_total++;
	if (pair->dst_fd >= 0)
		prepare_dst_root(feed, dir, pair);
	if (feed->pace.is_slow || site_pair_is_far(pair))
		hand_over(feed);
	else
		begin_scan(feed, dir, pair->src_fd);
}

static bool start_operand(struct feed *feed)
{
	const struct site *site = feed->worker->site;

	if (feed->next_operand == 0) {
		implied_begin(feed);
		feed->tally->n_operands = site->n_sources;
	}
	while (feed->next_operand < site->n_sources) {
		size_t i = feed->next_operand++;
		const struct pair *pair = &site->pairs[i];

		if (pair->is_unusable) {
			share_pass_over(feed->tally);
			continue;
		}
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

	if (!share_is_divided(dir))
		share_divide(dir, feed->tally);
	if (dir->subdirs_at < dir->subdirs.len) {
		const char *name = dir->subdirs.data + dir->subdirs_at;
		size_t len = strlen(name);

		dir->subdirs_at += len + 1;
		feed->dir = dirs_add(feed->dirs, dir, dir->operand, name, len);
		enter_dir(feed, feed->dir);
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
		bool has_vanished;
		int rc = enter_look(feed->worker, feed->scan.fd, entry->name,
		                    &meta, &has_vanished);

		if (has_vanished) {
			tell_vanished(feed, dir, entry->name);
			return;
		}
		if (rc < 0) {
			(void)fault_src(&fault, "cannot stat", rc);
			fail(feed, dir, entry->name, &fault);
			return;
		}
	}
	feed_found(feed, dir, &meta, entry->name, entry->name_len);
}

static void end_scan(struct feed *feed, int rc)
{
	struct fault fault;

	if (rc == -ENOENT) {
		tell_vanished(feed, feed->dir, "");
	} else if (rc < 0) {
		(void)fault_src(&fault, "cannot read directory", rc);
		fail(feed, feed->dir, "", &fault);
	}
	scan_close(&feed->scan);
	backlog_flush(&feed->backlog);
}

/* The workers go on with all that the walk has begun. */
static void hand_over_all(struct feed *feed)
{
	bool is_scanning = feed->scan.buffer != NULL;
	struct dir *dir = feed->dir;

	if (is_scanning) {
		scan_close(&feed->scan);
		backlog_flush(&feed->backlog);
	}
	feed->dir = NULL;
	while (dir) {
		struct dir *up = dir->parent;

		far_take(feed, dir, feed->cookie, !is_scanning);
		is_scanning = false;
		dir = up;
	}
}

/* Returns how many entries it looked at. */
static unsigned walk_on(struct feed *feed)
{
	struct scan_entry entry;
	unsigned n = 0;

	for (; n < STEP_ENTRIES; n++) {
		int rc = scan_next(&feed->scan, &entry);

		if (rc <= 0) {
			end_scan(feed, rc);
			break;
		}
		take_entry(feed, &entry);
		feed->cookie = entry.cookie;
	}
	return n;
}

enum feed_state feed_step(struct feed *feed)
{
	unsigned n_calls = 1;

	if (!feed->dir) {
		/* One operand after the other: if one is part of another, the
		 * names of an inode are met twice, and so not in turns. */
		if (!far_is_idle(feed))
			return FEED_WAITS;
		return start_operand(feed) ? FEED_WALKED : FEED_ENDED;
	}
	pace_begin(&feed->pace);
	if (feed->scan.buffer)
		n_calls += walk_on(feed);
	else
		move_on(feed);
	if (pace_is_slow(&feed->pace, n_calls))
		hand_over_all(feed);
	return FEED_WALKED;
}
