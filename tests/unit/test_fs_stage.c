/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/stage.h"

#include <sys/mman.h>

static char note[STAGE_NAME_MAX];
static struct traits traits = {.is_known = true};
static struct stage stage;
static bool has_perms;

static struct stage_dir at(int dir)
{
	return (struct stage_dir){.fd = dir};
}

static void begin(int dir)
{
	CHECK_INT(stage_open(&stage, at(dir), &traits, 0644, &has_perms, note),
	          0);
	CHECK_INT(write(stage.fd, "new", 3), 3);
}

/* Runs the rest of a case for both ways: unnamed and with a name. */
static void both_ways(void (*body)(int dir))
{
	for (int i = 0; i < 2; i++) {
		int dir = enter_work_dir();

		traits.no_tmpfile = i == 1;
		body(dir);
		CHECK_STR(note, "");
	}
}

static void expect_only(size_t n)
{
	CHECK_INT(n_names("."), n);
}

static void publishes(int dir)
{
	begin(dir);
	CHECK(!exists("f"));

	CHECK_INT(stage_publish(&stage, "f"), 0);
	CHECK_STR(note, "");
	CHECK_INT(stage_close(&stage), 0);

	CHECK_FILE("f", "new");
	expect_only(1);
}

CASE(it_appears_when_it_is_published)
{
	both_ways(publishes);
}

CASE(without_a_name_it_has_its_permissions_at_once)
{
	int dir = enter_work_dir();

	CHECK_INT(stage_open(&stage, at(dir), &traits, 0751, &has_perms, note),
	          0);
	if (traits.no_tmpfile)
		SKIP("no O_TMPFILE here");
	CHECK(has_perms);
	CHECK_STR(note, "");
	expect_only(0);
	CHECK_INT(stage_publish(&stage, "f"), 0);
	CHECK_INT(perms_of("f"), 0751);
	CHECK_INT(stage_close(&stage), 0);
}

CASE(with_a_name_it_is_closed_to_others)
{
	int dir = enter_work_dir();

	traits.no_tmpfile = true;
	CHECK_INT(stage_open(&stage, at(dir), &traits, 0777, &has_perms, note),
	          0);

	CHECK(!has_perms);
	CHECK(strncmp(note, ".pcopy.", 7) == 0);
	CHECK_INT(perms_of(note), 0600);
	expect_only(1);
	stage_discard(&stage);
}

CASE(in_a_closed_directory_a_name_has_its_permissions_at_once)
{
	const struct stage_dir dir = {
		.fd = enter_work_dir(), .is_private = true, .is_closed = true};

	traits.no_tmpfile = true;
	CHECK_INT(stage_open(&stage, dir, &traits, 0751, &has_perms, note), 0);

	CHECK(has_perms);
	CHECK_INT(perms_of(note), 0751);
	stage_discard(&stage);
	expect_only(0);
}

CASE(where_that_is_faster_it_has_a_name_if_only_we_can_make_entries)
{
	struct stage_dir dir = {.fd = enter_work_dir()};

	traits.slow_tmpfile = true;
	CHECK_INT(stage_open(&stage, dir, &traits, 0644, &has_perms, note), 0);
	if (traits.no_tmpfile)
		SKIP("no O_TMPFILE here");
	CHECK_STR(note, "");
	stage_discard(&stage);

	dir.is_private = true;
	CHECK_INT(stage_open(&stage, dir, &traits, 0644, &has_perms, note), 0);
	CHECK(strncmp(note, ".pcopy.", 7) == 0);
	CHECK_INT(stage_publish(&stage, "f"), 0);
	CHECK_INT(stage_close(&stage), 0);
	expect_only(1);
}

