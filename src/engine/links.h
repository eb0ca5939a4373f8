/* SPDX-License-Identifier: MIT */
/* engine/links.h - which names are one inode
 *
 * Model     a group per source inode with several names. Device and number
 *           alone do not make one: names whose size, times, mode or owner
 *           differ are looked at once more, and are two files if they still
 *           differ, as numbers are not unique everywhere. The first name that
 *           the walk meets leads: it is copied like any file. Names met while
 *           that is going on wait; later ones are linked to the leader's copy.
 *           When a leader fails, the first that waits leads. The names of an
 *           inode that is locked (chattr) go one after the other.
 * Lifetime  in the master; a group is freed when all its names have been met
 *           and none is on its way. Names outside the sources never come, so
 *           such a group stays to the end.
 * Memory    a group is about 150 bytes and the leader's path; who waits counts
 *           as backlog */
#ifndef ENGINE_LINKS_H
#define ENGINE_LINKS_H

#include "base/base.h"
#include "engine/dirs.h"
#include "fs/meta.h"

/* A name that waits for its leader; it holds its directory. */
struct link_waiter {
	struct link_waiter *next;
	struct dir *dir;
	struct meta meta;
	size_t name_len, dst_name_len;
	char names[]; /* name, NUL, dst name, NUL */
};

enum link_role {
	LINK_LEADS,   /* copy it and say how that went */
	LINK_FOLLOWS, /* link it to the leader's copy */
	LINK_WAITS,   /* links_wait takes it */
	LINK_UNSURE,  /* links_settle says which it is */
};

struct link_group;

struct links {
	void *groups;      /* tree of tsearch(3) by device and inode */
	void *others;      /* the same numbers, but other files */
	uint64_t n_groups; /* ever */
};

/* A name of an inode with several was met. With LINK_UNSURE *out is the group
 * of this device and number, whose leader looks otherwise. */
enum link_role links_meet(struct links *links, const struct meta *meta,
                          struct link_group **out);

/* Behind that: it is one file with the leader of *group, or another one, of a
 * group of its own. */
enum link_role links_settle(struct links *links, const struct meta *meta,
                            bool is_one, struct link_group **group);

/* Of this group and no other, while they are. */
uint64_t links_number(const struct link_group *group);

/* Who leads: its operand and path below the source's root, and when the copy is
 * there, below the destination's. NULL: nobody yet. */
void links_lead(struct link_group *group, uint32_t operand, const char *path);

/* Where that is; valid until the next call. */
uint32_t links_operand(const struct link_group *group);
const char *links_path(const struct link_group *group);
const struct job_leader *links_leader(const struct link_group *group);

/* Which inode leads, as links_arrived says that it is there. */
void links_led_by(struct link_group *group, const struct job_leader *leader);

void links_wait(struct link_group *group, struct dir *dir,
                const struct meta *meta, const char *name, size_t name_len,
                const char *dst_name, size_t dst_name_len);

/* A name was sent to a worker; links_arrived, links_failed or links_full
 * will follow. */
void links_sent(struct link_group *group);

/* A name of the group is at its place. With a path it is the one that further
 * names are to be linked to. */
void links_arrived(struct link_group *group, uint32_t operand,
                   const char *path);

/* The leader could not be copied: somebody else has to lead. */
void links_failed(struct link_group *group);

/* A name came back, as path takes no more links; it waits, or leads, as
 * links_next will say. True when path was the leader's. */
bool links_full(struct link_group *group, uint32_t operand, const char *path);

/* The next waiter that can go on, as what, owned by the caller, who frees it;
 * NULL when there is none. */
struct link_waiter *links_next(struct link_group *group, enum link_role *role);

/* Frees the group if nothing more is to come. */
void links_drop(struct links *links, struct link_group *group);

/* Frees all; waiters that are left are dropped without letting go. */
void links_release(struct links *links);

#endif
