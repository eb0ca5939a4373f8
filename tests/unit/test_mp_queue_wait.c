/* SPDX-License-Identifier: MIT */
/* Sleeping on a queue: time limits, wakeups, ends, and epoll. In most cases a
 * sleep has no slices, so that a lost wakeup hangs and is noticed. */
#include "queue_kit.h"

#include "base/mono.h"

#include <poll.h>

#define SIDE_EVENT(queue, which) (&(queue)->shared->side[which])

static bool is_rung(const struct mp_queue *queue, enum mp_queue_side side)
{
	struct pollfd look = {.fd = mp_queue_fd(queue, side), .events = POLLIN};

	return poll(&look, 1, 0) == 1;
}

CASE(get_waits_as_long_as_it_was_told)
{
	struct mp_queue *queue = kit_queue(2);
	char record[8];
	size_t len;

	CHECK_INT(mp_queue_get(queue, record, sizeof(record), &len, 0),
	          -EAGAIN);
	int64_t start = mono_now_ns();
	CHECK_INT(mp_queue_get(queue, record, sizeof(record), &len, 30),
	          -ETIMEDOUT);
	CHECK(mono_now_ns() - start >= 30 * NS_PER_MS);
	CHECK_INT(atomic_load(&SIDE_EVENT(queue, MP_QUEUE_READER)->n_waiters),
	          0);
	mp_queue_destroy(queue);
}

CASE(put_waits_as_long_as_it_was_told)
{
	struct mp_queue *queue = kit_queue(1);
	void *record;

	kit_put(queue, 1);
	CHECK_INT(mp_queue_put(queue, "x", 1, 0), -EAGAIN);
	int64_t start = mono_now_ns();
	CHECK_INT(mp_queue_put(queue, "x", 1, 30), -ETIMEDOUT);
	CHECK_INT(mp_queue_reserve(queue, &record, 30), -ETIMEDOUT);
	CHECK(mono_now_ns() - start >= 60 * NS_PER_MS);
	CHECK_INT(atomic_load(&SIDE_EVENT(queue, MP_QUEUE_WRITER)->n_waiters),
	          0);
	mp_queue_destroy(queue);
}

CASE(a_sleep_goes_on_over_many_slices)
{
	struct mp_queue *queue = kit_queue(1);
	char record[8];
	size_t len;

	mp_queue_slice_ns = NS_PER_MS;
	int64_t start = mono_now_ns();
	CHECK_INT(mp_queue_get(queue, record, sizeof(record), &len, 30),
	          -ETIMEDOUT);
	CHECK(mono_now_ns() - start >= 30 * NS_PER_MS);
	mp_queue_destroy(queue);
}

static void get_one(struct mp_queue *queue)
{
	CHECK_INT(kit_get(queue), 1);
}

static void get_the_end(struct mp_queue *queue)
{
	CHECK_INT(kit_get(queue), UINT64_MAX);
}

static void put_one(struct mp_queue *queue)
{
	kit_put(queue, 1);
}

static void put_too_late(struct mp_queue *queue)
{
	CHECK_INT(mp_queue_put(queue, "x", 1, -1), -EPIPE);
}

/* Starts n that will sleep and waits until all do. */
static void start_sleepers(struct mp_queue *queue, enum mp_queue_side side,
                           void (*fn)(struct mp_queue *), pid_t *pids, size_t n)
{
	kit_sleep_for_ever();
	for (size_t i = 0; i < n; i++) {
		pids[i] = kit_start(fn, queue);
		kit_await_sleep(SIDE_EVENT(queue, side), (uint32_t)i + 1,
		                pids[i]);
	}
}

CASE(each_put_wakes_a_sleeping_reader)
{
	struct mp_queue *queue = kit_queue(3);
	pid_t pids[3];

	start_sleepers(queue, MP_QUEUE_READER, get_one, pids, 3);
	for (size_t i = 0; i < 3; i++)
		kit_put(queue, 1);
	for (size_t i = 0; i < 3; i++)
		kit_join(pids[i]);
	mp_queue_destroy(queue);
}

