/* SPDX-License-Identifier: MIT */
#include "feed_fixture.h"

CASE(a_directory_is_made_when_it_is_entered_and_held_while_it_has_jobs)
{
	(void)enter_work_dir();
	put_dir("src/a");
	put_file("src/a/f", "");
	CHECK_INT(chmod("src/a", 0555), 0);
	start();
	walk();

	CHECK_INT(perms_of("dst/a"), 0700);
	CHECK_TOLD("made src\nmade src/a\n");
	drop(take());
	CHECK_TOLD("finished src/a\nfinished src\n");
	CHECK_INT(perms_of("dst/a"), 0555);
	rig_close();
}

CASE(an_existing_directory_is_not_made)
{
	(void)enter_work_dir();
	put_dir("src/a");
	put_dir("dst/a");
	put_file("src/a/f", "");
	start();
	walk();
	struct backlog_job *taken = take();

	CHECK_INT(record_of(taken)->flags, 0);
	CHECK_TOLD("");
	drop(taken);
	rig_close();
}

CASE(what_an_existing_directory_allows_others_is_taken_first)
{
	(void)enter_work_dir();
	put_dir("src/a");
	put_dir("dst/a");
	put_file("src/a/f", "");
	CHECK_INT(chmod("src/a", 0700), 0);
	CHECK_INT(chmod("dst/a", 0777), 0);
	start();
	walk();

	CHECK_INT(perms_of("dst/a"), 0700);
	drop(take());
	rig_close();
}

CASE(an_unreadable_directory_is_told_and_made)
{
	need_root();
	(void)enter_work_dir();
	put_dir("src/closed");
	put_file("src/f", "");
	CHECK_INT(chmod("src/closed", 0700), 0);
	become_nobody();
	start();
	walk();

	CHECK_TOLD("made src\ncannot open directory src/closed\n"
	           "made src/closed\n"
	           "owners cannot be kept here dst/closed\n"
	           "finished src/closed\n");
	CHECK_INT(rig.tally.n_failed, 1);
	CHECK(exists("dst/closed"));
	drop(take());
	rig_close();
}

CASE(a_directory_that_may_be_read_but_not_entered)
{
	need_root();
	(void)enter_work_dir();
	put_dir("src/listed");
	put_file("src/listed/f", "");
	put_dir("src/listed/sub");
	CHECK_INT(chmod("src/listed", 0744), 0);
	become_nobody();
	start();
	walk();

	/* Each of its entries fails, and nothing else does. */
	CHECK_INT(rig.tally.n_failed, 2);
	CHECK(exists("dst/listed"));
	CHECK(!take());
	CHECK(!rig.dirs.all);
	rig_close();
}

CASE(a_file_in_the_place_of_a_directory_fails_with_all_below)
{
	uint64_t n_jobs, n_entries, bytes;

	(void)enter_work_dir();
	put_dir("src/a/b");
	put_dir("src/c");
	put_files("src/a/b", 3, 0);
	put_files("src/c", 3, 0);
	put_dir("dst");
	put_file("dst/a", "text");
	start();
	walk();

	take_all(&n_jobs, &n_entries, &bytes);

	CHECK_INT(n_entries, 3);
	CHECK_INT(rig.tally.n_failed, 1);
	CHECK_INT(rig.tally.n_dirs_done, 1);
	CHECK_FILE("dst/a", "text");
	CHECK(strstr(rig.told.data,
	             "is not a directory, its source is src/a\n") != NULL);
	rig_close();
}

CASE(force_removes_what_is_in_the_way)
{
	(void)enter_work_dir();
	put_dir("src/a");
	put_dir("dst");
	put_file("dst/a", "text");
	rig.settings.is_forced = true;
	start();
	walk();

	CHECK(S_ISDIR(look_at("dst/a").st_mode));
	CHECK_INT(rig.tally.n_failed, 0);
	rig_close();
}

