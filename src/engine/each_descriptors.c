/* SPDX-License-Identifier: MIT */
#include "engine/each_batch.h"

#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

/* That many the master has open besides those for workers, at most. */
#define N_OWN_FILES 28
/* With blocks: for those read ahead, and for workers that are added. */
#define N_MORE_BLOCKS 18

/* A walk has a descriptor for each level, a worker one here, and its spools. The
 * commands keep the limit they would have otherwise. */
void each_batch_settle_descriptors(struct batch *batch)
{
	struct each_master *master = &batch->master;
	const struct each_observer *observer = master->observer;
	unsigned n_each =
		master->settings->output == EACH_RAW ? 1 : 1 + N_EACH_STREAMS;
	rlim_t n_own = N_OWN_FILES;
	struct rlimit limit;
	char what[80];

	batch->settings = *master->settings;
	master->settings = &batch->settings;
	if (batch->settings.block_size) {
		n_each++;
		n_own += N_MORE_BLOCKS;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	master->worker.n_files = limit;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	rlim_t n = limit.rlim_max > n_own + n_each
	                   ? (limit.rlim_max - n_own) / n_each
	                   : 1;
	if (n >= batch->settings.n_workers)
		return;
	snprintf(what, sizeof(what), "only %u of %u at a time", (unsigned)n,
	         batch->settings.n_workers);
	batch->settings.n_workers = (unsigned)n;
	observer->on_fault(observer->ctx, "jobs", what, EMFILE);
}
