/* SPDX-License-Identifier: MIT */
#include "engine_fixture.h"

#include "fs/tree.h"

#include <sched.h>
#include <sys/mount.h>

/* A tree of all that an operand may be. */
static void put_operands(void)
{
	(void)enter_work_dir();
	put_dir("dir/sub");
	put_file("dir/f", "");
	put_dir("other");
	put_file("file", "text");
	CHECK_INT(symlink("dir", "link_to_dir"), 0);
	CHECK_INT(symlink("file", "link_to_file"), 0);
	CHECK_INT(symlink("none", "dangling"), 0);
	CHECK_INT(mkfifo("fifo", 0600), 0);
}

static ino_t inode_of(int fd)
{
	struct stat st;

	CHECK_INT(fstat(fd, &st), 0);
	return st.st_ino;
}

static const struct pair *pair(size_t i)
{
	return &rig.site.pairs[i];
}

static void expect_dir(const char *src, const char *dst, const char *root)
{
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	CHECK(pair(0)->is_dir);
	CHECK_STR(pair(0)->src, src);
	CHECK_STR(pair(0)->dst, dst);
	CHECK_INT(inode_of(pair(0)->dst_fd), look_at(root).st_ino);
	rig_close();
}

static void expect_file(const char *place, const char *src_name,
                        const char *dst_name)
{
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	CHECK(!pair(0)->is_dir);
	CHECK_STR(pair(0)->src_name, src_name);
	CHECK_STR(pair(0)->dst_name, dst_name);
	CHECK_INT(inode_of(pair(0)->dst_fd), look_at(place).st_ino);
	rig_close();
}

static void expect_refusal(enum exit_status status, const char *path,
                           const char *what)
{
	CHECK_INT(rig.status, status);
	CHECK_STR(rig.problem.path, path);
	CHECK_STR(rig.problem.fault.what, what);
	rig_close();
}

CASE(a_directory_becomes_dst)
{
	put_operands();

	rig_open("new", "dir", NULL);
	CHECK(pair(0)->dst_is_new);
	CHECK_INT(perms_of("new"), 0700);
	CHECK_INT(inode_of(pair(0)->src_fd), look_at("dir").st_ino);
	expect_dir("dir", "new", "new");
	/* Once more: the same, not one inside the other. */
	rig_open("new", "dir", NULL);
	CHECK(!pair(0)->dst_is_new);
	expect_dir("dir", "new", "new");
	CHECK_INT(n_names("new"), 0);
}

CASE(slashes_behind_a_source_change_nothing)
{
	put_operands();

	rig_open("new", "dir///", NULL);
	expect_dir("dir///", "new", "new");
	rig_open("new2", "link_to_dir", NULL);
	expect_file(".", "link_to_dir", "new2");
}

CASE(into_dst_goes_under_its_own_name)
{
	put_operands();
	rig.operands.into_dst = true;

	rig_open("other", "dir", NULL);
	expect_dir("dir", "other/dir", "other/dir");
	rig_open("other/", "dir/", NULL);
	expect_dir("dir/", "other/dir", "other/dir");
	rig_open("other", "file", NULL);
	expect_file("other", "file", "file");
}

/* The pairs behind the sources' are directories that were made for them. */
CASE(a_path_that_is_kept_has_directories_of_its_own)
{
	put_operands();
	put_file("dir/sub/f", "");
	rig.operands.into_dst = rig.operands.keeps_path = true;

	rig_open("other", "./dir//sub/f", "dir/f", NULL);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	CHECK_INT(rig.site.n_sources, 2);
	CHECK_INT(rig.site.n_pairs, 4);
	CHECK_STR(pair(0)->dst, "other/dir/sub/f");
	CHECK_STR(pair(2)->dst, "other/dir");
	CHECK_STR(pair(3)->src, "dir/sub");
	CHECK(pair(2)->is_implied && pair(3)->is_implied);
	CHECK_INT(perms_of("other/dir/sub"), 0700);
	CHECK_INT(inode_of(pair(1)->dst_fd), look_at("other/dir").st_ino);
	rig_close();
	/* They are there now. */
	rig_open("other", "dir/sub/f", NULL);
	CHECK_INT(rig.site.n_pairs, 1);
	rig_close();
}

CASE(missing_parents_of_dst_are_made_when_asked_for)
{
	put_operands();
	rig.operands.makes_way = true;

	rig_open("a/b/new", "dir", NULL);
	CHECK_INT(perms_of("a"), 0755);
	expect_dir("dir", "a/b/new", "a/b/new");
	rig.settings.is_dry_run = true;
	rig_open("c/d/new", "dir", NULL);
	CHECK(pair(0)->dst_is_missing);
	CHECK_INT(access("c", F_OK), -1);
	rig_close();
}

