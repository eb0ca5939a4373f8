/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/meta.h"

#include <sys/sysmacros.h>

static struct meta read_at(int dir, const char *name)
{
	struct meta meta;

	CHECK_INT(meta_read_at(dir, name, &meta), 0);
	return meta;
}

static struct meta_target hold(const char *name)
{
	struct meta_target target = {
		.fd = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC),
		.is_path = true,
	};

	CHECK(target.fd >= 0);
	return target;
}

CASE(all_that_stat_says_is_there)
{
	int dir = enter_work_dir();

	put_file("f", "12345");
	CHECK_INT(link("f", "g"), 0);
	CHECK_INT(chmod("f", 06751), 0);
	struct meta meta = read_at(dir, "f");
	struct stat st = look_at("f");

	CHECK_INT(meta.dev, st.st_dev);
	CHECK_INT(meta.ino, st.st_ino);
	CHECK_INT(meta.mode, st.st_mode);
	CHECK_INT(meta.nlink, 2);
	CHECK_INT(meta.size, 5);
	CHECK_INT(meta.blocks, st.st_blocks);
	CHECK_INT(meta.uid, st.st_uid);
	CHECK_INT(meta.gid, st.st_gid);
	CHECK_INT(meta.mtime_s, st.st_mtim.tv_sec);
	CHECK_INT(meta.mtime_ns, st.st_mtim.tv_nsec);
	CHECK_INT(meta.ctime_s, st.st_ctim.tv_sec);
	CHECK_INT(meta.ctime_ns, st.st_ctim.tv_nsec);
	CHECK_INT(meta.atime_s, st.st_atim.tv_sec);
	CHECK_INT(meta.atime_ns, st.st_atim.tv_nsec);
	CHECK_INT(meta.is_locked, 0);
}

CASE(types_and_devices_are_told)
{
	int dir = enter_work_dir();
	struct meta meta;

	put_dir("d");
	CHECK_INT(symlink("d", "l"), 0);
	CHECK_INT(mkfifo("p", 0600), 0);
	CHECK(meta_is(&(struct meta){.mode = read_at(dir, "d").mode}, S_IFDIR));
	meta = read_at(dir, "l");
	CHECK(meta_is(&meta, S_IFLNK));
	CHECK_INT(meta.size, 1);
	meta = read_at(dir, "p");
	CHECK(meta_is(&meta, S_IFIFO) && !meta_is(&meta, S_IFREG));
	meta = read_at(dir, "/dev/null");
	CHECK(meta_is(&meta, S_IFCHR));
	CHECK_INT(meta.rdev, makedev(1, 3));
	CHECK_INT(meta_read_at(dir, "none", &meta), -ENOENT);
}

CASE(links_are_looked_through_only_when_asked)
{
	int dir = enter_work_dir();
	struct meta meta;

	put_file("f", "12345");
	CHECK_INT(symlink("f", "l"), 0);
	CHECK_INT(symlink("none", "dangling"), 0);

	CHECK_INT(meta_read_target_at(dir, "l", &meta), 0);
	CHECK_INT(meta.ino, look_at("f").st_ino);
	CHECK_INT(meta_read_target_at(dir, "dangling", &meta), -ENOENT);
	CHECK_INT(read_at(dir, "l").ino, look_at("l").st_ino);
}

/* Whatever the file system takes, to the nanosecond; -1 s and the years before
 * 1970 and after 2038 among it. */
static void expect_times_kept(const char *name, bool is_path)
{
	static const struct {
		int64_t s;
		uint32_t ns;
	} times[] = {
		{0, 0},
		{0, 1},
		{1, 999999999},
		{-1, 999999999},
		{-1, 0},
		{-1000000000, 123456789},
		{1234567890, 987654321},
		{INT32_MAX, 999999999},
		{INT64_C(0x80000000), 1},
		{INT64_C(7000000000), 5},
	};
	struct meta_target target = hold(name);

	if (!is_path) {
		target.is_path = false;
		target.fd = open(name, O_RDONLY | O_CLOEXEC);
	}
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		struct meta meta = {.mtime_s = times[i].s,
		                    .mtime_ns = times[i].ns,
		                    .atime_s = times[i].s + 3,
		                    .atime_ns = times[i].ns / 2};
		struct meta got;

		CHECK_INT(meta_set_times(target, &meta), 0);
		CHECK_INT(meta_read(target.fd, &got), 0);
		CHECK_INT(got.mtime_s, meta.mtime_s);
		CHECK_INT(got.mtime_ns, meta.mtime_ns);
		CHECK_INT(got.atime_s, meta.atime_s);
		CHECK_INT(got.atime_ns, meta.atime_ns);
	}
}

