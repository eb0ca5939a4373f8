/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/flags.h"
#include "fs/traits.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

#define BITS(bits) ((uint32_t)(bits))

static struct fault fault;
static unsigned n_lost;

static int raw_bits(int fd)
{
	int bits;

	if (ioctl(fd, FS_IOC_GETFLAGS, &bits) < 0)
		SKIP("no inode flags here");
	return bits;
}

/* A file, open, on a file system that has flags. */
static int put_flagged(const char *path)
{
	put_file(path, "");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int bits = raw_bits(fd) | FS_NODUMP_FL;

	if (ioctl(fd, FS_IOC_SETFLAGS, &bits) < 0)
		SKIP("no such inode flag here");
	bits &= ~FS_NODUMP_FL;
	CHECK_INT(ioctl(fd, FS_IOC_SETFLAGS, &bits), 0);
	return fd;
}

static struct flags read_flags(int fd)
{
	struct flags flags;

	CHECK_INT(flags_read(fd, &flags), 0);
	return flags;
}

static int set_bits(int fd, uint32_t bits)
{
	struct flags have = read_flags(fd);
	const struct flags want = {.bits = bits, .project = have.project};

	return flags_set(fd, want, have, &n_lost, &fault);
}

CASE(a_new_file_has_none)
{
	(void)enter_work_dir();
	struct flags flags = read_flags(put_flagged("f"));

	CHECK_INT(flags.bits, 0);
	CHECK(!flags_are_locked(flags));
}

CASE(flags_are_set_and_taken_away)
{
	(void)enter_work_dir();
	int fd = put_flagged("f");

	CHECK_INT(set_bits(fd, FS_NODUMP_FL | FS_NOATIME_FL), 1);
	CHECK_INT(read_flags(fd).bits, FS_NODUMP_FL | FS_NOATIME_FL);
	CHECK_INT(set_bits(fd, FS_NOATIME_FL), 1);
	CHECK_INT(read_flags(fd).bits, FS_NOATIME_FL);
	CHECK_INT(set_bits(fd, FS_NOATIME_FL), 0);
	CHECK_INT(n_lost, 0);
}

CASE(the_file_systems_own_flags_stay)
{
	(void)enter_work_dir();
	int fd = put_flagged("f");
	int before = raw_bits(fd);

	CHECK_INT(set_bits(fd, FS_NODUMP_FL), 1);
	CHECK_INT(raw_bits(fd), before | FS_NODUMP_FL);
	CHECK_INT(set_bits(fd, 0), 1);
	CHECK_INT(raw_bits(fd), before);
}

CASE(locks_are_set_and_lifted)
{
	need_root();
	(void)enter_work_dir();
	int fd = put_flagged("f");

	CHECK_INT(set_bits(fd, FS_IMMUTABLE_FL | FS_NODUMP_FL), 1);
	CHECK(flags_are_locked(read_flags(fd)));
	CHECK_INT(unlink("f"), -1);
	CHECK_INT(flags_unlock(fd, read_flags(fd)), 0);
	CHECK_INT(read_flags(fd).bits, FS_NODUMP_FL);
	CHECK_INT(set_bits(fd, FS_APPEND_FL), 1);
	CHECK(flags_are_locked(read_flags(fd)));
	CHECK_INT(flags_unlock(fd, read_flags(fd)), 0);
	CHECK_INT(unlink("f"), 0);
}

CASE(what_the_user_may_not_set_is_lost)
{
	need_root();
	(void)enter_work_dir();
	become_nobody();
	int fd = put_flagged("f");

	CHECK_INT(set_bits(fd, FS_IMMUTABLE_FL), 0);
	CHECK_INT(n_lost, 1);
	CHECK_INT(read_flags(fd).bits, 0);
}

CASE(what_has_no_flags_has_none)
{
	(void)enter_work_dir();
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct flags flags = {1, 1};

	CHECK_INT(flags_read(fd, &flags), 0);
	CHECK_INT(flags.bits, 0);
	CHECK_INT(flags.project, 0);
	CHECK_INT(set_bits(fd, FS_NODUMP_FL), 0);
	CHECK_INT(n_lost, 1);
}

CASE(a_file_system_without_flags_loses_them)
{
	(void)enter_work_dir();
	put_dir("mount");
	mount_here("ramfs", "mount");
	put_file("mount/f", "");
	int fd = open("mount/f", O_RDONLY | O_CLOEXEC);

	CHECK_INT(set_bits(fd, FS_NODUMP_FL), 0);
	CHECK_INT(n_lost, 1);
	CHECK_INT(set_bits(fd, 0), 0);
	CHECK_INT(n_lost, 1);
}

