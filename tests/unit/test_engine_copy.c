/* SPDX-License-Identifier: MIT */
/* The rules: what becomes of an entry whose name is taken, or is not. */
#include "copy_fixture.h"

/* src/f and dst/f of the same size and time, with other content. */
static void put_same(void)
{
	put_file("src/f", "new");
	put_file("dst/f", "old");
	set_mtime("src/f", 1000, 5);
	set_mtime("dst/f", 1000, 5);
}

/* In the update rules' order: changed, older, all, none. */
static void expect_by_rule(int64_t dst_time, const bool copied[4])
{
	for (unsigned rule = UPDATE_CHANGED; rule <= UPDATE_NONE; rule++) {
		put_file("src/f", "new text");
		set_mtime("src/f", 1000, 0);
		put_file("dst/f", "old");
		set_mtime("dst/f", dst_time, 0);
		rig.settings.update = (enum update_rule)rule;

		CHECK_INT(copy("f"), copied[rule] ? COPY_MADE : COPY_UNCHANGED);
		CHECK_FILE("dst/f", copied[rule] ? "new text" : "old");
	}
}

CASE(what_is_missing_is_copied_by_any_rule)
{
	copy_start();
	put_file("src/f", "text");

	for (unsigned rule = UPDATE_CHANGED; rule <= UPDATE_NONE; rule++) {
		rig.settings.update = (enum update_rule)rule;
		CHECK_INT(copy("f"), COPY_MADE);
		CHECK_FILE("dst/f", "text");
		CHECK_INT(unlink("dst/f"), 0);
	}
	rig_close();
}

CASE(what_differs_is_copied_as_the_rule_says)
{
	copy_start();

	expect_by_rule(900, (const bool[]){true, true, true, false});
	expect_by_rule(1000, (const bool[]){true, false, true, false});
	expect_by_rule(1100, (const bool[]){true, false, true, false});
	rig_close();
}

CASE(what_has_the_same_size_and_time_is_left_alone)
{
	copy_start();
	put_same();

	CHECK_INT(copy("f"), COPY_UNCHANGED);
	CHECK_FILE("dst/f", "old");
	rig.settings.update = UPDATE_OLDER;
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	CHECK_FILE("dst/f", "old");
	rig.settings.update = UPDATE_ALL;
	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_FILE("dst/f", "new");
	rig_close();
}

CASE(a_nanosecond_is_a_difference)
{
	copy_start();
	put_same();
	set_mtime("dst/f", 1000, 6);

	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_FILE("dst/f", "new");
	rig_close();
}

CASE(the_size_is_a_difference)
{
	copy_start();
	put_same();
	put_file("dst/f", "longer");
	set_mtime("dst/f", 1000, 5);

	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_FILE("dst/f", "new");
	rig_close();
}

CASE(metadata_of_what_is_left_alone_is_mended)
{
	copy_start();
	put_same();
	CHECK_INT(chmod("src/f", 0751), 0);
	ino_t before = look_at("dst/f").st_ino;

	CHECK_INT(copy("f"), COPY_MENDED);
	CHECK_INT(perms_of("dst/f"), 0751);
	CHECK_INT(look_at("dst/f").st_ino, before);
	CHECK_FILE("dst/f", "old");
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	put_attr("src/f", "user.a", "1", 1);
	CHECK_INT(copy("f"), COPY_MENDED);
	CHECK_INT(attr_size("dst/f", "user.a"), 1);
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	if (geteuid() == 0) {
		CHECK_INT(chown("src/f", 12, 34), 0);
		CHECK_INT(copy("f"), COPY_MENDED);
		CHECK_INT(look_at("dst/f").st_uid, 12);
		CHECK_INT(copy("f"), COPY_UNCHANGED);
	}
	rig_close();
}

CASE(a_rule_that_leaves_alone_mends_nothing)
{
	copy_start();
	put_same();
	CHECK_INT(chmod("src/f", 0751), 0);
	rig.settings.update = UPDATE_NONE;

	CHECK_INT(copy("f"), COPY_UNCHANGED);
	CHECK_INT(perms_of("dst/f"), 0644);
	rig_close();
}

CASE(mending_does_not_go_through_other_names)
{
	copy_start();
	put_same();
	put_file("elsewhere", "old");
	set_mtime("elsewhere", 1000, 5);
	CHECK_INT(chmod("src/f", 0600), 0);
	CHECK_INT(unlink("dst/f"), 0);
	CHECK_INT(symlink("../elsewhere", "dst/f"), 0);

	CHECK_INT(copy("f"), COPY_MADE);

	CHECK(S_ISREG(look_at("dst/f").st_mode));
	CHECK_INT(perms_of("elsewhere"), 0644);
	rig_close();
}

/* The other name may be that of somebody's victim. */
CASE(where_others_can_put_entries_no_inode_with_other_names_is_changed)
{
	copy_start();
	put_same();
	CHECK_INT(chmod("dst", 01777), 0);
	CHECK_INT(link("dst/f", "victim"), 0);

	CHECK_INT(copy("f"), COPY_UNCHANGED);
	CHECK_INT(chmod("src/f", 0600), 0);
	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_INT(perms_of("dst/f"), 0600);
	CHECK_INT(perms_of("victim"), 0644);
	CHECK_FILE("victim", "old");
	CHECK_INT(unlink("dst/f"), 0);
	CHECK_INT(link("victim", "dst/f"), 0);
	set_mtime("src/f", 2000, 0);
	rig.settings.is_inplace = true;
	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_FILE("victim", "old");
	/* With no other name it is mended and written in place. */
	ino_t before = look_at("dst/f").st_ino;
	CHECK_INT(chmod("src/f", 0640), 0);
	CHECK_INT(copy("f"), COPY_MENDED);
	set_mtime("src/f", 3000, 0);
	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_INT(look_at("dst/f").st_ino, before);
	rig_close();
}

