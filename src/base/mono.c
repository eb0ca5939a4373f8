/* SPDX-License-Identifier: MIT */
#include "base/mono.h"

#include <limits.h>

static int64_t (*replaced_clock)(void);

int64_t mono_now_ns(void)
{
	struct timespec now;

	if (replaced_clock)
		return replaced_clock();
	/* CLOCK_MONOTONIC always exists on Linux. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t mono_deadline_ns(int timeout_ms)
{
	if (timeout_ms < 0)
		return MONO_NEVER;
	return mono_now_ns() + timeout_ms * NS_PER_MS;
}

int mono_left_ms(int64_t deadline_ns)
{
	if (deadline_ns == MONO_NEVER)
		return -1;
	int64_t left = deadline_ns - mono_now_ns();
	if (left <= 0)
		return 0;
	left = (left + NS_PER_MS - 1) / NS_PER_MS;
	return left > INT_MAX ? INT_MAX : (int)left;
}

struct timespec mono_timespec(int64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S),
	                         .tv_nsec = (long)(ns % NS_PER_S)};
}

void mono_set_clock(int64_t (*now_ns)(void))
{
	replaced_clock = now_ns;
}
