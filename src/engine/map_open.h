/* SPDX-License-Identifier: MIT */
/* engine/map_open.h - opening the two trees, and what is ours in DST
 *
 * Model     DST/.pcopy-map, which only we may enter, holds the lock, the
 *           record and, for each run, a directory for unfinished outputs. Who
 *           has the lock may take such directories of others for remains.
 * Errors    told to the observer; the exit status says what they mean */
#ifndef ENGINE_MAP_OPEN_H
#define ENGINE_MAP_OPEN_H

#include "engine/map_parts.h"

/* EXIT_ALL_DONE, EXIT_NOT_STARTED, EXIT_REFUSED */
int map_open(struct map *map);
void map_close(struct map *map);

/* Reads the record, again if it was open. */
int map_open_record(struct map *map);

#endif
