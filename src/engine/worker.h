/* SPDX-License-Identifier: MIT */
/* engine/worker.h - what a worker does with a job
 *
 * Model     opens the two directories of the batch, copies entry after entry,
 *           and keeps the job's head up to date in its slot; faults go out as
 *           replies before the cursor moves on, so that none is lost
 * Lifetime  worker_init after the fork (or in the master, for jobs that no
 *           slot can hold), worker_release at the end
 * Death     the cursor says which entry was in hand and the note names its
 *           unpublished file; the next worker sweeps it up and goes on there
 * Blocking  as the files do, and for room in the reply queue */
#ifndef ENGINE_WORKER_H
#define ENGINE_WORKER_H

#include "base/base.h"
#include "engine/copy.h"
#include "engine/job.h"
#include "engine/settings.h"
#include "engine/site.h"
#include "engine/turns.h"
#include "fs/tree.h"

#include <stdatomic.h>

#define CELL_NAME_MAX 256

/* One per worker, in shared memory: how far it is within its job. Written by
 * the worker, read by the master's timer; nothing depends on it but what is
 * shown. */
struct cell {
	_Alignas(64) _Atomic uint64_t bytes; /* of entries done in this job */
	_Atomic uint64_t entries;            /* done in this job */
	_Atomic uint64_t moved;              /* bytes written, ever */
	_Atomic uint64_t beats;              /* signs of life */
	_Atomic uint32_t has_helper;         /* engine/ranges.h */
	char name[CELL_NAME_MAX];            /* of the entry in hand, or "" */
};

/* Shared by all. */
struct shared {
	_Atomic uint32_t is_stopping;
	_Atomic uint32_t n_workers; /* started so far */
	struct turns turns;
	struct cell cells[]; /* one for each that may be, and the master's */
};

struct worker {
	const struct settings *settings;
	const struct site *site;
	struct shared *shared;
	struct cell *cell;
	unsigned index; /* of all workers; UINT_MAX: the master */
	char room_file[STAGE_NAME_MAX]; /* see engine/rooms.h */
	/* is_last ends the job: nothing of it may be run again. */
	int (*reply)(void *ctx, const void *data, size_t len, bool is_last);
	void *reply_ctx;
	/* In the master, which has to look for signals itself; else NULL. */
	void (*look)(void *ctx);
	struct copy_tools tools;
	bool waits_for_disk;                /* its last batch did */
	struct tree *src_trees, *dst_trees; /* one per operand */
	struct tree_cache cache;            /* of them all */
	struct buf path, record, names;     /* scratch */
	const struct job *job;              /* in hand */
	const struct job_entry *entry;      /* likewise */
	uint64_t entry_bytes;               /* of the file in hand */
	uint64_t entry_limit;               /* its size */
};

/* What an entry, or directory, has lost beyond what was counted before. */
struct worker_loss {
	struct traits *traits; /* of the destination's file system */
	const struct counts *before, *now;
	uint32_t operand;
	const char *dir, *name; /* as for worker_path */
	size_t dir_len;
};

/* Tells the master of losses of a kind that was not yet told of there. */
void worker_say_losses(struct worker *worker, const struct worker_loss *loss);

/* What reply, reply_ctx, settings, site, shared and cell say is the caller's. */
void worker_init(struct worker *worker);
void worker_release(struct worker *worker);

/* Does the job from its cursor on and ends with a REPLY_DONE. */
void worker_run(struct worker *worker, struct job *job);

/* The path of an entry below an operand's root, for messages: "ROOT/dir/name".
 * dir and name may be "". */
void worker_path(struct buf *out, const char *root, const char *dir,
                 size_t dir_len, const char *name);

#endif
