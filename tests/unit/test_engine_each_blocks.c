/* SPDX-License-Identifier: MIT */
#include "base/fd.h"
#include "check.h"
#include "engine/each_blocks.h"

static const struct each_text block = {"one\ntwo\n", 8};

static void reads(int fd, const char *want)
{
	char data[32] = "";

	CHECK_INT(fd_read_full(fd, data, sizeof(data) - 1), strlen(want));
	CHECK_STR(data, want);
	(void)close(fd);
}

CASE(there_are_so_many_as_jobs_and_two_more)
{
	struct each_blocks blocks = {0};
	uint32_t place = 0;

	CHECK_INT(each_blocks_open(&blocks, 2), 0);
	for (uint32_t n = 0; n < 4; n++) {
		CHECK(each_blocks_have_room(&blocks, 2));
		CHECK_INT(each_blocks_have_room(&blocks, 1), n < 3);
		CHECK_INT(each_blocks_put(&blocks, block, &place), 0);
	}
	CHECK(!each_blocks_have_room(&blocks, 2));
	CHECK(!each_blocks_have_room(&blocks, 99));
	CHECK_INT(each_blocks_put(&blocks, block, &place), -EAGAIN);
	each_blocks_free(&blocks, 1);
	CHECK(each_blocks_have_room(&blocks, 2));
	CHECK_INT(each_blocks_put(&blocks, block, &place), 0);
	CHECK_INT(place, 1);
	each_blocks_close(&blocks);
}

CASE(each_try_has_the_block_for_itself)
{
	struct each_blocks blocks = {0};
	const struct each_text shorter = {"x\n", 2};
	uint32_t place;

	CHECK_INT(each_blocks_open(&blocks, 1), 0);
	CHECK_INT(each_blocks_put(&blocks, block, &place), 0);
	int first = each_blocks_get(&blocks, place);
	CHECK(first >= 0);
	CHECK_INT(fd_write_full(first, "changed", 7), 0);
	reads(each_blocks_get(&blocks, place), "one\ntwo\n");
	each_blocks_free(&blocks, place);
	CHECK_INT(each_blocks_put(&blocks, shorter, &place), 0);
	reads(each_blocks_get(&blocks, place), "x\n");
	CHECK_INT(lseek(first, 0, SEEK_SET), 0);
	reads(first, "changed\n");
	each_blocks_close(&blocks);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
