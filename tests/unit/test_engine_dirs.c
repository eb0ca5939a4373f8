/* SPDX-License-Identifier: MIT */
#include "engine_fixture.h"

static struct dir *root, *a, *b, *c;

/* src and dst with a, a/b and a/b/c, and a node for each. */
static void begin(void)
{
	put_dir("src/a/b/c");
	put_dir("dst/a/b/c");
	rig_open("dst", "src", NULL);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	root = dirs_add(&rig.dirs, NULL, 0, "", 0);
	a = dirs_add(&rig.dirs, root, 0, "a", 1);
	b = dirs_add(&rig.dirs, a, 0, "b", 1);
	c = dirs_add(&rig.dirs, b, 0, "c", 1);
	struct dir *dirs[] = {root, a, b, c};
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		dirs[i]->meta = (struct meta){.mode = S_IFDIR | 0700,
		                              .uid = geteuid(),
		                              .gid = getegid(),
		                              .mtime_s = 1000 + (int64_t)i};
}

static void expect_path(const struct dir *dir, const char *want)
{
	const struct buf *path = dirs_path(&rig.dirs, dir);

	CHECK_STR(path->data, want);
	CHECK_INT(path->len, strlen(want));
}

CASE(a_path_is_the_names_from_the_root_down)
{
	(void)enter_work_dir();
	begin();

	expect_path(root, "");
	expect_path(a, "a");
	expect_path(c, "a/b/c");
	expect_path(dirs_add(&rig.dirs, c, 0, "a longer name", 8),
	            "a/b/c/a longer");
	expect_path(root, "");
	rig_close();
}

CASE(paths_have_no_limit)
{
	char name[255];
	struct dir *at = NULL;

	(void)enter_work_dir();
	begin();
	memset(name, 'n', sizeof(name));
	at = root;
	for (int i = 0; i < 1000; i++)
		at = dirs_add(&rig.dirs, at, 0, name, sizeof(name));

	CHECK_INT(dirs_path(&rig.dirs, at)->len, 1000 * 256 - 1);
	rig_close();
}

CASE(the_last_to_let_go_finishes_upwards)
{
	(void)enter_work_dir();
	begin();

	dirs_let_go(&rig.dirs, a);
	dirs_let_go(&rig.dirs, root);
	dirs_let_go(&rig.dirs, b);
	CHECK_TOLD("");
	dirs_let_go(&rig.dirs, c);

	CHECK_TOLD("finished src/a/b/c\nfinished src/a/b\nfinished src/a\n"
	           "finished src\n");
	CHECK(!rig.dirs.all);
	rig_close();
}

CASE(each_hold_counts)
{
	(void)enter_work_dir();
	begin();
	dirs_hold(c);
	dirs_hold(b);

	dirs_let_go(&rig.dirs, c);
	CHECK_TOLD("");
	dirs_let_go(&rig.dirs, c);
	CHECK_TOLD("finished src/a/b/c\n");
	dirs_let_go(&rig.dirs, b);
	CHECK_TOLD("");
	dirs_let_go(&rig.dirs, b);
	CHECK_TOLD("finished src/a/b\n");
	rig_close();
}

CASE(a_finished_directory_has_its_sources_mode_and_time)
{
	(void)enter_work_dir();
	begin();
	c->meta.mode = S_IFDIR | 0551;
	b->meta.mode = S_IFDIR | 0500;
	b->meta.mtime_ns = 123456789;

	dirs_let_go(&rig.dirs, b);
	CHECK_INT(perms_of("dst/a/b"), 0755);
	dirs_let_go(&rig.dirs, c);

	CHECK_TOLD("finished src/a/b/c\nfinished src/a/b\n");
	CHECK_INT(perms_of("dst/a/b/c"), 0551);
	CHECK_INT(look_at("dst/a/b/c").st_mtime, 1003);
	CHECK_INT(perms_of("dst/a/b"), 0500);
	CHECK_INT(look_at("dst/a/b").st_mtime, 1002);
	CHECK_INT(look_at("dst/a/b").st_mtim.tv_nsec, 123456789);
	CHECK(look_at("dst/a").st_mtime != 1001);
	rig_close();
}

