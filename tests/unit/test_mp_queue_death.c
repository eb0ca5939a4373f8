/* SPDX-License-Identifier: MIT */
/* A process that uses a queue dies: while it waits, while it fills a slot,
 * with a record in hand. test_mp_queue_steps.c has the other moments. */
#include "queue_kit.h"

static int ready_pipe[2];

static void say_ready_and_wait(void)
{
	CHECK_INT(write(ready_pipe[1], "x", 1), 1);
	for (;;)
		(void)pause();
}

static void fill_for_ever(struct mp_queue *queue)
{
	void *record;

	CHECK_INT(mp_queue_reserve(queue, &record, -1), 0);
	*(uint64_t *)record = 666;
	say_ready_and_wait();
}

/* It takes what it can get and leaves its mark in it. */
static void hold_for_ever(struct mp_queue *queue)
{
	void *record;
	size_t len;

	while (mp_queue_take(queue, &record, &len, 0) == 1)
		*(uint64_t *)record += 100;
	say_ready_and_wait();
}

static pid_t start_and_await(void (*fn)(struct mp_queue *),
                             struct mp_queue *queue)
{
	char byte;

	CHECK_INT(pipe(ready_pipe), 0);
	pid_t pid = kit_start(fn, queue);
	CHECK_INT(read(ready_pipe[0], &byte, 1), 1);
	CHECK_INT(close(ready_pipe[0]), 0);
	CHECK_INT(close(ready_pipe[1]), 0);
	return pid;
}

static void get_one(struct mp_queue *queue)
{
	CHECK_INT(kit_get(queue), 1);
}

static void put_one(struct mp_queue *queue)
{
	kit_put(queue, 1);
}

static void get_the_end(struct mp_queue *queue)
{
	CHECK_INT(kit_get(queue), UINT64_MAX);
}

static pid_t start_sleeper(struct mp_queue *queue, enum mp_queue_side side,
                           void (*fn)(struct mp_queue *))
{
	struct mp_event *event = &queue->shared->side[side];
	uint32_t n = atomic_load(&event->n_waiters) + 1;

	kit_sleep_for_ever();
	pid_t pid = kit_start(fn, queue);
	kit_await_sleep(event, n, pid);
	return pid;
}

CASE(a_killed_waiting_reader_costs_no_wakeup)
{
	struct mp_queue *queue = kit_queue(1);
	pid_t first = start_sleeper(queue, MP_QUEUE_READER, get_one);
	pid_t second = start_sleeper(queue, MP_QUEUE_READER, get_one);

	kit_kill(first);
	kit_put(queue, 1);
	kit_join(second);
	mp_queue_destroy(queue);
}

CASE(a_killed_waiting_writer_costs_no_wakeup)
{
	struct mp_queue *queue = kit_queue(1);

	kit_put(queue, 1);
	pid_t first = start_sleeper(queue, MP_QUEUE_WRITER, put_one);
	pid_t second = start_sleeper(queue, MP_QUEUE_WRITER, put_one);
	kit_kill(first);
	CHECK_INT(kit_get(queue), 1);
	kit_join(second);
	CHECK_INT(kit_get(queue), 1);
	CHECK(kit_has_none(queue));
	mp_queue_destroy(queue);
}

CASE(recover_wakes_who_was_not_woken)
{
	struct mp_queue *queue = kit_queue(1);
	pid_t reader = start_sleeper(queue, MP_QUEUE_READER, get_one);

	kit_put_silently(queue, 1);
	CHECK_INT(mp_queue_recover(queue, 1, NULL, NULL), 0);
	kit_join(reader);

	kit_put(queue, 1);
	pid_t writer = start_sleeper(queue, MP_QUEUE_WRITER, put_one);
	mp_ring_release(queue, mp_ring_index(queue, kit_take(queue, 1)),
	                MP_SLOT_TAKEN);
	CHECK_INT(mp_queue_recover(queue, 1, NULL, NULL), 0);
	kit_join(writer);
	mp_queue_destroy(queue);
}

CASE(what_the_dead_was_filling_is_freed)
{
	struct mp_queue *queue = kit_queue(1);
	pid_t filler = start_and_await(fill_for_ever, queue);
	pid_t writer = start_sleeper(queue, MP_QUEUE_WRITER, put_one);

	kit_kill(filler);
	CHECK(mp_queue_is_full(queue) && mp_queue_is_empty(queue));
	CHECK_INT(mp_queue_recover(queue, filler, NULL, NULL), 0);
	kit_join(writer);
	CHECK_INT(kit_get(queue), 1);
	mp_queue_destroy(queue);
}

