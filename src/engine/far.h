/* SPDX-License-Identifier: MIT */
/* engine/far.h - the part of the walk that the workers do
 *
 * Model     where each call costs a round trip, the master makes none: it has
 *           directories entered and listed, entries looked at and directories
 *           finished by jobs, many at a time. What it decides, it decides by
 *           what these bring. A directory is handed over with the walk's hold
 *           on it; what is below it comes here, too.
 * Lifetime  part of the feed
 * Memory    names that were listed and not yet looked at count as backlog; a
 *           listing may bring JOB_LIST_BYTES, and no more are under way than
 *           the backlog has room for
 * Death     a job's results come once, with its end; of a listing the names
 *           come before, with the place where who takes over goes on
 * Order     entries first, as they become jobs of the copy; then the newest
 *           directory, so that few are unfinished */
#ifndef ENGINE_FAR_H
#define ENGINE_FAR_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/dirs.h"
#include "engine/job.h"

struct feed;

struct far {
	struct far_dir *to_look, **to_look_last; /* the oldest first */
	struct far_dir *to_list;                 /* the newest first */
	size_t n_in_flight;                      /* jobs of the walk */
	size_t n_listing;                        /* of these */
	uint64_t names_bytes;                    /* listed, not looked at */
	struct buf record;                       /* the next job */
};

void far_init(struct feed *feed);
void far_release(struct feed *feed);

/* Takes over the walk of a directory that was entered, from cookie on, or what
 * is left of it below when it has been listed. */
void far_take(struct feed *feed, struct dir *dir, uint64_t cookie,
              bool is_listed);

/* True when far_next has a job. */
bool far_has_next(const struct feed *feed);

/* The walk's next job, which counts as under way from now on; valid until the
 * next call. */
const struct buf *far_next(struct feed *feed);

/* Nothing to do, nothing under way. */
bool far_is_idle(const struct feed *feed);

/* Where a listing goes on whose worker died. */
uint64_t far_cookie(const struct job *job);

/* What the jobs bring. */
void far_on_names(struct feed *feed, const struct reply_names *head,
                  const char *names, size_t len);
void far_on_listed(struct feed *feed, const struct job *job);
void far_on_looked(struct feed *feed, const struct job *job);
void far_on_finished(struct feed *feed, const struct job *job);

#endif
