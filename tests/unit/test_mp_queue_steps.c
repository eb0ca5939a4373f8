/* SPDX-License-Identifier: MIT */
/* A process that uses a queue is held up, or dies, after any one of its
 * instructions (ptrace runs them one by one). */
#include "step_kit.h"

#include <poll.h>

static void put_one(struct mp_queue *queue)
{
	kit_put(queue, 1);
}

static void get_one(struct mp_queue *queue)
{
	CHECK_INT(kit_get(queue), 1);
}

static void work(struct mp_queue *queue)
{
	void *record;
	size_t len;

	(void)mp_queue_put(queue, &(uint64_t){2}, sizeof(uint64_t), 0);
	(void)mp_queue_take(queue, &record, &len, 0);
	mp_queue_done(queue, record);
	(void)mp_queue_take(queue, &record, &len, 0);
	mp_queue_give_back(queue, record);
	(void)mp_queue_reserve(queue, &record, 0);
	mp_queue_cancel(queue, record);
}

static struct mp_queue *copy_of(const struct mp_queue *queue)
{
	struct mp_queue *copy = kit_queue(mp_queue_n_slots(queue));

	memcpy(copy->shared, queue->shared, queue->map_size);
	return copy;
}

/* The queue as it would be had pid died now: first 1 is there, then 1 and 2,
 * then 2, and it never goes back. */
static unsigned check_death(const struct mp_queue *queue, pid_t pid)
{
	struct mp_queue *copy = copy_of(queue);

	CHECK(mp_queue_recover(copy, pid, NULL, NULL) <= 1);
	size_t n = mp_queue_size(copy);
	CHECK_INT(mp_ring_count(copy, MP_SLOT_FREE), 2 - n);
	uint64_t first = kit_get(copy);
	if (n == 2)
		CHECK_INT(kit_get(copy), 2);
	/* It is as good as new. */
	for (uint64_t i = 5; i < 8; i++) {
		kit_put(copy, i);
		kit_put(copy, i + 1);
		CHECK_INT(kit_get(copy), i);
		CHECK_INT(kit_get(copy), i + 1);
	}
	mp_queue_destroy(copy);
	return first == 2 ? 2 : n == 2;
}

CASE(a_death_at_any_instruction_loses_nothing)
{
	struct mp_queue *queue = kit_queue(2);
	unsigned stage = 0, n_steps = 0;

	kit_put(queue, 1);
	pid_t pid = step_start(work, queue);
	do {
		unsigned now = check_death(queue, pid);
		CHECK(now == stage || now == stage + 1);
		stage = now;
		n_steps++;
	} while (step(pid));
	CHECK_INT(stage, 2);
	CHECK(n_steps > 100);
	kit_kill(pid);
	mp_queue_destroy(queue);
}

/* A poller and a sleeper wait for what the dead may or may not have put. */
static bool die_at_put(unsigned n_steps)
{
	kit_sleep_for_ever();
	struct mp_queue *queue = kit_queue(2);
	struct pollfd bell = {.fd = mp_queue_fd(queue, MP_QUEUE_READER),
	                      .events = POLLIN};
	pid_t reader = kit_start(get_one, queue);

	kit_await_sleep(&queue->shared->side[MP_QUEUE_READER], 1, reader);
	CHECK(!mp_queue_arm(queue, MP_QUEUE_READER, 1));
	pid_t pid = step_start(put_one, queue);
	while (n_steps > 0 && step(pid))
		n_steps--;
	kit_kill(pid);
	(void)mp_queue_recover(queue, pid, NULL, NULL);
	CHECK_INT(poll(&bell, 1, 0), 1);
	if (mp_word_seq(atomic_load(&queue->words[0])) == MP_SEQ_MASK)
		kit_put(queue, 1); /* it never was READY */
	kit_join(reader);
	CHECK(kit_has_none(queue));
	mp_queue_destroy(queue);
	return n_steps > 0;
}

CASE(a_death_at_any_instruction_of_put_wakes_who_waits)
{
	for (unsigned n = 0; !die_at_put(n); n = NEXT(n))
		CHECK(n < 100000);
}

/* All that is there leaves in rising order; returns their sum. */
static uint64_t drain_rising(struct mp_queue *queue)
{
	uint64_t last = 0, sum = 0;

	while (!mp_queue_is_empty(queue)) {
		uint64_t number = kit_get(queue);
		CHECK(number > last);
		last = number;
		sum += number;
	}
	return sum;
}

static uint64_t got_meanwhile;

static void put_and_get(struct mp_queue *queue)
{
	kit_put(queue, 2);
	got_meanwhile = kit_get(queue);
}

CASE(a_producer_held_up_anywhere_keeps_its_place_before_later_ones)
{
	bool goes_on = true;

	for (unsigned n = 0; goes_on; n = NEXT(n)) {
		struct mp_queue *queue = kit_queue(4);

		goes_on = step_hold_up(queue, put_one, n, put_and_get);
		kit_put(queue, 3);
		kit_put(queue, 4);
		CHECK_INT(drain_rising(queue), 10 - got_meanwhile);
		mp_queue_destroy(queue);
	}
}

static uint64_t *in_hand[2];

static void give_one_back(struct mp_queue *queue)
{
	mp_queue_give_back(queue, in_hand[0]);
	kit_put(queue, 5);
}

static void give_both_back(struct mp_queue *queue)
{
	mp_queue_give_back(queue, in_hand[1]);
	mp_queue_give_back(queue, in_hand[0]);
}

