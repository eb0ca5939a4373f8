/* SPDX-License-Identifier: MIT */
#include "engine/feed.h"

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

void feed_found(struct feed *feed, struct dir *dir, const struct meta *meta,
                const char *name, size_t name_len)
{
	if (meta_is(meta, S_IFDIR)) {
		buf_append(&dir->subdirs, name, name_len + 1);
		feed->tally->n_total++;
		return;
	}
	feed_add(feed, dir, meta, name, name_len, "", 0);
}
