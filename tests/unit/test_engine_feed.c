/* SPDX-License-Identifier: MIT */
#include "feed_fixture.h"

CASE(nothing_below_a_link_is_walked)
{
	uint64_t n_jobs, n_entries, bytes;

	(void)enter_work_dir();
	put_dir("elsewhere");
	put_files("elsewhere", 3, 0);
	put_dir("src");
	CHECK_INT(symlink("../elsewhere", "src/l"), 0);
	start();
	walk();

	take_all(&n_jobs, &n_entries, &bytes);

	CHECK_INT(n_entries, 1);
	CHECK_INT(bytes, 0);
	rig_close();
}

CASE(followed_links_are_walked_but_not_in_circles)
{
	uint64_t n_jobs, n_entries, bytes;

	(void)enter_work_dir();
	put_dir("elsewhere");
	put_files("elsewhere", 3, 0);
	put_dir("src/a");
	CHECK_INT(symlink("../elsewhere", "src/l"), 0);
	CHECK_INT(symlink("..", "src/a/up"), 0);
	CHECK_INT(symlink("none", "src/dangling"), 0);
	rig.settings.follow = FOLLOW_ALL;
	start();
	walk();
	rig.told.data[0] = '\0';
	buf_truncate(&rig.told, 0);

	take_all(&n_jobs, &n_entries, &bytes);

	CHECK_INT(n_entries, 3);
	CHECK_INT(rig.tally.n_failed, 2);
	rig_close();
}

CASE(special_files_are_entries_without_bytes)
{
	uint64_t n_jobs, n_entries, bytes;

	(void)enter_work_dir();
	put_dir("src");
	CHECK_INT(mkfifo("src/p", 0600), 0);
	CHECK_INT(symlink("a longer target", "src/l"), 0);
	start();
	walk();

	take_all(&n_jobs, &n_entries, &bytes);

	CHECK_INT(n_entries, 2);
	CHECK_INT(bytes, 0);
	CHECK_INT(rig.tally.bytes_total, 0);
	rig_close();
}

CASE(a_dry_run_makes_nothing_and_walks_all)
{
	uint64_t n_jobs, n_entries, bytes;

	(void)enter_work_dir();
	put_dir("src/a/b");
	put_files("src/a/b", 3, 0);
	rig.settings.is_dry_run = true;
	start();
	walk();

	CHECK_INT(record_of(rig.feed.backlog.first)->flags, JOB_DST_MISSING);
	CHECK_TOLD("made src\nmade src/a\nmade src/a/b\n");
	take_all(&n_jobs, &n_entries, &bytes);
	CHECK_INT(n_entries, 3);
	CHECK(!exists("dst"));
	rig_close();
}

/* Takes steps until a directory of that name has been entered. */
static void walk_into(const char *name)
{
	while (!rig.feed.dir || strcmp(rig.feed.dir->name, name) != 0)
		CHECK_INT(feed_step(&rig.feed), FEED_WALKED);
}

CASE(directories_share_their_weight_among_what_is_below)
{
	(void)enter_work_dir();
	put_dir("src/a/b/c");
	put_files("src/a/b", 5, 10);
	put_files("src/a/b/c", 1000, 10);
	start();

	walk_into("");
	CHECK(is_walked(0));
	/* What has no files of its own passes all of its share on. */
	walk_into("b");
	CHECK(is_walked(0));
	walk_into("c");
	CHECK(is_walked(0.5));
	walk();
	CHECK(all_is_walked());
	rig_close();
}

CASE(a_skewed_tree_is_known_to_be_half_walked)
{
	(void)enter_work_dir();
	put_dir("src/big");
	for (int i = 0; i < 9; i++) {
		char path[32];

		snprintf(path, sizeof(path), "src/big/d%d", i);
		put_dir(path);
		put_files(path, 100, 10);
	}
	put_dir("src/small");
	put_file("src/small/f", "");
	start();
	double before = 0;
	bool was_ninth = false, was_half = false;

	while (feed_step(&rig.feed) != FEED_ENDED) {
		double walked = rig.tally.walked;
		double grown = walked - before;

		CHECK(grown > -1e-9);
		/* One of nine of the half, or the other half. */
		if (grown > 0.4)
			was_half = true;
		else if (grown > 0)
			was_ninth = grown > 1 / 18.0 - 1e-9 &&
			            grown < 1 / 18.0 + 1e-9;
		before = walked;
	}
	CHECK(was_ninth && was_half);
	CHECK(all_is_walked());
	rig_close();
}

CASE(operands_are_equal_parts_of_all_without_the_unusable)
{
	(void)enter_work_dir();
	put_dir("a/b");
	put_files("a/b", 100, 10);
	put_file("f", "");
	rig.operands.into_dst = true;
	rig_open("dst", "f", "none", "a", NULL);

	walk_into("b");
	CHECK(is_walked(2 / 3.0));
	walk();
	CHECK(all_is_walked());
	rig_close();
}

