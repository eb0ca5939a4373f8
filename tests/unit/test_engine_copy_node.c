/* SPDX-License-Identifier: MIT */
/* Symlinks, special files, and further names of a file. */
#include "copy_fixture.h"

#include <sys/sysmacros.h>

static int leader_fd;
static bool leads;

/* name as a further name of dst/leader. */
static struct job_leader copy_leader; /* nothing is known of it */

static enum copy_outcome link_to(const char *name, const char *leader)
{
	struct meta meta = copy_meta_of(name, false);
	const struct job head = {.path_len = 0};
	const struct job_new_entry entry = {.meta = &meta,
	                                    .name = name,
	                                    .name_len = strlen(name),
	                                    .link = JOB_FOLLOWS,
	                                    .link_path = leader,
	                                    .leader = copy_leader};
	struct buf record = {0};
	struct copy_dirs dirs = copy_open_dirs();

	job_begin(&record, &head, "");
	job_add(&record, &entry);
	copy_counts = (struct counts){0};
	leader_fd = rig.site.pairs[0].dst_fd;
	enum copy_outcome outcome =
		copy_link(&rig.worker.tools, &dirs,
	                  job_first((const struct job *)(void *)record.data),
	                  leader_fd, leader, &leads, &copy_counts, &copy_fault);
	buf_release(&record);
	CHECK_STR(copy_note, "");
	return outcome;
}

static void expect_target(const char *path, const char *want)
{
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	CHECK(n >= 0);
	target[n] = '\0';
	CHECK_STR(target, want);
}

CASE(a_symlink_is_copied_with_owner_and_times)
{
	copy_start();
	CHECK_INT(symlink("../nowhere at all", "src/l"), 0);
	if (geteuid() == 0)
		CHECK_INT(lchown("src/l", 12, 34), 0);
	set_mtime("src/l", -7, 123456789);

	CHECK_INT(copy("l"), COPY_MADE);

	struct stat src = look_at("src/l"), dst = look_at("dst/l");
	expect_target("dst/l", "../nowhere at all");
	CHECK_INT(dst.st_uid, src.st_uid);
	CHECK_INT(dst.st_gid, src.st_gid);
	CHECK_INT(dst.st_mtim.tv_sec, -7);
	CHECK_INT(dst.st_mtim.tv_nsec, 123456789);
	CHECK_INT(copy("l"), COPY_UNCHANGED);
	rig_close();
}

CASE(a_symlink_to_elsewhere_is_replaced)
{
	copy_start();
	put_file("elsewhere", "text");
	CHECK_INT(symlink("new", "src/l"), 0);
	CHECK_INT(symlink("../elsewhere", "dst/l"), 0);

	CHECK_INT(copy("l"), COPY_MADE);

	expect_target("dst/l", "new");
	CHECK_FILE("elsewhere", "text");
	CHECK_INT(n_names("dst"), 1);
	rig_close();
}

CASE(times_of_a_symlink_are_mended)
{
	copy_start();
	CHECK_INT(symlink("x", "src/l"), 0);
	CHECK_INT(symlink("x", "dst/l"), 0);
	set_mtime("src/l", 5, 6);
	ino_t before = look_at("dst/l").st_ino;

	CHECK_INT(copy("l"), COPY_MENDED);
	CHECK_INT(look_at("dst/l").st_ino, before);
	CHECK_INT(look_at("dst/l").st_mtim.tv_nsec, 6);
	CHECK_INT(copy("l"), COPY_UNCHANGED);
	rig_close();
}

CASE(a_symlink_that_is_gone_or_none_any_more_has_vanished)
{
	copy_start();
	CHECK_INT(symlink("x", "src/l"), 0);
	struct meta meta = copy_meta_of("l", false);
	CHECK_INT(unlink("src/l"), 0);

	CHECK_INT(copy_as("l", &meta), COPY_VANISHED);
	put_file("src/l", "text");
	CHECK_INT(copy_as("l", &meta), COPY_VANISHED);
	CHECK_INT(n_names("dst"), 0);
	rig_close();
}

CASE(special_files_are_made_as_they_are)
{
	need_root();
	copy_start();
	CHECK_INT(mkfifo("src/p", 0), 0);
	CHECK_INT(mknod("src/c", S_IFCHR, makedev(1, 3)), 0);
	CHECK_INT(mknod("src/b", S_IFBLK, makedev(7, 200)), 0);
	CHECK_INT(mknod("src/s", S_IFSOCK, 0), 0);
	static const char *const names[] = {"p", "c", "b", "s"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char src[8], dst[8];

		snprintf(src, sizeof(src), "src/%s", names[i]);
		snprintf(dst, sizeof(dst), "dst/%s", names[i]);
		CHECK_INT(chmod(src, 0642), 0);
		CHECK_INT(chown(src, 12, 34), 0);
		set_mtime(src, 1000, (long)i);
		CHECK_INT(copy(names[i]), COPY_MADE);
		CHECK_INT(look_at(dst).st_mode, look_at(src).st_mode);
		CHECK_INT(look_at(dst).st_rdev, look_at(src).st_rdev);
		CHECK_INT(look_at(dst).st_uid, 12);
		CHECK_INT(look_at(dst).st_mtim.tv_nsec, i);
		CHECK_INT(copy(names[i]), COPY_UNCHANGED);
	}
	rig_close();
}

