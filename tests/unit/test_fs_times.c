/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/times.h"

CASE(a_file_system_that_keeps_nanoseconds)
{
	(void)enter_work_dir();
	int fd = open("f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	struct meta_times times = times_learn(fd);

	CHECK_INT(times.granularity_ns, 1);
	CHECK(!times.is_rounded);
	CHECK(!times.is_unset);
	CHECK(!times.is_lost_beyond);
	CHECK(times.max_s > INT32_MAX);
}

CASE(times_that_cannot_be_set)
{
	(void)enter_work_dir();
	int fd = open("f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	refuse_call(SYS_utimensat, 0, 0, 0, ENOSYS);
	CHECK(times_learn(fd).is_unset);
}

static bool explains(uint32_t src_ns, int64_t dst_s, uint32_t dst_ns)
{
	const struct meta src = {.mtime_s = 11, .mtime_ns = src_ns};
	const struct meta dst = {.mtime_s = dst_s, .mtime_ns = dst_ns};
	struct meta_times times = META_ALL_TIMES;

	return times_explain(&src, &dst, &times);
}

CASE(a_time_that_was_cut_or_rounded_is_explained)
{
	CHECK(explains(123456789, 11, 123456789));
	CHECK(explains(123456789, 11, 123456700));
	CHECK(explains(123456789, 11, 123456800));
	CHECK(explains(123456789, 11, 120000000));
	CHECK(explains(123456789, 11, 0));
	CHECK(explains(123456789, 12, 0));
	CHECK(explains(123456789, 10, 0));
	CHECK(!explains(123456789, 11, 123456788));
	CHECK(!explains(123456789, 9, 0));
	CHECK(!explains(123456789, 14, 0));
}

CASE(where_times_cannot_be_set_a_copy_must_not_be_older)
{
	const struct meta_times unset = {.granularity_ns = 1, .is_unset = true};
	const struct meta src = {.mtime_s = 5, .mtime_ns = 5};
	const struct meta older = {.mtime_s = 5, .mtime_ns = 4};
	const struct meta later = {.mtime_s = 99};

	CHECK(meta_same_mtime(&src, &later, unset));
	CHECK(meta_same_mtime(&src, &src, unset));
	CHECK(!meta_same_mtime(&src, &older, unset));
	CHECK(!meta_times_fit(&src, unset));
}

CASE(rounded_times_are_within_a_step)
{
	struct meta_times rounded = META_ALL_TIMES;
	const struct meta src = {.mtime_s = 5, .mtime_ns = 999999999};

	rounded.is_rounded = true;
	rounded.granularity_ns = 100;
	CHECK(meta_same_mtime(&src, &(struct meta){.mtime_s = 6}, rounded));
	CHECK(!meta_same_mtime(
		&src, &(struct meta){.mtime_s = 6, .mtime_ns = 100}, rounded));
	CHECK(!meta_same_mtime(&src, &(struct meta){.mtime_s = 600}, rounded));
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
