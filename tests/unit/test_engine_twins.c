/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "engine/twins.h"

static struct twins twins;

static bool meets(uint64_t dst, uint64_t src)
{
	return twins_conflict(&twins, (struct twin_inode){1, dst},
	                      (struct twin_inode){2, src});
}

CASE(one_copy_may_have_one_source)
{
	CHECK(!meets(10, 20));
	CHECK(!meets(10, 20));
	CHECK(meets(10, 21));
	CHECK(!meets(11, 21));
	/* The first one keeps it. */
	CHECK(!meets(10, 20));
	twins_release(&twins);
}

CASE(one_source_may_have_many_copies)
{
	for (uint64_t dst = 1; dst < 100; dst++)
		CHECK(!meets(dst, 20));
	twins_release(&twins);
}

CASE(the_device_is_part_of_an_inode)
{
	CHECK(!meets(10, 20));
	CHECK(!twins_conflict(&twins, (struct twin_inode){3, 10},
	                      (struct twin_inode){2, 21}));
	CHECK(twins_conflict(&twins, (struct twin_inode){1, 10},
	                     (struct twin_inode){3, 20}));
	twins_release(&twins);
}

CASE(the_table_grows_and_forgets_nothing)
{
	enum { MANY = 100000 };

	for (uint64_t i = 1; i <= MANY; i++)
		CHECK(!meets(i, i + 7));
	for (uint64_t i = 1; i <= MANY; i++) {
		CHECK(!meets(i, i + 7));
		CHECK(meets(i, i + 8));
	}
	twins_release(&twins);
	/* Empty again. */
	CHECK(!meets(1, 9));
	twins_release(&twins);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