CASE(another_device_is_replaced)
{
	need_root();
	copy_start();
	CHECK_INT(mknod("src/c", S_IFCHR, makedev(1, 3)), 0);
	CHECK_INT(mknod("dst/c", S_IFCHR, makedev(1, 5)), 0);

	CHECK_INT(copy("c"), COPY_MADE);

	CHECK_INT(look_at("dst/c").st_rdev, makedev(1, 3));
	CHECK_INT(n_names("dst"), 1);
	rig_close();
}

CASE(a_device_that_may_not_be_made_fails)
{
	need_root();
	copy_start();
	CHECK_INT(mknod("src/c", S_IFCHR, makedev(1, 3)), 0);
	CHECK_INT(chmod("dst", 0777), 0);
	become_nobody();

	CHECK_INT(copy("c"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "cannot create");
	CHECK_INT(copy_fault.err, EPERM);
	CHECK_INT(n_names("dst"), 0);
	rig_close();
}

/* A node that was made, and in whose place somebody put something else before
 * it was dressed. */
static void expect_not_dressed(mode_t before)
{
	struct meta meta = copy_meta_of("p", false);

	copy_dst_is_empty = true;
	refuse_call(SYS_mknodat, 0, 0, 0, 0); /* does nothing, says 0 */
	CHECK_INT(copy_as("p", &meta), COPY_FAILED);
	CHECK_STR(copy_fault.what, "was replaced meanwhile");
	CHECK(copy_fault.is_at_dst);
	CHECK_INT(perms_of("dst/p"), before);
	rig_close();
}

CASE(what_took_the_place_of_a_new_node_gets_nothing_of_it)
{
	copy_start();
	CHECK_INT(mkfifo("src/p", 0666), 0);
	put_file("dst/p", "");
	CHECK_INT(chmod("dst/p", 0600), 0);

	expect_not_dressed(0600);
}

CASE(nor_does_a_node_that_has_other_names)
{
	copy_start();
	CHECK_INT(mkfifo("src/p", 0666), 0);
	CHECK_INT(mkfifo("dst/p", 0600), 0);
	CHECK_INT(link("dst/p", "dst/other"), 0);

	expect_not_dressed(0600);
}

CASE(a_further_name_is_linked)
{
	copy_start();
	put_file("src/f", "text");
	put_file("dst/leader", "text");

	CHECK_INT(link_to("f", "leader"), COPY_MADE);
	CHECK_INT(look_at("dst/f").st_ino, look_at("dst/leader").st_ino);
	CHECK(!leads);
	CHECK_INT(link_to("f", "leader"), COPY_UNCHANGED);
	CHECK_INT(n_names("dst"), 2);
	rig_close();
}

CASE(a_further_name_replaces_what_has_the_name)
{
	copy_start();
	put_file("src/f", "text");
	put_file("dst/leader", "text");
	put_file("dst/f", "old");
	CHECK_INT(link("dst/f", "dst/other"), 0);

	CHECK_INT(link_to("f", "leader"), COPY_MADE);

	CHECK_INT(look_at("dst/f").st_ino, look_at("dst/leader").st_ino);
	CHECK_FILE("dst/other", "old");
	CHECK_INT(n_names("dst"), 3);
	rig.settings.update = UPDATE_NONE;
	put_file("src/g", "");
	put_file("dst/g", "old");
	CHECK_INT(link_to("g", "leader"), COPY_UNCHANGED);
	CHECK_FILE("dst/g", "old");
	rig_close();
}

CASE(a_directory_in_the_way_of_a_further_name)
{
	copy_start();
	put_file("src/f", "text");
	put_file("dst/leader", "text");
	put_dir("dst/f");

	CHECK_INT(link_to("f", "leader"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "is a directory, its source is not");
	rig.settings.is_forced = true;
	CHECK_INT(link_to("f", "leader"), COPY_IN_WAY);
	rig_close();
}

CASE(what_took_the_place_of_a_leader_is_not_linked_to)
{
	copy_start();
	put_file("src/f", "text");
	put_file("dst/leader", "planted");
	struct stat planted = look_at("dst/leader");
	copy_leader = (struct job_leader){.dev = planted.st_dev,
	                                  .ino = planted.st_ino + 1};

	CHECK_INT(link_to("f", "leader"), COPY_MADE);
	CHECK(leads);
	CHECK_FILE("dst/f", "text");
	CHECK_INT(copy_counts.lost[LOST_LINKS], 1);

	/* The same number, but another's file. */
	CHECK_INT(unlink("dst/f"), 0);
	copy_leader.ino = planted.st_ino;
	copy_leader.uid = planted.st_uid + 1;
	CHECK_INT(link_to("f", "leader"), COPY_MADE);
	CHECK(leads);
	CHECK_FILE("dst/f", "text");

	CHECK_INT(unlink("dst/f"), 0);
	copy_leader.uid = planted.st_uid;
	CHECK_INT(link_to("f", "leader"), COPY_MADE);
	CHECK(!leads);
	CHECK_INT(look_at("dst/f").st_ino, planted.st_ino);
	rig_close();
}

CASE(where_an_inode_has_one_name_at_most_it_is_copied)
{
	copy_start();
	put_file("src/f", "text");
	put_file("dst/leader", "text");
	refuse_call(SYS_linkat, 0, 0, 0, EMLINK);

	CHECK_INT(link_to("f", "leader"), COPY_MADE);

	CHECK(leads);
	CHECK_INT(copy_counts.lost[LOST_LINKS], 1);
	rig_close();
}

CASE(an_inode_with_all_its_links_is_said_to_be_full)
{
	copy_start();
	put_file("src/f", "text");
	put_file("dst/leader", "text");
	CHECK_INT(link("dst/leader", "dst/other"), 0);
	refuse_call(SYS_linkat, 0, 0, 0, EMLINK);

	CHECK_INT(link_to("f", "leader"), COPY_LINK_FULL);

	CHECK_INT(n_names("dst"), 2);
	CHECK_INT(copy_counts.lost[LOST_LINKS], 0);
	rig_close();
}

CASE(where_no_link_can_be_made_it_is_copied_and_leads)
{
	copy_start();
	put_file("src/f", "text");
	put_file("dst/leader", "text");
	/* A new file gets its name by a rename, then. */
	refuse_call(SYS_linkat, 0, 0, 0, EXDEV);
	CHECK(copy_open_dirs().traits != NULL);
	rig.worker.tools.traits.entries[0].no_tmpfile = true;

	CHECK_INT(link_to("f", "leader"), COPY_MADE);

	CHECK(leads);
	CHECK_FILE("dst/f", "text");
	CHECK(look_at("dst/f").st_ino != look_at("dst/leader").st_ino);
	CHECK_INT(copy_counts.lost[LOST_LINKS], 1);
	rig_close();
}

CASE(other_errors_of_a_link_are_failures)
{
	copy_start();
	put_file("src/f", "text");
	put_file("dst/leader", "text");
	refuse_call(SYS_linkat, 0, 0, 0, EIO);

	CHECK_INT(link_to("f", "leader"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "cannot link");
	CHECK(!leads);
	CHECK_INT(copy_counts.lost[LOST_LINKS], 0);
	rig_close();
}

CASE(a_leader_that_is_gone_is_a_failure)
{
	copy_start();
	put_file("src/f", "text");

	CHECK_INT(link_to("f", "leader"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "its first name is gone");
	CHECK_INT(n_names("dst"), 0);
	rig_close();
}

CASE(a_locked_leader_takes_a_name_and_stays_locked)
{
	const struct flags locked = {.bits = 0x10}; /* FS_IMMUTABLE_FL */
	unsigned n_lost = 0;
	struct flags flags;

	need_root();
	copy_start();
	put_file("src/f", "text");
	put_file("dst/leader", "text");
	int fd = open("dst/leader", O_RDONLY | O_CLOEXEC);
	if (flags_set(fd, locked, (struct flags){0}, &n_lost, &copy_fault) != 1)
		SKIP("no inode flags here");

	CHECK_INT(link_to("f", "leader"), COPY_MADE);

	CHECK_INT(look_at("dst/f").st_ino, look_at("dst/leader").st_ino);
	CHECK_INT(flags_read(fd, &flags), 0);
	CHECK(flags_are_locked(flags));
	CHECK_INT(flags_unlock(fd, flags), 0);
	rig_close();
}

CASE(a_dry_run_links_nothing)
{
	copy_start();
	rig.settings.is_dry_run = true;
	put_file("src/f", "text");

	CHECK_INT(link_to("f", "leader"), COPY_MADE);
	put_file("dst/leader", "text");
	CHECK_INT(link_to("f", "leader"), COPY_MADE);
	CHECK_INT(n_names("dst"), 1);
	rig_close();
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
