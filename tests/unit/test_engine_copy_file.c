/* SPDX-License-Identifier: MIT */
/* The steps of a regular file, and what may come in between. */
#include "copy_fixture.h"

static int n_calls;
static int n_changes; /* how often the source is to change */

/* The first change adds to the file, all change its time. */
static bool change_source(void *ctx, uint64_t bytes)
{
	(void)ctx;
	(void)bytes;
	if (n_calls++ >= n_changes)
		return true;
	if (n_calls == 1) {
		int fd = open("src/f", O_WRONLY | O_APPEND | O_CLOEXEC);

		CHECK_INT(write(fd, "+", 1), 1);
		CHECK_INT(close(fd), 0);
	}
	set_mtime("src/f", 2000 + n_calls, 0);
	return true;
}

static bool stop(void *ctx, uint64_t bytes)
{
	(void)ctx;
	(void)bytes;
	return false;
}

static bool look_at_modes(void *ctx, uint64_t bytes)
{
	(void)ctx;
	(void)bytes;
	n_calls++;
	CHECK_INT(perms_of("dst/f"), 0600);
	return true;
}

static void put_old(void)
{
	put_file("src/f", "new");
	put_file("dst/f", "old");
	set_mtime("dst/f", 1000, 0);
}

static void expect_old(void)
{
	CHECK_FILE("dst/f", "old");
	CHECK_INT(n_names("dst"), 1);
}

CASE(a_copy_is_what_its_source_is)
{
	copy_start();
	put_file("src/f", "text");
	put_attr("src/f", "user.a", "1", 1);
	put_acl("src/f", ACCESS_ACL, 1234, 6);
	CHECK_INT(chmod("src/f", 01751), 0);
	if (geteuid() == 0) {
		CHECK_INT(chown("src/f", 12, 34), 0);
		CHECK_INT(chmod("src/f", 07751), 0);
	}
	set_mtime("src/f", -5, 123456789);

	CHECK_INT(copy("f"), COPY_MADE);

	struct stat src = look_at("src/f"), dst = look_at("dst/f");
	CHECK_FILE("dst/f", "text");
	CHECK_INT(dst.st_mode, src.st_mode);
	CHECK_INT(dst.st_uid, src.st_uid);
	CHECK_INT(dst.st_gid, src.st_gid);
	CHECK_INT(dst.st_mtim.tv_sec, -5);
	CHECK_INT(dst.st_mtim.tv_nsec, 123456789);
	CHECK_INT(dst.st_atim.tv_sec, src.st_atim.tv_sec);
	CHECK_INT(dst.st_atim.tv_nsec, src.st_atim.tv_nsec);
	CHECK_INT(attr_size("dst/f", "user.a"), 1);
	CHECK_INT(attr_size("dst/f", ACCESS_ACL),
	          attr_size("src/f", ACCESS_ACL));
	/* So there is nothing to mend. */
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	rig_close();
}