CASE(a_dst_to_go_into_is_made_as_mkdir_makes_it)
{
	put_operands();
	rig.operands.into_dst = true;

	rig_open("new", "dir", NULL);
	CHECK_INT(perms_of("new"), 0755);
	CHECK_INT(perms_of("new/dir"), 0700);
	expect_dir("dir", "new/dir", "new/dir");
	rig_open("new2/", "file", NULL);
	CHECK_INT(perms_of("new2"), 0755);
	expect_file("new2", "file", "file");
}

CASE(a_file_goes_into_a_directory_or_becomes_dst)
{
	put_operands();

	rig_open("other", "file", NULL);
	CHECK_STR(pair(0)->dst, "other/file");
	expect_file("other", "file", "file");
	rig_open("new", "file", NULL);
	CHECK_STR(pair(0)->dst, "new");
	expect_file(".", "file", "new");
	rig_open("other/new", "dir/f", NULL);
	expect_file("other", "f", "new");
	CHECK_INT(n_names("other"), 0);
}

CASE(a_link_to_a_directory_is_a_directory_to_go_to)
{
	put_operands();
	CHECK_INT(symlink("other", "to_other"), 0);

	rig_open("to_other", "dir", NULL);
	expect_dir("dir", "to_other", "other");
	rig_open("to_other", "file", NULL);
	expect_file("other", "file", "file");
}

CASE(a_source_that_is_a_link_is_one)
{
	put_operands();

	rig_open("new", "link_to_dir", NULL);
	CHECK(meta_is(&pair(0)->meta, S_IFLNK));
	expect_file(".", "link_to_dir", "new");
	rig_open("new", "dangling", NULL);
	expect_file(".", "dangling", "new");
	rig.settings.follow = FOLLOW_OPERANDS;
	rig_open("new", "link_to_file", NULL);
	CHECK(meta_is(&pair(0)->meta, S_IFREG));
	expect_file(".", "file", "new");
	rig_open("other", "link_to_file", NULL);
	expect_file("other", "file", "link_to_file");
	rig_open("new", "link_to_dir", NULL);
	expect_dir("link_to_dir", "new", "new");
}

CASE(dot_and_dot_dot_have_names_of_their_own)
{
	put_operands();
	rig.operands.into_dst = true;
	CHECK_INT(chdir("dir/sub"), 0);

	rig_open("../../other", "..", NULL);
	CHECK_STR(pair(0)->dst, "../../other/dir");
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	rig_close();
	rig_open("../../other", ".", NULL);
	expect_dir(".", "../../other/sub", "../../other/sub");
	rig_open("../../other", "/", NULL);
	expect_refusal(EXIT_NOT_STARTED, "/", "has no name of its own");
}

CASE(dot_is_a_directory_to_copy_to)
{
	put_operands();
	CHECK_INT(chdir("other"), 0);

	rig_open(".", "../dir", NULL);
	expect_dir("../dir", ".", ".");
	rig_open(".", "../file", NULL);
	CHECK_STR(pair(0)->dst, "./file");
	expect_file(".", "file", "file");
}

CASE(several_sources_are_several_pairs)
{
	put_operands();
	rig.operands.into_dst = true;

	rig_open("other", "dir", "file", "link_to_dir", NULL);

	CHECK_INT(rig.site.n_pairs, 3);
	CHECK_STR(pair(0)->dst, "other/dir");
	CHECK_STR(pair(1)->dst, "other/file");
	CHECK_STR(pair(2)->dst, "other/link_to_dir");
	rig_close();
}

CASE(a_missing_source_is_told_and_left_out)
{
	put_operands();
	rig.operands.into_dst = true;

	rig_open("other", "none", "file", NULL);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	CHECK(pair(0)->is_unusable && !pair(1)->is_unusable);
	CHECK_TOLD("cannot open none\n");
	rig_close();
	/* All of them: nothing is made. */
	rig_open("new", "none", "file/x", NULL);
	CHECK_INT(rig.status, EXIT_NOT_STARTED);
	CHECK_TOLD("cannot open none\ncannot open file/x\n");
	CHECK(!rig.problem.path);
	CHECK(!exists("new"));
	rig_close();
}

CASE(a_directory_that_may_not_be_read_is_no_source)
{
	need_root();
	put_operands();
	CHECK_INT(chmod("dir", 0700), 0);
	become_nobody();

	rig_open("new", "dir", NULL);
	CHECK_INT(rig.status, EXIT_NOT_STARTED);
	CHECK_TOLD("cannot open dir\n");
	CHECK(!exists("new"));
	rig_close();
}

