/* SPDX-License-Identifier: MIT */
#include "engine/links.h"

#include "base/diag.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

enum state {
	NO_LEADER,
	LEADER_ON_ITS_WAY,
	LEADER_THERE,
};

struct link_group {
	uint64_t dev, ino;
	uint64_t looks; /* hash of what the names last met were like */
	uint64_t number;
	uint32_t n_to_come; /* names the walk has not met */
	uint32_t n_sent;    /* names at the workers */
	enum state state;
	bool is_other;  /* of links->others */
	bool is_locked; /* immutable or append-only at the source */
	uint32_t operand;
	struct job_leader leader;
	char *path;
	struct link_waiter *first, **last;
};

static int compare(const void *left, const void *right)
{
	const struct link_group *a = left, *b = right;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	return 0;
}

static int compare_all(const void *left, const void *right)
{
	const struct link_group *a = left, *b = right;
	int by_inode = compare(left, right);

	return by_inode ? by_inode
	                : (a->looks > b->looks) - (a->looks < b->looks);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

/* All names of one file are like that. */
static uint64_t looks_of(const struct meta *meta)
{
	uint64_t hash = mix(meta->size, meta->rdev);

	hash = mix(mix(hash, (uint64_t)meta->mtime_s), meta->mtime_ns);
	hash = mix(mix(hash, (uint64_t)meta->ctime_s), meta->ctime_ns);
	hash = mix(hash, meta->mode);
	return mix(mix(hash, meta->uid), meta->gid);
}

static struct link_group *add(struct links *links, const struct meta *meta,
                              bool is_other)
{
	struct link_group *group = xcalloc(1, sizeof(*group));

	group->dev = meta->dev;
	group->ino = meta->ino;
	group->looks = looks_of(meta);
	group->number = ++links->n_groups;
	group->is_other = is_other;
	group->n_to_come = meta->nlink;
	group->is_locked = meta->is_locked;
	group->last = &group->first;
	if (!tsearch(group, is_other ? &links->others : &links->groups,
	             is_other ? compare_all : compare))
		bug("no memory for a link group");
	return group;
}

/* To link to a locked inode is to lift its locks, which two cannot do at the
 * same time. */
static bool is_busy(const struct link_group *group)
{
	return group->is_locked && group->n_sent > 0;
}

static enum link_role join(struct link_group *group)
{
	if (group->n_to_come)
		group->n_to_come--;
	if (group->state == LEADER_ON_ITS_WAY || is_busy(group))
		return LINK_WAITS;
	if (group->state == LEADER_THERE)
		return LINK_FOLLOWS;
	group->state = LEADER_ON_ITS_WAY;
	return LINK_LEADS;
}

static struct link_group *find_other(const struct links *links,
                                     const struct meta *meta)
{
	const struct link_group key = {
		.dev = meta->dev, .ino = meta->ino, .looks = looks_of(meta)};
	struct link_group *const *found =
		tfind(&key, &links->others, compare_all);

	return found ? *found : NULL;
}

enum link_role links_meet(struct links *links, const struct meta *meta,
                          struct link_group **out)
{
	const struct link_group key = {.dev = meta->dev, .ino = meta->ino};
	struct link_group *const *found = tfind(&key, &links->groups, compare);
	struct link_group *first = found ? *found : NULL;
	bool is_first = first && first->looks == looks_of(meta);
	struct link_group *other =
		links->others && !is_first ? find_other(links, meta) : NULL;

	*out = other ? other : first;
	if (!*out)
		*out = add(links, meta, false);
	else if (!other && !is_first)
		return LINK_UNSURE;
	return join(*out);
}

enum link_role links_settle(struct links *links, const struct meta *meta,
                            bool is_one, struct link_group **group)
{
	if (is_one)
		(*group)->looks = looks_of(meta);
	else
		*group = add(links, meta, true);
	return join(*group);
}

uint64_t links_number(const struct link_group *group)
{
	return group->number;
}

void links_lead(struct link_group *group, uint32_t operand, const char *path)
{
	if (group->path && strcmp(group->path, path) != 0) {
		free(group->path);
		group->path = NULL;
	}
	if (!group->path)
		group->path = xstrndup(path, strlen(path));
	group->operand = operand;
}

uint32_t links_operand(const struct link_group *group)
{
	return group->operand;
}

const char *links_path(const struct link_group *group)
{
	return group->path;
}

const struct job_leader *links_leader(const struct link_group *group)
{
	return &group->leader;
}

void links_led_by(struct link_group *group, const struct job_leader *leader)
{
	group->leader = *leader;
}

void links_wait(struct link_group *group, struct dir *dir,
                const struct meta *meta, const char *name, size_t name_len,
                const char *dst_name, size_t dst_name_len)
{
	struct link_waiter *waiter =
		xcalloc(1, sizeof(*waiter) + name_len + dst_name_len + 2);

	dirs_hold(dir);
	waiter->dir = dir;
	waiter->meta = *meta;
	waiter->name_len = name_len;
	waiter->dst_name_len = dst_name_len;
	memcpy(waiter->names, name, name_len);
	memcpy(waiter->names + name_len + 1, dst_name, dst_name_len);
	*group->last = waiter;
	group->last = &waiter->next;
}

void links_sent(struct link_group *group)
{
	group->n_sent++;
}

void links_arrived(struct link_group *group, uint32_t operand, const char *path)
{
	group->n_sent--;
	if (!path)
		return;
	links_lead(group, operand, path);
	group->state = LEADER_THERE;
}

void links_failed(struct link_group *group)
{
	group->n_sent--;
	if (group->state == LEADER_ON_ITS_WAY)
		group->state = NO_LEADER;
}

bool links_full(struct link_group *group, uint32_t operand, const char *path)
{
	bool leads = group->state == LEADER_THERE &&
	             group->operand == operand && !strcmp(group->path, path);

	group->n_sent--;
	if (leads)
		group->state = NO_LEADER;
	return leads;
}

struct link_waiter *links_next(struct link_group *group, enum link_role *role)
{
	struct link_waiter *waiter = group->first;

	if (!waiter || group->state == LEADER_ON_ITS_WAY || is_busy(group))
		return NULL;
	group->first = waiter->next;
	if (!group->first)
		group->last = &group->first;
	*role = group->state == LEADER_THERE ? LINK_FOLLOWS : LINK_LEADS;
	if (*role == LINK_LEADS)
		group->state = LEADER_ON_ITS_WAY;
	return waiter;
}

static void free_group(void *memory)
{
	struct link_group *group = memory;

	while (group->first) {
		struct link_waiter *waiter = group->first;

		group->first = waiter->next;
		free(waiter);
	}
	free(group->path);
	free(group);
}

void links_drop(struct links *links, struct link_group *group)
{
	if (group->n_to_come || group->n_sent || group->first)
		return;
	if (group->is_other)
		(void)tdelete(group, &links->others, compare_all);
	else
		(void)tdelete(group, &links->groups, compare);
	free_group(group);
}

void links_release(struct links *links)
{
	tdestroy(links->groups, free_group);
	tdestroy(links->others, free_group);
	links->groups = links->others = NULL;
}