CASE(what_cannot_be_entered_is_walked)
{
	(void)enter_work_dir();
	put_dir("src/a");
	put_dir("src/b");
	put_dir("dst");
	put_file("dst/b", "in the way");
	start();
	CHECK_INT(feed_step(&rig.feed), FEED_WALKED);
	CHECK_INT(feed_step(&rig.feed), FEED_WALKED); /* src is read */
	CHECK_INT(rmdir("src/a"), 0);
	walk();

	CHECK(all_is_walked());
	rig_close();
}

CASE(files_are_counted_and_directories_apart)
{
	(void)enter_work_dir();
	put_dir("src/a/b");
	put_files("src/a", 3, 0);
	CHECK_INT(symlink("x", "src/l"), 0);
	CHECK_INT(mkfifo("src/p", 0600), 0);
	start();
	walk();

	CHECK_INT(rig.tally.n_total, 5);
	CHECK_INT(rig.tally.n_dirs_total, 3);
	rig_close();
}

CASE(file_operands_are_jobs_with_a_name_of_their_own)
{
	(void)enter_work_dir();
	put_file("f", "123");
	rig_open("copy", "f", NULL);
	walk();
	struct backlog_job *taken = take();

	CHECK_STR(job_first(record_of(taken))->name, "f");
	CHECK_STR(job_dst_name(job_first(record_of(taken))), "copy");
	CHECK_STR(job_path(record_of(taken)), "");
	CHECK_INT(rig.tally.n_total, 1);
	drop(taken);
	CHECK_TOLD("");
	rig_close();
}

CASE(operands_come_one_after_the_other_without_the_unusable)
{
	(void)enter_work_dir();
	put_dir("a");
	put_dir("c");
	put_file("a/f", "");
	put_file("c/f", "");
	rig.operands.into_dst = true;
	rig_open("dst", "a", "none", "c", NULL);
	walk();

	struct backlog_job *first = take(), *second = take();
	CHECK_INT(record_of(first)->operand, 0);
	CHECK_INT(record_of(second)->operand, 2);
	drop(first);
	drop(second);
	CHECK(!take());
	rig_close();
}

/* The leader is a job at once; others wait until it is there. */
CASE(names_of_one_inode_wait_for_the_first)
{
	(void)enter_work_dir();
	put_dir("src");
	put_sized("src/a", 100);
	CHECK_INT(link("src/a", "src/b"), 0);
	CHECK_INT(link("src/a", "src/c"), 0);
	start();
	walk();
	struct backlog_job *taken = take();
	const struct job_entry *entry = job_first(record_of(taken));
	struct link_group *group = (struct link_group *)(uintptr_t)entry->group;

	CHECK_INT(record_of(taken)->n_entries, 1);
	CHECK_INT(entry->link, JOB_LEADS);
	CHECK(!take());
	CHECK_INT(rig.tally.n_total, 3);
	CHECK_INT(rig.tally.bytes_total, 100);
	feed_linked(&rig.feed, group, 0, true, 0, entry->name);
	drop(taken);
	for (int i = 0; i < 2; i++) {
		taken = take();
		CHECK(taken != NULL);
		entry = job_first(record_of(taken));
		CHECK_INT(entry->link, JOB_FOLLOWS);
		CHECK_INT(record_of(taken)->bytes, 0);
		CHECK(strlen(job_link_path(entry)) == 1);
		feed_linked(&rig.feed, group, 0, false, 0, "");
		drop(taken);
	}
	CHECK(!take());
	CHECK(!rig.feed.links.groups);
	CHECK(!rig.dirs.all);
	rig_close();
}

CASE(when_the_first_fails_the_next_is_copied)
{
	(void)enter_work_dir();
	put_dir("src");
	put_sized("src/a", 100);
	CHECK_INT(link("src/a", "src/b"), 0);
	start();
	walk();
	struct backlog_job *taken = take();
	const struct job_entry *entry = job_first(record_of(taken));

	feed_linked(&rig.feed, (struct link_group *)(uintptr_t)entry->group,
	            -EIO, true, 0, "");
	drop(taken);

	taken = take();
	CHECK_INT(job_first(record_of(taken))->link, JOB_LEADS);
	CHECK_INT(record_of(taken)->bytes, 100);
	drop(taken);
	rig_close();
}

CASE(links_that_are_not_kept_are_plain_files)
{
	uint64_t n_jobs, n_entries, bytes;

	(void)enter_work_dir();
	put_dir("src");
	put_sized("src/a", 100);
	CHECK_INT(link("src/a", "src/b"), 0);
	rig.settings.keeps_links = false;
	start();
	walk();

	take_all(&n_jobs, &n_entries, &bytes);

	CHECK_INT(n_jobs, 1);
	CHECK_INT(n_entries, 2);
	CHECK_INT(bytes, 200);
	rig_close();
}

CASE(release_in_the_middle_of_the_walk_leaks_nothing)
{
	(void)enter_work_dir();
	put_dir("src/a/b");
	put_files("src", 300, 0);
	put_files("src/a", 300, 0);
	put_sized("src/x", 5);
	CHECK_INT(link("src/x", "src/y"), 0);
	size_t n_before = n_open();
	start();
	CHECK_INT(feed_step(&rig.feed), FEED_WALKED);
	CHECK_INT(feed_step(&rig.feed), FEED_WALKED);

	rig_close();

	CHECK_INT(n_open(), n_before);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
