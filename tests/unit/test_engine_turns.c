/* SPDX-License-Identifier: MIT */
#include "together.h"

#include "engine/turns.h"

struct shared {
	struct turns turns;
	stage stage;
};

static struct shared *make(void)
{
	struct shared *shared = shared_memory(sizeof(*shared));

	turns_init(&shared->turns);
	return shared;
}

static int have_turn(void *arg)
{
	struct shared *shared = arg;

	if (!turns_take(&shared->turns, 2))
		return 1;
	stage_reach(&shared->stage);
	stay();
}

CASE(who_has_the_turn_keeps_others_from_it_but_not_for_long)
{
	struct shared *shared = make();
	struct mp_process *other = start(have_turn, shared);

	stage_await(&shared->stage, 1);
	CHECK(!turns_take(&shared->turns, 2));
	mp_process_destroy(other);
}

CASE(the_turn_of_the_dead_is_free)
{
	struct shared *shared = make();
	struct mp_process *other = start(have_turn, shared);

	stage_await(&shared->stage, 1);
	mp_process_destroy(other);
	CHECK(turns_take(&shared->turns, 2));
	turns_give(&shared->turns);
	CHECK(turns_take(&shared->turns, 2));
	turns_give(&shared->turns);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
