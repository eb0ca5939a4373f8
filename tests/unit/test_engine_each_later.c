/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "engine/each_later.h"

CASE(pauses_double_up_to_64_times)
{
	static const struct {
		unsigned n_tried;
		int64_t times;
	} rows[] = {{1, 1},  {2, 2},  {3, 4},  {4, 8},   {5, 16},
	            {6, 32}, {7, 64}, {8, 64}, {999, 64}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (uint64_t number = 1; number < 1000; number++) {
			int64_t base_ns = rows[i].times * NS_PER_S;
			int64_t ns = each_later_pause_ns(
				NS_PER_S, rows[i].n_tried, number);

			CHECK(ns >= base_ns);
			CHECK(ns <= base_ns + base_ns / 8);
		}
	}
}

CASE(jobs_that_failed_together_do_not_come_back_together)
{
	int64_t last_ns = 0;

	for (uint64_t number = 1; number < 100; number++) {
		int64_t ns = each_later_pause_ns(NS_PER_S, 1, number);

		CHECK(ns != last_ns);
		last_ns = ns;
	}
}

CASE(the_longest_pause_is_a_number)
{
	CHECK(each_later_pause_ns(INT64_MAX, 99, 7) > 0);
	CHECK_INT(each_later_pause_ns(0, 3, 7), 0);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
