/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/traits.h"

static struct traits_table table;

CASE(a_local_file_system_keeps_nanoseconds_and_errs_at_once)
{
	struct traits *traits = traits_of(&table, 1, enter_work_dir());

	CHECK_INT(traits->time_granularity_ns, 1);
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

	CHECK_INT(traits->time_granularity_ns, 1);
	CHECK(!traits->errs_late);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
