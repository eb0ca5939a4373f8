/* SPDX-License-Identifier: MIT */
/* cli/rate.h - how fast a counter has grown of late
 *
 * Model     a window over the last seconds: samples at least RATE_STEP_NS
 *           apart, and the rate is that between the oldest one kept and now.
 *           A window forgets a slow start and does not jump with each file.
 * Lifetime  rate_init; nothing to release */
#ifndef CLI_RATE_H
#define CLI_RATE_H

#include "base/base.h"

#define RATE_SAMPLES 16
#define RATE_STEP_NS (250 * NS_PER_MS)

struct rate {
	struct {
		int64_t at_ns;
		uint64_t count;
	} samples[RATE_SAMPLES];
	size_t n_samples; /* ever taken; the newest is at (n - 1) % SAMPLES */
};

/* The counter is 0 now. */
void rate_init(struct rate *rate, int64_t now_ns);

/* The counter stands at count now. */
void rate_add(struct rate *rate, int64_t now_ns, uint64_t count);

/* Per second, with the counter at count now; 0 when nothing is known. */
uint64_t rate_per_s(const struct rate *rate, int64_t now_ns, uint64_t count);

#endif
