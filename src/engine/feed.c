/* SPDX-License-Identifier: MIT */
#include "engine/feed.h"

#include "base/fd.h"
#include "fs/held.h"
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
	feed->enter = (struct enter){feed->worker, feed->dirs};
	feed->backlog =
		(struct backlog){.dirs = feed->dirs, .tally = feed->tally};
	backlog_init(&feed->backlog);
}

void feed_release(struct feed *feed)
{
	scan_close(&feed->scan);
	links_release(&feed->links);
	backlog_release(&feed->backlog);
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
		entry->leader = *links_leader(group);
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
		backlog_add(&feed->backlog, feed->dir, &entry);
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
		entry.leader = *links_leader(group);
	}
	links_sent(group);
	backlog_add_single(&feed->backlog, waiter->dir, &entry);
	dirs_let_go(feed->dirs, waiter->dir);
}

static void release_waiters(struct feed *feed, struct link_group *group)
{
	struct link_waiter *waiter;
	enum link_role role;

	while ((waiter = links_next(group, &role))) {
		release_waiter(feed, group, waiter, role);
		free(waiter);
	}
}

void feed_linked(struct feed *feed, struct link_group *group, int err,
                 bool leads, uint32_t operand, const char *path)
{
	if (err && leads)
		links_failed(group);
	else
		links_arrived(group, operand, leads ? path : NULL);
	release_waiters(feed, group);
	links_drop(&feed->links, group);
}

bool feed_link_full(struct feed *feed, struct dir *dir,
                    const struct job_entry *entry)
{
	struct link_group *group = (struct link_group *)(uintptr_t)entry->group;
	bool is_new =
		links_full(group, entry->link_operand, job_link_path(entry));

	feed->tally->n_total++;
	links_wait(group, dir, &entry->meta, entry->name, entry->name_len,
	           entry->name + entry->name_len + 1, entry->dst_name_len);
	release_waiters(feed, group);
	return is_new;
}

void feed_again(struct feed *feed, struct dir *dir,
                const struct job_entry *entry, bool is_anew)
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
		.leader = entry->leader,
		.is_anew = is_anew,
	};

	feed->tally->n_total++;
	backlog_add_single(&feed->backlog, dir, &again);
}

static void fail(struct feed *feed, const struct dir *dir, const char *name,
                 const struct fault *fault)
{
	feed->tally->n_failed++;
	feed->observer.fault(feed->observer.ctx, dir, name, fault);
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

static void enter_dir(struct feed *feed, struct dir *dir)
{
	struct fault fault;
	int src_fd = enter_open_src(&feed->enter, dir, &fault);

	if (src_fd < 0 && (fault.err != EACCES ||
	                   enter_read_unreadable(&feed->enter, dir) < 0)) {
		leave_out(feed, dir, &fault);
		return;
	}
	if (src_fd < 0)
		fail(feed, dir, "", &fault);
	if (enter_make_dst(&feed->enter, dir, src_fd, &fault) < 0) {
		leave_out(feed, dir, &fault);
		return;
	}
	if (dir->flags & (DIR_DST_EMPTY | DIR_DST_MISSING))
		feed->observer.made_dir(feed->observer.ctx, dir);
	if (src_fd >= 0 && !enter_is_other_file_system(&feed->enter, dir))
		begin_scan(feed, dir, src_fd);
}

static void start_file_operand(struct feed *feed, const struct pair *pair)
{
	feed->dir->flags |= DIR_NO_FINISH;
	add_entry(feed, &pair->meta, pair->src_name, strlen(pair->src_name),
	          pair->dst_name, strlen(pair->dst_name));
	backlog_flush(&feed->backlog);
}

static void start_dir_operand(struct feed *feed, const struct pair *pair)
{
	struct dir *dir = feed->dir;
	struct fault fault;
	int rc = 0;

	dir->meta = pair->meta;
	if (pair->dst_is_new)
		dir->flags |= DIR_DST_EMPTY;
	if (pair->dst_is_missing)
		dir->flags |= DIR_DST_MISSING;
	if (pair->dst_fd >= 0)
		dir->dst_writer = held_writer(&pair->dst_meta);
	if (dir->flags)
		feed->observer.made_dir(feed->observer.ctx, dir);
	feed->tally->n_total++;
	if (pair->dst_fd >= 0 && pair->dst_meta.is_locked)
		enter_unlock_root(feed->worker->settings, pair->dst_fd);
	if (pair->dst_fd >= 0)
		enter_stop_project(&feed->enter, dir, pair->dst_fd);
	if (pair->dst_fd >= 0 && !pair->dst_is_new)
		rc = enter_close_to_others(
			feed->worker, (struct meta_target){pair->dst_fd, false},
			pair->src_fd, &pair->meta, &pair->dst_meta, &fault);
	if (rc < 0)
		fail(feed, dir, "", &fault);
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
		enter_dir(feed, feed->dir);
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

	if (rc == -ENOENT) { /* it is gone, and what was in it */
		(void)fault_src(&fault, "vanished", rc);
		feed->tally->n_changed++;
		feed->observer.fault(feed->observer.ctx, feed->dir, "", &fault);
	} else if (rc < 0) {
		(void)fault_src(&fault, "cannot read directory", rc);
		fail(feed, feed->dir, "", &fault);
	}
	scan_close(&feed->scan);
	backlog_flush(&feed->backlog);
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