CASE(a_directory_that_vanishes_before_it_is_entered_is_told)
{
	(void)enter_work_dir();
	put_dir("src/a");
	start();
	CHECK_INT(feed_step(&rig.feed), FEED_WALKED);
	CHECK_INT(feed_step(&rig.feed), FEED_WALKED); /* src is read */
	CHECK_INT(rig.tally.n_dirs_total, 2);
	CHECK_INT(rmdir("src/a"), 0);
	walk();

	CHECK_INT(rig.tally.n_dirs_done, 1); /* src is the fixture's */
	CHECK_INT(rig.tally.n_changed, 1);
	CHECK_INT(rig.tally.n_failed, 0);
	CHECK(!exists("dst/a"));
	CHECK_TOLD("made src\nvanished src/a\nfinished src\n");
	rig_close();
}

CASE(a_directory_that_vanishes_while_it_is_read_is_told)
{
	(void)enter_work_dir();
	put_dir("src/a");
	start();
	for (int i = 0; i < 3; i++) /* begun, src read, a entered */
		CHECK_INT(feed_step(&rig.feed), FEED_WALKED);
	CHECK(exists("dst/a"));
	CHECK_INT(rmdir("src/a"), 0);
	walk();

	CHECK_TOLD("made src\nmade src/a\nvanished src/a\n"
	           "finished src/a\nfinished src\n");
	CHECK_INT(rig.tally.n_failed, 0);
	CHECK_INT(tally_exit_status(&rig.tally), EXIT_NOT_AS_ASKED);
	rig_close();
}

CASE(a_directory_that_becomes_a_link_is_not_followed)
{
	(void)enter_work_dir();
	put_dir("elsewhere");
	put_file("elsewhere/f", "");
	put_dir("src/a");
	start();
	CHECK_INT(feed_step(&rig.feed), FEED_WALKED);
	CHECK_INT(feed_step(&rig.feed), FEED_WALKED);
	CHECK_INT(rmdir("src/a"), 0);
	CHECK_INT(symlink("../elsewhere", "src/a"), 0);
	walk();

	CHECK(!take());
	CHECK_INT(rig.tally.n_failed, 1);
	CHECK_TOLD("made src\ncannot open directory src/a\nfinished src\n");
	rig_close();
}

CASE(a_link_in_the_destination_is_not_followed)
{
	(void)enter_work_dir();
	put_dir("elsewhere");
	put_dir("src/a");
	put_file("src/a/f", "");
	put_dir("dst");
	CHECK_INT(symlink("../elsewhere", "dst/a"), 0);
	start();
	walk();

	CHECK(!take());
	CHECK_INT(rig.tally.n_failed, 1);
	CHECK_INT(n_names("elsewhere"), 0);
	rig_close();
}

CASE(other_file_systems_are_left_empty_when_asked)
{
	uint64_t n_jobs, n_entries, bytes;

	(void)enter_work_dir();
	put_dir("src/mount");
	put_file("src/f", "");
	mount_here("tmpfs", "src/mount");
	put_file("src/mount/g", "");
	rig.settings.is_one_file_system = true;
	start();
	walk();

	take_all(&n_jobs, &n_entries, &bytes);

	CHECK_INT(n_entries, 1);
	CHECK(exists("dst/mount"));
	rig_close();
}

CASE(a_destination_met_in_the_source_is_not_copied)
{
	(void)enter_work_dir();
	put_dir("src/mount");
	put_dir("dst");
	put_file("dst/f", "");
	need_root();
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		SKIP("cannot mount here");
	start();
	/* Earlier, and the copy would have been refused. */
	CHECK_INT(mount("dst", "src/mount", NULL, MS_BIND, NULL), 0);
	walk();

	CHECK(!take());
	CHECK_INT(rig.tally.n_failed, 1);
	CHECK(strstr(rig.told.data, "is the destination itself src/mount\n") !=
	      NULL);
	rig_close();
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
