/* SPDX-License-Identifier: MIT */
#include "feed_fixture.h"

CASE(small_files_of_a_directory_go_in_batches)
{
	uint64_t n_jobs, n_entries, bytes;

	(void)enter_work_dir();
	put_dir("src");
	put_files("src", 200, 10);
	start();
	walk();

	take_all(&n_jobs, &n_entries, &bytes);

	CHECK_INT(n_jobs, 4);
	CHECK_INT(n_entries, 200);
	CHECK_INT(bytes, 2000);
	CHECK_INT(rig.tally.n_total, 200);
	CHECK_INT(rig.tally.bytes_total, 2000);
	CHECK_TOLD("made src\nfinished src\n");
	rig_close();
}

CASE(a_batch_has_at_most_a_mebibyte)
{
	uint64_t n_jobs, n_entries, bytes;

	(void)enter_work_dir();
	put_dir("src");
	put_files("src", 64, 100 * KIB);
	start();
	walk();

	take_all(&n_jobs, &n_entries, &bytes);

	CHECK_INT(n_jobs, 7); /* ten in each */
	CHECK_INT(n_entries, 64);
	rig_close();
}

CASE(a_big_file_is_alone)
{
	struct backlog_job *taken;
	int n_big = 0;

	(void)enter_work_dir();
	put_dir("src");
	put_files("src", 50, 1);
	put_sized("src/big1", 1025 * KIB);
	put_sized("src/big2", 5 * 1024 * 1024 * KIB);
	start();
	walk();

	while ((taken = take())) {
		const struct job *job = record_of(taken);

		if (job->bytes > JOB_BYTES_MAX) {
			CHECK_INT(job->n_entries, 1);
			n_big++;
		}
		drop(taken);
	}
	CHECK_INT(n_big, 2);
	rig_close();
}

CASE(a_big_file_does_not_wait_for_small_ones)
{
	(void)enter_work_dir();
	put_dir("src");
	put_files("src", 200, 10);
	put_sized("src/big", BACKLOG_BIG);
	start();
	walk();

	struct backlog_job *taken = take();

	CHECK_INT(record_of(taken)->bytes, BACKLOG_BIG);
	drop(taken);
	rig_close();
}

CASE(a_batch_is_of_one_directory)
{
	uint64_t n_jobs, n_entries, bytes;

	(void)enter_work_dir();
	put_dir("src/a/b");
	put_dir("src/c");
	put_files("src", 3, 0);
	put_files("src/a", 3, 0);
	put_files("src/a/b", 3, 0);
	put_files("src/c", 3, 0);
	start();
	walk();

	take_all(&n_jobs, &n_entries, &bytes);

	CHECK_INT(n_jobs, 4);
	CHECK_INT(n_entries, 12);
	CHECK_INT(rig.tally.n_total, 12);
	CHECK(!rig.dirs.all);
	rig_close();
}

CASE(jobs_say_all_that_a_worker_needs)
{
	(void)enter_work_dir();
	put_dir("src/a/b");
	put_file("src/a/b/f", "12345");
	set_mtime("src/a/b/f", 1000, 7);
	start();
	walk();
	struct backlog_job *taken = take();
	const struct job *job = record_of(taken);
	const struct job_entry *entry = job_first(job);

	CHECK_STR(job_path(job), "a/b");
	CHECK_INT(job->operand, 0);
	CHECK_INT(job->flags, JOB_DST_EMPTY);
	CHECK_INT(job->next, 0);
	CHECK_STR(entry->name, "f");
	CHECK_STR(job_dst_name(entry), "f");
	CHECK_INT(entry->meta.size, 5);
	CHECK_INT(entry->meta.mtime_s, 1000);
	CHECK_INT(entry->meta.ino, look_at("src/a/b/f").st_ino);
	drop(taken);
	CHECK(!take());
	rig_close();
}

