/* SPDX-License-Identifier: MIT */
/* engine/backlog.h - jobs that are ready and the one that is being filled
 *
 * Model     a first-in, first-out list, but that big files go first, of job
 *           records in the master's memory, bounded by bytes, between the walk
 *           and the task queue. A job holds its directory (dirs_hold) until
 *           the master lets go at its end.
 * Lifetime  in the master, from backlog_init to backlog_release */
#ifndef ENGINE_BACKLOG_H
#define ENGINE_BACKLOG_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/dirs.h"
#include "engine/job.h"
#include "engine/tally.h"

#define BACKLOG_MAX (UINT64_C(64) << 20)

/* A job of this much content goes before those that wait. */
#define BACKLOG_BIG (UINT64_C(16) << 20)

struct backlog_job {
	struct backlog_job *next;
	size_t len;
	_Alignas(8) char record[];
};

struct backlog {
	struct dirs *dirs;
	struct tally *tally; /* bytes_total grows with what is added */
	struct buf batch;    /* being filled; empty when there is none */
	struct backlog_job *first, **last;
	uint64_t bytes;
	uint64_t
		set_aside; /* of names that are to be jobs later; counts, too */
};

void backlog_init(struct backlog *backlog);
void backlog_release(struct backlog *backlog);

/* Adds to the batch that is being filled, which must be one of dir or none. */
void backlog_add(struct backlog *backlog, struct dir *dir,
                 const struct job_new_entry *entry);

/* The batch that is being filled is complete. */
void backlog_flush(struct backlog *backlog);

/* A job of one entry, beside the batch that is being filled. */
void backlog_add_single(struct backlog *backlog, struct dir *dir,
                        const struct job_new_entry *entry);

/* A whole job, to be taken next; it holds nothing. */
void backlog_push_front(struct backlog *backlog, const struct buf *record);

/* Around the filling of a batch of another directory. */
struct buf backlog_put_aside(struct backlog *backlog);
void backlog_take_up(struct backlog *backlog, struct buf filling);

/* BACKLOG_MAX is reached: take jobs before the walk goes on. */
bool backlog_is_full(const struct backlog *backlog);

/* The oldest job, owned by the caller who frees it; NULL when there is none. */
struct backlog_job *backlog_take(struct backlog *backlog);

#endif
