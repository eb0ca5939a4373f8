/* SPDX-License-Identifier: MIT */
/* A process that joins is held up after any one of its instructions. */
#include "step_kit.h"

#include "mp/joinable.h"

static struct mp_joinable *joined;
static _Atomic uint64_t *has_joined;

static void make(size_t n_slots)
{
	CHECK_INT(mp_joinable_create(n_slots, 8, &joined), 0);
}

static void put(uint64_t number)
{
	CHECK_INT(mp_joinable_put(joined, &number, sizeof(number), 0), 0);
}

static void get(void)
{
	uint64_t number;
	size_t len;

	CHECK_INT(mp_joinable_get(joined, &number, sizeof(number), &len, 0), 1);
}

static void try_join(struct mp_queue *unused)
{
	(void)unused;
	atomic_store(has_joined, mp_joinable_join(joined, 0) == 0);
}

static void join_asleep(struct mp_queue *unused)
{
	(void)unused;
	CHECK_INT(mp_joinable_join(joined, -1), 0);
}

static void put_and_finish(struct mp_queue *unused)
{
	(void)unused;
	put(3);
	CHECK_INT(mp_joinable_task_done(joined), 0);
}

static void finish(struct mp_queue *unused)
{
	(void)unused;
	CHECK_INT(mp_joinable_task_done(joined), 0);
}

CASE(a_join_held_up_anywhere_does_not_miss_an_item)
{
	void *memory;
	bool goes_on = true;

	CHECK_INT(mp_shm_map(sizeof(*has_joined), &memory), 0);
	has_joined = memory;
	for (unsigned n = 0; goes_on; n = NEXT(n)) {
		/* The next one goes into the slot before that in hand. */
		make(2);
		put(1);
		put(2);
		get();
		get();
		CHECK_INT(mp_joinable_task_done(joined), 0);
		goes_on = step_hold_up(NULL, try_join, n, put_and_finish);
		CHECK_INT(atomic_load(has_joined), 0);
		mp_joinable_destroy(joined);
	}
	mp_shm_unmap(memory, sizeof(*has_joined));
}

CASE(a_join_held_up_anywhere_is_woken)
{
	bool goes_on = true;

	for (unsigned n = 0; goes_on; n = NEXT(n)) {
		make(1);
		put(1);
		get();
		goes_on = step_hold_up(NULL, join_asleep, n, finish);
		mp_joinable_destroy(joined);
	}
}

int main(int argc, char **argv)
{
	kit_sleep_for_ever();
	return check_main(argc, argv);
}