CASE(times_are_kept_to_the_nanosecond)
{
	(void)enter_work_dir();
	put_file("f", "");
	put_dir("d");

	expect_times_kept("f", false);
	expect_times_kept("f", true);
	expect_times_kept("d", false);
}

CASE(times_of_a_symlink_are_its_own)
{
	(void)enter_work_dir();
	put_file("f", "");
	set_mtime("f", 1000, 5);
	CHECK_INT(symlink("f", "l"), 0);
	CHECK_INT(symlink("none", "dangling"), 0);

	expect_times_kept("l", true);
	expect_times_kept("dangling", true);
	CHECK_INT(look_at("f").st_mtim.tv_sec, 1000);
}

CASE(times_of_a_fifo_are_set_without_opening_it)
{
	(void)enter_work_dir();
	CHECK_INT(mkfifo("p", 0600), 0);

	expect_times_kept("p", true);
}

CASE(permissions_are_set_by_both_kinds_of_descriptor)
{
	(void)enter_work_dir();
	put_file("f", "");
	CHECK_INT(mkfifo("p", 0600), 0);
	struct meta_target plain = {.fd = open("f", O_RDONLY | O_CLOEXEC)};

	CHECK_INT(meta_set_perms(plain, 04755), 0);
	CHECK_INT(perms_of("f"), 04755);
	CHECK_INT(meta_set_perms(hold("f"), 01000), 0);
	CHECK_INT(perms_of("f"), 01000);
	CHECK_INT(meta_set_perms(hold("p"), 0642), 0);
	CHECK_INT(perms_of("p"), 0642);
}

CASE(what_is_held_is_changed_not_what_has_the_name_now)
{
	(void)enter_work_dir();
	put_file("f", "");
	struct meta_target target = hold("f");
	struct meta times = {.mtime_s = 77};
	CHECK_INT(rename("f", "moved"), 0);
	put_file("f", "");

	CHECK_INT(meta_set_perms(target, 0611), 0);
	CHECK_INT(meta_set_times(target, &times), 0);

	CHECK_INT(perms_of("moved"), 0611);
	CHECK_INT(look_at("moved").st_mtime, 77);
	CHECK_INT(perms_of("f"), 0644);
	CHECK(look_at("f").st_mtime != 77);
}

CASE(root_gives_files_and_links_away)
{
	struct meta_kept kept;
	struct meta meta = {.uid = 12345, .gid = 54321}, have = {0};

	need_root();
	(void)enter_work_dir();
	put_file("f", "");
	CHECK_INT(symlink("f", "l"), 0);

	CHECK_INT(meta_set_owner(hold("l").fd, &meta, &have, &kept), 0);

	CHECK(kept.uid && kept.gid);
	CHECK_INT(look_at("l").st_uid, 12345);
	CHECK_INT(look_at("l").st_gid, 54321);
	CHECK_INT(look_at("f").st_uid, 0);
}

static int set_owner(int fd, const struct meta *want, struct meta_kept *kept)
{
	struct meta have;

	CHECK_INT(meta_read(fd, &have), 0);
	return meta_set_owner(fd, want, &have, kept);
}

