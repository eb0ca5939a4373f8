/* SPDX-License-Identifier: MIT */
/* engine/map_walk.h - what is found in SRC, and what its output would be called
 *
 * Model     engine/each_tree.h, everything in it, each with its name in DST
 * Lifetime  open .. close; what is found is valid until the next call
 * Errors    as each_tree_next, about walk->tree.path; -EINVAL: its output
 *           cannot be called like that, and walk->what says why */
#ifndef ENGINE_MAP_WALK_H
#define ENGINE_MAP_WALK_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each_tree.h"
#include "engine/map.h"
#include "engine/map_name.h"

struct map_found {
	struct each_item item;
	const char *path; /* below SRC */
	const char *base;
	int dir_fd; /* it is in; of a directory, itself */
	unsigned type;
	bool is_selected; /* the command is for it */
	const char *out;  /* below DST; NULL: it has no output */
	size_t out_len;
};

struct map_walk {
	const struct map_settings *settings;
	const struct each_filter *filter;
	struct each_filter all;
	struct each_tree tree;
	struct map_name name;
	struct buf dir, out;
	const char *what;
};

void map_walk_open(struct map_walk *walk, const struct map_settings *settings,
                   const struct each_filter *filter);
void map_walk_close(struct map_walk *walk);

/* 1 something, 0 the end, -EAGAIN nothing so far. */
int map_walk_next(struct map_walk *walk, struct map_found *found);

#endif
