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
 * Replies   what is to be said goes out at once, and may be said twice when a
 *           worker dies. What the master acts on, such as the result of an
 *           entry, is kept in the record and goes with the one REPLY_DONE. */
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
#define JOB_ENTRIES_FAR 16 /* where workers wait, more share the work */
#define JOB_BYTES_MAX   (UINT64_C(1) << 20)
#define JOB_RECORD_MAX  65536

/* What one job that lists brings at most, in bytes of names. */
#define JOB_LIST_BYTES (UINT64_C(512) << 10)

/* What is to be done; all but the first where a call is far away. LIST and
 * FINISH have one entry without a name, for the directory itself. */
enum job_kind {
	JOB_COPY,   /* copy the entries */
	JOB_LIST,   /* enter the directory, tell the names in it */
	JOB_LOOK,   /* fill in the entries' meta; its mode holds what the
	               listing says of the type */
	JOB_FINISH, /* the directory's own metadata */
};

enum job_flags {
	JOB_DST_EMPTY = 1 << 0,   /* this run made the directory */
	JOB_DST_MISSING = 1 << 1, /* dry run: it would be made */
	JOB_HAD_PROJECT = 1 << 2, /* it passed a project on */
	JOB_DIR_IN_WAY = 1 << 3,  /* a file has its name */
	/* of a listing */
	JOB_ENTERED = 1 << 4,  /* the destination is made */
	JOB_NO_NAMES = 1 << 5, /* is not to be, or cannot be, listed */
	JOB_HAS_MORE = 1 << 6, /* the rest is for another job */
};

/* Worth 8 bytes of alignment throughout. */
struct counts {
	uint64_t n_copied, n_unchanged, n_mended, n_failed, n_changed;
	uint64_t n_unsafe;
	uint64_t lost[N_LOST];
};

struct job {
	uint64_t owner;   /* the master's word for the directory */
	uint32_t operand; /* which pair of roots */
	uint32_t flags;
	uint32_t n_entries;
	uint32_t path_len; /* of the directory, "" for the root */
	uint64_t bytes;    /* sum of the entries' sizes */
	/* the directories that the walk saw; ino 0: it saw none */
	uint64_t src_dev, src_ino, dst_dev, dst_ino;
	uint32_t dst_writer; /* held_writer of it, as it was then */
	uint32_t kind;       /* enum job_kind */
	/* of a listing */
	uint32_t up_flags; /* of the directory it is in */
	uint32_t n_up;     /* struct job_inode behind the entry */
	uint64_t cookie;   /* where it goes on */
	/* written by the worker */
	uint32_t next;     /* the cursor: the number of the entry in hand */
	uint32_t n_deaths; /* of workers that had this entry in hand */
	uint32_t is_stopped;
	uint32_t has_results; /* of entries: the master looks at them */
	uint32_t has_waited;  /* see engine/waits.h */
	uint32_t padding;
	struct counts counts;
	char note[STAGE_NAME_MAX];
};

/* What an entry is in a group of hard links (engine/links.h). */
enum job_link {
	JOB_NO_LINK,
	JOB_LEADS,   /* copy it; others will be linked to that */
	JOB_FOLLOWS, /* link it to link_path at the destination */
};

/* How an entry fared, where the master has to do something about it. */
enum job_result {
	JOB_NOTHING,
	JOB_LINKED,       /* it is linked to its leader */
	JOB_LEADER_THERE, /* others can be linked to it */
	JOB_LINK_FAILED,  /* it is not there */
	JOB_LINK_FULL,    /* its leader takes no more names: to be sent again */
	JOB_FOUND,        /* its meta is filled in; a directory is entered */
	JOB_FINISHED,     /* the directory */
	JOB_IN_WAY,       /* something has its name: the master removes that
	                     and sends the entry again */
};

/* The inode that the names of a group are linked to, and its owner; ino 0: not
 * known. Not even who makes a new file under that number gets its owner. */
struct job_leader {
	uint64_t dev, ino;
	uint32_t uid, padding;
};

struct job_entry {
	struct meta meta; /* as the walk saw it */
	uint64_t group;   /* the master's word for its link group */
	uint32_t size;    /* of this entry with its names and padding */
	uint32_t link;    /* enum job_link */
	uint32_t link_operand;
	uint32_t link_len; /* 0 unless it follows */
	uint32_t result;   /* enum job_result; written by the worker */
	uint32_t is_anew;  /* copy it, even if its copy is as it should be */
	/* Written by the worker: the inode of a copy that was left alone and
	 * has several names, for engine/twins.h; ino 0: none. */
	uint64_t shared_dev, shared_ino;
	/* What is at link_path; of a leader, written by the worker. */
	struct job_leader leader;
	uint16_t name_len;
	uint16_t dst_name_len; /* 0: the same name */
	char name[];           /* name, dst name, link path; each with NUL */
};

/* A directory above, which must not be met again below. */
struct job_inode {
	uint64_t dev, ino;
};

/* An entry in parts, for job_add. */
struct job_new_entry {
	const struct meta *meta;
	const char *name, *dst_name, *link_path; /* the last two: NULL or "" */
	size_t name_len, dst_name_len;
	uint64_t group;
	enum job_link link;
	uint32_t link_operand;
	struct job_leader leader;
	bool is_anew;
};

/* Building, in the master. */
void job_begin(struct buf *record, const struct job *head, const char *path);
void job_add(struct buf *record, const struct job_new_entry *entry);

/* The bytes that job_add would append, at most. */
size_t job_entry_size(const struct job_new_entry *entry);

/* Reading; the record is aligned to 8. The cursor is one number, so that a
 * death at any moment leaves a true one; where its entry is follows from it. */
const char *job_path(const struct job *job);
struct job_entry *job_in_hand(struct job *job);
struct job_entry *job_entry_after(struct job_entry *entry);
const struct job_entry *job_first(const struct job *job);
const struct job_entry *job_next(const struct job_entry *entry);
const struct job_inode *job_up(const struct job *job); /* behind the entries */
const char *job_dst_name(const struct job_entry *entry);
void job_note_result(struct job *job, struct job_entry *entry,
                     enum job_result result);
void job_note_shared(struct job *job, struct job_entry *entry,
                     const struct meta *dst);
const char *job_link_path(const struct job_entry *entry);

/* The bytes it adds to the totals: only files that are not linked have any. */
uint64_t job_entry_bytes(const struct job_entry *entry);

/* DONE      the job's head follows; if it has_results, the whole record
 * FAULT     two strings with their NULs: path, what; err says why
 * ENTRY     likewise: path, action
 * NAMES     struct reply_names and, for each name, a byte for its type (DT_*),
 *           the name and a NUL
 * LOSS      something was lost on this file system, err says what (enum
 *           tally_lost): path, the file system's number as text */
enum reply_kind {
	REPLY_DONE,
	REPLY_FAULT,
	REPLY_ENTRY,
	REPLY_LOSS,
	REPLY_NAMES,
};

struct reply {
	uint32_t kind;
	int32_t err;
};

struct reply_names {
	uint64_t owner;  /* the job's */
	uint64_t cookie; /* where the listing goes on behind them */
};

#define REPLY_MAX (sizeof(struct reply) + JOB_RECORD_MAX)

void reply_begin(struct buf *out, enum reply_kind kind, int err);
void reply_done(struct buf *out, const struct job *job);
void reply_strings(struct buf *out, enum reply_kind kind, int err,
                   const char *path, const char *what);

#endif