static void replaces(int dir)
{
	char old[4] = "";

	put_file("f", "old");
	CHECK_INT(link("f", "other"), 0);
	int fd = open("f", O_RDONLY | O_CLOEXEC);
	begin(dir);
	CHECK_FILE("f", "old");

	CHECK_INT(stage_publish(&stage, "f"), 0);
	CHECK_INT(stage_close(&stage), 0);

	CHECK_FILE("f", "new");
	CHECK_FILE("other", "old");
	CHECK_INT(read(fd, old, 3), 3);
	CHECK_STR(old, "old");
	expect_only(2);
}

CASE(what_had_the_name_stays_whole_until_then)
{
	both_ways(replaces);
}

static void replaces_a_link(int dir)
{
	put_file("target", "old");
	CHECK_INT(symlink("target", "f"), 0);
	begin(dir);

	CHECK_INT(stage_publish(&stage, "f"), 0);
	CHECK_INT(stage_close(&stage), 0);

	CHECK(S_ISREG(look_at("f").st_mode));
	CHECK_FILE("target", "old");
	expect_only(2);
}

CASE(a_symlink_is_replaced_not_followed)
{
	both_ways(replaces_a_link);
}

static void meets_a_file(int dir)
{
	begin(dir);
	put_file("f", "somebody else's");

	CHECK_INT(stage_publish(&stage, "f"), 0);
	CHECK_INT(stage_close(&stage), 0);

	CHECK_FILE("f", "new");
	expect_only(1);
}

CASE(a_file_that_came_meanwhile_is_replaced)
{
	both_ways(meets_a_file);
}

static void meets_a_dir(int dir)
{
	put_dir("f/sub");
	begin(dir);
	size_t n_before = n_open();

	CHECK_INT(stage_publish(&stage, "f"), -EISDIR);

	CHECK(exists("f/sub"));
	expect_only(1);
	CHECK_INT(n_open(), n_before - 1);
	stage_discard(&stage);
}

CASE(a_directory_is_not_replaced_and_nothing_is_left)
{
	both_ways(meets_a_dir);
}

static void loses_its_dir(int dir)
{
	(void)dir;
	put_dir("d");
	int sub = open_dir("d");
	begin(sub);
	if (note[0])
		CHECK_INT(unlinkat(sub, note, 0), 0);
	CHECK_INT(rmdir("d"), 0);

	/* Without a name it might be the way that is refused. */
	int rc = stage_publish(&stage, "f");
	CHECK(rc == -ENOENT || rc == STAGE_AGAIN);
	stage_discard(&stage);
	expect_only(0);
}

CASE(a_directory_that_is_gone_is_an_error)
{
	both_ways(loses_its_dir);
}

static void is_discarded(int dir)
{
	size_t n_before = n_open();

	begin(dir);
	stage_discard(&stage);
	expect_only(0);
	CHECK_INT(n_open(), n_before);
	stage_discard(&stage);
	/* Once more after it was published and closed. */
	begin(dir);
	CHECK_INT(stage_publish(&stage, "f"), 0);
	CHECK_INT(stage_close(&stage), 0);
	stage_discard(&stage);
	CHECK_FILE("f", "new");
}

CASE(discard_leaves_nothing_and_may_come_twice)
{
	both_ways(is_discarded);
}

static void publishes_as_nobody(void)
{
	int dir = enter_work_dir();

	become_nobody();
	begin(dir);
	put_file("g", "old");

	CHECK_INT(stage_publish(&stage, "f"), 0);
	CHECK_INT(stage_close(&stage), 0);
	begin(dir);
	CHECK_INT(stage_publish(&stage, "g"), 0);
	CHECK_INT(stage_close(&stage), 0);

	CHECK_FILE("f", "new");
	CHECK_FILE("g", "new");
	expect_only(2);
}

CASE(it_works_without_privileges)
{
	publishes_as_nobody();
}

CASE(it_works_where_descriptors_cannot_be_linked)
{
	refuse_call(SYS_linkat, 4, AT_EMPTY_PATH, AT_EMPTY_PATH, ENOENT);
	publishes_as_nobody();
}