CASE(no_copy_onto_itself)
{
	put_operands();
	CHECK_INT(link("file", "same"), 0);

	rig_open("dir", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir",
	               "source and destination are the same");
	rig_open("link_to_dir", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir",
	               "source and destination are the same");
	rig_open("dir/sub/..", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir",
	               "source and destination are the same");
	rig_open("file", "file", NULL);
	expect_refusal(EXIT_REFUSED, "file",
	               "source and destination are the same");
	rig_open("same", "file", NULL);
	expect_refusal(EXIT_REFUSED, "file",
	               "source and destination are the same");
	rig_open(".", "file", NULL);
	expect_refusal(EXIT_REFUSED, "file",
	               "source and destination are the same");
	rig.operands.into_dst = true;
	rig_open(".", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir",
	               "source and destination are the same");
}

CASE(a_link_does_not_take_the_place_of_what_it_leads_to)
{
	put_operands();
	put_file("other/link_to_other", "text");
	CHECK_INT(symlink("other/link_to_other", "link_to_other"), 0);

	rig_open("file", "link_to_file", NULL);
	expect_refusal(EXIT_REFUSED, "link_to_file",
	               "source and destination are the same");
	rig_open("other", "link_to_other", NULL);
	expect_refusal(EXIT_REFUSED, "link_to_other",
	               "source and destination are the same");
	/* Two links to one file are two. */
	CHECK_INT(symlink("file", "link_to_file2"), 0);
	rig_open("link_to_file2", "link_to_file", NULL);
	expect_file(".", "link_to_file", "link_to_file2");
}

CASE(a_dst_that_leads_in_circles_is_a_link)
{
	put_operands();
	CHECK_INT(symlink("loop", "loop"), 0);

	rig_open("loop", "file", NULL);
	expect_file(".", "file", "loop");
	rig_open("loop", "dir", NULL);
	expect_refusal(EXIT_NOT_STARTED, "loop",
	               "is not a directory, its source is");
}

