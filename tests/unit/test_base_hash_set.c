/* SPDX-License-Identifier: MIT */
#include "base/hash_set.h"
#include "check.h"

CASE(an_empty_set_has_nothing_to_take)
{
	struct hash_set set = {0};

	CHECK(!hash_set_take(&set, "x", 1));

	hash_set_release(&set);
}

CASE(a_text_is_counted_and_taken_as_often_as_it_was_added)
{
	struct hash_set set = {0};

	CHECK_INT(hash_set_add(&set, "x", 1), 1);
	CHECK_INT(hash_set_add(&set, "x", 1), 2);
	CHECK_INT(hash_set_add(&set, "", 0), 1);

	CHECK(hash_set_has(&set, "x", 1));
	CHECK(hash_set_take(&set, "x", 1));
	CHECK(hash_set_take(&set, "x", 1));
	CHECK(!hash_set_has(&set, "x", 1));
	CHECK(!hash_set_take(&set, "x", 1));
	CHECK(hash_set_take(&set, "", 0));
	CHECK_INT(hash_set_add(&set, "x", 1), 1);
	hash_set_release(&set);
}

CASE(bytes_of_all_values_tell_texts_apart)
{
	struct hash_set set = {0};
	const char with_nul[] = {'a', '\0', 'b'}, other[] = {'a', '\0', 'c'};

	CHECK_INT(hash_set_add(&set, with_nul, sizeof(with_nul)), 1);

	CHECK(!hash_set_take(&set, other, sizeof(other)));
	CHECK(!hash_set_take(&set, "a", 1));
	CHECK(hash_set_take(&set, with_nul, sizeof(with_nul)));
	hash_set_release(&set);
}

CASE(many_texts_outlive_the_growth_of_the_table)
{
	struct hash_set set = {0};

	for (uint32_t i = 0; i < 20000; i++)
		CHECK_INT(hash_set_add(&set, &i, sizeof(i)), 1);

	for (uint32_t i = 0; i < 20000; i++)
		CHECK(hash_set_take(&set, &i, sizeof(i)));
	hash_set_release(&set);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