CASE(each_free_slot_wakes_a_sleeping_writer)
{
	struct mp_queue *queue = kit_queue(2);
	pid_t pids[4];
	void *record;

	kit_put(queue, 1);
	CHECK_INT(mp_queue_reserve(queue, &record, 0), 0);
	start_sleepers(queue, MP_QUEUE_WRITER, put_one, pids, 4);
	mp_queue_cancel(queue, record);
	for (size_t i = 0; i < 5; i++)
		CHECK_INT(kit_get(queue), 1);
	for (size_t i = 0; i < 4; i++)
		kit_join(pids[i]);
	mp_queue_destroy(queue);
}

CASE(a_record_given_back_wakes_a_reader)
{
	struct mp_queue *queue = kit_queue(2);
	pid_t pid;

	kit_put(queue, 1);
	uint64_t *record = kit_take(queue, 1);
	start_sleepers(queue, MP_QUEUE_READER, get_one, &pid, 1);
	mp_queue_give_back(queue, record);
	kit_join(pid);
	mp_queue_destroy(queue);
}

CASE(close_ends_all_sleeps)
{
	struct mp_queue *readable = kit_queue(1), *writable = kit_queue(1);
	pid_t readers[3], writers[3];

	kit_put(writable, 1);
	start_sleepers(readable, MP_QUEUE_READER, get_the_end, readers, 3);
	start_sleepers(writable, MP_QUEUE_WRITER, put_too_late, writers, 3);
	mp_queue_close(readable);
	mp_queue_close(writable);
	for (size_t i = 0; i < 3; i++) {
		kit_join(readers[i]);
		kit_join(writers[i]);
	}
	mp_queue_destroy(readable);
	mp_queue_destroy(writable);
}

static void end_filling(bool is_published)
{
	struct mp_queue *queue = kit_queue(2);
	void *record;
	pid_t pids[3];

	CHECK_INT(mp_queue_reserve(queue, &record, 0), 0);
	mp_queue_close(queue);
	start_sleepers(queue, MP_QUEUE_READER, get_the_end, pids, 3);
	if (is_published) {
		*(uint64_t *)record = UINT64_MAX;
		mp_queue_publish(queue, record, sizeof(uint64_t));
	} else {
		mp_queue_cancel(queue, record);
	}
	for (size_t i = 0; i < 3; i++)
		kit_join(pids[i]);
	mp_queue_destroy(queue);
}

CASE(the_last_record_of_a_closed_queue_ends_all_sleeps)
{
	end_filling(true);
	end_filling(false);
}

CASE(who_was_not_woken_looks_again_after_a_slice)
{
	struct mp_queue *queue = kit_queue(1);

	mp_queue_slice_ns = 50 * NS_PER_MS;
	pid_t pid = kit_start(get_one, queue);
	kit_await_sleep(SIDE_EVENT(queue, MP_QUEUE_READER), 1, pid);
	kit_put_silently(queue, 1);
	kit_join(pid);
	mp_queue_destroy(queue);
}

CASE(a_sleep_survives_being_stopped_and_continued)
{
	struct mp_queue *queue = kit_queue(1);
	pid_t pid;

	start_sleepers(queue, MP_QUEUE_READER, get_one, &pid, 1);
	CHECK_INT(kill(pid, SIGSTOP), 0);
	kit_await_state(pid, 'T');
	kit_put(queue, 1);
	CHECK_INT(kill(pid, SIGCONT), 0);
	kit_join(pid);
	mp_queue_destroy(queue);
}

