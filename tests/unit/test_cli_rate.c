/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "cli/rate.h"

#define START (1000 * NS_PER_S)

CASE(nothing_is_known_at_the_start)
{
	struct rate rate;

	rate_init(&rate, START);

	CHECK_INT(rate_per_s(&rate, START, 0), 0);
	CHECK_INT(rate_per_s(&rate, START, 100), 0);
}

CASE(the_first_seconds_count_from_the_start)
{
	struct rate rate;

	rate_init(&rate, START);
	rate_add(&rate, START + NS_PER_S, 500);

	CHECK_INT(rate_per_s(&rate, START + NS_PER_S, 500), 500);
	CHECK_INT(rate_per_s(&rate, START + 2 * NS_PER_S, 600), 300);
}

CASE(a_slow_start_is_forgotten)
{
	struct rate rate;
	uint64_t count = 0;
	int64_t now_ns = START;

	rate_init(&rate, now_ns);
	for (int i = 0; i < 20; i++)
		rate_add(&rate, now_ns += NS_PER_S, count += 1);
	for (int i = 0; i < RATE_SAMPLES; i++)
		rate_add(&rate, now_ns += NS_PER_S, count += 1000);

	CHECK_INT(rate_per_s(&rate, now_ns, count), 1000);
}

CASE(samples_that_come_too_fast_do_not_shrink_the_window)
{
	struct rate rate;
	uint64_t count = 0;
	int64_t now_ns = START;

	rate_init(&rate, now_ns);
	for (int i = 0; i < 1000; i++)
		rate_add(&rate, now_ns += NS_PER_MS, count += i < 500);

	CHECK_INT(rate_per_s(&rate, now_ns, count), 500);
}

CASE(standing_still_tends_to_nothing)
{
	struct rate rate;
	int64_t now_ns = START;

	rate_init(&rate, now_ns);
	rate_add(&rate, now_ns += NS_PER_S, 1000000);
	for (int i = 0; i < RATE_SAMPLES; i++)
		rate_add(&rate, now_ns += RATE_STEP_NS, 1000000);

	CHECK_INT(rate_per_s(&rate, now_ns, 1000000), 0);
}

CASE(a_counter_set_back_is_no_rate)
{
	struct rate rate;

	rate_init(&rate, START);
	rate_add(&rate, START + NS_PER_S, 500);

	CHECK_INT(rate_per_s(&rate, START + 2 * NS_PER_S, 0), 0);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
