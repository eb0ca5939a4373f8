/* SPDX-License-Identifier: MIT */
#include "engine/pace.h"

#include "base/mono.h"

#include <sys/resource.h>

static uint64_t n_sleeps(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) < 0 ? 0
	                                          : (uint64_t)usage.ru_nvcsw;
}

void pace_begin(struct pace *pace)
{
	if (pace->n_calls)
		return;
	pace->start_ns = mono_now_ns();
	pace->start_sleeps = n_sleeps();
}

bool pace_is_slow(struct pace *pace, unsigned n_calls)
{
	pace->n_calls += n_calls;
	if (pace->n_calls < PACE_CALLS)
		return pace->is_slow;
	if (mono_now_ns() - pace->start_ns >= pace->n_calls * PACE_SLOW_NS &&
	    n_sleeps() - pace->start_sleeps >= pace->n_calls / 2)
		pace->is_slow = true;
	pace->n_calls = 0;
	return pace->is_slow;
}

void pace_forget(struct pace *pace)
{
	pace->n_calls = 0;
}
