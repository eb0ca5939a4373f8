/* SPDX-License-Identifier: MIT */
#include "feed_fixture.h"

/* How many more replies reach the master before the worker "dies". */
static int n_heard = -1;

static int hear(void *ctx, const void *data, size_t len, bool is_last)
{
	const struct reply *reply = data;
	const struct job *job = (const void *)(reply + 1);
	const size_t head_len = sizeof(*reply) + sizeof(struct reply_names);

	(void)ctx;
	if (n_heard == 0)
		return 0;
	n_heard -= n_heard > 0;
	if (reply->kind == REPLY_NAMES)
		far_on_names(&rig.feed, (const void *)(reply + 1),
		             (const char *)data + head_len, len - head_len);
	else if (!is_last)
		rig_on_reply(NULL, data, len, false);
	else if (job->kind == JOB_LIST)
		far_on_listed(&rig.feed, job);
	else if (job->kind == JOB_LOOK)
		far_on_looked(&rig.feed, job);
	else if (job->kind == JOB_FINISH)
		far_on_finished(&rig.feed, job);
	return 0;
}

/* Begins a walk that is the workers'. */
static void start_far(void)
{
	start();
	rig.worker.reply = hear;
	rig.feed.pace.is_slow = true;
	CHECK_INT(feed_step(&rig.feed), FEED_WALKED);
	CHECK_INT(feed_step(&rig.feed), FEED_WAITS);
}

/* As far_next's buffer is used again while a job runs. */
static void run_record(const struct buf *record)
{
	struct buf copy = {0};

	buf_append(&copy, record->data, record->len);
	worker_run(&rig.worker, (void *)copy.data);
	buf_release(&copy);
}

static void run_all(void)
{
	while (far_has_next(&rig.feed))
		run_record(far_next(&rig.feed));
}

/* Counts what is to be copied; directories are finished. */
static uint64_t end_all(void)
{
	struct backlog_job *taken;
	uint64_t n_entries = 0;

	while ((taken = take())) {
		const struct job *job = record_of(taken);

		if (job->kind == JOB_COPY) {
			n_entries += job->n_entries;
			drop(taken);
			continue;
		}
		worker_run(&rig.worker, (void *)taken->record);
		free(taken);
	}
	return n_entries;
}

CASE(jobs_walk_a_tree_and_finish_its_directories)
{
	(void)enter_work_dir();
	CHECK_INT(mkdir("src", 0755), 0);
	CHECK_INT(mkdir("src/d", 0750), 0);
	CHECK_INT(mkdir("src/d/e", 0700), 0);
	put_files("src", 100, 1);
	put_files("src/d/e", 3, 1);
	start_far();

	run_all();
	uint64_t n_entries = end_all();

	CHECK_INT(n_entries, 103);
	CHECK_INT(rig.tally.n_total, 103);
	CHECK(all_is_walked());
	CHECK_INT(feed_step(&rig.feed), FEED_ENDED);
	CHECK(rig.dirs.all == NULL);
	CHECK_TOLD("made src\nmade src/d\nmade src/d/e\n"
	           "finished src/d/e\nfinished src/d\nfinished src\n");
	rig_close();
}

/* More than one piece of names, in the order in which the kernel has them. */
static void make_many(int n)
{
	char path[256];

	CHECK_INT(mkdir("src", 0755), 0);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "src/%0200d", i);
		put_file(path, "");
	}
}

CASE(a_listing_goes_on_behind_what_came_before_a_death)
{
	struct buf record = {0};
	const struct buf *next;

	(void)enter_work_dir();
	make_many(1000);
	start_far();

	next = far_next(&rig.feed);
	buf_append(&record, next->data, next->len);
	n_heard = 1; /* of four */
	worker_run(&rig.worker, (void *)record.data);
	n_heard = -1;
	buf_truncate(&record, 0);
	buf_append(&record, next->data, next->len);
	struct job *job = (void *)record.data;
	CHECK(far_cookie(job) != 0);
	job->cookie = far_cookie(job);
	worker_run(&rig.worker, job);
	run_all();

	CHECK_INT(end_all(), 1000);
	CHECK_INT(rig.tally.n_total, 1000);
	CHECK(all_is_walked());
	buf_release(&record);
	rig_close();
}

