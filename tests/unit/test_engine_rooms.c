/* SPDX-License-Identifier: MIT */
#include "engine_fixture.h"

#include "engine/rooms.h"

#include <limits.h>

static struct traits_table traits;
static char file[STAGE_NAME_MAX], note[STAGE_NAME_MAX];

/* A root that this run made, on a file system where rooms pay, or do not. */
static struct pair *open_root(bool pays)
{
	(void)enter_work_dir();
	put_dir("src");
	rig_open("dst", "src", NULL);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	struct pair *pair = &rig.site.pairs[0];
	struct meta meta;
	CHECK_INT(meta_read(pair->dst_fd, &meta), 0);
	traits_of(&traits, meta.dev, pair->dst_fd)->slow_tmpfile = pays;
	return pair;
}

CASE(each_worker_has_a_room_until_they_are_removed)
{
	const struct pair *pair = open_root(true);

	rooms_make(&rig.site, 3, &traits);

	CHECK_INT(n_names("dst"), 3);
	CHECK(rooms_of(pair, 0, "f").file);
	CHECK(rooms_of(pair, 2, "f").fd != rooms_of(pair, 1, "f").fd);
	CHECK(!rooms_of(pair, 3, "f").file);
	CHECK(!rooms_of(pair, UINT_MAX, "f").file);
	rooms_remove(pair);
	CHECK_INT(n_names("dst"), 0);
	CHECK(!rooms_of(pair, 0, "f").file);
	rooms_remove(pair);
	rig_close();
}

CASE(there_are_none_where_unnamed_files_are_as_fast)
{
	const struct pair *pair = open_root(false);

	rooms_make(&rig.site, 1, &traits);

	CHECK(!rooms_of(pair, 0, "f").file);
	CHECK_INT(n_names("dst"), 0);
	rooms_remove(pair);
	rig_close();
}

CASE(there_are_none_below_a_root_that_was_there_or_is_open_to_others)
{
	struct pair *pair = open_root(true);

	pair->dst_is_new = false;
	rooms_make(&rig.site, 1, &traits);
	CHECK(!rooms_of(pair, 0, "f").file);

	pair->dst_is_new = true;
	CHECK_INT(fchmod(pair->dst_fd, 0711), 0);
	rooms_make(&rig.site, 1, &traits);
	CHECK(!rooms_of(pair, 0, "f").file);
	CHECK_INT(n_names("dst"), 0);
	rig_close();
}

CASE(a_file_that_was_left_in_a_room_is_swept_by_its_note)
{
	const struct pair *pair = open_root(true);

	rooms_make(&rig.site, 2, &traits);
	rooms_name_file(file, 1);
	CHECK(strncmp(file, STAGE_PREFIX, strlen(STAGE_PREFIX)) == 0);
	int fd = openat(rooms_of(pair, 1, file).fd, file,
	                O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	CHECK_INT(close(fd), 0);

	snprintf(note, sizeof(note), "%s", file);
	rooms_sweep(pair, pair->dst_fd, note);
	CHECK_STR(note, "");
	rooms_remove(pair);
	CHECK_INT(n_names("dst"), 0);
	/* When they are gone there is nothing to sweep. */
	snprintf(note, sizeof(note), "%s", file);
	rooms_sweep(pair, pair->dst_fd, note);
	CHECK_STR(note, "");
	rig_close();
}

CASE(a_temporary_name_is_swept_in_its_directory)
{
	const struct pair *pair = open_root(true);

	rooms_make(&rig.site, 1, &traits);
	stage_make_name(note);
	int fd = openat(pair->dst_fd, note, O_WRONLY | O_CREAT | O_CLOEXEC,
	                0600);
	CHECK(fd >= 0);
	CHECK_INT(close(fd), 0);

	rooms_sweep(pair, pair->dst_fd, note);
	CHECK_STR(note, "");
	CHECK_INT(n_names("dst"), 1);
	rooms_remove(pair);
	CHECK_INT(n_names("dst"), 0);
	rig_close();
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
