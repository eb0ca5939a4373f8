/* SPDX-License-Identifier: MIT */
/* engine/map_guard.h - what is refused before anything runs
 *
 * Model     SRC is walked once: no two sources may have one output, none may
 *           lead out of DST, be it by its name or by a symlink that stands in
 *           DST where a directory is needed
 * Memory    32 bytes for each name while it lasts: hashes of 128 bits, in a
 *           table that is half empty
 * Errors    -EPERM: refused, and the observer was told why */
#ifndef ENGINE_MAP_GUARD_H
#define ENGINE_MAP_GUARD_H

#include "engine/map_parts.h"

/* *n_found is how many entries SRC has. */
int map_guard_names(struct map *map, uint64_t *n_found);

/* Neither of the two directories may be in the other. dst_fd may be that of
 * the directory DST is going to be in. */
int map_guard_places(struct map *map, int dst_fd);

/* Before outputs are deleted because their sources are gone: an empty directory
 * in SRC that has outputs is perhaps one where a disk is mounted at other
 * times. -EPERM after naming it. */
int map_guard_mounts(struct map *map);

#endif