CASE(attributes_come_from_the_source_directory)
{
	(void)enter_work_dir();
	put_dir("src/a/b/c");
	put_attr("src/a/b/c", "user.a", "1", 1);
	put_acl("src/a/b/c", DEFAULT_ACL, 1234, 5);
	begin();

	dirs_let_go(&rig.dirs, c);

	CHECK_INT(attr_size("dst/a/b/c", "user.a"), 1);
	CHECK(attr_size("dst/a/b/c", DEFAULT_ACL) > 0);
	rig_close();
}

CASE(a_directory_whose_source_is_gone_is_finished_without_attributes)
{
	(void)enter_work_dir();
	begin();
	CHECK_INT(rmdir("src/a/b/c"), 0);

	dirs_let_go(&rig.dirs, c);

	CHECK_TOLD("finished src/a/b/c\n");
	CHECK_INT(look_at("dst/a/b/c").st_mtime, 1003);
	rig_close();
}

CASE(one_that_cannot_be_finished_is_told_and_its_parents_go_on)
{
	(void)enter_work_dir();
	begin();
	CHECK_INT(rmdir("dst/a/b/c"), 0);
	dirs_let_go(&rig.dirs, b);
	dirs_let_go(&rig.dirs, a);

	dirs_let_go(&rig.dirs, c);

	CHECK_TOLD("cannot open directory src/a/b/c\nfinished src/a/b\n"
	           "finished src/a\n");
	rig_close();
}

CASE(a_link_in_its_place_is_not_followed)
{
	(void)enter_work_dir();
	begin();
	put_dir("elsewhere");
	CHECK_INT(rmdir("dst/a/b/c"), 0);
	CHECK_INT(symlink("../../../elsewhere", "dst/a/b/c"), 0);
	c->meta.mode = S_IFDIR | 0777;

	dirs_let_go(&rig.dirs, c);

	CHECK_TOLD("cannot open directory src/a/b/c\n");
	CHECK_INT(perms_of("elsewhere"), 0755);
	rig_close();
}

CASE(what_is_not_ours_is_not_finished)
{
	(void)enter_work_dir();
	begin();
	c->flags |= DIR_NO_FINISH;

	dirs_let_go(&rig.dirs, c);

	CHECK_TOLD("");
	CHECK(look_at("dst/a/b/c").st_mtime != 1003);
	rig_close();
}

CASE(a_dry_run_finishes_without_touching)
{
	(void)enter_work_dir();
	rig.settings.is_dry_run = true;
	begin();
	a->flags |= DIR_DST_MISSING;

	dirs_let_go(&rig.dirs, c);
	CHECK_TOLD("finished src/a/b/c\n");
	CHECK(look_at("dst/a/b/c").st_mtime != 1003);
	rig_close();
}

CASE(losses_of_directories_are_counted)
{
	need_root();
	(void)enter_work_dir();
	put_dir("src/a/b/c");
	put_dir("dst/a/b/c");
	CHECK_INT(chown("dst/a/b/c", NOBODY, NOBODY), 0);
	become_nobody();
	begin();
	c->meta.uid = 0;

	dirs_let_go(&rig.dirs, c);

	CHECK_TOLD("owners cannot be kept here dst/a/b/c\n"
	           "finished src/a/b/c\n");
	CHECK_INT(rig.dirs.counts.lost[LOST_OWNERS], 1);
	rig_close();
}

CASE(release_frees_what_was_not_finished)
{
	(void)enter_work_dir();
	begin();
	buf_append_str(&b->subdirs, "some name");

	dirs_release(&rig.dirs);

	CHECK(!rig.dirs.all);
	CHECK_TOLD("");
	CHECK(look_at("dst/a").st_mtime != 1001);
	rig_close();
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
