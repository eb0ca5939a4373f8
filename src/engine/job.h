/* SPDX-License-Identifier: MIT */
/* engine/job.h - the records that go through the two queues
 *
 * Model     a job is a batch of entries of one directory; it holds all that a
 *           worker needs, as bytes: paths relative to the roots of an operand,
 *           no pointers. Its head is also the worker's notebook: the cursor,
 *           the counts so far and the name of an unpublished file are written
 *           into the queue slot as the work goes on, so that whoever takes the
 *           job after a death knows where to go on.
 *           Layout: struct job, the directory's path, then n_entries times a
 *           struct job_entry and its names, each part padded to 8 bytes.
 * Replies   a fault or an entry line at once, and one REPLY_DONE a job */
#ifndef ENGINE_JOB_H
#define ENGINE_JOB_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/tally.h"
#include "fs/meta.h"
#include "fs/stage.h"

/* A batch ends at this many entries or bytes of content, whichever is first:
 * enough to make the queue's cost small, few enough to share the work. */
#define JOB_ENTRIES_MAX 64
#define JOB_BYTES_MAX   (UINT64_C(1) << 20)
#define JOB_RECORD_MAX  65536

enum job_flags {
	JOB_DST_EMPTY = 1 << 0,   /* this run made the directory */
	JOB_DST_MISSING = 1 << 1, /* dry run: it would be made */
};

/* Worth 8 bytes of alignment throughout. */
struct counts {
	uint64_t n_copied, n_unchanged, n_mended, n_failed, n_changed;
	uint64_t lost[N_LOST];
};

struct job {
	uint64_t owner;   /* the master's word for the directory */
	uint32_t operand; /* which pair of roots */
	uint32_t flags;
	uint32_t n_entries;
	uint32_t path_len; /* of the directory, "" for the root */
	uint64_t bytes;    /* sum of the entries' sizes */
	/* written by the worker */
	uint32_t next;     /* the cursor: the number of the entry in hand */
	uint32_t n_deaths; /* of workers that had this entry in hand */
	uint32_t is_stopped;
	struct counts counts;
	char note[STAGE_NAME_MAX];
};

struct job_entry {
	struct meta meta; /* as the walk saw it */
	uint32_t size;    /* of this entry with its names and padding */
	uint16_t name_len;
	uint16_t dst_name_len; /* 0: the same name */
	char name[];           /* name, NUL, dst name, NUL */
};

/* Building, in the master. */
void job_begin(struct buf *record, const struct job *head, const char *path);
void job_add(struct buf *record, const struct meta *meta, const char *name,
             size_t name_len, const char *dst_name, size_t dst_name_len);

/* Reading; the record is aligned to 8. The cursor is one number, so that a
 * death at any moment leaves a true one; where its entry is follows from it. */
const char *job_path(const struct job *job);
const struct job_entry *job_in_hand(const struct job *job);
const struct job_entry *job_entry_after(const struct job_entry *entry);
const char *job_dst_name(const struct job_entry *entry);

enum reply_kind { REPLY_DONE, REPLY_FAULT, REPLY_ENTRY };

/* REPLY_DONE: the job's head follows. REPLY_FAULT and REPLY_ENTRY: two strings
 * with their NULs, path and what (or action). */
struct reply {
	uint32_t kind;
	int32_t err;
};

void reply_strings(struct buf *out, enum reply_kind kind, int err,
                   const char *path, const char *what);

#endif
