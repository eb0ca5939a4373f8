/* SPDX-License-Identifier: MIT */
/* engine/each_item.h - one thing that a command is run for
 *
 * Model     a path found in a tree, or a record of a list: bytes without NUL.
 *           The parts of its name are found by looking, so that an item costs
 *           no more than its text.
 * Lifetime  the text is borrowed from whoever handed the item out */
#ifndef ENGINE_EACH_ITEM_H
#define ENGINE_EACH_ITEM_H

#include "base/base.h"

struct each_text {
	const char *text;
	size_t len;
};

struct each_item {
	const char *text;
	size_t len;
	size_t root_len; /* where the path below its root starts; 0 in a list */
	uint64_t bytes;  /* size of the file, 0 if nobody asked */
	struct each_text out;   /* what {out} stands for */
	struct each_text extra; /* for engine/each_hooks.h */
};

/* The name behind the last slash; slashes at the end do not count. */
struct each_text each_item_base(struct each_text path);

/* What stands before that: "." if nothing does, "/" for what is in it. */
struct each_text each_item_dir(struct each_text path);

/* The path without the extension of its last name: the last dot and what is
 * behind it, unless the dot is the first character. */
struct each_text each_item_stem(struct each_text path);

/* Column k, 1 up, of a text that separator splits; empty behind the last. An
 * empty separator splits nothing. */
struct each_text each_item_column(struct each_text text,
                                  struct each_text separator, size_t k);

#endif
