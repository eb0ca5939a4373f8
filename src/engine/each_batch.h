/* SPDX-License-Identifier: MIT */
/* engine/each_batch.h - the parts of a batch, and how they come and go
 *
 * Model     each.c runs the loop; each_batch.c opens what it needs, starts the
 *           workers, and gives everything back
 * Lifetime  find, open, start in this order, as far as they
 *           succeed; then close and release in any case
 * Errors    negative errno; told to the observer where a name belongs to it */
#ifndef ENGINE_EACH_BATCH_H
#define ENGINE_EACH_BATCH_H

#include "engine/each_master.h"
#include "engine/each_source.h"

struct batch {
	struct each_settings settings; /* with as many workers as can be */
	struct each_master master;
	struct each_source source;
	struct each_queue backlog;
	bool is_waiting; /* for the source's descriptor, in the epoll */
	int epoll_fd, signal_fd, timer_fd;
};

/* A command whose program is always the same is looked for once; the tally has
 * the exit status if it cannot be run. */
int each_batch_find(struct each_master *master);

/* The list and its header, and the command, whose placeholders may be named
 * there. */
int each_batch_prepare(struct batch *batch);

/* The log, the list of failed items. */
int each_batch_open(struct batch *batch);
int each_batch_close(struct batch *batch);

/* As many workers as there can be descriptors for; part of start. */
void each_batch_settle_descriptors(struct batch *batch);

int each_batch_start(struct batch *batch);
void each_batch_release(struct batch *batch);

#endif