CASE(a_closed_queue_ends_when_the_dead_filler_is_recovered)
{
	struct mp_queue *queue = kit_queue(2);
	pid_t filler = start_and_await(fill_for_ever, queue);
	pid_t readers[2];

	mp_queue_close(queue);
	for (size_t i = 0; i < 2; i++)
		readers[i] = start_sleeper(queue, MP_QUEUE_READER, get_the_end);
	kit_kill(filler);
	CHECK_INT(mp_queue_recover(queue, filler, NULL, NULL), 0);
	for (size_t i = 0; i < 2; i++)
		kit_join(readers[i]);
	mp_queue_destroy(queue);
}

CASE(others_go_on_before_recover)
{
	struct mp_queue *queue = kit_queue(4);

	kit_put(queue, 1);
	kit_put(queue, 2);
	pid_t holder = start_and_await(hold_for_ever, queue);
	pid_t filler = start_and_await(fill_for_ever, queue);
	kit_kill(holder);
	kit_kill(filler);

	for (uint64_t i = 10; i < 100; i++) {
		kit_put(queue, i);
		CHECK_INT(kit_get(queue), i);
	}
	CHECK_INT(mp_queue_recover(queue, filler, NULL, NULL), 0);
	CHECK_INT(mp_queue_recover(queue, holder, NULL, NULL), 2);
	CHECK_INT(mp_queue_recover(queue, holder, NULL, NULL), 0);
	mp_queue_destroy(queue);
}

CASE(what_the_dead_had_in_hand_comes_first_as_it_left_it)
{
	struct mp_queue *queue = kit_queue(4);

	kit_put(queue, 1);
	kit_put(queue, 2);
	pid_t holder = start_and_await(hold_for_ever, queue);
	kit_put(queue, 3);
	kit_put(queue, 4);
	kit_kill(holder);
	CHECK_INT(mp_queue_recover(queue, holder, NULL, NULL), 2);

	uint64_t *first = kit_take(queue, 101), *second = kit_take(queue, 102);
	CHECK_INT(mp_queue_n_takes(queue, first), 2);
	CHECK_INT(mp_queue_n_takes(queue, second), 2);
	CHECK_INT(mp_queue_n_takes(queue, kit_take(queue, 3)), 1);
	mp_queue_destroy(queue);
}

/* Keeps what is odd, one byte longer; counts. */
static enum mp_queue_verdict keep_odd(void *ctx, void *record, size_t *len,
                                      unsigned n_takes)
{
	uint64_t *number = record;

	CHECK_INT(*len, sizeof(*number));
	CHECK_INT(n_takes, 1);
	++*(unsigned *)ctx;
	if (*number % 2 == 0)
		return MP_QUEUE_DROP;
	*number += 1000;
	*len += 1;
	return MP_QUEUE_RETRY;
}

CASE(a_judge_drops_and_changes)
{
	struct mp_queue *queue = kit_queue(3);
	unsigned n_judged = 0;
	char record[KIT_RECORD_MAX];
	uint64_t number;
	size_t len;

	for (uint64_t i = 1; i <= 3; i++)
		kit_put(queue, i);
	pid_t holder = start_and_await(hold_for_ever, queue);
	kit_kill(holder);
	CHECK_INT(mp_queue_recover(queue, holder, keep_odd, &n_judged), 3);

	CHECK_INT(n_judged, 3);
	CHECK_INT(mp_queue_size(queue), 2);
	CHECK(!mp_queue_is_full(queue));
	for (uint64_t i = 1; i <= 3; i += 2) {
		CHECK_INT(mp_queue_get(queue, record, sizeof(record), &len, 0),
		          1);
		CHECK_INT(len, sizeof(number) + 1);
		memcpy(&number, record, sizeof(number));
		CHECK_INT(number, i + 1100);
	}
	mp_queue_destroy(queue);
}

CASE(a_record_wakes_a_reader_when_its_taker_died)
{
	struct mp_queue *queue = kit_queue(1);

	kit_put(queue, 1);
	pid_t holder = start_and_await(hold_for_ever, queue);
	pid_t reader = kit_start(get_one, queue);
	kit_await_sleep(&queue->shared->side[MP_QUEUE_READER], 1, reader);
	*(uint64_t *)mp_ring_record(queue, 0) = 1;
	kit_kill(holder);
	CHECK_INT(mp_queue_recover(queue, holder, NULL, NULL), 1);
	kit_join(reader);
	mp_queue_destroy(queue);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