CASE(no_copy_on_write_is_set_early_or_lost)
{
	(void)enter_work_dir();
	int fd = put_flagged("f");
	struct flags want = {.bits = BITS(FS_NOCOW_FL) | FS_NODUMP_FL};
	struct flags have = read_flags(fd);

	CHECK_INT(flags_set_early(fd, &want, &have, &n_lost, &fault), 0);
	CHECK_INT(have.bits, read_flags(fd).bits);
	CHECK_INT(n_lost, !(have.bits & BITS(FS_NOCOW_FL)));
	CHECK_INT(have.bits & FS_NODUMP_FL, 0);
	/* And is not tried, or lost, again. */
	n_lost = 0;
	CHECK_INT(flags_set(fd, want, have, &n_lost, &fault), 1);
	CHECK_INT(n_lost, 0);
	CHECK_INT(read_flags(fd).bits & FS_NODUMP_FL, FS_NODUMP_FL);
}

CASE(nothing_is_set_early_without_need)
{
	struct flags want = {.bits = FS_NODUMP_FL | BITS(FS_NOCOW_FL)};
	struct flags have = {.bits = BITS(FS_NOCOW_FL)};

	CHECK_INT(flags_set_early(-1, &want, &have, &n_lost, &fault), 0);
	CHECK_INT(n_lost, 0);
}

CASE(one_flag_that_is_refused_does_not_lose_the_others)
{
	(void)enter_work_dir();
	int fd = put_flagged("f");

	CHECK_INT(set_bits(fd, BITS(FS_NOCOW_FL) | FS_NODUMP_FL), 1);
	CHECK_INT(read_flags(fd).bits & FS_NODUMP_FL, FS_NODUMP_FL);
	CHECK_INT(n_lost, !(read_flags(fd).bits & BITS(FS_NOCOW_FL)));
}

CASE(a_project_is_set_or_lost)
{
	(void)enter_work_dir();
	int fd = put_flagged("f");
	struct flags have = read_flags(fd);
	struct flags want = have;

	want.project = 4711;
	int rc = flags_set(fd, want, have, &n_lost, &fault);

	CHECK_INT(read_flags(fd).project, n_lost ? have.project : 4711);
	CHECK_INT(rc, !n_lost);
}

CASE(errors_of_the_disk_are_failures)
{
	(void)enter_work_dir();
	int fd = put_flagged("f");
	struct flags flags;

	refuse_call(SYS_ioctl, 1, UINT32_MAX, (uint32_t)FS_IOC_SETFLAGS, EIO);
	CHECK_INT(set_bits(fd, FS_NODUMP_FL), -EIO);
	CHECK_STR(fault.what, "cannot set inode flags");
	CHECK(fault.is_at_dst);
	CHECK_INT(n_lost, 0);
	refuse_call(SYS_ioctl, 1, UINT32_MAX, (uint32_t)FS_IOC_GETFLAGS, EIO);
	CHECK_INT(flags_read(fd, &flags), -EIO);
}

CASE(flags_are_compared_with_their_project)
{
	const struct flags a = {.bits = 1, .project = 2};

	CHECK(flags_are_same(a, (struct flags){1, 2}));
	CHECK(!flags_are_same(a, (struct flags){1, 3}));
	CHECK(!flags_are_same(a, (struct flags){2, 2}));
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}

/* What a file system keeps is told in its form as it is by both calls. */
static void check_form_of(const char *dir)
{
	const int all[] = {FS_SYNC_FL,   FS_NODUMP_FL,      FS_NOATIME_FL,
	                   FS_NOCOW_FL,  FS_COMPR_FL,       FS_DIRSYNC_FL,
	                   FS_NOTAIL_FL, FS_PROJINHERIT_FL, FS_JOURNAL_DATA_FL};
	struct traits_table table = {0};
	struct flags flags;
	struct stat st;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK_INT(fstat(fd, &st), 0);
	const struct traits *traits = traits_of(&table, st.st_dev, fd);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		int bits = all[i];

		if (ioctl(fd, FS_IOC_SETFLAGS, &bits) < 0)
			continue;
		CHECK_INT(flags_read_as(fd, traits->flags_form, &flags), 0);
		CHECK(flags_are_same(flags, read_flags(fd)));
	}
	(void)close(fd);
}

CASE(the_form_of_a_file_system_tells_all_that_it_keeps)
{
	(void)enter_work_dir();
	put_dir("d");
	check_form_of("d");
}

CASE(so_does_that_of_tmpfs)
{
	char dir[] = "/dev/shm/flags-XXXXXX";

	if (!mkdtemp(dir))
		SKIP("no /dev/shm");
	check_form_of(dir);
	CHECK_INT(rmdir(dir), 0);
}
