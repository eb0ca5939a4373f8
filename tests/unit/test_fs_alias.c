/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/alias.h"

static struct alias_list list;
static struct alias_kinds kinds;

static struct meta look(const char *name)
{
	struct meta meta;

	CHECK_INT(meta_read_at(AT_FDCWD, name, &meta), 0);
	return meta;
}

/* A second name stands for what a file system that folds would find. */
static bool is_found_as(const char *name, const char *other)
{
	int dir = open_dir(".");

	kinds = (struct alias_kinds){0};
	put_file(name, name);
	CHECK_INT(link(name, other), 0);
	struct meta seen = look(name);
	bool folds = alias_folds(&kinds, dir, name, &seen);
	CHECK_INT(unlink(name), 0);
	CHECK_INT(unlink(other), 0);
	CHECK_INT(close(dir), 0);
	return folds;
}

CASE(another_spelling_that_finds_the_same_is_seen)
{
	(void)enter_work_dir();

	CHECK(is_found_as("README", "rEADME"));
	CHECK(is_found_as("1readme", "1Readme"));
	CHECK(is_found_as("\303\211t", "\303\251t"));      /* E acute */
	CHECK(is_found_as("\320\226", "\320\266"));        /* Cyrillic */
	CHECK(is_found_as("caf\303\251", "cafe\314\201")); /* to a mark */
	CHECK(is_found_as("cafe\314\201", "caf\303\251")); /* and back */
	CHECK(is_found_as("\352\260\200", "\341\204\200\341\205\241"));
	CHECK(!is_found_as("README", "other"));
	CHECK(!is_found_as("123", "124"));
}

CASE(where_names_are_what_they_are_one_look_is_enough)
{
	int dir = enter_work_dir();

	put_file("README", "text");
	struct meta seen = look("README");
	kinds = (struct alias_kinds){0};
	CHECK(!alias_folds(&kinds, dir, "README", &seen));
	CHECK(kinds.knows_case);
	CHECK(!kinds.knows_form);
	/* It would say so now, but is not asked again. */
	CHECK_INT(link("README", "rEADME"), 0);
	CHECK(!alias_folds(&kinds, dir, "README", &seen));
}

CASE(bytes_that_are_no_letters_are_left_alone)
{
	int dir = enter_work_dir();
	const char *const names[] = {"\377\376", "\303", "e\314", "\342\202",
	                             "\360\237\230\200"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct meta seen = {0};

		kinds = (struct alias_kinds){0};
		CHECK(!alias_folds(&kinds, dir, names[i], &seen));
	}
}

CASE(a_listing_is_read_again_for_what_it_lacks)
{
	int dir = enter_work_dir();
	char name[16];

	CHECK_INT(alias_is_listed(&list, dir, "f"), 0);
	put_file("f", "text");
	CHECK_INT(alias_is_listed(&list, dir, "f"), 1);
	CHECK_INT(alias_is_listed(&list, dir, "F"), 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		put_file(name, "");
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		CHECK_INT(alias_is_listed(&list, dir, name), 1);
	}
	alias_list_release(&list);
}

CASE(the_copy_of_another_entry_is_one_that_the_source_has)
{
	(void)enter_work_dir();
	put_dir("src");
	put_dir("dst");
	int src = open_dir("src"), dst = open_dir("dst");
	put_file("dst/README", "text");
	struct meta seen = look("dst/README");

	/* As if README had been found under readme. */
	CHECK_INT(alias_is_other(&list, src, dst, "readme", &seen), 0);
	put_file("src/README", "text");
	CHECK_INT(alias_is_other(&list, src, dst, "readme", &seen), 1);
	CHECK_INT(alias_is_other(&list, src, dst, "README", &seen), 0);
	alias_list_release(&list);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