CASE(arm_says_whether_there_is_something_now)
{
	struct mp_queue *queue = kit_queue(1);

	CHECK(!mp_queue_arm(queue, MP_QUEUE_READER, 1));
	CHECK(mp_queue_arm(queue, MP_QUEUE_WRITER, 1));
	kit_put(queue, 1);
	CHECK(mp_queue_arm(queue, MP_QUEUE_READER, 1));
	CHECK(!mp_queue_arm(queue, MP_QUEUE_WRITER, 1));
	uint64_t *record = kit_take(queue, 1);
	CHECK(!mp_queue_arm(queue, MP_QUEUE_READER, 1));
	CHECK(!mp_queue_arm(queue, MP_QUEUE_WRITER, 1));
	mp_queue_done(queue, record);
	CHECK(mp_queue_arm(queue, MP_QUEUE_WRITER, 1));
	mp_queue_close(queue);
	CHECK(mp_queue_arm(queue, MP_QUEUE_READER, 1));
	CHECK(mp_queue_arm(queue, MP_QUEUE_WRITER, 1));
	mp_queue_destroy(queue);
}

CASE(only_an_armed_side_is_rung_and_only_once)
{
	struct mp_queue *queue = kit_queue(4);

	kit_put(queue, 1);
	CHECK_INT(kit_get(queue), 1);
	CHECK(!is_rung(queue, MP_QUEUE_READER));
	CHECK(!is_rung(queue, MP_QUEUE_WRITER));

	CHECK(!mp_queue_arm(queue, MP_QUEUE_READER, 1));
	kit_put(queue, 2);
	CHECK(is_rung(queue, MP_QUEUE_READER));
	mp_queue_disarm(queue, MP_QUEUE_READER);
	CHECK(!is_rung(queue, MP_QUEUE_READER));
	kit_put(queue, 3);
	CHECK(!is_rung(queue, MP_QUEUE_READER));
	mp_queue_destroy(queue);
}

CASE(who_waits_for_several_is_rung_once_at_the_last)
{
	struct mp_queue *queue = kit_queue(8);

	CHECK(!mp_queue_arm(queue, MP_QUEUE_READER, 3));
	kit_put(queue, 1);
	kit_put(queue, 2);
	CHECK(!is_rung(queue, MP_QUEUE_READER));
	kit_put(queue, 3);
	CHECK(is_rung(queue, MP_QUEUE_READER));
	mp_queue_disarm(queue, MP_QUEUE_READER);
	kit_put(queue, 4);
	CHECK(!is_rung(queue, MP_QUEUE_READER));
	mp_queue_destroy(queue);
}

CASE(a_close_rings_who_waits_for_several)
{
	struct mp_queue *queue = kit_queue(8);

	CHECK(!mp_queue_arm(queue, MP_QUEUE_READER, 3));
	mp_queue_close(queue);
	CHECK(is_rung(queue, MP_QUEUE_READER));
	mp_queue_destroy(queue);
}

CASE(the_last_record_of_a_closed_queue_rings_who_waits_for_several)
{
	struct mp_queue *queue = kit_queue(8);
	void *record;

	CHECK_INT(mp_queue_reserve(queue, &record, 0), 0);
	mp_queue_close(queue);
	mp_queue_disarm(queue, MP_QUEUE_READER);
	CHECK(!mp_queue_arm(queue, MP_QUEUE_READER, 3));
	mp_queue_publish(queue, record, 0);
	CHECK(is_rung(queue, MP_QUEUE_READER));
	mp_queue_destroy(queue);
}

CASE(a_free_slot_rings_the_armed_writer)
{
	struct mp_queue *queue = kit_queue(1);
	void *record;

	CHECK_INT(mp_queue_reserve(queue, &record, 0), 0);
	CHECK(!mp_queue_arm(queue, MP_QUEUE_WRITER, 1));
	mp_queue_cancel(queue, record);
	CHECK(is_rung(queue, MP_QUEUE_WRITER));
	mp_queue_disarm(queue, MP_QUEUE_WRITER);

	kit_put(queue, 1);
	CHECK(!mp_queue_arm(queue, MP_QUEUE_WRITER, 1));
	CHECK_INT(kit_get(queue), 1);
	CHECK(is_rung(queue, MP_QUEUE_WRITER));
	mp_queue_destroy(queue);
}

