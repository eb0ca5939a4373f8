/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "fs/acl.h"

#include <endian.h>

enum { OWNER = 1, USER = 2, GROUP_OBJ = 4, GROUP = 8, MASK = 16, OTHER = 32 };

static struct {
	uint32_t version;
	struct {
		uint16_t tag, perms;
		uint32_t id;
	} entries[8];
} acl;
static size_t n;

static void add(uint16_t tag, uint16_t perms)
{
	acl.version = htole32(2);
	acl.entries[n].tag = htole16(tag);
	acl.entries[n].perms = htole16(perms);
	acl.entries[n++].id = htole32(1234);
}

/* rw- for the owner, and these. */
static void start(uint16_t group, uint16_t mask, uint16_t other)
{
	n = 0;
	add(OWNER, 6);
	add(GROUP_OBJ, group);
	add(MASK, mask);
	add(OTHER, other);
}

static uint32_t alone(uint32_t perms)
{
	return acl_perms_alone(&acl, sizeof(acl.version) + 8 * n, perms);
}

CASE(the_group_gets_its_entry_within_the_mask)
{
	start(4, 6, 4);
	CHECK_INT(alone(0664), 0644);
	start(7, 4, 0);
	CHECK_INT(alone(0640), 0640);
	start(0, 7, 0);
	CHECK_INT(alone(0670), 0600);
}

CASE(set_id_and_sticky_bits_are_not_touched)
{
	start(0, 7, 0);
	CHECK_INT(alone(07770), 07700);
}

CASE(a_user_who_may_more_leaves_the_others_alone)
{
	start(4, 6, 4);
	add(USER, 6);
	CHECK_INT(alone(0664), 0644);
}

CASE(a_user_who_may_less_may_be_of_the_group_or_of_the_others)
{
	start(4, 4, 4);
	add(USER, 0);
	CHECK_INT(alone(0644), 0600);
	start(6, 6, 6);
	add(USER, 7);
	add(USER, 4);
	CHECK_INT(alone(0666), 0644);
}

CASE(a_group_that_may_less_is_of_the_others_else)
{
	start(6, 6, 4);
	add(GROUP, 0);
	CHECK_INT(alone(0664), 0660);
}

CASE(the_mask_limits_who_is_named)
{
	start(6, 0, 4);
	add(USER, 7);
	CHECK_INT(alone(0604), 0600);
	/* Nobody is. */
	start(6, 0, 4);
	CHECK_INT(alone(0604), 0604);
}

CASE(what_is_no_acl_leaves_the_owner)
{
	start(4, 4, 4);
	CHECK_INT(acl_perms_alone(&acl, 2, 0644), 0600);
	CHECK_INT(acl_perms_alone(&acl, 4 + 8 + 3, 0644), 0600);
	acl.version = 0;
	CHECK_INT(alone(0644), 0600);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