CASE(a_long_listing_is_continued_by_further_jobs)
{
	size_t n_listings = 0;

	(void)enter_work_dir();
	make_many(3000);
	start_far();

	while (far_has_next(&rig.feed)) {
		const struct buf *record = far_next(&rig.feed);

		n_listings +=
			((struct job *)(void *)record->data)->kind == JOB_LIST;
		run_record(record);
	}

	CHECK_INT(n_listings, 2);
	CHECK_INT(end_all(), 3000);
	rig_close();
}

CASE(no_more_listings_are_under_way_than_the_backlog_has_room_for)
{
	char path[64];
	uint64_t n = 0;

	(void)enter_work_dir();
	CHECK_INT(mkdir("src", 0755), 0);
	for (int i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "src/%d", i);
		CHECK_INT(mkdir(path, 0755), 0);
	}
	start_far();

	run_record(far_next(&rig.feed));
	for (; far_has_next(&rig.feed); n++)
		(void)far_next(&rig.feed);

	CHECK(n > 64 && n * JOB_LIST_BYTES <= BACKLOG_MAX);
	rig_close();
}

CASE(a_directory_that_is_gone_has_changed)
{
	(void)enter_work_dir();
	CHECK_INT(mkdir("src", 0755), 0);
	CHECK_INT(mkdir("src/gone", 0755), 0);
	start_far();

	run_record(far_next(&rig.feed));
	CHECK_INT(rig.tally.n_dirs_total, 2);
	CHECK_INT(rmdir("src/gone"), 0);
	run_all();

	CHECK_INT(rig.tally.n_dirs_total, 2);
	CHECK_INT(rig.tally.n_dirs_done, 1);
	CHECK_INT(rig.tally.n_failed, 0);
	CHECK_TOLD("made src\nvanished src/gone\n");
	rig_close();
}

CASE(a_slow_walk_is_handed_over_in_the_middle_of_a_directory)
{
	(void)enter_work_dir();
	CHECK_INT(mkdir("src", 0755), 0);
	CHECK_INT(mkdir("src/d", 0755), 0);
	put_files("src/d", 1000, 1);
	start();
	rig.worker.reply = hear;
	for (int i = 0; i < 5; i++) /* to where some of d's are known */
		CHECK_INT(feed_step(&rig.feed), FEED_WALKED);

	rig.feed.pace.is_slow = true;
	CHECK_INT(feed_step(&rig.feed), FEED_WALKED);
	CHECK_INT(feed_step(&rig.feed), FEED_WAITS);
	run_all();

	CHECK_INT(end_all(), 1000);
	CHECK_INT(rig.tally.n_total, 1000);
	CHECK(all_is_walked());
	rig_close();
}

/* After so many steps of the walk; false: it had ended before. */
static bool hand_over_after(int n_steps)
{
	enum feed_state state = FEED_WALKED;
	char dst[16];

	snprintf(dst, sizeof(dst), "dst%d", n_steps);
	rig_open(dst, "src", NULL);
	rig.worker.reply = hear;
	for (int i = 0; i < n_steps && state != FEED_ENDED; i++)
		state = feed_step(&rig.feed);
	/* The next step shows that it is slow. */
	rig.feed.pace = (struct pace){.n_calls = PACE_CALLS,
	                              .start_sleeps = (uint64_t)-1000000};
	while (state == FEED_WALKED)
		state = feed_step(&rig.feed);
	run_all();

	CHECK_INT(end_all(), 600);
	CHECK_INT(rig.tally.n_total, 600);
	CHECK(all_is_walked());
	rig_close();
	return state != FEED_ENDED;
}

CASE(a_walk_that_is_handed_over_at_any_step_finds_all)
{
	int n_steps = 1;

	(void)enter_work_dir();
	CHECK_INT(mkdir("src", 0755), 0);
	CHECK_INT(mkdir("src/a", 0755), 0);
	CHECK_INT(mkdir("src/b", 0755), 0);
	CHECK_INT(mkdir("src/a/c", 0755), 0);
	put_files("src/a", 200, 1);
	put_files("src/b", 200, 1);
	put_files("src/a/c", 200, 1);

	while (hand_over_after(n_steps))
		n_steps++;
	CHECK(n_steps >= 5);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
