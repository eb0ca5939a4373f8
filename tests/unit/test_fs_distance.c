/* SPDX-License-Identifier: MIT */
#include "fs/distance.h"

#include "files.h"

#include <unistd.h>

CASE(a_local_directory_is_near)
{
	int fd = enter_work_dir();

	CHECK(!distance_is_far(fd));
}

CASE(what_does_not_say_its_type_is_far)
{
	CHECK(distance_is_far(-1));
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