static void expect_named_after(int err)
{
	int dir = enter_work_dir();

	refuse_call(SYS_openat, 2, O_TMPFILE, O_TMPFILE, err);
	begin(dir);
	CHECK(note[0] && exists(note));
	CHECK(traits.no_tmpfile);

	CHECK_INT(stage_publish(&stage, "f"), 0);
	CHECK_INT(stage_close(&stage), 0);
	CHECK_FILE("f", "new");
	expect_only(1);
}

CASE(a_file_system_without_unnamed_files_gets_named_ones)
{
	expect_named_after(EOPNOTSUPP);
}

CASE(so_does_a_kernel_that_does_not_know_them)
{
	expect_named_after(EISDIR);
}

CASE(other_errors_are_final)
{
	int dir = enter_work_dir();

	refuse_call(SYS_openat, 2, O_TMPFILE, O_TMPFILE, ENOSPC);

	CHECK_INT(stage_open(&stage, at(dir), &traits, 0644, &has_perms, note),
	          -ENOSPC);
	CHECK(!traits.no_tmpfile);
	CHECK_STR(note, "");
	stage_discard(&stage);
}

CASE(no_right_to_write_is_an_error_in_both_ways)
{
	need_root();
	int dir = enter_work_dir();
	become_nobody();
	CHECK_INT(chmod(".", 0555), 0);

	CHECK_INT(stage_open(&stage, at(dir), &traits, 0644, &has_perms, note),
	          -EACCES);
	CHECK_STR(note, "");
	traits.no_tmpfile = true;
	CHECK_INT(stage_open(&stage, at(dir), &traits, 0644, &has_perms, note),
	          -EACCES);
	CHECK_STR(note, "");
}

static void errs_late(int dir)
{
	put_file("f", "old");
	traits.errs_late = true;
	begin(dir);
	size_t n_before = n_open();

	CHECK_INT(stage_publish(&stage, "f"), -EIO);

	CHECK_FILE("f", "old");
	expect_only(1);
	CHECK_INT(n_open(), n_before - 1);
}

CASE(late_errors_come_before_the_name_does)
{
	refuse_call(SYS_fsync, 0, 0, 0, EIO);
	both_ways(errs_late);
}

static void no_fsync(int dir)
{
	begin(dir);
	CHECK_INT(stage_publish(&stage, "f"), 0);
	CHECK_INT(stage_close(&stage), 0);
}

CASE(where_errors_are_prompt_nothing_is_flushed)
{
	refuse_call(SYS_fsync, 0, 0, 0, EIO);
	both_ways(no_fsync);
}

CASE(temporary_names_differ_and_fit)
{
	static char names[500][STAGE_NAME_MAX];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		memset(names[i], 'x', STAGE_NAME_MAX);
		stage_make_name(names[i]);
		CHECK(memchr(names[i], '\0', STAGE_NAME_MAX) != NULL);
		CHECK(strncmp(names[i], ".pcopy.", 7) == 0);
		CHECK(!strchr(names[i], '/'));
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(names[i], names[j]) != 0);
	}
}

CASE(rename_clears_the_note_or_removes_the_entry)
{
	int dir = enter_work_dir();

	strncpy(note, "temporary", sizeof(note));
	put_file("temporary", "new");
	put_file("f", "old");
	put_dir("d");

	CHECK_INT(stage_rename(at(dir), &traits, note, "f"), 0);
	CHECK_STR(note, "");
	CHECK_FILE("f", "new");
	strncpy(note, "temporary", sizeof(note));
	put_file("temporary", "new");
	CHECK_INT(stage_rename(at(dir), &traits, note, "d"), -EISDIR);
	CHECK_STR(note, "");
	expect_only(2);
}

