/* SPDX-License-Identifier: MIT */
#include "cli/rate.h"

void rate_init(struct rate *rate, int64_t now_ns)
{
	*rate = (struct rate){.n_samples = 1};
	rate->samples[0].at_ns = now_ns;
}

void rate_add(struct rate *rate, int64_t now_ns, uint64_t count)
{
	size_t newest = (rate->n_samples - 1) % RATE_SAMPLES;

	if (now_ns - rate->samples[newest].at_ns < RATE_STEP_NS)
		return;
	newest = rate->n_samples++ % RATE_SAMPLES;
	rate->samples[newest].at_ns = now_ns;
	rate->samples[newest].count = count;
}

uint64_t rate_per_s(const struct rate *rate, int64_t now_ns, uint64_t count)
{
	size_t oldest = rate->n_samples > RATE_SAMPLES
	                        ? rate->n_samples % RATE_SAMPLES
	                        : 0;
	int64_t passed_ns = now_ns - rate->samples[oldest].at_ns;
	/* A counter may be set back when work is done again. */
	uint64_t grown = count > rate->samples[oldest].count
	                         ? count - rate->samples[oldest].count
	                         : 0;

	if (passed_ns <= 0)
		return 0;
	return (uint64_t)((double)grown * (double)NS_PER_S / (double)passed_ns);
}
