/* SPDX-License-Identifier: MIT */
/* engine/dirs.h - the directories that are being copied, and finishing them
 *
 * Model     a directory lives from its discovery until all below it is done:
 *           its own scan, its batches and its child directories each hold it.
 *           When the last one lets go, it gets its source's owner, attributes,
 *           permissions and times, and lets go of its parent: bottom-up.
 * Lifetime  owned by the master; nodes free themselves
 * Memory    one node per unfinished directory, and the bare names of those
 *           that have not been entered */
#ifndef ENGINE_DIRS_H
#define ENGINE_DIRS_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/copy.h"
#include "engine/worker.h"
#include "fs/meta.h"

enum dir_flags {
	DIR_DST_EMPTY = JOB_DST_EMPTY,     /* this run made it */
	DIR_DST_MISSING = JOB_DST_MISSING, /* dry run: it would be made */
	DIR_HAD_PROJECT = JOB_HAD_PROJECT, /* its destination passed one on */
	DIR_IN_WAY = JOB_DIR_IN_WAY, /* --force: what is there is to go first */
	DIR_NO_FINISH = 1 << 16,     /* the place of a file operand; not ours */
	DIR_FAR = 1 << 17,           /* its calls are the workers' */
	DIR_DRESSED = 1 << 18,       /* by a worker, or keeps its own */
	DIR_ROOM_STAYS = 1 << 19,    /* a room in it could not be removed */
};
#define DIRS_JOB_FLAGS (DIR_DST_EMPTY | DIR_DST_MISSING | DIR_HAD_PROJECT)

/* While workers walk it (engine/far.h). */
struct far_dir {
	struct dir *dir;
	struct far_dir *next_to_look, *next_to_list;
	struct buf names; /* to be looked at: a byte for the type, name, NUL */
	size_t names_at;
	uint64_t cookie;  /* where its listing goes on */
	size_t n_looking; /* jobs under way that look at names */
	bool is_entered, is_listed;
	bool is_listing;             /* a job for that is under way */
	bool is_to_look, is_to_list; /* is in these lists */
};

struct dir {
	struct dir *parent; /* NULL: the root of an operand */
	struct dir *next, *prev;
	uint32_t operand;
	uint32_t flags;
	uint64_t n_holds;
	uint64_t dst_dev, dst_ino; /* ino 0: not known, or none */
	uint32_t dst_writer;       /* held_writer of it, as it was found */
	struct meta meta;   /* of the source, as it was before it was read */
	struct buf subdirs; /* names to enter later, each with its NUL */
	size_t subdirs_at;
	/* of engine/share.h */
	uint64_t n_subdirs;  /* found so far */
	uint64_t n_parts;    /* 0: not known yet */
	double parts_walked; /* of these */
	bool has_files;      /* anything but directories */
	struct far_dir *far; /* or NULL */
	size_t name_len;
	char name[];
};

/* Told in the master when a directory is finished or cannot be. */
struct dirs_observer {
	void (*finished)(void *ctx, const struct dir *dir);
	void (*failed)(void *ctx, const struct dir *dir,
	               const struct fault *fault);
	void *ctx;
};

struct dirs {
	struct worker *worker; /* the master's own: trees and tools */
	struct counts counts;  /* what directories lost */
	struct dirs_observer observer;
	/* Has a worker finish a DIR_FAR one; with DIR_DRESSED, or
	 * DIR_NO_FINISH when that failed, dirs_let_go is called again. */
	void (*send)(void *ctx, struct dir *dir);
	void *send_ctx;
	struct dir *all; /* list, for the end of a run that was stopped */
	struct buf path;
};

/* A node with one hold. parent may be NULL. */
struct dir *dirs_add(struct dirs *dirs, struct dir *parent, uint32_t operand,
                     const char *name, size_t name_len);

/* The head of a job about dir, whose path is so long. */
struct job dirs_job(const struct dir *dir, enum job_kind kind, size_t path_len);

void dirs_hold(struct dir *dir);

/* Lets go of dir and finishes it, and its parents, if that was the last. */
void dirs_let_go(struct dirs *dirs, struct dir *dir);

/* The directory's path below its root; valid until the next call. */
const struct buf *dirs_path(struct dirs *dirs, const struct dir *dir);

/* Frees what is left without finishing it. */
void dirs_release(struct dirs *dirs);

#endif
