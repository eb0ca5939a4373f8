/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "base/buf.h"
#include "fs/node.h"

static struct meta meta;

CASE(targets_of_any_length_are_read)
{
	static const size_t lengths[] = {1, 254, 255, 256, 257, 511, 512, 4000};
	static char target[4096];
	struct buf out = {0};
	int dir = enter_work_dir();

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		memset(target, 'a' + (int)i, lengths[i]);
		target[lengths[i]] = '\0';
		if (symlink(target, "l") < 0) { /* XFS ends at 1023 */
			CHECK_INT(errno, ENAMETOOLONG);
			continue;
		}

		CHECK_INT(node_read_link(dir, "l", &out), 0);

		CHECK_INT(out.len, lengths[i]);
		CHECK_STR(out.data, target);
		CHECK_INT(unlink("l"), 0);
	}
	/* What was there before is not. */
	CHECK_INT(symlink("x", "l"), 0);
	CHECK_INT(node_read_link(dir, "l", &out), 0);
	CHECK_STR(out.data, "x");
	buf_release(&out);
}

CASE(what_is_no_link_has_no_target)
{
	struct buf out = {0};
	int dir = enter_work_dir();

	put_file("f", "");

	CHECK_INT(node_read_link(dir, "f", &out), -EINVAL);
	CHECK_INT(node_read_link(dir, "none", &out), -ENOENT);
	buf_release(&out);
}

CASE(a_path_descriptor_is_of_the_entry_itself)
{
	struct stat st;
	int dir = enter_work_dir();

	put_file("f", "");
	CHECK_INT(symlink("f", "l"), 0);
	CHECK_INT(mkfifo("p", 0600), 0);

	CHECK_INT(fstat(node_open_path(dir, "l"), &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK_INT(fstat(node_open_path(dir, "p"), &st), 0);
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_INT(node_open_path(dir, "none"), -ENOENT);
}

CASE(a_directory_is_made_for_us_alone)
{
	int dir = enter_work_dir();

	CHECK_INT(node_make_dir(dir, "d", &meta), 1);
	CHECK_INT(perms_of("d"), 0700);
	CHECK_INT(meta.ino, look_at("d").st_ino);
	CHECK_INT(node_make_dir(dir, "none/d", &meta), -ENOENT);
}

CASE(an_existing_directory_is_taken_as_it_is)
{
	int dir = enter_work_dir();

	put_dir("d/sub");
	CHECK_INT(chmod("d", 01755), 0);

	CHECK_INT(node_make_dir(dir, "d", &meta), 0);

	CHECK_INT(meta.ino, look_at("d").st_ino);
	CHECK_INT(meta.mode & META_PERMS, 01755);
	CHECK_INT(perms_of("d"), 01755);
	CHECK(exists("d/sub"));
}

CASE(anything_else_in_its_place_is_left_alone)
{
	int dir = enter_work_dir();

	put_file("f", "text");
	put_dir("elsewhere");
	CHECK_INT(chmod("elsewhere", 0500), 0);
	CHECK_INT(symlink("elsewhere", "l"), 0);

	CHECK_INT(node_make_dir(dir, "f", &meta), -ENOTDIR);
	CHECK_INT(node_make_dir(dir, "l", &meta), -ENOTDIR);
	CHECK_FILE("f", "text");
	CHECK_INT(perms_of("elsewhere"), 0500);
}

CASE(our_own_directory_lets_us_in)
{
	need_root();
	int dir = enter_work_dir();
	put_dir("roots");
	CHECK_INT(chmod("roots", 0555), 0);
	become_nobody();
	put_dir("ours");
	CHECK_INT(chmod("ours", 02050), 0);

	CHECK_INT(node_make_dir(dir, "ours", &meta), 0);
	CHECK_INT(perms_of("ours"), 02750);
	CHECK_INT(meta.mode & META_PERMS, 02050);
	CHECK_INT(node_make_dir(dir, "roots", &meta), 0);
	CHECK_INT(perms_of("roots"), 0555);
}

CASE(remove_takes_all_below_and_follows_nothing)
{
	int dir = enter_work_dir();

	put_dir("d/a/b/c");
	put_dir("d/empty");
	put_file("d/f", "");
	put_file("d/a/b/f", "");
	put_file("kept", "text");
	put_dir("kept_dir/sub");
	CHECK_INT(symlink("../kept_dir", "d/l"), 0);
	CHECK_INT(symlink("../../kept", "d/a/l"), 0);
	CHECK_INT(mkfifo("d/p", 0600), 0);
	size_t n_before = n_open();

	CHECK_INT(node_remove(dir, "d", false), 0);

	CHECK(!exists("d"));
	CHECK_FILE("kept", "text");
	CHECK(exists("kept_dir/sub"));
	CHECK_INT(n_open(), n_before);
}

CASE(remove_takes_a_file_or_a_link_and_nothing_is_fine)
{
	int dir = enter_work_dir();

	put_file("f", "");
	put_dir("d/sub");
	CHECK_INT(symlink("d", "l"), 0);

	CHECK_INT(node_remove(dir, "f", false), 0);
	CHECK_INT(node_remove(dir, "l", false), 0);
	CHECK_INT(node_remove(dir, "none", false), 0);
	CHECK_INT(n_names("."), 1);
	CHECK(exists("d/sub"));
}

CASE(remove_does_not_enter_what_became_a_link)
{
	int dir = enter_work_dir();

	put_dir("kept/sub");
	CHECK_INT(symlink("kept", "l"), 0);
	/* It was a directory when it was to be unlinked. */
	refuse_call(SYS_unlinkat, 2, UINT32_MAX, 0, EISDIR);

	CHECK(node_remove(dir, "l", false) < 0);
	CHECK(exists("kept/sub"));
}

CASE(remove_goes_deep)
{
	int dir = enter_work_dir();
	int at = dup(dir);

	for (int i = 0; i < 300; i++) {
		CHECK_INT(mkdirat(at, "a_name_of_twenty_lett", 0700), 0);
		int next = openat(at, "a_name_of_twenty_lett",
		                  O_DIRECTORY | O_CLOEXEC);
		CHECK(next >= 0);
		close(at);
		at = next;
	}
	close(at);

	CHECK_INT(node_remove(dir, "a_name_of_twenty_lett", false), 0);

	CHECK_INT(n_names("."), 0);
}

CASE(remove_does_not_enter_what_is_mounted)
{
	(void)enter_work_dir();
	put_dir("d/mount");
	mount_here("tmpfs", "d/mount");
	put_file("d/mount/f", "text");
	int dir = open_dir(".");

	CHECK_INT(node_remove(dir, "d", true), -EBUSY);
	CHECK_FILE("d/mount/f", "text");
	/* The same file system, mounted twice. */
	put_dir("kept");
	put_file("kept/f", "text");
	CHECK_INT(mount("kept", "d/mount", NULL, MS_BIND, NULL), 0);
	CHECK_INT(node_remove(dir, "d", true), -EBUSY);
	CHECK_FILE("kept/f", "text");
}

CASE(remove_says_what_it_cannot_take)
{
	need_root();
	int dir = enter_work_dir();
	put_dir("d/roots");
	put_file("d/roots/f", "");
	become_nobody();

	CHECK_INT(node_remove(dir, "d", false), -EACCES);
	CHECK(exists("d/roots/f"));
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
