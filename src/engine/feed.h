/* SPDX-License-Identifier: MIT */
/* engine/feed.h - the walk: from the sources to a backlog of jobs
 *
 * Model     depth first; a directory is scanned to its end, its files become
 *           batches, its subdirectories are noted by name and entered one
 *           after the other. The walk runs ahead of the copy until the backlog
 *           is full. Where file systems are far away, or turn out to be
 *           slow, workers do it: engine/far.h.
 * Lifetime  in the master, from feed_init to feed_release
 * Blocking  never for the workers; a step does a bounded part of the walk
 * Memory    the backlog's, one node per unfinished directory, and the link
 *           groups that are incomplete
 * Errors    an entry that cannot be read is told to the observer; the walk
 *           goes on */
#ifndef ENGINE_FEED_H
#define ENGINE_FEED_H

#include "base/base.h"
#include "engine/backlog.h"
#include "engine/dirs.h"
#include "engine/enter.h"
#include "engine/far.h"
#include "engine/job.h"
#include "engine/links.h"
#include "engine/pace.h"
#include "engine/tally.h"
#include "fs/scan.h"

struct feed_observer {
	void (*fault)(void *ctx, const struct dir *dir, const char *name,
	              const struct fault *fault);
	/* A directory was made, or would be in a dry run. */
	void (*made_dir)(void *ctx, const struct dir *dir);
	void *ctx;
};

struct feed {
	struct worker *worker; /* the master's own: trees, settings, site */
	struct dirs *dirs;
	struct tally *tally;
	struct feed_observer observer;
	/* set by feed_init */
	struct backlog backlog;
	struct far far;
	struct links links;
	size_t next_operand;
	struct dir *dir;  /* being scanned or looked through, NULL between */
	struct scan scan; /* of dir; no buffer when it has ended */
	uint64_t cookie;  /* where it goes on */
	struct pace pace; /* of the master's own part of the walk */
};

void feed_init(struct feed *feed);
void feed_release(struct feed *feed);

enum feed_state {
	FEED_WALKED, /* there may be more to do */
	FEED_WAITS,  /* for the workers, who do the rest */
	FEED_ENDED,
};

/* One part of the walk. Not while the backlog is full. */
enum feed_state feed_step(struct feed *feed);

/* Makes an entry of dir part of a batch; its copy has dst_name, or if that is
 * empty the same name. */
void feed_add(struct feed *feed, struct dir *dir, const struct meta *meta,
              const char *name, size_t name_len, const char *dst_name,
              size_t dst_name_len);

/* An entry was found in dir: a directory to enter, or one to add. */
void feed_found(struct feed *feed, struct dir *dir, const struct meta *meta,
                const char *name, size_t name_len);

/* The same of what is known to be a directory. */
void feed_found_dir(struct feed *feed, struct dir *dir, const char *name,
                    size_t name_len);

/* A member of a link group was copied (err 0) or was not; leads: it was to be,
 * or is, the one that further names are linked to, at operand's path. Those
 * that waited become jobs. */
void feed_linked(struct feed *feed, struct link_group *group, int err,
                 bool leads, uint32_t operand, const char *path);

/* The name that this entry was to be linked to takes no more: it waits for, or
 * becomes, the next one that leads. True when that is a new group. */
bool feed_link_full(struct feed *feed, struct dir *dir,
                    const struct job_entry *entry);

/* Makes a job of its own of an entry that has been a job before; is_anew: its
 * copy, though as it should be, must be an inode of its own. */
void feed_again(struct feed *feed, struct dir *dir,
                const struct job_entry *entry, bool is_anew);

#endif
