/* SPDX-License-Identifier: MIT */
#include "engine/feed.h"

#include "fs/held.h"
#include "fs/tree.h"

#include <stdlib.h>
#include <string.h>

void feed_init(struct feed *feed)
{
	feed->backlog =
		(struct backlog){.dirs = feed->dirs, .tally = feed->tally};
	backlog_init(&feed->backlog);
	far_init(feed);
}

void feed_release(struct feed *feed)
{
	scan_close(&feed->scan);
	far_release(feed);
	links_release(&feed->links);
	backlog_release(&feed->backlog);
}

/* Who leads the group, as a name of the source, and the entry: one file? */
static bool is_one_file(struct feed *feed, const struct link_group *group,
                        const struct dir *dir, const char *name)
{
	struct worker *worker = feed->worker;
	uint32_t operand = links_operand(group);
	const struct pair *pair = &worker->site->pairs[operand];
	bool follows = worker->settings->follow == FOLLOW_ALL;
	const char *path = links_path(group);

	if (!path) /* nobody was copied so far */
		return true;
	if (!pair->is_dir)
		path = pair->src_name;
	const char *slash = strrchr(path, '/');
	const struct buf *here = dirs_path(feed->dirs, dir);
	int fd = tree_open(&worker->src_trees[operand], path,
	                   slash ? (size_t)(slash - path) : 0);
	int here_fd = tree_open(&worker->src_trees[dir->operand], here->data,
	                        here->len);
	return fd >= 0 && here_fd >= 0 &&
	       held_is_one((struct held_name){fd, slash ? slash + 1 : path,
	                                      follows},
	                   (struct held_name){here_fd, name, follows});
}

static enum link_role meet_group(struct feed *feed, const struct dir *dir,
                                 const struct job_new_entry *entry,
                                 struct link_group **group)
{
	enum link_role role = links_meet(&feed->links, entry->meta, group);

	if (role != LINK_UNSURE)
		return role;
	return links_settle(&feed->links, entry->meta,
	                    is_one_file(feed, *group, dir, entry->name), group);
}

static void begin_to_lead(struct feed *feed, struct link_group *group,
                          const struct dir *dir, const char *name)
{
	const struct buf *path = dirs_path(feed->dirs, dir);
	struct buf whole = {0};

	worker_path(&whole, "", path->data, path->len, name);
	links_lead(group, dir->operand, whole.data);
	buf_release(&whole);
}

static uint64_t waiter_bytes(size_t name_len, size_t dst_name_len)
{
	return sizeof(struct link_waiter) + name_len + dst_name_len + 2;
}

static void wait_in_group(struct feed *feed, struct link_group *group,
                          struct dir *dir, const struct meta *meta,
                          const char *name, size_t name_len,
                          const char *dst_name, size_t dst_name_len)
{
	links_wait(group, dir, meta, name, name_len, dst_name, dst_name_len);
	feed->backlog.set_aside += waiter_bytes(name_len, dst_name_len);
	/* The walk will pause: whom it waits for must not do so, too. */
	if (backlog_is_full(&feed->backlog))
		backlog_flush(&feed->backlog);
}

/* Fills in what the entry's link group says; false when it has to wait. */
static bool join_group(struct feed *feed, struct dir *dir,
                       struct job_new_entry *entry)
{
	struct link_group *group;
	enum link_role role = meet_group(feed, dir, entry, &group);

	if (role == LINK_WAITS) {
		wait_in_group(feed, group, dir, entry->meta, entry->name,
		              entry->name_len, entry->dst_name,
		              entry->dst_name_len);
		return false;
	}
	if (role == LINK_LEADS)
		begin_to_lead(feed, group, dir, entry->name);
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

void feed_add(struct feed *feed, struct dir *dir, const struct meta *meta,
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
	dir->has_files = true;
	if (!is_linked || join_group(feed, dir, &entry))
		backlog_add(&feed->backlog, dir, &entry);
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
	} else {
		begin_to_lead(feed, group, waiter->dir, waiter->names);
	}
	links_sent(group);
	feed->backlog.set_aside -=
		waiter_bytes(waiter->name_len, waiter->dst_name_len);
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

	/* The try is not what was to be done. */
	feed->tally->n_done--;
	wait_in_group(feed, group, dir, &entry->meta, entry->name,
	              entry->name_len, entry->name + entry->name_len + 1,
	              entry->dst_name_len);
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

	feed->tally->n_done--;
	backlog_add_single(&feed->backlog, dir, &again);
}

void feed_found_dir(struct feed *feed, struct dir *dir, const char *name,
                    size_t name_len)
{
	buf_append(&dir->subdirs, name, name_len + 1);
	dir->n_subdirs++;
	feed->tally->n_dirs_total++;
}

void feed_found(struct feed *feed, struct dir *dir, const struct meta *meta,
                const char *name, size_t name_len)
{
	if (meta_is(meta, S_IFDIR)) {
		feed_found_dir(feed, dir, name, name_len);
		return;
	}
	feed_add(feed, dir, meta, name, name_len, "", 0);
}
