/* SPDX-License-Identifier: MIT */
#include "together.h"

#include "base/mono.h"
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

/* What a batch does that needs the processor only. */
static void be_busy(void)
{
	int64_t end_ns = mono_now_ns() + 20 * NS_PER_MS;

	while (mono_now_ns() < end_ns)
		;
}

static void wait_for_disk(void)
{
	const struct timespec seek = {.tv_nsec = 50 * NS_PER_MS};

	nanosleep(&seek, NULL);
}

static int have_turn(void *arg)
{
	struct shared *shared = arg;
	struct turn turn = {0};

	turn_take(&turn, &shared->turns, 2);
	stage_reach(&shared->stage);
	stay();
}

CASE(who_has_the_turn_keeps_others_from_it_but_not_for_long)
{
	struct shared *shared = make();
	struct mp_process *other = start(have_turn, shared);
	struct turn turn = {0};

	stage_await(&shared->stage, 1);
	turn_take(&turn, &shared->turns, 2);
	CHECK(!turn.is_had);
	turn_give(&turn, &shared->turns);
	mp_process_destroy(other);
}

CASE(the_turn_of_the_dead_is_free)
{
	struct shared *shared = make();
	struct mp_process *other = start(have_turn, shared);
	struct turn turn = {0};

	stage_await(&shared->stage, 1);
	mp_process_destroy(other);
	turn_take(&turn, &shared->turns, 2);
	CHECK(turn.is_had);
	turn_give(&turn, &shared->turns);
	CHECK(!turn.is_had);
}

CASE(busy_batches_take_turns)
{
	struct shared *shared = make();
	struct turn turn = {0};
	bool waited = false;

	for (int i = 0; i < 3; i++) {
		turn_take(&turn, &shared->turns, 2);
		CHECK_INT(turn.is_had, i == 0 || !waited);
		be_busy();
		turn_give(&turn, &shared->turns);
		waited = turn.waited; /* only on a very busy machine */
	}
}

CASE(who_waited_for_a_disk_does_without_until_it_does_not)
{
	struct shared *shared = make();
	struct turn turn = {0};

	turn_take(&turn, &shared->turns, 2);
	wait_for_disk();
	turn_give(&turn, &shared->turns);

	turn_take(&turn, &shared->turns, 2);
	CHECK(!turn.is_had);
	be_busy();
	turn_give(&turn, &shared->turns);

	/* On a machine that is busy with others, too, it looks like a disk. */
	for (int i = 0; i < 50 && turn.waited; i++) {
		turn_take(&turn, &shared->turns, 2);
		be_busy();
		turn_give(&turn, &shared->turns);
	}
	CHECK(!turn.waited);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