CASE(an_entry_that_comes_again_is_a_job_beside_the_batch)
{
	(void)enter_work_dir();
	put_dir("src");
	put_files("src", 3, 10);
	start();
	walk();
	struct backlog_job *taken = take();
	const struct job *job = record_of(taken);
	struct dir *dir = (struct dir *)(uintptr_t)job->owner;
	const struct job_entry *second = job_next(job_first(job));

	rig.tally.n_done = 3;
	feed_again(&rig.feed, dir, second, true);
	struct backlog_job *again = take();

	CHECK_INT(record_of(again)->n_entries, 1);
	CHECK_STR(job_first(record_of(again))->name, second->name);
	CHECK(job_first(record_of(again))->is_anew);
	CHECK_INT(rig.tally.n_total, 3);
	CHECK_INT(rig.tally.n_done, 2);
	CHECK_INT(rig.tally.bytes_total, 40);
	drop(again);
	CHECK(rig.dirs.all != NULL);
	drop(taken);
	CHECK(!rig.dirs.all);
	rig_close();
}

/* A directory whose path alone nearly fills a record, so that a few of its
 * files are a record of 64 KiB. */
static void put_files_far_down(int n_files)
{
	enum { N = 252, LEN = 250 };
	char name[LEN + 1];
	int at = open_dir("src");

	memset(name, 'd', LEN);
	name[LEN] = '\0';
	for (int i = 0; i < N; i++) {
		CHECK_INT(mkdirat(at, name, 0755), 0);
		int next = openat(at, name, O_DIRECTORY | O_CLOEXEC);
		CHECK(next >= 0);
		CHECK_INT(close(at), 0);
		at = next;
	}
	for (int i = 0; i < n_files; i++) {
		snprintf(name, sizeof(name), "%0200d", i);
		int fd = openat(at, name, O_CREAT | O_CLOEXEC, 0644);
		CHECK(fd >= 0);
		CHECK_INT(close(fd), 0);
	}
	CHECK_INT(close(at), 0);
}

CASE(the_backlog_is_bounded_in_bytes)
{
	enum { N = 9000 };
	const uint64_t step_max = 256 * JOB_RECORD_MAX;
	uint64_t n_entries = 0, n_full = 0;

	(void)enter_work_dir();
	put_dir("src");
	put_files_far_down(N);
	start();

	while (!rig.tally.is_final) {
		uint64_t n_jobs, n, bytes;

		walk();
		CHECK(rig.feed.backlog.bytes < BACKLOG_MAX + step_max);
		n_full += backlog_is_full(&rig.feed.backlog);
		take_all(&n_jobs, &n, &bytes);
		CHECK_INT(rig.feed.backlog.bytes, 0);
		n_entries += n;
	}

	CHECK(n_full > 0);
	CHECK_INT(n_entries, N);
	CHECK(!rig.dirs.all);
	rig_close();
}

/* Two names of each of many files: while the walk runs ahead, the second ones
 * wait. */
CASE(names_that_wait_count_and_are_let_go)
{
	char one[64], two[64];

	(void)enter_work_dir();
	put_dir("src");
	put_dir("src/d");
	for (int i = 0; i < 20; i++) {
		snprintf(one, sizeof(one), "src/d/f%d", i);
		snprintf(two, sizeof(two), "src/d/g%d", i);
		put_file(one, "");
		CHECK_INT(link(one, two), 0);
	}
	start();
	walk();

	CHECK(rig.feed.backlog.set_aside >= 20 * sizeof(struct meta));
	rig.feed.backlog.set_aside += BACKLOG_MAX;
	CHECK(backlog_is_full(&rig.feed.backlog));
	rig.feed.backlog.set_aside -= BACKLOG_MAX;
	for (struct backlog_job *taken; (taken = take()); drop(taken)) {
		const struct job *job = record_of(taken);
		const struct job_entry *entry = job_first(job);

		for (uint32_t i = 0; i < job->n_entries; i++) {
			feed_linked(
				&rig.feed,
				(struct link_group *)(uintptr_t)entry->group, 0,
				entry->link == JOB_LEADS, 0, entry->name);
			entry = job_next(entry);
		}
	}
	CHECK_INT(rig.feed.backlog.set_aside, 0);
	rig_close();
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
