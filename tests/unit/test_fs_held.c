/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/held.h"

static int hold(const char *path)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

CASE(a_directory_is_the_one_that_was_seen_or_not)
{
	(void)enter_work_dir();
	put_dir("a");
	struct stat st = look_at("a");
	int fd = hold("a");

	CHECK_INT(held_same(fd, st.st_dev, st.st_ino), 0);
	CHECK_INT(held_same(fd, st.st_dev, st.st_ino + 1), -ESTALE);
	CHECK_INT(held_same(fd, st.st_dev + 1, st.st_ino), -ESTALE);
	/* Nothing was seen, so anything goes. */
	CHECK_INT(held_same(fd, 0, 0), 0);
	CHECK_INT(rename("a", "b"), 0);
	put_dir("a");
	CHECK_INT(held_same(fd, st.st_dev, st.st_ino), 0);
	CHECK_INT(held_same(hold("a"), st.st_dev, st.st_ino), -ESTALE);
	CHECK_INT(held_same(-1, st.st_dev, st.st_ino), -EBADF);
}

CASE(an_inode_has_one_name_or_more)
{
	int dir = enter_work_dir();

	put_file("f", "");
	int fd = hold("f");

	CHECK_INT(held_only_name(fd, dir, "f"), 1);
	CHECK_INT(link("f", "g"), 0);
	CHECK_INT(held_only_name(fd, dir, "f"), 0);
	CHECK_INT(held_only_name(fd, dir, "g"), 0);
	CHECK_INT(unlink("f"), 0);
	CHECK_INT(held_only_name(fd, dir, "g"), 1);
	/* The name is gone, or another one's. */
	CHECK_INT(held_only_name(fd, dir, "f"), -ESTALE);
	put_file("f", "");
	CHECK_INT(held_only_name(fd, dir, "f"), -ESTALE);
}

static struct held_name name(const char *path)
{
	return (struct held_name){AT_FDCWD, path, false};
}

CASE(two_names_are_one_file_or_two)
{
	(void)enter_work_dir();
	put_file("f", "text");
	CHECK_INT(link("f", "g"), 0);
	CHECK_INT(symlink("f", "l"), 0);
	put_file("other", "text");

	CHECK(held_is_one(name("f"), name("g")));
	CHECK(!held_is_one(name("f"), name("other")));
	CHECK(!held_is_one(name("f"), name("l")));
	CHECK(held_is_one(name("f"), (struct held_name){AT_FDCWD, "l", true}));
	CHECK(!held_is_one(name("f"), name("none")));
}

CASE(two_directories_are_one_or_two)
{
	(void)enter_work_dir();
	put_dir("a");
	put_dir("b");
	put_file("a/x", "");

	CHECK(held_is_one_dir(hold("a"), hold("a")));
	CHECK(!held_is_one_dir(hold("a"), hold("b")));
}

CASE(what_was_seen_matches_by_device_and_number)
{
	(void)enter_work_dir();
	put_file("f", "");
	struct meta seen, now;
	int fd = hold("f");

	CHECK_INT(meta_read(fd, &seen), 0);
	now = seen;
	now.size++;
	CHECK(held_matches(fd, &now, &seen));
	now.ino++;
	CHECK(!held_matches(fd, &now, &seen));
	now = seen;
	now.dev++;
	CHECK(!held_matches(fd, &now, &seen));
}

CASE(a_directory_is_private_when_only_we_and_root_can_write_to_it)
{
	const uint32_t us = geteuid();

	CHECK(held_is_private(&(struct meta){.uid = us, .mode = 0755}));
	CHECK(held_is_private(&(struct meta){.uid = 0, .mode = 0755}));
	CHECK(!held_is_private(&(struct meta){.uid = 4711, .mode = 0755}));
	CHECK(!held_is_private(&(struct meta){.uid = us, .mode = 0775}));
	CHECK(!held_is_private(&(struct meta){.uid = us, .mode = 0757}));
	CHECK(!held_is_private(&(struct meta){.uid = us, .mode = 01777}));
	CHECK(!held_is_private(&(struct meta){.uid = us, .mode = 0702}));
}

CASE(a_directory_is_closed_when_only_we_and_root_can_look_into_it)
{
	const uint32_t us = geteuid();

	CHECK(held_is_closed(&(struct meta){.uid = us, .mode = 0700}));
	CHECK(held_is_closed(&(struct meta){.uid = us, .mode = 02500}));
	CHECK(!held_is_closed(&(struct meta){.uid = us + 1, .mode = 0700}));
	CHECK(!held_is_closed(&(struct meta){.uid = us, .mode = 0710}));
	CHECK(!held_is_closed(&(struct meta){.uid = us, .mode = 0701}));
	CHECK(!held_is_closed(&(struct meta){.uid = us, .mode = 0704}));
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
