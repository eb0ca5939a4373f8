/* SPDX-License-Identifier: MIT */
#include "engine_fixture.h"

#include "engine/place.h"

static struct buf record;
static struct fault fault;
static struct copy_dirs dirs;

/* A job of the directory a/b, as the walk saw it. */
static struct job *begin(uint32_t flags)
{
	put_dir("src/a/b");
	put_dir("dst/a/b");
	rig_open("dst", "src", NULL);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	struct stat src = look_at("src/a/b"), dst = look_at("dst/a/b");
	const struct job head = {.path_len = 3,
	                         .flags = flags,
	                         .src_dev = src.st_dev,
	                         .src_ino = src.st_ino,
	                         .dst_dev = dst.st_dev,
	                         .dst_ino = dst.st_ino};

	job_begin(&record, &head, "a/b");
	return (struct job *)(void *)record.data;
}

static void end(void)
{
	buf_release(&record);
	rig_close();
}

static ino_t inode_of(int fd)
{
	struct stat st;

	CHECK_INT(fstat(fd, &st), 0);
	return st.st_ino;
}

CASE(both_directories_are_opened_and_looked_at)
{
	(void)enter_work_dir();
	struct job *job = begin(0);

	CHECK_INT(place_open(&rig.worker, job, &dirs, &fault), 0);

	CHECK_INT(inode_of(dirs.src_fd), look_at("src/a/b").st_ino);
	CHECK_INT(inode_of(dirs.dst_fd), look_at("dst/a/b").st_ino);
	CHECK(dirs.traits != NULL);
	CHECK(!dirs.inherits_acl);
	CHECK_INT(dirs.writer_now, 0);
	end();
}

CASE(a_dry_run_may_have_no_destination)
{
	(void)enter_work_dir();
	struct job *job = begin(JOB_DST_MISSING);

	CHECK_INT(place_open(&rig.worker, job, &dirs, &fault), 0);

	CHECK(dirs.src_fd >= 0);
	CHECK_INT(dirs.dst_fd, -1);
	end();
}

CASE(a_directory_that_was_exchanged_is_not_used)
{
	(void)enter_work_dir();
	struct job *job = begin(0);

	CHECK_INT(rename("dst/a/b", "dst/a/old"), 0);
	put_dir("dst/a/b");
	CHECK_INT(place_open(&rig.worker, job, &dirs, &fault), -ESTALE);
	CHECK_STR(fault.what, "was replaced meanwhile");
	CHECK(fault.is_at_dst);
	/* When it is back, so are we. */
	CHECK_INT(rmdir("dst/a/b"), 0);
	CHECK_INT(rename("dst/a/old", "dst/a/b"), 0);
	CHECK_INT(place_open(&rig.worker, job, &dirs, &fault), 0);
	CHECK_INT(inode_of(dirs.dst_fd), look_at("dst/a/b").st_ino);
	end();
}

CASE(nor_is_a_source_that_was)
{
	(void)enter_work_dir();
	struct job *job = begin(0);
	CHECK_INT(rename("src/a/b", "src/a/old"), 0);
	put_dir("src/a/b");

	CHECK_INT(place_open(&rig.worker, job, &dirs, &fault), -ESTALE);

	CHECK_STR(fault.what, "was replaced meanwhile");
	CHECK(!fault.is_at_dst);
	end();
}

CASE(a_link_in_its_place_is_not_followed)
{
	(void)enter_work_dir();
	struct job *job = begin(0);
	CHECK_INT(rename("dst/a/b", "dst/a/old"), 0);
	CHECK_INT(symlink("old", "dst/a/b"), 0);

	CHECK(place_open(&rig.worker, job, &dirs, &fault) < 0);

	CHECK_STR(fault.what, "cannot open directory");
	CHECK(fault.is_at_dst);
	end();
}

CASE(a_directory_that_others_can_write_to_is_not_private)
{
	(void)enter_work_dir();
	struct job *job = begin(0);
	CHECK_INT(chmod("dst/a/b", 01777), 0);

	CHECK_INT(place_open(&rig.worker, job, &dirs, &fault), 0);

	CHECK(dirs.writer_now != 0);
	end();
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
