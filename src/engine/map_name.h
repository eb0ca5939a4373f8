/* SPDX-License-Identifier: MIT */
/* engine/map_name.h - the name of an output, from that of its source
 *
 * Model     the template has the placeholders of engine/each_template.h; they
 *           stand for parts of the path below SRC. Components that are "." and
 *           doubled slashes are left out.
 * Errors    -EINVAL with what is wrong with the name */
#ifndef ENGINE_MAP_NAME_H
#define ENGINE_MAP_NAME_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each_template.h"

struct map_name {
	struct each_template template;
	struct buf raw;
	bool is_plain; /* {r} and nothing else */
	bool is_below; /* starts with the path: directories stay as they are */
};

/* The template is borrowed. */
void map_name_init(struct map_name *name, const char *const *template);
void map_name_release(struct map_name *name);

/* Puts the name for the source at that path below SRC into out. */
int map_name_make(struct map_name *name, const char *path, size_t len,
                  struct buf *out, const char **what);

#endif
