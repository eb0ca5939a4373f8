/* SPDX-License-Identifier: MIT */
/* engine/feed.h - the walk: from the sources to a backlog of jobs
 *
 * Model     depth first; a directory is scanned to its end, its files become
 *           batches, its subdirectories are noted by name and entered one
 *           after the other. Entering makes the destination directory. The
 *           walk runs ahead of the copy until the backlog is full.
 * Lifetime  in the master, from feed_init to feed_release
 * Blocking  never for the workers; a step does a bounded part of the walk
 * Memory    FEED_BACKLOG_MAX bytes of jobs, one node per unfinished directory
 * Errors    an entry that cannot be read is told to the observer; the walk
 *           goes on */
#ifndef ENGINE_FEED_H
#define ENGINE_FEED_H

#include "base/base.h"
#include "engine/dirs.h"
#include "engine/job.h"
#include "engine/links.h"
#include "engine/tally.h"
#include "fs/scan.h"

#define FEED_BACKLOG_MAX (UINT64_C(64) << 20)

struct feed_job {
	struct feed_job *next;
	size_t len;
	_Alignas(8) char record[];
};

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
	struct links links;
	struct feed_observer observer;
	size_t next_operand;
	struct dir *dir;  /* being scanned or looked through, NULL between */
	struct scan scan; /* of dir; no buffer when it has ended */
	struct buf batch; /* being filled; empty when there is none */
	struct feed_job *first, **last;
	uint64_t backlog_bytes;
};

void feed_init(struct feed *feed);
void feed_release(struct feed *feed);

/* One part of the walk; false when it has ended. */
bool feed_step(struct feed *feed);

/* No room: take jobs before the next step. */
bool feed_is_full(const struct feed *feed);

/* A member of a link group was copied (err 0) or was not; leads: further names
 * go to operand's path. Those that waited become jobs. */
void feed_linked(struct feed *feed, struct link_group *group, int err,
                 bool leads, uint32_t operand, const char *path);

/* Makes a job of its own of an entry that has been a job before. */
void feed_again(struct feed *feed, struct dir *dir,
                const struct job_entry *entry);

/* The oldest job, owned by the caller who frees it; NULL when there is none. */
struct feed_job *feed_take(struct feed *feed);

#endif
