/* SPDX-License-Identifier: MIT */
/* tests/unit/feed_fixture.h - a walk whose jobs the test takes itself */
#ifndef TESTS_FEED_FIXTURE_H
#define TESTS_FEED_FIXTURE_H

#include "engine_fixture.h"

#define KIB ((off_t)1024)

UNUSED static void put_sized(const char *path, off_t size)
{
	put_file(path, "");
	CHECK_INT(truncate(path, size), 0);
}

/* n files of size in dir. */
UNUSED static void put_files(const char *dir, int n, off_t size)
{
	char path[64];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/f%d", dir, i);
		put_sized(path, size);
	}
}

/* To the end of the walk, or until the backlog is full. */
UNUSED static void walk(void)
{
	while (!backlog_is_full(&rig.feed.backlog)) {
		if (feed_step(&rig.feed) == FEED_ENDED) {
			rig.tally.is_final = true;
			break;
		}
	}
}

/* Sums of fractions are not exact. */
UNUSED static bool is_walked(double part)
{
	double off = rig.tally.walked - part;

	return off < 1e-9 && off > -1e-9;
}

UNUSED static bool all_is_walked(void)
{
	return is_walked(1);
}

UNUSED static void start(void)
{
	rig_open("dst", "src", NULL);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
}

UNUSED static const struct job *record_of(const struct backlog_job *job)
{
	return (const void *)job->record;
}

/* Lets go of what the job held, as its end does. */
UNUSED static void drop(struct backlog_job *job)
{
	struct dir *dir = (struct dir *)(uintptr_t)record_of(job)->owner;

	free(job);
	dirs_let_go(&rig.dirs, dir);
}

UNUSED static struct backlog_job *take(void)
{
	return backlog_take(&rig.feed.backlog);
}

/* Takes all jobs; checks each against the limits. */
UNUSED static void take_all(uint64_t *n_jobs, uint64_t *n_entries,
                            uint64_t *bytes)
{
	struct backlog_job *taken;

	*n_jobs = *n_entries = *bytes = 0;
	while ((taken = take())) {
		const struct job *job = record_of(taken);

		CHECK(job->n_entries >= 1 && job->n_entries <= JOB_ENTRIES_MAX);
		CHECK(job->n_entries == 1 || job->bytes <= JOB_BYTES_MAX);
		CHECK(job->n_entries == 1 || taken->len <= JOB_RECORD_MAX);
		(*n_jobs)++;
		*n_entries += job->n_entries;
		*bytes += job->bytes;
		drop(taken);
	}
}

#endif
