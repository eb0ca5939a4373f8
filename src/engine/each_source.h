/* SPDX-License-Identifier: MIT */
/* engine/each_source.h - where the items come from: trees, a list, words
 *
 * Model     one interface to all. An item is valid until the next call.
 * Lifetime  open .. close
 * Blocking  see the list and the trees
 * Errors    open: negative errno. next: 1 an item; 0 the end; -EAGAIN none
 *           now: call again, when fd is readable if there is a fd; any other
 *           one is about source->name, and says whether it goes on. */
#ifndef ENGINE_EACH_SOURCE_H
#define ENGINE_EACH_SOURCE_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each.h"
#include "engine/each_blocks.h"
#include "engine/each_list.h"
#include "engine/each_tree.h"

struct each_source {
	const struct each_hooks *hooks; /* they find the items, or NULL */
	const char *const *words;       /* of the command line, or NULL */
	size_t n_words;
	bool is_list;
	struct each_list list;
	struct each_tree tree;
	struct each_own own; /* passed over in trees */
	bool has_ended;
	/* of an error */
	const char *name, *what;
	struct buf text;
	/* of blocks */
	size_t block_size; /* 0: there are none */
	struct each_blocks *blocks;
	uint64_t n_blocks;
	uint32_t place;
	struct buf header; /* the first record, with the columns' names */
};

int each_source_open(struct each_source *source,
                     const struct each_settings *settings);
/* Reads the first record of a list with names, and waits for it. 1, or 0 at the
 * end; errors as of next. */
int each_source_read_header(struct each_source *source);

void each_source_close(struct each_source *source);
int each_source_next(struct each_source *source, struct each_item *item);

/* The errno to show of an error of next, 0 where source->what says it all. */
int each_source_error(int rc);

/* The descriptor to wait for after -EAGAIN, or -1: there is nothing to wait
 * for. */
int each_source_fd(const struct each_source *source);

/* The descriptor is readable, or can never be waited for. */
void each_source_is_ready(struct each_source *source, bool for_ever);

#endif
