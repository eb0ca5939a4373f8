/* SPDX-License-Identifier: MIT */
/* engine/bounds.h - does a symbolic link stay within the tree it is copied to
 *
 * Model     judged by its text alone, so that nothing is looked up that somebody
 *           could exchange meanwhile: it leads out when it is empty or
 *           absolute, when it climbs higher than the tree's root, or when it
 *           climbs behind a name, as that name may itself be a link. */
#ifndef ENGINE_BOUNDS_H
#define ENGINE_BOUNDS_H

#include "base/base.h"

/* Of a link in a directory that is depth names below the root. */
bool bounds_are_left(const char *text, size_t depth);

/* How many names are in a path: its components, but for empty ones and ".". */
size_t bounds_depth(const char *path, size_t len);

#endif