/* What a new directory has was put there by this run. */
static void is_not_replaced(int dir)
{
	const struct stage_dir new_dir = {.fd = dir, .is_new = true};

	put_file("f", "first");
	CHECK_INT(stage_open(&stage, new_dir, &traits, 0644, &has_perms, note),
	          0);
	CHECK_INT(stage_publish(&stage, "f"), -EEXIST);
	CHECK_FILE("f", "first");
	expect_only(1);
	CHECK_INT(stage_open(&stage, new_dir, &traits, 0644, &has_perms, note),
	          0);
	CHECK_INT(stage_publish(&stage, "g"), 0);
	CHECK_INT(stage_close(&stage), 0);
	expect_only(2);
}

CASE(in_a_new_directory_nothing_is_replaced)
{
	both_ways(is_not_replaced);
}

CASE(nor_where_that_takes_a_look)
{
	refuse_call(SYS_renameat2, 0, 0, 0, EINVAL);
	both_ways(is_not_replaced);
}

CASE(a_way_that_is_refused_is_not_tried_again)
{
	int dir = enter_work_dir();

	refuse_call(SYS_linkat, 0, 0, 0, EACCES);
	CHECK_INT(stage_open(&stage, at(dir), &traits, 0644, &has_perms, note),
	          0);
	if (note[0]) /* no unnamed files here */
		return;
	CHECK_INT(stage_publish(&stage, "f"), STAGE_AGAIN);
	stage_discard(&stage);
	expect_only(0);
	CHECK_INT(stage_open(&stage, at(dir), &traits, 0644, &has_perms, note),
	          0);
	CHECK_INT(stage_publish(&stage, "f"), 0);
	CHECK_INT(stage_close(&stage), 0);
	expect_only(1);
}

CASE(names_without_random_bytes_differ_and_fit)
{
	char names[2][STAGE_NAME_MAX];

	refuse_call(SYS_getrandom, 0, 0, 0, ENOSYS);
	stage_make_name(names[0]);
	stage_make_name(names[1]);
	CHECK_INT(strlen(names[0]), strlen(names[1]));
	CHECK(strcmp(names[0], names[1]) != 0);
}

CASE(a_link_that_is_one_already_leaves_no_temporary_name)
{
	int dir = enter_work_dir();

	put_file("f", "text");
	CHECK_INT(link("f", "g"), 0);
	CHECK_INT(link("f", "temporary"), 0);
	strncpy(note, "temporary", sizeof(note));

	CHECK_INT(stage_rename_link(at(dir), &traits, note, "g"), 1);

	CHECK_STR(note, "");
	expect_only(2);
}

CASE(sweep_removes_what_the_note_names)
{
	int dir = enter_work_dir();

	put_file("temporary", "");
	put_file("f", "");
	stage_sweep(dir, note);
	expect_only(2);
	strncpy(note, "temporary", sizeof(note));
	stage_sweep(dir, note);
	CHECK_STR(note, "");
	expect_only(1);
	/* It may be gone. */
	strncpy(note, "temporary", sizeof(note));
	stage_sweep(dir, note);
	CHECK_STR(note, "");
	stage_sweep(-1, note);
}

/* In a child that is killed before it publishes, its note in shared memory. */
static void dies(int dir)
{
	char *shared = mmap(NULL, STAGE_NAME_MAX, PROT_READ | PROT_WRITE,
	                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	if (pid == 0) {
		if (stage_open(&stage, at(dir), &traits, 0644, &has_perms,
		               shared) == 0 &&
		    write(stage.fd, "half", 4) == 4)
			(void)kill(getpid(), SIGKILL);
		_exit(1);
	}
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	CHECK_INT(shared[0] != '\0', traits.no_tmpfile);
	expect_only(traits.no_tmpfile);

	stage_sweep(dir, shared);

	expect_only(0);
	CHECK_INT(munmap(shared, STAGE_NAME_MAX), 0);
}

CASE(who_dies_leaves_nothing_that_the_note_does_not_name)
{
	both_ways(dies);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
