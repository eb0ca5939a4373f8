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
 * Replies   what is to be said goes out at once, and one REPLY_DONE a job */
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

/* What an entry is in a group of hard links (engine/links.h). */
enum job_link {
	JOB_NO_LINK,
	JOB_LEADS,   /* copy it, then say with REPLY_LINKED how that went */
	JOB_FOLLOWS, /* link it to link_path at the destination; likewise */
};

struct job_entry {
	struct meta meta; /* as the walk saw it */
	uint64_t group;   /* the master's word for its link group */
	uint32_t size;    /* of this entry with its names and padding */
	uint32_t link;    /* enum job_link */
	uint32_t link_operand;
	uint32_t link_len; /* 0 unless it follows */
	uint16_t name_len;
	uint16_t dst_name_len; /* 0: the same name */
	char name[];           /* name, dst name, link path; each with NUL */
};

/* An entry in parts, for job_add. */
struct job_new_entry {
	const struct meta *meta;
	const char *name, *dst_name, *link_path; /* the last two: NULL or "" */
	size_t name_len, dst_name_len;
	uint64_t group;
	enum job_link link;
	uint32_t link_operand;
};

/* Building, in the master. */
void job_begin(struct buf *record, const struct job *head, const char *path);
void job_add(struct buf *record, const struct job_new_entry *entry);

/* The bytes that job_add would append, at most. */
size_t job_entry_size(const struct job_new_entry *entry);

/* Reading; the record is aligned to 8. The cursor is one number, so that a
 * death at any moment leaves a true one; where its entry is follows from it. */
const char *job_path(const struct job *job);
const struct job_entry *job_in_hand(const struct job *job);
const struct job_entry *job_entry_after(const struct job_entry *entry);
const char *job_dst_name(const struct job_entry *entry);
const char *job_link_path(const struct job_entry *entry);

/* The bytes it adds to the totals: only files that are not linked have any. */
uint64_t job_entry_bytes(const struct job_entry *entry);

/* DONE      the job's head follows
 * FAULT     two strings with their NULs: path, what; err says why
 * ENTRY     likewise: path, action
 * LOSS      something was lost on this file system, err says what (enum
 *           tally_lost): path, the file system's number as text
 * LINKED    err is 0 or negative; a struct reply_link, then the path of the
 *           entry below the destination's root
 * IN_WAY    a directory has this entry's name: struct reply_in_way, then the
 *           struct job_entry; the master removes it and sends the entry again */
enum reply_kind {
	REPLY_DONE,
	REPLY_FAULT,
	REPLY_ENTRY,
	REPLY_LINKED,
	REPLY_IN_WAY,
	REPLY_LOSS,
};

struct reply {
	uint32_t kind;
	int32_t err;
};

struct reply_link {
	uint64_t group;
	uint32_t operand;
	uint32_t leads; /* further names are to be linked to this one */
};

struct reply_in_way {
	uint64_t owner; /* the job's */
};

void reply_begin(struct buf *out, enum reply_kind kind, int err);
void reply_strings(struct buf *out, enum reply_kind kind, int err,
                   const char *path, const char *what);

#endif
