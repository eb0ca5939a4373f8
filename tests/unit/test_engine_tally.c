/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "engine/tally.h"

CASE(nothing_done_is_nothing)
{
	CHECK_INT(tally_permyriad(&(struct tally){0}), 0);
	CHECK_INT(tally_permyriad(&(struct tally){.n_total = 5}), 0);
}

CASE(all_done_is_all_when_it_is_known_to_be_all)
{
	struct tally tally = {.walked = 1,
	                      .n_total = 5,
	                      .n_done = 5,
	                      .bytes_total = 1000,
	                      .bytes_done = 1000};

	CHECK_INT(tally_permyriad(&tally), 9999);
	tally.is_final = true;
	CHECK_INT(tally_permyriad(&tally), 10000);
	/* A file that shrank or failed does not keep it from the end. */
	tally.bytes_done = 10;
	CHECK_INT(tally_permyriad(&tally), 10000);
	tally.n_done = 4;
	CHECK(tally_permyriad(&tally) < 10000);
}

CASE(nothing_to_do_is_all)
{
	CHECK_INT(tally_permyriad(&(struct tally){.is_final = true}), 10000);
}

CASE(it_never_goes_back_while_work_is_done)
{
	struct tally tally = {.is_final = true,
	                      .n_total = 1000,
	                      .bytes_total = UINT64_C(1) << 40};
	unsigned before = 0;

	while (tally.n_done < tally.n_total) {
		tally.bytes_done += tally.bytes_total / 1000;
		unsigned now = tally_permyriad(&tally);
		CHECK(now >= before && now < 10000);
		before = now;
		tally.n_done++;
		now = tally_permyriad(&tally);
		CHECK(now >= before);
		before = now;
	}
	CHECK_INT(before, 10000);
}

CASE(a_tree_of_empty_files_moves)
{
	struct tally tally = {.is_final = true, .n_total = 100, .n_done = 25};

	CHECK_INT(tally_permyriad(&tally), 2500);
}

CASE(bytes_weigh_as_bytes_and_entries_as_some)
{
	struct tally tally = {.walked = 1,
	                      .n_total = 2,
	                      .n_done = 1,
	                      .bytes_total = 2 * TALLY_ENTRY_BYTES};

	CHECK_INT(tally_permyriad(&tally), 2500);
	tally.bytes_done = 2 * TALLY_ENTRY_BYTES;
	CHECK_INT(tally_permyriad(&tally), 7500);
}

CASE(what_is_walked_stands_for_all)
{
	struct tally tally = {.walked = 0.5,
	                      .n_total = 4,
	                      .n_done = 2,
	                      .n_dirs_total = 4,
	                      .n_dirs_done = 2};

	CHECK_INT(tally_permyriad(&tally), 2500);
	tally.walked = 0;
	CHECK_INT(tally_permyriad(&tally), 0);
	tally.is_final = true;
	CHECK_INT(tally_permyriad(&tally), 5000);
}

CASE(a_directory_that_is_left_keeps_it_from_the_end)
{
	struct tally tally = {.is_final = true,
	                      .n_total = 4,
	                      .n_done = 4,
	                      .n_dirs_total = 2,
	                      .n_dirs_done = 1};

	CHECK(tally_permyriad(&tally) < 10000);
	tally.n_dirs_done = 2;
	CHECK_INT(tally_permyriad(&tally), 10000);
}

CASE(sizes_beyond_64_bits_of_product_are_fine)
{
	struct tally tally = {.walked = 1,
	                      .n_total = UINT64_C(1) << 50,
	                      .n_done = UINT64_C(1) << 49,
	                      .bytes_total = UINT64_MAX,
	                      .bytes_done = UINT64_MAX / 2};

	unsigned got = tally_permyriad(&tally);

	CHECK(got >= 4999 && got <= 5000);
}

CASE(the_worst_decides_the_status)
{
	struct tally tally = {0};

	CHECK_INT(tally_exit_status(&tally), EXIT_ALL_DONE);
	tally.n_changed = 1;
	CHECK_INT(tally_exit_status(&tally), EXIT_NOT_AS_ASKED);
	tally.n_failed = 1;
	CHECK_INT(tally_exit_status(&tally), EXIT_SOME_FAILED);
	tally.n_changed = 0;
	CHECK_INT(tally_exit_status(&tally), EXIT_SOME_FAILED);
}

CASE(a_loss_counts_when_it_was_demanded)
{
	for (size_t i = 0; i < LOST_SYMLINKS; i++) {
		struct tally tally = {0};

		tally.lost[i] = 1;
		CHECK_INT(tally_exit_status(&tally), EXIT_ALL_DONE);
		tally.demands[i] = true;
		CHECK_INT(tally_exit_status(&tally), EXIT_NOT_AS_ASKED);
		tally.lost[i] = 0;
		CHECK_INT(tally_exit_status(&tally), EXIT_ALL_DONE);
		tally.lost[i] = 1;
		tally.n_failed = 1;
		CHECK_INT(tally_exit_status(&tally), EXIT_SOME_FAILED);
	}
}

CASE(entries_left_out_are_not_as_asked)
{
	struct tally links = {0}, nodes = {0};

	links.lost[LOST_SYMLINKS] = 1;
	nodes.lost[LOST_NODES] = 1;

	CHECK_INT(tally_exit_status(&links), EXIT_NOT_AS_ASKED);
	CHECK_INT(tally_exit_status(&nodes), EXIT_NOT_AS_ASKED);
}

CASE(deaths_and_mended_entries_are_no_failures)
{
	const struct tally tally = {
		.n_deaths = 5, .n_mended = 3, .n_unchanged = 3};

	CHECK_INT(tally_exit_status(&tally), EXIT_ALL_DONE);
}

CASE(every_loss_has_words)
{
	for (unsigned i = 0; i < N_LOST; i++) {
		const char *one = tally_lost_text((enum tally_lost)i, 1);
		const char *many = tally_lost_text((enum tally_lost)i, 2);

		CHECK(one && many && strlen(many) == strlen(one) + 1);
		CHECK(strncmp(one, many, strlen(one)) == 0);
		CHECK_STR(tally_lost_text((enum tally_lost)i, 0), many);
		CHECK(*tally_loss_text((enum tally_lost)i) != '\0');
	}
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
