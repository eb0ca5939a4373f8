/* SPDX-License-Identifier: MIT */
/* engine/each_pack.h - items waiting for a job, and jobs made of them
 *
 * Model     a backlog: what the source gave and no job has taken yet, first
 *           in, first out, so that totals are known early. And the items of
 *           the job that is being put together: as many as asked for, or as
 *           fit into one command line.
 * Lifetime  {0} with the template set by pack_init; release
 * Errors    see each_pack_add */
#ifndef ENGINE_EACH_PACK_H
#define ENGINE_EACH_PACK_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each_item.h"
#include "engine/each_template.h"

/* Items one after the other, each with a NUL behind its text. */
struct each_queue {
	struct buf data;
	size_t at;
	size_t n;
};

void each_queue_put(struct each_queue *queue, const struct each_item *item);

/* The first item, not taken; false if there is none. Valid until put. */
bool each_queue_first(const struct each_queue *queue, struct each_item *item);
void each_queue_drop_first(struct each_queue *queue);
size_t each_queue_size(const struct each_queue *queue);
void each_queue_release(struct each_queue *queue);

struct each_pack {
	const struct each_template *template;
	size_t n_max;    /* 0: as many as fit */
	size_t size_max; /* of all arguments, with their pointers */
	size_t fixed;    /* size of what does not repeat */
	size_t size;
	uint64_t bytes;
	struct each_queue items;
	struct buf scratch, marks;
};

void each_pack_init(struct each_pack *pack,
                    const struct each_template *template, size_t n_max);
void each_pack_release(struct each_pack *pack);

/* Adds an item: 1 when the job is then full, 0 when there is room for more;
 * -EAGAIN when it belongs into the next job; -E2BIG when it fits nowhere. */
int each_pack_add(struct each_pack *pack, const struct each_item *item);

/* Makes the record of a job (engine/each_job.h) of the items, which go to
 * *items; their bytes are returned. */
uint64_t each_pack_take(struct each_pack *pack, uint32_t job, uint64_t number,
                        struct buf *record, struct each_queue *items);

#endif
