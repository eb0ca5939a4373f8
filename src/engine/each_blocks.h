/* SPDX-License-Identifier: MIT */
/* engine/each_blocks.h - blocks of input on their way to jobs
 *
 * Model     a block is kept in a memory file that master and workers have, as
 *           it was opened before they were started, until its job needs no
 *           more tries. For each try the worker makes a file of its own of it
 *           that the job has as standard input: it can be read from the start,
 *           need not be read at all, and nobody else reads or moves in it.
 * Lifetime  open before the workers are started; close
 * Memory    as many blocks as there are jobs at a time and two more, and those
 *           that the jobs in workers have
 * Errors    negative errno */
#ifndef ENGINE_EACH_BLOCKS_H
#define ENGINE_EACH_BLOCKS_H

#include "base/base.h"
#include "engine/each_item.h"

struct each_blocks {
	int *fds;
	bool *is_used;
	uint32_t n;
	uint32_t n_used;
};

/* For n_jobs jobs at a time. */
int each_blocks_open(struct each_blocks *blocks, uint32_t n_jobs);
void each_blocks_close(struct each_blocks *blocks);

/* Whether another one may be put while n_jobs run at a time. */
bool each_blocks_have_room(const struct each_blocks *blocks, uint32_t n_jobs);

int each_blocks_put(struct each_blocks *blocks, struct each_text block,
                    uint32_t *place);
void each_blocks_free(struct each_blocks *blocks, uint32_t place);
/* The same for the extra bytes of an item; nothing if there are no blocks. */
void each_blocks_drop(struct each_blocks *blocks, const void *extra);

/* In a worker: a file with the block, to be read from its start. */
int each_blocks_get(const struct each_blocks *blocks, uint32_t place);

#endif
