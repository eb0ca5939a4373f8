/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "engine/links.h"

static struct links links;
static struct dirs dirs;
static struct dir *dir;
static struct link_group *group;
static bool is_locked; /* what is met */

static struct meta inode(uint64_t ino, uint32_t nlink)
{
	return (struct meta){
		.dev = 1, .ino = ino, .nlink = nlink, .is_locked = is_locked};
}

static enum link_role meet(uint64_t ino, uint32_t nlink)
{
	const struct meta meta = inode(ino, nlink);

	return links_meet(&links, &meta, &group);
}

static void wait_as(const char *name)
{
	const struct meta meta = inode(1, 9);

	if (!dir)
		dir = dirs_add(&dirs, NULL, 0, "", 0);
	links_wait(group, dir, &meta, name, strlen(name), "", 0);
}

static void expect_next(const char *name, enum link_role want)
{
	enum link_role role;
	struct link_waiter *waiter = links_next(group, &role);

	CHECK(waiter != NULL);
	CHECK_STR(waiter->names, name);
	CHECK_INT(role, want);
	free(waiter);
}

static void expect_none(void)
{
	enum link_role role;

	CHECK(!links_next(group, &role));
}

static void end(void)
{
	links_release(&links);
	dirs_release(&dirs);
}

CASE(the_first_name_leads_and_later_ones_wait_for_it)
{
	CHECK_INT(meet(1, 3), LINK_LEADS);
	links_sent(group);
	CHECK_INT(meet(1, 3), LINK_WAITS);
	wait_as("second");
	expect_none();

	links_arrived(group, 2, "path/to/first");

	CHECK_INT(links_operand(group), 2);
	CHECK_STR(links_path(group), "path/to/first");
	expect_next("second", LINK_FOLLOWS);
	expect_none();
	CHECK_INT(meet(1, 3), LINK_FOLLOWS);
	end();
}

CASE(inodes_are_told_apart_by_device_and_number)
{
	struct link_group *first;
	const struct meta other = {.dev = 2, .ino = 1, .nlink = 2};

	CHECK_INT(meet(1, 2), LINK_LEADS);
	first = group;
	CHECK_INT(meet(2, 2), LINK_LEADS);
	CHECK(group != first);
	CHECK_INT(links_meet(&links, &other, &group), LINK_LEADS);
	CHECK(group != first);
	CHECK_INT(meet(1, 2), LINK_WAITS);
	CHECK(group == first);
	end();
}

CASE(when_the_leader_fails_the_first_who_waits_leads)
{
	CHECK_INT(meet(1, 4), LINK_LEADS);
	links_sent(group);
	CHECK_INT(meet(1, 4), LINK_WAITS);
	wait_as("second");
	CHECK_INT(meet(1, 4), LINK_WAITS);
	wait_as("third");

	links_failed(group);

	expect_next("second", LINK_LEADS);
	links_sent(group);
	expect_none();
	CHECK_INT(meet(1, 4), LINK_WAITS);
	wait_as("fourth");
	links_arrived(group, 0, "second");
	expect_next("third", LINK_FOLLOWS);
	expect_next("fourth", LINK_FOLLOWS);
	expect_none();
	end();
}

CASE(when_the_leader_fails_and_nobody_waits_the_next_leads)
{
	CHECK_INT(meet(1, 2), LINK_LEADS);
	links_sent(group);
	links_failed(group);
	expect_none();

	CHECK_INT(meet(1, 2), LINK_LEADS);
	end();
}

CASE(a_follower_that_fails_changes_nothing)
{
	CHECK_INT(meet(1, 3), LINK_LEADS);
	links_sent(group);
	links_arrived(group, 0, "first");
	CHECK_INT(meet(1, 3), LINK_FOLLOWS);
	links_sent(group);
	links_failed(group);

	CHECK_INT(meet(1, 3), LINK_FOLLOWS);
	CHECK_STR(links_path(group), "first");
	end();
}

CASE(when_the_leader_is_full_one_who_comes_back_leads)
{
	CHECK_INT(meet(1, 5), LINK_LEADS);
	links_sent(group);
	links_arrived(group, 0, "first");
	for (int i = 0; i < 3; i++) {
		CHECK_INT(meet(1, 5), LINK_FOLLOWS);
		links_sent(group);
	}

	CHECK(links_full(group, 0, "first"));
	wait_as("second");
	expect_next("second", LINK_LEADS);
	links_sent(group);
	/* Others found it full, too: there is a new one already. */
	CHECK(!links_full(group, 0, "first"));
	wait_as("third");
	expect_none();
	links_arrived(group, 0, "second");
	expect_next("third", LINK_FOLLOWS);
	CHECK_STR(links_path(group), "second");
	links_sent(group);
	CHECK(!links_full(group, 0, "first"));
	wait_as("fourth");
	expect_next("fourth", LINK_FOLLOWS);
	end();
}

CASE(the_names_of_a_locked_inode_go_one_after_the_other)
{
	is_locked = true;
	CHECK_INT(meet(1, 4), LINK_LEADS);
	links_sent(group);
	links_arrived(group, 0, "first");

	CHECK_INT(meet(1, 4), LINK_FOLLOWS);
	links_sent(group);
	CHECK_INT(meet(1, 4), LINK_WAITS);
	wait_as("third");
	expect_none();
	links_arrived(group, 0, NULL);
	expect_next("third", LINK_FOLLOWS);
	links_sent(group);
	expect_none();
	links_arrived(group, 0, NULL);
	end();
}