CASE(the_source_is_only_read)
{
	copy_start();
	put_file("src/f", "text");
	struct stat before = look_at("src/f");

	CHECK_INT(copy("f"), COPY_MADE);

	struct stat after = look_at("src/f");
	CHECK_INT(after.st_atim.tv_nsec, before.st_atim.tv_nsec);
	CHECK_INT(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
	rig_close();
}

CASE(it_works_the_same_with_a_temporary_name)
{
	copy_start();
	put_file("src/f", "text");
	CHECK_INT(chmod("src/f", 0751), 0);
	copy_open_dirs().traits->no_tmpfile = true;

	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_FILE("dst/f", "text");
	CHECK_INT(perms_of("dst/f"), 0751);
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	CHECK_INT(n_names("dst"), 1);
	rig_close();
}

CASE(a_directory_that_hands_down_acls_hands_none_to_copies)
{
	copy_start();
	put_file("src/f", "text");
	CHECK_INT(chmod("src/f", 0604), 0);
	put_acl("dst", DEFAULT_ACL, 1234, 7);

	CHECK_INT(copy("f"), COPY_MADE);

	CHECK_INT(attr_size("dst/f", ACCESS_ACL), -1);
	CHECK_INT(perms_of("dst/f"), 0604);
	rig_close();
}

CASE(a_directory_that_hands_down_its_group_does_not_to_copies)
{
	need_root();
	copy_start();
	put_file("src/f", "text");
	CHECK_INT(chown("dst", 0, 1234), 0);
	CHECK_INT(chmod("dst", 02755), 0);

	CHECK_INT(copy("f"), COPY_MADE);

	CHECK_INT(look_at("dst/f").st_gid, look_at("src/f").st_gid);
	rig_close();
}

CASE(set_id_bits_are_kept_by_their_owner)
{
	(void)enter_work_dir();
	become_nobody();
	put_dir("src");
	put_dir("dst");
	put_file("src/f", "text");
	CHECK_INT(chmod("src/f", 06755), 0);
	rig_open("dst", "src", NULL);

	CHECK_INT(copy("f"), COPY_MADE);

	CHECK_INT(perms_of("dst/f"), 06755);
	rig_close();
}

CASE(an_owner_that_cannot_be_kept_is_counted_and_its_set_id_bits_dropped)
{
	need_root();
	(void)enter_work_dir();
	put_dir("src");
	put_dir("dst");
	put_file("src/f", "text");
	CHECK_INT(chmod("src/f", 06755), 0);
	CHECK_INT(chown("dst", NOBODY, NOBODY), 0);
	become_nobody();
	rig_open("dst", "src", NULL);

	CHECK_INT(copy("f"), COPY_MADE);

	CHECK_INT(perms_of("dst/f"), 0755);
	CHECK_INT(copy_counts.lost[LOST_OWNERS], 1);
	rig_close();
}

CASE(a_source_that_changes_once_is_copied_again)
{
	copy_start();
	put_old();
	rig.worker.tools.io.progress = change_source;
	n_changes = 1;

	CHECK_INT(copy("f"), COPY_MADE);

	CHECK_FILE("dst/f", "new+");
	CHECK_INT(n_names("dst"), 1);
	rig_close();
}

CASE(a_source_that_keeps_changing_is_copied_and_told)
{
	copy_start();
	put_old();
	rig.worker.tools.io.progress = change_source;
	n_changes = 1000;

	CHECK_INT(copy("f"), COPY_UNSTABLE);

	CHECK_STR(copy_fault.what, "kept changing while it was read");
	CHECK(!copy_fault.is_at_dst);
	CHECK_FILE("dst/f", "new+");
	CHECK_INT(n_names("dst"), 1);
	rig_close();
}

CASE(losses_are_counted_once_however_often_it_is_tried)
{
	need_root();
	(void)enter_work_dir();
	put_dir("src");
	put_dir("dst");
	put_file("src/f", "text");
	CHECK_INT(chown("src/f", NOBODY, 0), 0);
	CHECK_INT(chown("dst", NOBODY, NOBODY), 0);
	become_nobody();
	rig_open("dst", "src", NULL);
	rig.worker.tools.io.progress = change_source;
	n_changes = 2;

	CHECK_INT(copy("f"), COPY_MADE);

	CHECK_INT(copy_counts.lost[LOST_OWNERS], 1);
	rig_close();
}

CASE(a_run_that_stops_leaves_what_was_there)
{
	copy_start();
	put_old();
	rig.worker.tools.io.progress = stop;

	CHECK_INT(copy("f"), COPY_STOPPED);
	expect_old();
	copy_open_dirs().traits->no_tmpfile = true;
	CHECK_INT(copy("f"), COPY_STOPPED);
	expect_old();
	rig_close();
}

CASE(a_source_that_is_gone_has_vanished)
{
	copy_start();
	put_old();
	struct meta meta = copy_meta_of("f", false);
	CHECK_INT(unlink("src/f"), 0);

	CHECK_INT(copy_as("f", &meta), COPY_VANISHED);
	CHECK_STR(copy_fault.what, "vanished");
	expect_old();
	rig_close();
}

CASE(a_source_that_became_something_else_is_not_opened)
{
	copy_start();
	put_old();
	put_file("secret", "text");
	struct meta meta = copy_meta_of("f", false);

	CHECK_INT(unlink("src/f"), 0);
	CHECK_INT(mkfifo("src/f", 0600), 0);
	CHECK_INT(copy_as("f", &meta), COPY_VANISHED);
	CHECK_STR(copy_fault.what, "is no longer a regular file");
	CHECK_INT(unlink("src/f"), 0);
	CHECK_INT(symlink("../secret", "src/f"), 0);
	CHECK_INT(copy_as("f", &meta), COPY_VANISHED);
	CHECK_INT(unlink("src/f"), 0);
	put_dir("src/f");
	CHECK_INT(copy_as("f", &meta), COPY_VANISHED);
	expect_old();
	rig_close();
}

CASE(a_source_that_may_not_be_read_fails)
{
	need_root();
	copy_start();
	put_old();
	CHECK_INT(chmod("src/f", 0600), 0);
	CHECK_INT(chmod("dst", 0777), 0);
	become_nobody();

	CHECK_INT(copy("f"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "cannot open");
	CHECK_INT(copy_fault.err, EACCES);
	CHECK(!copy_fault.is_at_dst);
	expect_old();
	rig_close();
}

CASE(a_full_disk_leaves_what_was_there)
{
	copy_start();
	put_old();
	refuse_call(SYS_pwrite64, 0, 0, 0, ENOSPC);

	CHECK_INT(copy("f"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "cannot write");
	CHECK_INT(copy_fault.err, ENOSPC);
	CHECK(copy_fault.is_at_dst);
	expect_old();
	copy_open_dirs().traits->no_tmpfile = true;
	CHECK_INT(copy("f"), COPY_FAILED);
	expect_old();
	rig_close();
}

CASE(a_step_that_fails_is_named_and_leaves_what_was_there)
{
	copy_start();
	put_old();
	refuse_call(SYS_utimensat, 0, 0, 0, EIO);

	CHECK_INT(copy("f"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "cannot set times");
	expect_old();
	refuse_call(SYS_openat, 2, O_TMPFILE, O_TMPFILE, EDQUOT);
	CHECK_INT(copy("f"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "cannot create");
	CHECK_INT(copy_fault.err, EDQUOT);
	expect_old();
	refuse_call(SYS_flistxattr, 0, 0, 0, EIO);
	CHECK_INT(copy("f"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "cannot list extended attributes");
	expect_old();
	rig_close();
}

CASE(a_name_that_cannot_be_given_is_a_failure)
{
	copy_start();
	put_old();
	refuse_call(SYS_renameat, 0, 0, 0, EIO);

	CHECK_INT(copy("f"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "cannot publish");
	expect_old();
	rig_close();
}

CASE(in_place_keeps_the_inode_and_its_other_names)
{
	copy_start();
	put_old();
	put_file("dst/f", "old and longer");
	CHECK_INT(chmod("src/f", 0640), 0);
	CHECK_INT(chmod("dst/f", 0640), 0);
	CHECK_INT(link("dst/f", "dst/other"), 0);
	ino_t before = look_at("dst/f").st_ino;
	rig.settings.is_inplace = true;
	rig.worker.tools.io.progress = look_at_modes;

	CHECK_INT(copy("f"), COPY_MADE);

	CHECK_INT(n_calls, 1);
	CHECK_INT(look_at("dst/f").st_ino, before);
	CHECK_FILE("dst/f", "new");
	CHECK_FILE("dst/other", "new");
	CHECK_INT(perms_of("dst/f"), 0640);
	CHECK_INT(n_names("dst"), 2);
	rig_close();
}

CASE(in_place_what_allows_more_than_its_source_is_replaced)
{
	copy_start();
	put_old();
	CHECK_INT(chmod("src/f", 0640), 0);
	CHECK_INT(chmod("dst/f", 0644), 0);
	CHECK_INT(link("dst/f", "dst/other"), 0);
	rig.settings.is_inplace = true;

	CHECK_INT(copy("f"), COPY_MADE);

	/* Who has it open may not read the new content. */
	CHECK_FILE("dst/f", "new");
	CHECK_FILE("dst/other", "old");
	CHECK_INT(perms_of("dst/f"), 0640);
	rig_close();
}

CASE(in_place_makes_what_is_missing_and_replaces_what_is_no_file)
{
	copy_start();
	put_file("src/f", "text");
	put_file("src/g", "text");
	put_file("src/h", "text");
	put_file("elsewhere", "old");
	CHECK_INT(symlink("../elsewhere", "dst/g"), 0);
	CHECK_INT(mkfifo("dst/h", 0600), 0);
	rig.settings.is_inplace = true;

	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_FILE("dst/f", "text");
	CHECK_INT(copy("g"), COPY_MADE);
	CHECK_FILE("dst/g", "text");
	CHECK(S_ISREG(look_at("dst/g").st_mode));
	CHECK_INT(copy("h"), COPY_MADE);
	CHECK_FILE("dst/h", "text");
	CHECK_FILE("elsewhere", "old");
	rig_close();
}

CASE(in_place_a_change_of_the_source_is_copied_again)
{
	copy_start();
	put_old();
	rig.settings.is_inplace = true;
	rig.worker.tools.io.progress = change_source;
	n_changes = 1;

	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_FILE("dst/f", "new+");
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	set_mtime("src/f", 5, 0);
	n_changes = 1000;
	CHECK_INT(copy("f"), COPY_UNSTABLE);
	CHECK_FILE("dst/f", "new+");
	rig_close();
}

CASE(a_link_that_is_followed_is_its_file)
{
	copy_start();
	put_file("target", "text");
	CHECK_INT(symlink("../target", "src/f"), 0);
	rig.settings.follow = FOLLOW_ALL;

	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_FILE("dst/f", "text");
	CHECK(S_ISREG(look_at("dst/f").st_mode));
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	rig_close();
}

CASE(no_descriptor_is_left_open)
{
	copy_start();
	put_old();
	size_t n_before = n_open();

	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	CHECK_INT(chmod("src/f", 0600), 0);
	CHECK_INT(copy("f"), COPY_MENDED);
	rig.worker.tools.io.progress = stop;
	set_mtime("src/f", 5, 0);
	CHECK_INT(copy("f"), COPY_STOPPED);
	rig.settings.is_inplace = true;
	CHECK_INT(copy("f"), COPY_STOPPED);
	CHECK_INT(n_open(), n_before);
	rig_close();
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
