/* SPDX-License-Identifier: MIT */
/* engine/watch.h - what the workers' cells show: progress, and who is stuck
 *
 * Model     the master looks ten times a second at the cells in shared memory;
 *           a worker whose cell gave no sign of life for WATCH_STUCK_NS with an
 *           entry in hand is told about once per entry
 * Lifetime  in the master, from watch_init to watch_release */
#ifndef ENGINE_WATCH_H
#define ENGINE_WATCH_H

#include "base/base.h"
#include "engine/worker.h"

#define WATCH_STUCK_NS (30 * NS_PER_S)

struct watch_state {
	uint64_t beats;
	int64_t since_ns;
	bool was_told;
};

struct watch {
	const struct shared *shared;
	size_t n_cells;
	struct watch_state *states;
};

void watch_init(struct watch *watch, const struct shared *shared,
                size_t n_cells);
void watch_release(struct watch *watch);

/* Sums over all cells: of the jobs in hand, and bytes ever written. */
uint64_t watch_bytes(const struct watch *watch);
uint64_t watch_entries(const struct watch *watch);
uint64_t watch_moved(const struct watch *watch);

/* The name of some entry in hand, or "". */
const char *watch_current(const struct watch *watch);

/* The cell of a worker that has become stuck at now_ns, or NULL. */
const struct cell *watch_stuck(struct watch *watch, int64_t now_ns);

#endif
