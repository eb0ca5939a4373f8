/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "engine/bounds.h"

CASE(absolute_and_empty_links_lead_out_at_any_depth)
{
	CHECK(bounds_are_left("/etc", 9));
	CHECK(bounds_are_left("/", 9));
	CHECK(bounds_are_left("", 9));
}

CASE(a_link_may_climb_as_high_as_the_root)
{
	CHECK(!bounds_are_left("name", 0));
	CHECK(!bounds_are_left("a/b/", 0));
	CHECK(!bounds_are_left("..", 1));
	CHECK(!bounds_are_left("../../x", 2));
	CHECK(!bounds_are_left("./.././/../", 2));
	CHECK(!bounds_are_left("..x/...", 0));
	CHECK(bounds_are_left("..", 0));
	CHECK(bounds_are_left("./../x", 0));
	CHECK(bounds_are_left("../../x", 1));
	CHECK(bounds_are_left(".//../../..", 2));
}

CASE(behind_a_name_there_is_no_climbing)
{
	CHECK(bounds_are_left("a/..", 9));
	CHECK(bounds_are_left("../a/../b", 9));
	CHECK(bounds_are_left("a/.//..", 9));
}

CASE(depth_counts_names)
{
	CHECK_INT(bounds_depth("", 0), 0);
	CHECK_INT(bounds_depth("a", 1), 1);
	CHECK_INT(bounds_depth("a/b/c", 5), 3);
	CHECK_INT(bounds_depth("./a//b/", 7), 2);
	CHECK_INT(bounds_depth("a/b/c", 3), 2);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