CASE(no_copy_into_itself)
{
	put_operands();
	put_dir("dir/sub/deep");

	rig_open("dir/new", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir", "would be copied into itself");
	rig_open("dir/sub", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir", "would be copied into itself");
	rig_open("dir/sub/deep/new", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir", "would be copied into itself");
	rig_open("link_to_dir/sub/new", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir", "would be copied into itself");
	rig.operands.into_dst = true;
	rig_open("dir", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir", "would be copied into itself");
	rig_open("dir/new", ".", NULL);
	expect_refusal(EXIT_REFUSED, ".", "would be copied into itself");
	CHECK(!exists("dir/new"));
	CHECK_INT(n_names("dir/sub"), 1);
}

static void need_mounts(void)
{
	need_root();
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		SKIP("cannot mount here");
}

CASE(no_copy_into_itself_by_a_bind_mount)
{
	put_operands();
	put_dir("dir/sub/deep");
	need_mounts();
	CHECK_INT(mount("dir/sub", "other", NULL, MS_BIND, NULL), 0);

	rig_open("other", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir", "would be copied into itself");
	rig_open("other/deep/new", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir", "would be copied into itself");
	rig_open("dir/sub/deep/new", "other", NULL);
	expect_refusal(EXIT_REFUSED, "other", "would be copied into itself");
	/* The reverse may be. */
	rig_open("dir", "other", NULL);
	expect_dir("other", "dir", "dir");
	rig_open("other", "dir/f", NULL);
	expect_file("other", "f", "f");
	CHECK_INT(n_names("dir/sub"), 1);
}

CASE(no_copy_into_what_is_mounted_in_the_source)
{
	put_operands();
	put_dir("dst/deep");
	need_mounts();
	CHECK_INT(mount("dst", "dir/sub", NULL, MS_BIND, NULL), 0);

	rig_open("dst/new", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir", "would be copied into itself");
	rig_open("dst", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir", "would be copied into itself");
	/* Unless that is left out. */
	rig.settings.is_one_file_system = true;
	rig_open("dst/deep", "dir", NULL);
	expect_refusal(EXIT_REFUSED, "dir", "would be copied into itself");
	rig.settings.is_one_file_system = false;
	/* Covered by something else it is out of reach. */
	CHECK_INT(mount("other", "dir/sub", NULL, MS_BIND, NULL), 0);
	rig_open("dst", "dir", NULL);
	expect_dir("dir", "dst", "dst");
	CHECK_INT(n_names("dst"), 1);
}

CASE(a_directory_may_be_copied_to_one_above_it)
{
	put_operands();

	rig_open(".", "dir/sub", NULL);
	expect_dir("dir/sub", ".", ".");
	rig_open("dir", "dir/sub", NULL);
	expect_dir("dir/sub", "dir", "dir");
}

CASE(a_refusal_makes_nothing)
{
	put_operands();
	rig.operands.into_dst = true;
	put_dir("new");
	put_dir("sub/dir");

	/* The second one is wrong, so the first one has no place either. */
	rig_open("other", "dir", "other", NULL);
	expect_refusal(EXIT_REFUSED, "other", "would be copied into itself");
	rig_open("new/new", "dir", "sub/dir", NULL);
	expect_refusal(EXIT_NOT_STARTED, "sub/dir",
	               "has the name of another source");
	CHECK_INT(n_names("other"), 0);
	CHECK_INT(n_names("new"), 0);
}

CASE(a_directory_needs_a_directory)
{
	put_operands();

	rig_open("file", "dir", NULL);
	expect_refusal(EXIT_NOT_STARTED, "file",
	               "is not a directory, its source is");
	rig_open("dangling", "dir", NULL);
	expect_refusal(EXIT_NOT_STARTED, "dangling",
	               "is not a directory, its source is");
	rig.operands.into_dst = true;
	rig_open("file", "dir", NULL);
	expect_refusal(EXIT_NOT_STARTED, "file", "is not a directory");
	rig_open("dangling/", "file", NULL);
	CHECK_INT(rig.status, EXIT_NOT_STARTED);
	rig_close();
	CHECK(!exists("none"));
}

CASE(dst_needs_a_directory_that_it_is_in)
{
	put_operands();

	rig_open("none/new", "dir", NULL);
	expect_refusal(EXIT_NOT_STARTED, "none/new",
	               "cannot open the directory it is in (see --mkpath)");
	rig_open("file/new", "dir", NULL);
	CHECK_INT(rig.status, EXIT_NOT_STARTED);
	rig_close();
	CHECK(!exists("none"));
}

CASE(a_dry_run_makes_nothing_and_knows_what_is_missing)
{
	put_operands();
	rig.settings.is_dry_run = true;

	rig_open("new", "dir", NULL);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	CHECK(pair(0)->dst_is_missing && pair(0)->dst_fd < 0);
	rig_close();
	rig_open("other", "dir", NULL);
	CHECK(!pair(0)->dst_is_missing);
	expect_dir("dir", "other", "other");
	rig.operands.into_dst = true;
	rig_open("new", "dir", "file", NULL);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	CHECK(pair(0)->dst_is_missing && pair(1)->dst_is_missing);
	rig_close();
	rig_open("other", "dir", NULL);
	CHECK(pair(0)->dst_is_missing);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	rig_close();
	CHECK(!exists("new"));
	CHECK_INT(n_names("other"), 0);
}

CASE(special_files_are_not_opened)
{
	put_operands();

	rig_open("new", "fifo", NULL);
	CHECK(meta_is(&pair(0)->meta, S_IFIFO));
	expect_file(".", "fifo", "new");
}

CASE(files_of_one_directory_share_its_descriptor)
{
	put_operands();
	put_file("dir/g", "");
	rig.operands.into_dst = true;
	size_t n_before = n_open();

	rig_open("other", "dir/f", "dir/g", "dir/sub/../f2", "file", NULL);
	rig_close();
	CHECK_INT(n_open(), n_before);
	rig_open("other", "dir/f", "dir/g", "dir/none", "file", NULL);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	CHECK_INT(pair(1)->src_fd, pair(0)->src_fd);
	CHECK_INT(inode_of(pair(1)->src_fd), look_at("dir").st_ino);
	CHECK_INT(inode_of(pair(3)->src_fd), look_at(".").st_ino);
	for (size_t i = 0; i < 4; i++) {
		if (i != 2)
			CHECK_INT(inode_of(pair(i)->dst_fd),
			          look_at("other").st_ino);
	}
	rig_close();
	CHECK_INT(n_open(), n_before);
}

CASE(roots_of_directories_are_two_descriptors)
{
	put_operands();
	struct site_problem problem;
	struct site site;
	const char *const sources[] = {"dir"};
	const struct operands operands = {
		.sources = sources, .n_sources = 1, .dst = "other"};
	size_t n_before = n_open();

	CHECK_INT(site_open(&rig.settings, &operands, &site, rig_on_report,
	                    NULL, &problem),
	          EXIT_ALL_DONE);
	CHECK_INT(n_open(), n_before + 2);
	site_close(&site);
	CHECK_INT(n_open(), n_before);
}

CASE(close_closes_all)
{
	put_operands();
	rig.operands.into_dst = true;
	size_t n_before = n_open();

	rig_open("other", "dir", "file", "none", NULL);
	rig_close();
	CHECK_INT(n_open(), n_before);
	rig_open("dir/new", "dir", NULL);
	rig_close();
	rig_open("other", "dir", "other", NULL);
	rig_close();
	CHECK_INT(n_open(), n_before);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