CASE(others_keep_what_they_can_of_the_owner)
{
	const gid_t group = 12345;
	struct meta_kept kept;
	struct meta meta = {.uid = 1, .gid = 2};

	need_root();
	(void)enter_work_dir();
	CHECK_INT(chown(".", NOBODY, NOBODY), 0);
	CHECK_INT(setgroups(1, &group), 0);
	CHECK_INT(setresgid(NOBODY, NOBODY, NOBODY), 0);
	CHECK_INT(setresuid(NOBODY, NOBODY, NOBODY), 0);
	put_file("f", "");
	int fd = open("f", O_RDONLY | O_CLOEXEC);

	/* Nothing of it. */
	CHECK_INT(set_owner(fd, &meta, &kept), 0);
	CHECK(!kept.uid && !kept.gid);
	CHECK_INT(look_at("f").st_gid, NOBODY);
	/* A group that we are in. */
	meta.gid = group;
	CHECK_INT(set_owner(fd, &meta, &kept), 0);
	CHECK(!kept.uid && kept.gid);
	CHECK_INT(look_at("f").st_gid, group);
	/* All of it is ours. */
	meta.uid = meta.gid = NOBODY;
	CHECK_INT(set_owner(fd, &meta, &kept), 0);
	CHECK(kept.uid && kept.gid);
	/* Ours, but not the group. */
	meta.gid = 2;
	CHECK_INT(set_owner(fd, &meta, &kept), 0);
	CHECK(kept.uid && !kept.gid);
}

static void refuse_owners(int err)
{
	struct meta meta = {.uid = 1, .gid = 2}, have = {0};
	struct meta_kept kept = {true, true};
	int fd = open("f", O_RDONLY | O_CLOEXEC);

	refuse_call(SYS_fchownat, 0, 0, 0, err);
	int rc = meta_set_owner(fd, &meta, &have, &kept);
	CHECK(!kept.uid && !kept.gid);
	CHECK_INT(rc, fault_is_trouble(-err) ? -err : 0);
	/* What is right already is not asked for. */
	have = meta;
	CHECK_INT(meta_set_owner(fd, &meta, &have, &kept), 0);
	CHECK(kept.uid && kept.gid);
	CHECK_INT(close(fd), 0);
}

CASE(trouble_to_set_the_owner_is_a_failure)
{
	(void)enter_work_dir();
	put_file("f", "");
	refuse_owners(EIO);
}

CASE(an_owner_that_is_refused_is_not_kept)
{
	(void)enter_work_dir();
	put_file("f", "");
	refuse_owners(EOVERFLOW);
}

CASE(an_id_without_a_mapping_costs_only_itself)
{
	struct meta meta = {.uid = 1234, .gid = 4321}, have = {0};
	struct meta_kept kept;

	need_root();
	(void)enter_work_dir();
	put_file("f", "");
	int fd = open("f", O_RDONLY | O_CLOEXEC);
	refuse_call(SYS_fchownat, 2, UINT32_MAX, 1234, EINVAL);

	CHECK_INT(meta_set_owner(fd, &meta, &have, &kept), 0);

	CHECK(!kept.uid && kept.gid);
	CHECK_INT(look_at("f").st_gid, 4321);
}

CASE(set_id_bits_go_with_their_owner_only)
{
	CHECK_INT(meta_safe_perms(07755, (struct meta_kept){true, true}),
	          07755);
	CHECK_INT(meta_safe_perms(07755, (struct meta_kept){false, true}),
	          03755);
	CHECK_INT(meta_safe_perms(07755, (struct meta_kept){true, false}),
	          05755);
	CHECK_INT(meta_safe_perms(07755, (struct meta_kept){false, false}),
	          01755);
}

static bool is_same(int64_t a_s, uint32_t a_ns, int64_t b_s, uint32_t b_ns,
                    uint32_t granularity_ns)
{
	const struct meta a = {.mtime_s = a_s, .mtime_ns = a_ns};
	const struct meta b = {.mtime_s = b_s, .mtime_ns = b_ns};

	return meta_same_mtime(
		&a, &b,
		(struct meta_times){.granularity_ns = granularity_ns,
	                            .min_s = INT64_MIN,
	                            .max_s = INT64_MAX});
}

CASE(times_beyond_what_is_kept_are_the_last_or_first)
{
	const struct meta_times kept = {
		.granularity_ns = 1, .min_s = -10, .max_s = 10};
	const struct meta far = {.mtime_s = 99, .mtime_ns = 5};
	const struct meta early = {.atime_s = -11, .mtime_s = -99};
	const struct meta last = {.mtime_s = 10}, first = {.mtime_s = -10};
	const struct meta inside = {.mtime_s = 9, .mtime_ns = 5};

	CHECK(meta_same_mtime(&far, &last, kept));
	CHECK(!meta_same_mtime(&far, &first, kept));
	CHECK(meta_same_mtime(&early, &first, kept));
	CHECK(!meta_same_mtime(&inside, &last, kept));
	CHECK(!meta_times_fit(&far, kept));
	CHECK(!meta_times_fit(&early, kept));
	CHECK(meta_times_fit(&inside, kept));
	CHECK(meta_times_fit(&last, kept));
	CHECK(!meta_times_fit(&(struct meta){.atime_s = -11}, kept));
}

