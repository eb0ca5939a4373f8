/* SPDX-License-Identifier: MIT */
#include "engine/pace.h"

#include "check.h"

#include <time.h>

CASE(calls_that_sleep_long_are_slow)
{
	const struct timespec trip = {.tv_nsec = 2 * PACE_SLOW_NS};
	struct pace pace = {0};

	pace_begin(&pace);
	for (int i = 0; i < PACE_CALLS; i++)
		nanosleep(&trip, NULL);

	CHECK(pace_is_slow(&pace, PACE_CALLS));
	CHECK(pace_is_slow(&pace, 1));
}

CASE(one_that_sleeps_among_many_is_not)
{
	const struct timespec seek = {.tv_nsec = 20 * NS_PER_MS};
	struct pace pace = {0};

	pace_begin(&pace);
	nanosleep(&seek, NULL);

	CHECK(!pace_is_slow(&pace, PACE_CALLS));
}

CASE(what_is_forgotten_does_not_count)
{
	const struct timespec trip = {.tv_nsec = 2 * PACE_SLOW_NS};
	struct pace pace = {0};

	pace_begin(&pace);
	CHECK(!pace_is_slow(&pace, PACE_CALLS - 1));
	for (int i = 0; i < PACE_CALLS; i++)
		nanosleep(&trip, NULL);
	pace_forget(&pace);
	pace_begin(&pace);

	CHECK(!pace_is_slow(&pace, PACE_CALLS));
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