CASE(a_follower_may_become_the_one_to_link_to)
{
	CHECK_INT(meet(1, 3), LINK_LEADS);
	links_sent(group);
	links_arrived(group, 0, "first");
	CHECK_INT(meet(1, 3), LINK_FOLLOWS);
	links_sent(group);
	/* It could not be linked and was copied (EMLINK). */
	links_arrived(group, 5, "second");

	CHECK_STR(links_path(group), "second");
	CHECK_INT(links_operand(group), 5);
	/* One that was linked does not. */
	CHECK_INT(meet(1, 3), LINK_FOLLOWS);
	links_sent(group);
	links_arrived(group, 7, NULL);
	CHECK_STR(links_path(group), "second");
	end();
}

CASE(a_group_is_dropped_when_all_its_names_are_done)
{
	struct link_group *first;

	CHECK_INT(meet(1, 2), LINK_LEADS);
	first = group;
	links_sent(group);
	links_drop(&links, group); /* one is on its way, one to come */
	CHECK_INT(meet(1, 2), LINK_WAITS);
	CHECK(group == first);
	wait_as("second");
	links_arrived(group, 0, "first");
	links_drop(&links, group); /* one waits */
	expect_next("second", LINK_FOLLOWS);
	links_sent(group);
	links_drop(&links, group); /* it is on its way */
	links_arrived(group, 0, NULL);
	CHECK(links.groups != NULL);

	links_drop(&links, group);

	CHECK(!links.groups);
	end();
}

CASE(a_name_that_appeared_meanwhile_follows)
{
	CHECK_INT(meet(1, 2), LINK_LEADS);
	links_sent(group);
	CHECK_INT(meet(1, 2), LINK_WAITS);
	wait_as("second");
	CHECK_INT(meet(1, 2), LINK_WAITS); /* the third of two */
	wait_as("third");
	links_arrived(group, 0, "first");

	expect_next("second", LINK_FOLLOWS);
	links_sent(group);
	links_arrived(group, 0, NULL);
	links_drop(&links, group);
	expect_next("third", LINK_FOLLOWS);
	end();
}

CASE(who_waits_holds_its_directory)
{
	CHECK_INT(meet(1, 3), LINK_LEADS);
	dir = dirs_add(&dirs, NULL, 0, "", 0);
	CHECK_INT(meet(1, 3), LINK_WAITS);
	wait_as("second");

	CHECK_INT(dir->n_holds, 2);
	end();
}

CASE(names_at_the_destination_are_kept)
{
	const struct meta meta = inode(1, 9);
	enum link_role role;

	CHECK_INT(meet(1, 2), LINK_LEADS);
	links_sent(group);
	dir = dirs_add(&dirs, NULL, 0, "", 0);
	links_wait(group, dir, &meta, "source", 6, "copy", 4);
	links_arrived(group, 0, "first");

	struct link_waiter *waiter = links_next(group, &role);
	CHECK(waiter != NULL);
	CHECK_STR(waiter->names, "source");
	CHECK_STR(waiter->names + waiter->name_len + 1, "copy");
	CHECK_INT(waiter->dst_name_len, 4);
	CHECK(waiter->dir == dir);
	CHECK_INT(waiter->meta.nlink, 9);
	free(waiter);
	end();
}

CASE(many_groups_are_found_again)
{
	for (uint64_t ino = 1; ino <= 10000; ino++)
		CHECK_INT(meet(ino * 7919 % 10007, 2), LINK_LEADS);
	for (uint64_t ino = 1; ino <= 10000; ino++)
		CHECK_INT(meet(ino * 7919 % 10007, 2), LINK_WAITS);
	end();
}

/* A name of an inode that looks otherwise. */
static enum link_role meet_with_size(uint64_t ino, uint64_t size)
{
	struct meta meta = inode(ino, 2);

	meta.size = size;
	return links_meet(&links, &meta, &group);
}

static enum link_role settle(uint64_t ino, uint64_t size, bool is_one)
{
	struct meta meta = inode(ino, 2);

	meta.size = size;
	return links_settle(&links, &meta, is_one, &group);
}

CASE(a_number_that_two_files_have_is_two_groups)
{
	CHECK_INT(meet_with_size(1, 5), LINK_LEADS);
	struct link_group *first = group;
	CHECK_INT(meet_with_size(1, 6), LINK_UNSURE);
	CHECK(group == first);
	CHECK_INT(settle(1, 6, false), LINK_LEADS);
	struct link_group *other = group;
	CHECK(other != first);
	CHECK(links_number(other) != links_number(first));
	CHECK_INT(meet_with_size(1, 5), LINK_WAITS);
	CHECK(group == first);
	/* Also when the first one is done. */
	links_drop(&links, first);
	CHECK_INT(meet_with_size(1, 6), LINK_WAITS);
	CHECK(group == other);
	links_drop(&links, other);
	CHECK(!links.groups && !links.others);
	end();
}

CASE(a_file_that_is_written_to_meanwhile_stays_one_group)
{
	CHECK_INT(meet_with_size(1, 5), LINK_LEADS);
	struct link_group *first = group;
	CHECK_INT(meet_with_size(1, 6), LINK_UNSURE);
	CHECK_INT(settle(1, 6, true), LINK_WAITS);
	CHECK(group == first);
	CHECK_INT(meet_with_size(1, 6), LINK_WAITS);
	CHECK(group == first);
	end();
}

CASE(who_leads_is_known_before_it_is_there)
{
	CHECK_INT(meet(1, 2), LINK_LEADS);
	CHECK(!links_path(group));
	links_lead(group, 3, "a/name");
	CHECK_STR(links_path(group), "a/name");
	CHECK_INT(links_operand(group), 3);
	end();
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
