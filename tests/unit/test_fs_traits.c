/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/traits.h"

static struct traits_table table;

CASE(a_local_file_system_keeps_nanoseconds_and_errs_at_once)
{
	struct traits *traits = traits_of(&table, 1, enter_work_dir());

	CHECK_INT(traits->times.granularity_ns, 1);
	CHECK(!traits->errs_late);
	CHECK(!traits->no_tmpfile);
}

CASE(what_was_found_out_is_remembered_by_device)
{
	int dir = enter_work_dir();

	traits_of(&table, 1, dir)->no_tmpfile = true;

	CHECK(traits_of(&table, 1, -1)->no_tmpfile);
	CHECK(!traits_of(&table, 2, dir)->no_tmpfile);
	CHECK(traits_of(&table, 1, dir)->no_tmpfile);
}

CASE(device_zero_is_a_device)
{
	int dir = enter_work_dir();

	traits_of(&table, 0, dir)->no_tmpfile = true;

	CHECK(traits_of(&table, 0, dir)->no_tmpfile);
}

CASE(more_devices_than_the_table_holds_are_found_out_again)
{
	int dir = enter_work_dir();

	for (uint64_t dev = 1; dev <= 3 * TRAITS_MAX; dev++) {
		struct traits *traits = traits_of(&table, dev, dir);

		CHECK_INT(traits->dev, dev);
		CHECK(!traits->no_tmpfile);
		traits->no_tmpfile = true;
		CHECK(traits_of(&table, dev, dir) == traits);
	}
	CHECK(!traits_of(&table, 1, dir)->no_tmpfile);
}

CASE(what_cannot_be_asked_is_taken_for_the_best)
{
	struct traits *traits = traits_of(&table, 1, -1);

	CHECK_INT(traits->times.granularity_ns, 1);
	CHECK(!traits->errs_late);
}

CASE(times_are_tried_when_there_is_doubt_only)
{
	int dir = enter_work_dir();
	struct traits *traits = traits_of(&table, 1, dir);
	const struct meta plain = {
		.mode = S_IFREG, .mtime_s = 5, .mtime_ns = 123456789};
	const struct meta cut = {
		.mode = S_IFREG, .mtime_s = 5, .mtime_ns = 123456700};
	const struct meta other = {.mode = S_IFREG, .size = 1, .mtime_s = 5};
	const struct meta made = {.mode = S_IFDIR, .mtime_s = 5};
	const struct meta dir_of = {
		.mode = S_IFDIR, .mtime_s = 99, .mtime_ns = 77};
	const struct meta late = {.mtime_s = (int64_t)INT32_MAX + 1};

	traits_learn_times(traits, dir, NULL, &plain, NULL);
	traits_learn_times(traits, dir, NULL, &plain, &plain);
	traits_learn_times(traits, dir, NULL, &plain, &other);
	traits_learn_times(traits, dir, NULL, &made, &dir_of);
	traits_learn_times(traits, dir, NULL, &cut, &cut);
	CHECK(!traits->knows_times);

	traits_learn_times(traits, dir, NULL, &plain, &cut);
	CHECK(traits->knows_times);
	CHECK_INT(traits->times.granularity_ns, 1);
	traits->knows_times = false;
	traits_learn_times(traits, dir, NULL, &late, NULL);
	CHECK(traits->knows_times);
	CHECK(traits->times.max_s > INT32_MAX);
	CHECK(traits->times.min_s < INT32_MIN / 2);
	CHECK_INT(n_names("."), 0);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
