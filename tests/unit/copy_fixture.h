/* SPDX-License-Identifier: MIT */
/* tests/unit/copy_fixture.h - one entry from src to dst, without jobs */
#ifndef TESTS_COPY_FIXTURE_H
#define TESTS_COPY_FIXTURE_H

#include "engine_fixture.h"

#include "fs/tree.h"

static char copy_note[STAGE_NAME_MAX];
static struct counts copy_counts;
static struct fault copy_fault;
static bool copy_is_anew, copy_dst_is_empty;
static struct meta copy_shared;

/* The directories src and dst exist. */
UNUSED static void copy_start(void)
{
	(void)enter_work_dir();
	put_dir("src");
	put_dir("dst");
	rig_open("dst", "src", NULL);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
}

static struct copy_dirs copy_open_dirs(void)
{
	struct copy_dirs dirs = {
		.src_fd = rig.site.pairs[0].src_fd,
		.dst_fd = rig.site.pairs[0].dst_fd,
		.dst_is_empty = copy_dst_is_empty,
		.note = copy_note,
	};

	struct meta dst;

	CHECK_INT(meta_read(dirs.dst_fd, &dst), 0);
	copy_dirs_know(&rig.worker.tools, &dirs, &dst);
	return dirs;
}

/* As the walk saw the entry; follows: what a link leads to. */
static struct meta copy_meta_of(const char *name, bool follows)
{
	int fd = rig.site.pairs[0].src_fd;
	struct meta meta;

	CHECK_INT(follows ? meta_read_target_at(fd, name, &meta)
	                  : meta_read_at(fd, name, &meta),
	          0);
	return meta;
}

static enum copy_outcome copy_as(const char *name, const struct meta *meta)
{
	const struct job head = {.path_len = 0};
	const struct job_new_entry entry = {.meta = meta,
	                                    .name = name,
	                                    .name_len = strlen(name),
	                                    .is_anew = copy_is_anew};
	struct buf record = {0};
	struct copy_dirs dirs = copy_open_dirs();

	job_begin(&record, &head, "");
	job_add(&record, &entry);
	copy_counts = (struct counts){0};
	copy_fault = (struct fault){.what = "nothing"};
	enum copy_outcome outcome =
		copy_entry(&rig.worker.tools, &dirs,
	                   job_first((const struct job *)(void *)record.data),
	                   &copy_counts, &copy_fault);
	copy_shared = dirs.shared;
	buf_release(&record);
	/* Whatever happened, nothing unpublished is left. */
	CHECK_STR(copy_note, "");
	return outcome;
}

UNUSED static enum copy_outcome copy(const char *name)
{
	const struct meta meta =
		copy_meta_of(name, rig.settings.follow == FOLLOW_ALL);

	return copy_as(name, &meta);
}

#endif
