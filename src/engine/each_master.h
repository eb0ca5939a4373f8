/* SPDX-License-Identifier: MIT */
/* engine/each_master.h - the state of a batch, and what arrives at its master
 *
 * Model     a table of jobs that are put together, waiting, running, or have
 *           ended and wait for their turn to be shown. A job keeps its place
 *           in the table over all its tries. Replies carry that place.
 * Lifetime  one struct each_master per run_each
 * Memory    the table has a fixed size; what ended jobs printed and is not yet
 *           shown (in input order) is bounded by each_master_may_make
 * Errors    are told to the observer and counted */
#ifndef ENGINE_EACH_MASTER_H
#define ENGINE_EACH_MASTER_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each.h"
#include "engine/each_blocks.h"
#include "engine/each_job.h"
#include "engine/each_log.h"
#include "engine/each_output.h"
#include "engine/each_pack.h"
#include "engine/each_results.h"
#include "engine/each_worker.h"
#include "mp/workers.h"

/* Jobs from the first one not shown to the last one started, in input order. */
#define EACH_WINDOW 1024

struct each_task {
	uint64_t number; /* 1 up, in the order of the items; 0: free */
	struct buf record;
	struct each_queue items;
	uint64_t bytes;
	unsigned n_tried;
	bool has_ended; /* waits to be shown */
	struct each_printed printed;
	int64_t due_ns; /* when it is to be tried again */
	uint32_t next;  /* in a list: free, to be submitted, tried later */
};

struct each_master {
	const struct each_settings *settings;
	const struct each_observer *observer;
	struct each_tally *tally;
	struct each_template template;
	struct each_pack pack;
	struct each_blocks blocks;
	struct each_worker worker; /* becomes the workers' */
	struct each_shared *shared;
	size_t shared_size;
	struct mp_workers *workers;
	unsigned n_workers_max; /* settings.n_workers, and some for SIGUSR1 */
	struct each_screen screen;
	int *spools; /* of the workers started so far; NULL: not needed */
	struct each_log log;
	struct each_results results;
	struct each_gate gate;
	int failed_fd;
	int stop_fd, kill_fd;
	struct buf program;

	struct each_task *tasks;
	uint32_t n_tasks;
	uint32_t free_task;           /* list; n_tasks: empty */
	uint32_t first_due, last_due; /* to be submitted, oldest first */
	uint32_t first_later;         /* to be tried again, first in time */
	uint64_t n_numbers;           /* given so far */
	uint64_t n_shown;             /* in input order: all up to this one */
	uint32_t by_number[EACH_WINDOW];
	size_t held; /* bytes of ended jobs not yet shown */
	uint64_t n_failed_jobs, n_ended_jobs;
	unsigned n_workers_open; /* that may be started so far */
	unsigned n_limit;        /* workers that may run; 0: all */
	unsigned n_ticks;        /* since that was changed */
	bool is_short_told;
	struct buf text, tag, name; /* scratch */
};

/* Whether the table has a place for another job. */
bool each_master_has_slot(const struct each_master *master);

/* Whether another job may be put together now: the queue has room as well. */
bool each_master_may_make(const struct each_master *master);

/* Makes a job of what the pack holds, and lets it wait; or, if the log says it
 * is done, lets it be. */
void each_master_make(struct each_master *master);

/* An item for which there will be no job. */
void each_master_refuse(struct each_master *master,
                        const struct each_item *item, const char *what,
                        int err);

/* Submits what is waiting, as far as there is room. */
void each_master_submit(struct each_master *master);

/* Lets one more job run at a time, as far as there is room. */
void each_master_add(struct each_master *master);

/* Stops all jobs and this process, until somebody continues it. */
void each_master_pause(struct each_master *master);

/* Makes the run stop, at least so much. */
void each_master_stop(struct each_master *master, enum each_stop stop);
bool each_master_is_stopping(const struct each_master *master);

/* Tells of a failure that is the program's own. */
void each_master_break(struct each_master *master, const char *path,
                       const char *what, int err);

/* Waiting jobs will never run. */
void each_master_drop_due(struct each_master *master);

void each_master_tick(struct each_master *master);

/* A worker left because there was no process for its command. */
void each_master_take_fewer(struct each_master *master, int err);

/* Says once that workers cannot be started. */
void each_master_note_shortage(struct each_master *master);

/* Hooks of the workers; ctx is the struct each_master. */
void each_master_on_reply(void *ctx, const void *data, size_t len);
enum mp_queue_verdict each_master_on_death(void *ctx, struct mp_death *death);

/* A child of the master that is a worker, or left alone by one. */
bool each_master_spares(void *ctx, pid_t pid);

#endif