CASE(disarm_takes_back_what_arm_asked_for)
{
	struct mp_queue *queue = kit_queue(2);

	CHECK(!mp_queue_arm(queue, MP_QUEUE_READER, 1));
	mp_queue_disarm(queue, MP_QUEUE_READER);
	kit_put(queue, 1);
	CHECK(!is_rung(queue, MP_QUEUE_READER));
	mp_queue_destroy(queue);
}

CASE(close_and_recover_ring_both_sides)
{
	for (int i = 0; i < 2; i++) {
		struct mp_queue *queue = kit_queue(1);

		if (i == 0)
			mp_queue_close(queue);
		else
			CHECK_INT(mp_queue_recover(queue, 1, NULL, NULL), 0);
		CHECK(is_rung(queue, MP_QUEUE_READER));
		CHECK(is_rung(queue, MP_QUEUE_WRITER));
		mp_queue_destroy(queue);
	}
}

#define N_POLLED 20000

static void sleep_in_poll(struct mp_queue *queue, enum mp_queue_side side)
{
	struct pollfd bell = {.fd = mp_queue_fd(queue, side), .events = POLLIN};

	if (mp_queue_arm(queue, side, 1))
		return;
	CHECK_INT(poll(&bell, 1, -1), 1);
	mp_queue_disarm(queue, side);
}

static void put_from_poll(struct mp_queue *queue)
{
	for (uint64_t i = 0; i < N_POLLED; i++) {
		while (mp_queue_put(queue, &i, sizeof(i), 0) == -EAGAIN)
			sleep_in_poll(queue, MP_QUEUE_WRITER);
	}
	mp_queue_close(queue);
}

static void put_all(struct mp_queue *queue)
{
	for (uint64_t i = 0; i < N_POLLED; i++)
		kit_put(queue, i);
	mp_queue_close(queue);
}

static void get_from_poll(struct mp_queue *queue)
{
	uint64_t number, expected = 0;
	size_t len;
	int result;

	for (;;) {
		result = mp_queue_get(queue, &number, sizeof(number), &len, 0);
		if (result == 0)
			break;
		if (result == -EAGAIN) {
			sleep_in_poll(queue, MP_QUEUE_READER);
			continue;
		}
		CHECK_INT(result, 1);
		CHECK_INT(number, expected++);
	}
	CHECK_INT(expected, N_POLLED);
}

static void get_all(struct mp_queue *queue)
{
	for (uint64_t i = 0; i < N_POLLED; i++)
		CHECK_INT(kit_get(queue), i);
	get_the_end(queue);
}

/* One process sleeps in poll on its side of a queue, which shall hang if a
 * ring is lost; the other sleeps in poll or on the futex. */
static void run_pair(size_t n_slots, void (*putter)(struct mp_queue *),
                     void (*getter)(struct mp_queue *))
{
	struct mp_queue *queue = kit_queue(n_slots);

	kit_sleep_for_ever();
	pid_t pid = kit_start(putter, queue);
	getter(queue);
	kit_join(pid);
	mp_queue_destroy(queue);
}

CASE(no_ring_is_lost_between_a_poller_and_a_sleeper)
{
	for (size_t n_slots = 1; n_slots < 100; n_slots *= 4) {
		run_pair(n_slots, put_all, get_from_poll);
		run_pair(n_slots, put_from_poll, get_all);
	}
}

CASE(no_ring_is_lost_between_two_pollers)
{
	for (size_t n_slots = 1; n_slots < 100; n_slots *= 4)
		run_pair(n_slots, put_from_poll, get_from_poll);
}

CASE(no_wakeup_is_lost_between_two_sleepers)
{
	for (size_t n_slots = 1; n_slots < 100; n_slots *= 4)
		run_pair(n_slots, put_all, get_all);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
