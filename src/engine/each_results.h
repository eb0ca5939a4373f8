/* SPDX-License-Identifier: MIT */
/* engine/each_results.h - what jobs print, into files of a directory
 *
 * Model     takes what one job printed on one stream at a time and makes a
 *           file of it: NAME.out or NAME.err, no file where
 *           nothing was printed. A file appears under its name complete; one
 *           of an earlier run is replaced, or removed if there is nothing now.
 *           NAME is the path of the item, cleared of "/" and "." in front; or
 *           a number. Names that two items would share, or that are too long,
 *           are found by check, before anything is run.
 * Lifetime  open .. close
 * Memory    48 bytes for each item, where several paths could bring equal names
 * Errors    negative errno */
#ifndef ENGINE_EACH_RESULTS_H
#define ENGINE_EACH_RESULTS_H

#include "base/base.h"
#include "base/buf.h"
#include "base/hash_set.h"
#include "engine/each_job.h"
#include "fs/stage.h"

struct each_results {
	int fd; /* of the directory; -1: there is none */
	uint32_t perms;
	struct traits_table traits;
	struct buf path;
	struct hash_set names; /* given so far, where that is asked for */
	/* of the file that is being written */
	int dir_fd; /* of its directory, maybe fd */
	bool has_begun;
	struct stage stage;
	char note[STAGE_NAME_MAX];
};

/* Makes the directory if need be. */
int each_results_open(struct each_results *results, const char *dir);
void each_results_close(struct each_results *results);

/* Sets the name for the next files. */
void each_results_name(struct each_results *results, const char *item,
                       uint64_t number);

/* Whether files can have that name: -EEXIST if another item has it (looked for
 * if several paths bring items), -EISDIR if a directory is there, -ENOTDIR if a
 * file is where a directory is needed, -ENAMETOOLONG, .. */
int each_results_check(struct each_results *results, bool has_several_paths);

/* One file: any number of writes, then end, which gives it its name, or drop:
 * then it never was. */
int each_results_write(struct each_results *results, const void *data,
                       size_t len);
int each_results_end(struct each_results *results,
                     enum each_stream_index stream);
void each_results_drop(struct each_results *results);

#endif
