/* SPDX-License-Identifier: MIT */
/* engine/map_work.h - an output in the making, in a worker
 *
 * Model     a job has a directory of its own among the unfinished, in which
 *           its output has the name it will have in the end. Accepted, it is
 *           renamed from there over whatever had the name; else it goes away
 *           with the directory.
 * Lifetime  open .. close
 * Death     what is left is removed when the job is tried again, or with all
 *           that is unfinished
 * Errors    negative errno, and reason (enum map_reason) */
#ifndef ENGINE_MAP_WORK_H
#define ENGINE_MAP_WORK_H

#include "engine/map_parts.h"

struct map_work {
	struct map *map;
	struct each_worker *worker;
	struct hash_io io;
	struct copy_tools tools;
	struct settings settings; /* of a copy */
	struct buf entry;
	/* of the job */
	const struct map_job *job;
	uint32_t number; /* the master's */
	char dir_name[24];
	int dir_fd;
	int src_fd, out_fd; /* or -1 */
	int src_dir_fd;     /* borrowed */
	const char *src_name, *out_name;
	struct meta before; /* the source */
	struct map_note note;
	enum map_reason reason;
};

/* Looks at the source and makes the directory. */
int map_work_open(struct map_work *work);

/* The source for reading. */
int map_work_open_src(struct map_work *work);

/* The output is complete: it gets its mode, perhaps its times, and its name.
 * takes_mode is false for a copy, which has all that. */
int map_work_publish(struct map_work *work, bool takes_mode);

/* 1 when the source is as it was at first. */
int map_work_is_unchanged(struct map_work *work);

void map_work_close(struct map_work *work);

/* False when the run is being ended. */
bool map_work_goes_on(const struct map_work *work);

#endif