CASE(an_entry_that_is_to_be_anew_is_copied)
{
	copy_start();
	put_same();
	CHECK_INT(link("dst/f", "dst/other"), 0);
	copy_is_anew = true;

	CHECK_INT(copy("f"), COPY_MADE);

	CHECK_FILE("dst/f", "new");
	CHECK_FILE("dst/other", "old");
	rig_close();
}

CASE(a_copy_with_more_names_that_is_left_alone_is_told)
{
	copy_start();
	put_same();
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	CHECK_INT(copy_shared.ino, 0);

	CHECK_INT(link("dst/f", "dst/other"), 0);
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	CHECK_INT(copy_shared.ino, look_at("dst/f").st_ino);
	rig.settings.keeps_links = false;
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	CHECK_INT(copy_shared.ino, 0);
	rig_close();
}

CASE(the_source_under_another_name_is_left_alone)
{
	copy_start();
	put_file("src/f", "text");
	CHECK_INT(link("src/f", "dst/f"), 0);
	rig.settings.update = UPDATE_ALL;

	CHECK_INT(copy("f"), COPY_UNCHANGED);
	CHECK_INT(look_at("dst/f").st_ino, look_at("src/f").st_ino);
	rig_close();
}

CASE(a_directory_in_the_way_fails_or_is_handed_back)
{
	copy_start();
	put_file("src/f", "text");
	put_dir("dst/f/sub");

	CHECK_INT(copy("f"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "is a directory, its source is not");
	CHECK(copy_fault.is_at_dst);
	rig.settings.is_forced = true;
	CHECK_INT(copy("f"), COPY_IN_WAY);
	CHECK(exists("dst/f/sub"));
	rig.settings.update = UPDATE_NONE;
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	rig_close();
}

CASE(another_type_is_replaced)
{
	copy_start();
	put_file("src/a", "text");
	CHECK_INT(symlink("target", "src/b"), 0);
	CHECK_INT(mkfifo("src/c", 0600), 0);
	CHECK_INT(mkfifo("dst/a", 0600), 0);
	put_file("dst/b", "text");
	CHECK_INT(symlink("target", "dst/c"), 0);

	CHECK_INT(copy("a"), COPY_MADE);
	CHECK_FILE("dst/a", "text");
	CHECK_INT(copy("b"), COPY_MADE);
	CHECK(S_ISLNK(look_at("dst/b").st_mode));
	CHECK_INT(copy("c"), COPY_MADE);
	CHECK(S_ISFIFO(look_at("dst/c").st_mode));
	CHECK_INT(n_names("dst"), 3);
	rig_close();
}

CASE(a_directory_known_to_be_empty_is_not_looked_at)
{
	copy_start();
	put_file("src/f", "text");
	copy_dst_is_empty = true;

	CHECK_INT(copy("f"), COPY_MADE);
	/* Somebody was quicker: it is replaced. */
	put_file("dst/f", "somebody else's");
	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_FILE("dst/f", "text");
	CHECK_INT(n_names("dst"), 1);
	rig_close();
}

CASE(a_dry_run_says_what_would_be_done)
{
	copy_start();
	rig.settings.is_dry_run = true;
	put_same();
	put_file("src/new", "text");

	CHECK_INT(copy("new"), COPY_MADE);
	CHECK_INT(copy("f"), COPY_UNCHANGED);
	CHECK_INT(chmod("src/f", 0600), 0);
	CHECK_INT(copy("f"), COPY_MENDED);
	set_mtime("src/f", 2000, 0);
	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_FILE("dst/f", "old");
	CHECK_INT(perms_of("dst/f"), 0644);
	CHECK(!exists("dst/new"));
	rig_close();
}

CASE(a_locked_file_is_changed_by_force_only)
{
	need_root();
	copy_start();
	put_same();
	CHECK_INT(chmod("src/f", 0600), 0);
	int fd = open("dst/f", O_RDONLY | O_CLOEXEC);
	unsigned n_lost = 0;
	const struct flags locked = {.bits = 0x10}; /* FS_IMMUTABLE_FL */
	if (flags_set(fd, locked, (struct flags){0}, &n_lost, &copy_fault) != 1)
		SKIP("no inode flags here");

	CHECK_INT(copy("f"), COPY_FAILED);
	CHECK_STR(copy_fault.what, "is immutable or append-only (see --force)");
	CHECK_INT(perms_of("dst/f"), 0644);
	rig.settings.is_forced = true;
	CHECK_INT(copy("f"), COPY_MENDED);
	CHECK_INT(perms_of("dst/f"), 0600);
	/* And replaced. */
	CHECK_INT(
		flags_set(fd, locked, (struct flags){0}, &n_lost, &copy_fault),
		1);
	set_mtime("src/f", 2000, 0);
	rig.settings.is_forced = false;
	CHECK_INT(copy("f"), COPY_FAILED);
	CHECK_FILE("dst/f", "old");
	rig.settings.is_forced = true;
	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_FILE("dst/f", "new");
	CHECK_INT(n_names("dst"), 1);
	rig_close();
}

CASE(what_took_the_place_of_its_source_mends_nothing)
{
	copy_start();
	put_file("src/f", "content");
	CHECK_INT(copy("f"), COPY_MADE);
	CHECK_INT(chmod("dst/f", 0600), 0);
	struct meta meta = copy_meta_of("f", false);
	meta.ino += 1000000;

	CHECK_INT(copy_as("f", &meta), COPY_VANISHED);

	CHECK_STR(copy_fault.what, "was replaced meanwhile");
	CHECK_INT(perms_of("dst/f"), 0600);
	rig_close();
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
