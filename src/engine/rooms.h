/* SPDX-License-Identifier: MIT */
/* engine/rooms.h - where files are made before they get their names
 *
 * Model     Where unnamed files cost more than names (traits.slow_tmpfile)
 *           each worker makes its files in a directory of its own, its room,
 *           and renames them from there: it meets nobody in it, and the
 *           directory that a file belongs to is changed once. Only below a
 *           root that this run made: there nobody else has anything, and all
 *           that is made inherits the same.
 * Lifetime  made before the fork, open in all processes; removed by the master
 *           when nothing is made below the root any more
 * Death     A worker's file is named in its job's note, so whoever goes on
 *           removes it. When the master dies the rooms stay, with a file each
 *           at most. */
#ifndef ENGINE_ROOMS_H
#define ENGINE_ROOMS_H

#include "base/base.h"
#include "engine/site.h"
#include "fs/stage.h"
#include "fs/traits.h"

struct rooms {
	unsigned n; /* one for each worker */
	struct room {
		int fd;
		char name[STAGE_NAME_MAX];
	} list[];
};

/* For n workers, where it pays. Where they cannot be made it goes without. */
void rooms_make(struct site *site, unsigned n, struct traits_table *traits);

/* Before its root is finished, and at the end of a run. Negative errno when one
 * of them stays. */
int rooms_remove(const struct pair *pair);

/* What this process, worker, calls its file in its room. */
void rooms_name_file(char file[STAGE_NAME_MAX], unsigned worker);

/* Worker's room, with that name for a file; or none. */
struct stage_room rooms_of(const struct pair *pair, unsigned worker,
                           const char *file);

/* Removes what the note of a job names, in dst_fd or in somebody's room, and
 * clears it. */
void rooms_sweep(const struct pair *pair, int dst_fd, char *note);

#endif
