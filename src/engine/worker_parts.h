/* SPDX-License-Identifier: MIT */
/* engine/worker_parts.h - what a worker is made of; for the worker*.c files only
 *
 *   worker.c       takes a job, says what there is to say
 *   worker_copy.c  jobs that copy a batch of entries
 *   worker_walk.c  jobs of the walk and of its directories */
#ifndef ENGINE_WORKER_PARTS_H
#define ENGINE_WORKER_PARTS_H

#include "engine/worker.h"

/* Each does its kind of job from the cursor on, but for its end. */
void worker_copy(struct worker *worker, struct job *job);
void worker_list(struct worker *worker, struct job *job);
void worker_look(struct worker *worker, struct job *job);
void worker_finish(struct worker *worker, struct job *job);

bool worker_is_stopping(const struct worker *worker);

/* Called between pieces of a file; false stops the copy. */
bool worker_moved(void *ctx, uint64_t bytes);

/* Shows what is in hand: "dir/name", or the name alone when that is too
 * long. */
void worker_show(struct worker *worker, const struct job *job,
                 const struct job_entry *entry);

/* Tells the master about worker->path. */
void worker_say(struct worker *worker, enum reply_kind kind, int err,
                const char *what);

void worker_say_fault(struct worker *worker, const struct job *job,
                      const char *src_name, const char *dst_name,
                      const struct fault *fault);

#endif
