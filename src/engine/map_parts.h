/* SPDX-License-Identifier: MIT */
/* engine/map_parts.h - what map.c is made of; for the map_*.c files only
 *
 *   map.c        opens, runs, ends
 *   map_guard.c  refuses
 *   map_walk.c   what is in SRC, and its names in DST
 *   map_plan.c   what is to be done, as items for the pool
 *   map_work.c   doing it, in a worker
 *   map_output.c the unfinished output of a job
 *   map_note.c   what a worker tells of it, in the master
 *   map_tidy.c   directories, and outputs whose source is gone */
#ifndef ENGINE_MAP_PARTS_H
#define ENGINE_MAP_PARTS_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/copy.h"
#include "engine/each_source.h"
#include "engine/map.h"
#include "engine/map_record.h"
#include "engine/map_walk.h"
#include "fs/tree.h"

#include <stdatomic.h>

/* Shared by all processes. */
struct map_shared {
	_Atomic int64_t synced_ns; /* when DST was last made durable */
};

struct map {
	const struct map_settings *settings;
	struct each_settings each;
	struct each_hooks hooks;
	const struct each_observer *observer;
	const struct map_observer *lister;
	struct map_tally *tally;
	struct each_tally *jobs;
	struct map_shared *shared;

	int src_fd, dst_fd; /* dst_fd is -1 in a dry run without DST */
	struct meta src_meta;
	int own_fd;   /* DST/.pcopy-map, or -1 */
	int lock_fd;  /* in it */
	int stage_fd; /* in it, for unfinished outputs; or -1 */
	char stage_name[STAGE_NAME_MAX + 8];
	struct buf stage_path; /* as a command gets it */

	struct tree_cache cache;
	struct tree src_tree, dst_tree;
	struct map_record record;
	bool has_record;
	bool made_dst;
	bool is_filter, prints_output; /* what the command has no place for */

	struct map_walk walk;
	bool is_walking;
	bool has_failed_walk; /* not all of SRC was seen */
	size_t i_entry;       /* of --check */
	uint64_t n_items;
	struct buf job, path, out;

	/* of a worker */
	struct map_work *work;
};

/* What a job is to do. */
enum map_do {
	MAP_DO_RUN,
	MAP_DO_COPY,
	MAP_DO_LINK,
	MAP_DO_ADOPT, /* note what is there */
	MAP_DO_CHECK, /* compare what is there with the hash */
};

/* The extra bytes of an item: this, and the two names with their NULs. */
struct map_job {
	uint32_t to_do; /* enum map_do */
	uint32_t
		may_be_current; /* not if src_hash is still that of the source */
	uint64_t number;        /* of its directory among the unfinished */
	struct map_facts known; /* of the source; for CHECK of the output */
	uint32_t src_len, out_len;
};

static inline const char *map_job_src(const struct map_job *job)
{
	return (const char *)(job + 1);
}

static inline const char *map_job_out(const struct map_job *job)
{
	return map_job_src(job) + job->src_len + 1;
}

/* What a worker tells of a job. */
enum map_told {
	MAP_TOLD_DONE,    /* the output has its name */
	MAP_TOLD_CURRENT, /* it was up to date after all */
	MAP_TOLD_SAME,    /* of CHECK */
	MAP_TOLD_DIFFERENT,
	MAP_TOLD_SYNCED, /* DST is on the disk, with n_bytes of the record */
};

struct map_note {
	uint32_t told; /* enum map_told */
	uint32_t to_do;
	struct map_facts src, out;
	uint64_t n_bytes;
};

/* Why an output was not accepted. */
enum map_reason {
	MAP_NO_OUTPUT,
	MAP_ODD_OUTPUT,
	MAP_CHANGED,
	MAP_NO_SOURCE,
	MAP_NO_PLACE,
	MAP_NOT_STAGED,
	MAP_NOT_PUBLISHED,
	MAP_NOT_READ,
	MAP_NOT_COPIED,
	MAP_NOT_LINKED,
};
const char *map_reason_text(uint32_t reason);

/* "DST/name", into map->path. */
const char *map_dst_path(struct map *map, const char *name);
const char *map_src_path(struct map *map, const char *name);
void map_say(struct map *map, const char *path, const char *what, int err);
void map_list(struct map *map, const char *action, const char *out,
              const char *why);
void map_list_current(struct map *map, const char *out);

/* Where a path's last name starts; the length of its directory. */
const char *map_base(const char *path);
size_t map_dir_len(const char *path);

/* Hooks in the master. */
int map_plan_next(void *ctx, struct each_source *source,
                  struct each_item *item);
int map_check_next(void *ctx, struct each_source *source,
                   struct each_item *item);
void map_on_note(void *ctx, const struct each_record *record, const void *data,
                 size_t len);
void map_add_text(void *ctx, const struct each_record *record, unsigned slot,
                  struct buf *out);

/* Makes the directories of a path in DST that are not there. */
int map_make_dirs(struct map *map, const char *path, size_t len, uint32_t mode);

/* Opens a file to read; its access time stays, if that may be had. */
int map_open_quietly(int dir_fd, const char *name);

/* Of what a name in a directory has as content; regular files only. */
int map_hash_at(const struct hash_io *io, int dir_fd, const char *name,
                struct hash *out);

/* Hooks in a worker. */
bool map_begin(void *ctx, struct each_worker *worker,
               const struct each_record *record, struct each_end *end);
void map_finish(void *ctx, struct each_worker *worker,
                const struct each_record *record, struct each_end *end);

/* There is no such entry in SRC. */
bool map_is_gone(struct map *map, const char *path);

/* At the end. */
void map_dress_dirs(struct map *map);
void map_delete_gone(struct map *map);

#endif