CASE(times_are_compared_as_far_as_they_are_kept)
{
	const uint32_t second = (uint32_t)NS_PER_S;

	CHECK(is_same(5, 1, 5, 1, 1));
	CHECK(!is_same(5, 1, 5, 2, 1));
	CHECK(!is_same(5, 1, 6, 1, 1));
	CHECK(is_same(5, 199, 5, 100, 100));
	CHECK(!is_same(5, 200, 5, 199, 100));
	CHECK(!is_same(6, 100, 5, 100, 100));
	CHECK(is_same(5, 999999999, 5, 0, second));
	CHECK(!is_same(5, 999999999, 6, 0, second));
	CHECK(is_same(5, 999999999, 4, 0, 2 * second));
	CHECK(!is_same(5, 0, 6, 0, 2 * second));
	CHECK(!is_same(1, 0, -1, 0, 2 * second));
	CHECK(is_same(-1, 0, -2, 0, 2 * second));
}

CASE(content_is_the_same_when_size_and_mtime_are)
{
	const struct meta before = {.size = 1,
	                            .mtime_s = 2,
	                            .mtime_ns = 3,
	                            .ctime_s = 4,
	                            .ctime_ns = 5,
	                            .atime_s = 6};
	struct meta changed[3] = {before, before, before};
	struct meta same = before;

	same.atime_s++;
	CHECK(meta_same_ctime(&before, &same));
	same.ctime_s++;
	CHECK(meta_same_content(&before, &same));
	CHECK(!meta_same_ctime(&before, &same));
	same = before;
	same.ctime_ns++;
	CHECK(!meta_same_ctime(&before, &same));
	changed[0].size++;
	changed[1].mtime_s++;
	changed[2].mtime_ns++;
	for (size_t i = 0; i < ARRAY_LEN(changed); i++)
		CHECK(!meta_same_content(&before, &changed[i]));
}

static bool is_settled(int64_t mtime_s, uint32_t mtime_ns, time_t now_s,
                       long now_ns)
{
	const struct meta meta = {.mtime_s = mtime_s, .mtime_ns = mtime_ns};

	return meta_is_settled(
		&meta, (struct timespec){.tv_sec = now_s, .tv_nsec = now_ns});
}

CASE(a_file_is_settled_when_the_step_it_was_written_in_is_over)
{
	/* The clock's own steps, of a millisecond and more. */
	CHECK(!is_settled(1000, 123456789, 1000, 123456789));
	CHECK(is_settled(1000, 123456789, 1000, 124456789));
	/* NTFS: the same step, cut to 100 ns. */
	CHECK(!is_settled(1000, 123456700, 1000, 123456789));
	/* exFAT: hundredths of a second. */
	CHECK(!is_settled(1000, 120000000, 1000, 128000000));
	CHECK(is_settled(1000, 120000000, 1000, 130000000));
	/* Whole seconds; on FAT, even ones. */
	CHECK(!is_settled(1001, 0, 1001, 999000000));
	CHECK(is_settled(1001, 0, 1002, 0));
	CHECK(!is_settled(1000, 0, 1001, 999000000));
	CHECK(is_settled(1000, 0, 1002, 0));
	/* Clocks that differ a little, and times that were set. */
	CHECK(!is_settled(1001, 5, 1000, 0));
	CHECK(is_settled(9000, 5, 1000, 0));
	CHECK(is_settled(-9000, 5, 1000, 0));
}

CASE(an_inode_is_its_device_and_number)
{
	const struct meta a = {.dev = 1, .ino = 2, .size = 3};

	CHECK(meta_same_inode(&a, &(struct meta){.dev = 1, .ino = 2}));
	CHECK(!meta_same_inode(&a, &(struct meta){.dev = 2, .ino = 2}));
	CHECK(!meta_same_inode(&a, &(struct meta){.dev = 1, .ino = 1}));
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