static void take_all_and_give_back(struct mp_queue *queue)
{
	void *records[4];
	size_t n = 0, len;

	while (mp_queue_take(queue, &records[n], &len, 0) == 1)
		n++;
	while (n > 0)
		mp_queue_give_back(queue, records[--n]);
	give_both_back(queue);
}

static void take_and_give_back(struct mp_queue *queue)
{
	void *record = NULL;
	size_t len;

	if (mp_queue_take(queue, &record, &len, 0) == 1)
		mp_queue_give_back(queue, record);
}

static void (*const meanwhiles[])(struct mp_queue *) = {
	give_one_back, give_both_back, take_all_and_give_back};

CASE(the_order_outlives_a_taker_held_up_anywhere)
{
	for (size_t i = 0; i < ARRAY_LEN(meanwhiles); i++) {
		bool goes_on = true;

		for (unsigned n = 0; goes_on; n = NEXT(n)) {
			struct mp_queue *queue = kit_queue(5);

			for (uint64_t number = 1; number <= 4; number++)
				kit_put(queue, number);
			in_hand[0] = kit_take(queue, 1);
			in_hand[1] = kit_take(queue, 2);
			goes_on = step_hold_up(queue, take_and_give_back, n,
			                       meanwhiles[i]);
			if (i == 0)
				mp_queue_give_back(queue, in_hand[1]);
			CHECK_INT(drain_rising(queue), i == 0 ? 15 : 10);
			mp_queue_destroy(queue);
		}
	}
}

/* What the one that was held up got; shared. */
static _Atomic uint64_t *got;

static void share_got(void)
{
	void *memory;

	CHECK_INT(mp_shm_map(sizeof(*got), &memory), 0);
	got = memory;
}

static void try_get(struct mp_queue *queue)
{
	uint64_t number;
	size_t len;

	if (mp_queue_get(queue, &number, sizeof(number), &len, 0) == 1)
		atomic_store(got, number);
}

static void put_two(struct mp_queue *queue)
{
	kit_put(queue, 1);
	kit_put(queue, 2);
}

static void give_back_and_put(struct mp_queue *queue)
{
	mp_queue_give_back(queue, in_hand[0]);
	kit_put(queue, 2);
}

CASE(a_taker_held_up_anywhere_takes_no_later_record)
{
	share_got();
	for (int i = 0; i < 2; i++) {
		bool goes_on = true;

		for (unsigned n = 0; goes_on; n = NEXT(n)) {
			struct mp_queue *queue = kit_queue(3);

			if (i == 1) {
				kit_put(queue, 1);
				in_hand[0] = kit_take(queue, 1);
			}
			atomic_store(got, 0);
			goes_on = step_hold_up(queue, try_get, n,
			                       i == 1 ? give_back_and_put
			                              : put_two);
			CHECK(atomic_load(got) < 2);
			CHECK_INT(drain_rising(queue), 3 - atomic_load(got));
			mp_queue_destroy(queue);
		}
	}
}

static void get_the_one(struct mp_queue *queue)
{
	CHECK_INT(kit_get(queue), 1);
}

static void make_room(struct mp_queue *queue)
{
	CHECK_INT(kit_get(queue), 2);
}

CASE(a_sleeper_held_up_anywhere_is_woken)
{
	kit_sleep_for_ever();
	for (int i = 0; i < 2; i++) {
		bool goes_on = true;

		for (unsigned n = 0; goes_on; n = NEXT(n)) {
			struct mp_queue *queue = kit_queue(1);

			if (i == 1)
				kit_put(queue, 2);
			goes_on = step_hold_up(queue,
			                       i == 1 ? put_one : get_the_one,
			                       n, i == 1 ? make_room : put_one);
			mp_queue_destroy(queue);
		}
	}
}

static void try_put(struct mp_queue *queue)
{
	(void)mp_queue_put(queue, &(uint64_t){1}, sizeof(uint64_t), 0);
}

static bool is_at_end;

static void close_and_look(struct mp_queue *queue)
{
	uint64_t number;
	size_t len;

	mp_queue_close(queue);
	do {
		is_at_end = mp_queue_get(queue, &number, sizeof(number), &len,
		                         0) == 0;
	} while (!is_at_end && !mp_queue_is_empty(queue));
}

CASE(nothing_comes_after_the_end)
{
	bool goes_on = true;

	for (unsigned n = 0; goes_on; n = NEXT(n)) {
		struct mp_queue *queue = kit_queue(2);

		goes_on = step_hold_up(queue, try_put, n, close_and_look);
		CHECK(!is_at_end || mp_queue_is_empty(queue));
		(void)drain_rising(queue);
		CHECK_INT(kit_get(queue), UINT64_MAX);
		mp_queue_destroy(queue);
	}
}

static void take_and_return(struct mp_queue *queue)
{
	mp_queue_give_back(queue, kit_take(queue, 1));
}

CASE(a_death_at_any_instruction_keeps_the_order)
{
	struct mp_queue *queue = kit_queue(3);

	for (uint64_t i = 1; i <= 3; i++)
		kit_put(queue, i);
	pid_t pid = step_start(take_and_return, queue);
	do {
		struct mp_queue *copy = copy_of(queue);
		(void)mp_queue_recover(copy, pid, NULL, NULL);
		CHECK_INT(drain_rising(copy), 6);
		mp_queue_destroy(copy);
	} while (step(pid));
	kit_kill(pid);
	mp_queue_destroy(queue);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
