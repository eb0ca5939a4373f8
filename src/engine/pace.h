/* SPDX-License-Identifier: MIT */
/* engine/pace.h - does the walk wait for each of its calls
 *
 * Model     a call that has to wait for somebody else puts its caller to sleep.
 *           When at least half of the calls do, and they take PACE_SLOW_NS or
 *           more on average, the file system is far away, whatever its type
 *           says. Being preempted is not sleeping. Asked of PACE_CALLS at a
 *           time: a disk that reads a block of names now and then is not.
 * Lifetime  {0} to start */
#ifndef ENGINE_PACE_H
#define ENGINE_PACE_H

#include "base/base.h"

#define PACE_CALLS   64
#define PACE_SLOW_NS INT64_C(100000)

struct pace {
	bool is_slow; /* for good */
	unsigned n_calls;
	/* when the first of them was made */
	int64_t start_ns;
	uint64_t start_sleeps;
};

/* Before calls; only other work may lie between those that are counted. */
void pace_begin(struct pace *pace);

/* After so many calls. */
bool pace_is_slow(struct pace *pace, unsigned n_calls);

/* The process is going to sleep for another reason. */
void pace_forget(struct pace *pace);

#endif
