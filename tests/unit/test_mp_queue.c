/* SPDX-License-Identifier: MIT */
/* What one process sees of a queue; sleeping, dying and threads have tests of
 * their own. */
#include "queue_kit.h"

#include <sys/resource.h>

CASE(create_refuses_a_queue_without_slots_or_beyond_memory)
{
	struct mp_queue *queue = NULL;

	CHECK_INT(mp_queue_create(0, 8, &queue), -EINVAL);
	CHECK_INT(mp_queue_create(SIZE_MAX, 8, &queue), -ENOMEM);
	CHECK_INT(mp_queue_create(8, SIZE_MAX, &queue), -ENOMEM);
	CHECK_INT(mp_queue_create(INT32_MAX, INT32_MAX, &queue), -ENOMEM);
	CHECK(!queue);
	mp_queue_destroy(NULL);
}

CASE(create_gives_back_what_it_took_when_there_are_no_descriptors)
{
	struct mp_queue *queue = NULL;
	const struct rlimit few = {.rlim_cur = 40, .rlim_max = 40};

	CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
	int first = dup(0), last = first;
	for (int fd = first; fd >= 0; fd = dup(0))
		last = fd;
	CHECK_INT(close(last), 0);
	CHECK_INT(mp_queue_create(4, 8, &queue), -EMFILE);
	CHECK(!queue);
	CHECK_INT(dup(0), last);
	for (int fd = first; fd <= last; fd++)
		CHECK_INT(close(fd), 0);
}

CASE(records_leave_in_the_order_in_which_they_were_put)
{
	struct mp_queue *queue = kit_queue(8);

	for (uint64_t i = 0; i < 8; i++)
		kit_put(queue, i);

	for (uint64_t i = 0; i < 8; i++)
		CHECK_INT(kit_get(queue), i);
	CHECK(kit_has_none(queue));
	mp_queue_destroy(queue);
}

CASE(slots_are_used_again_and_again)
{
	struct mp_queue *queue = kit_queue(5);
	uint64_t n_put = 0, n_got = 0;

	for (unsigned round = 0; round < 2000; round++) {
		for (unsigned n = round % 6; n > 0; n--) {
			if (!mp_queue_is_full(queue))
				kit_put(queue, n_put++);
		}
		for (unsigned n = round % 4; n > 0 && n_got < n_put; n--)
			CHECK_INT(kit_get(queue), n_got++);
	}
	CHECK(n_got > 2500);
	mp_queue_destroy(queue);
}

/* Drains and fills a queue so that its numbers pass the end of their range. */
static void pass_wrap(size_t n_slots, uint64_t first_seq, bool break_hints)
{
	struct mp_queue *queue;
	uint64_t n_put = 0, n_got = 0;

	CHECK_INT(
		mp_queue_create_at(n_slots, KIT_RECORD_MAX, first_seq, &queue),
		0);
	while (n_got < 6 * n_slots) {
		for (size_t n = n_put % n_slots + 1; n > 0; n--) {
			if (!mp_queue_is_full(queue))
				kit_put(queue, n_put++);
		}
		for (size_t i = 0; break_hints && i < n_slots; i++)
			atomic_store(&queue->order[i & queue->order_mask],
			             (uint32_t)(i * 7 % n_slots));
		/* The one before the last has to come back to its place. */
		uint64_t *first = kit_take(queue, n_got);
		if (n_put - n_got > 1) {
			uint64_t *second = kit_take(queue, n_got + 1);
			mp_queue_give_back(queue, second);
		}
		mp_queue_give_back(queue, first);
		CHECK_INT(kit_get(queue), n_got++);
	}
	mp_queue_destroy(queue);
}

CASE(sequence_numbers_wrap_around)
{
	for (size_t n_slots = 1; n_slots < 20; n_slots++) {
		for (uint64_t back = 0; back < 3 * n_slots; back++) {
			pass_wrap(n_slots, MP_SEQ_MASK - back, false);
			pass_wrap(n_slots, UINT64_MAX - back, false);
		}
	}
}

CASE(the_order_does_not_depend_on_hints)
{
	for (size_t n_slots = 1; n_slots < 20; n_slots++) {
		for (uint64_t back = 0; back < 3 * n_slots; back++)
			pass_wrap(n_slots, MP_SEQ_MASK - back, true);
	}
}

CASE(a_record_may_be_empty_or_fill_its_slot)
{
	struct mp_queue *queue;
	char in[100], out[100];
	size_t len = 1;

	CHECK_INT(mp_queue_create(2, sizeof(in), &queue), 0);
	memset(in, 'x', sizeof(in));
	CHECK_INT(mp_queue_put(queue, NULL, 0, 0), 0);
	CHECK_INT(mp_queue_put(queue, in, sizeof(in), 0), 0);

	CHECK_INT(mp_queue_get(queue, NULL, 0, &len, 0), 1);
	CHECK_INT(len, 0);
	CHECK_INT(mp_queue_get(queue, out, sizeof(out), &len, 0), 1);
	CHECK_INT(len, sizeof(in));
	CHECK(memcmp(in, out, sizeof(in)) == 0);
	mp_queue_destroy(queue);
}

CASE(a_queue_of_empty_records_works)
{
	struct mp_queue *queue;
	size_t len = 1;

	CHECK_INT(mp_queue_create(3, 0, &queue), 0);
	CHECK_INT(mp_queue_record_max(queue), 0);
	CHECK_INT(mp_queue_put(queue, "", 0, 0), 0);
	CHECK_INT(mp_queue_put(queue, "x", 1, 0), -EMSGSIZE);
	CHECK_INT(mp_queue_get(queue, NULL, 0, &len, 0), 1);
	CHECK_INT(len, 0);
	mp_queue_destroy(queue);
}

CASE(put_refuses_a_record_that_is_too_long)
{
	struct mp_queue *queue = kit_queue(2);
	char record[KIT_RECORD_MAX + 1] = "";

	CHECK_INT(mp_queue_put(queue, record, sizeof(record), -1), -EMSGSIZE);

	CHECK(mp_queue_is_empty(queue) && !mp_queue_is_full(queue));
	mp_queue_destroy(queue);
}

CASE(a_record_too_long_for_its_getter_stays_first)
{
	struct mp_queue *queue = kit_queue(3);
	char small[4];
	size_t len = 0;

	kit_put(queue, 1);
	kit_put(queue, 2);

	for (int i = 0; i < 3; i++) {
		CHECK_INT(mp_queue_get(queue, small, sizeof(small), &len, 0),
		          -EMSGSIZE);
		CHECK_INT(len, sizeof(uint64_t));
	}
	uint64_t *first = kit_take(queue, 1);
	CHECK_INT(mp_queue_n_takes(queue, first), 1);
	mp_queue_done(queue, first);
	CHECK_INT(kit_get(queue), 2);
	mp_queue_destroy(queue);
}

CASE(a_closed_queue_gives_what_it_has_and_then_ends)
{
	struct mp_queue *queue = kit_queue(4);
	void *record;
	size_t len;

	kit_put(queue, 1);
	kit_put(queue, 2);
	CHECK(!mp_queue_is_closed(queue));
	mp_queue_close(queue);
	mp_queue_close(queue);

	CHECK(mp_queue_is_closed(queue));
	CHECK_INT(mp_queue_put(queue, "x", 1, -1), -EPIPE);
	CHECK_INT(mp_queue_reserve(queue, &record, 0), -EPIPE);
	uint64_t *first = kit_take(queue, 1);
	CHECK_INT(kit_get(queue), 2);
	CHECK_INT(mp_queue_take(queue, &record, &len, -1), 0);
	mp_queue_give_back(queue, first);
	CHECK_INT(kit_get(queue), 1);
	CHECK_INT(mp_queue_take(queue, &record, &len, 0), 0);
	mp_queue_destroy(queue);
}

CASE(a_closed_queue_does_not_end_while_a_record_is_being_filled)
{
	struct mp_queue *queue = kit_queue(4);
	void *kept, *cancelled;

	CHECK_INT(mp_queue_reserve(queue, &kept, 0), 0);
	CHECK_INT(mp_queue_reserve(queue, &cancelled, 0), 0);
	mp_queue_close(queue);

	CHECK(kit_has_none(queue));
	*(uint64_t *)kept = 5;
	mp_queue_publish(queue, kept, sizeof(uint64_t));
	CHECK_INT(kit_get(queue), 5);
	CHECK(kit_has_none(queue));
	mp_queue_cancel(queue, cancelled);
	CHECK_INT(kit_get(queue), UINT64_MAX);
	mp_queue_destroy(queue);
}

CASE(size_empty_and_full_count_what_they_say)
{
	struct mp_queue *queue = kit_queue(2);
	void *record;

	CHECK_INT(mp_queue_n_slots(queue), 2);
	CHECK_INT(mp_queue_record_max(queue), KIT_RECORD_MAX);
	CHECK(mp_queue_size(queue) == 0 && mp_queue_is_empty(queue));
	CHECK_INT(mp_queue_reserve(queue, &record, 0), 0);
	CHECK(mp_queue_is_empty(queue) && !mp_queue_is_full(queue));
	mp_queue_publish(queue, record, 0);
	CHECK(mp_queue_size(queue) == 1 && !mp_queue_is_empty(queue));
	kit_put(queue, 2);
	CHECK(mp_queue_size(queue) == 2 && mp_queue_is_full(queue));
	size_t len;
	CHECK_INT(mp_queue_take(queue, &record, &len, 0), 1);
	CHECK(mp_queue_size(queue) == 1 && mp_queue_is_full(queue));
	mp_queue_done(queue, record);
	CHECK(mp_queue_size(queue) == 1 && !mp_queue_is_full(queue));
	mp_queue_destroy(queue);
}

CASE(a_record_in_hand_takes_up_room)
{
	struct mp_queue *queue = kit_queue(1);

	kit_put(queue, 1);
	uint64_t *first = kit_take(queue, 1);

	CHECK_INT(mp_queue_put(queue, "x", 1, 0), -EAGAIN);
	mp_queue_done(queue, first);
	CHECK_INT(mp_queue_put(queue, "x", 1, 0), 0);
	mp_queue_destroy(queue);
}

CASE(a_slow_taker_does_not_hold_up_the_ring)
{
	struct mp_queue *queue = kit_queue(4);
	uint64_t *slow[3];

	for (uint64_t i = 0; i < 3; i++) {
		kit_put(queue, i);
		slow[i] = kit_take(queue, i);
	}

	for (uint64_t i = 3; i < 1000; i++) {
		kit_put(queue, i);
		CHECK_INT(kit_get(queue), i);
	}
	for (uint64_t i = 0; i < 3; i++)
		CHECK_INT(*slow[i], i);
	mp_queue_done(queue, slow[1]);
	mp_queue_give_back(queue, slow[2]);
	mp_queue_give_back(queue, slow[0]);
	CHECK_INT(kit_get(queue), 0);
	CHECK_INT(kit_get(queue), 2);
	mp_queue_destroy(queue);
}

CASE(the_order_is_that_of_publishing)
{
	struct mp_queue *queue = kit_queue(3);
	void *first, *second, *third;

	CHECK_INT(mp_queue_reserve(queue, &first, 0), 0);
	CHECK_INT(mp_queue_reserve(queue, &second, 0), 0);
	CHECK_INT(mp_queue_reserve(queue, &third, 0), 0);
	*(uint64_t *)first = 1;
	*(uint64_t *)third = 3;

	mp_queue_publish(queue, third, sizeof(uint64_t));
	mp_queue_cancel(queue, second);
	mp_queue_publish(queue, first, sizeof(uint64_t));

	CHECK_INT(kit_get(queue), 3);
	CHECK_INT(kit_get(queue), 1);
	CHECK(kit_has_none(queue));
	mp_queue_destroy(queue);
}

CASE(records_given_back_take_their_old_places)
{
	struct mp_queue *queue = kit_queue(6);
	uint64_t *in_hand[6];

	for (uint64_t i = 0; i < 6; i++)
		kit_put(queue, i);
	for (uint64_t i = 0; i < 5; i++)
		in_hand[i] = kit_take(queue, i);

	mp_queue_give_back(queue, in_hand[3]);
	mp_queue_give_back(queue, in_hand[1]);
	mp_queue_done(queue, in_hand[0]);
	kit_put(queue, 6);
	mp_queue_give_back(queue, in_hand[4]);

	const uint64_t order[] = {1, 3, 4, 5, 6};
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		CHECK_INT(kit_get(queue), order[i]);
	mp_queue_destroy(queue);
}

CASE(takes_are_counted_and_what_was_written_stays)
{
	struct mp_queue *queue = kit_queue(1);

	kit_put(queue, 7);
	for (unsigned n = 1; n < 5; n++) {
		uint64_t *record = kit_take(queue, n + 6);
		CHECK_INT(mp_queue_n_takes(queue, record), n);
		*record += 1;
		mp_queue_give_back(queue, record);
	}
	mp_queue_done(queue, kit_take(queue, 11));
	kit_put(queue, 1);
	CHECK_INT(mp_queue_n_takes(queue, kit_take(queue, 1)), 1);
	mp_queue_destroy(queue);
}

static void finish_what_is_not_ours(struct mp_queue *queue)
{
	/* The message of the bug is no news here. */
	CHECK(freopen("/dev/null", "w", stderr));
	mp_queue_done(queue, mp_ring_record(queue, 0));
}

CASE(a_record_in_another_s_hands_is_a_bug_to_touch)
{
	struct mp_queue *queue = kit_queue(1);
	int status = 0;

	kit_put(queue, 1);
	uint64_t *record = kit_take(queue, 1);
	pid_t pid = kit_start(finish_what_is_not_ours, queue);

	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	mp_queue_done(queue, record);
	mp_queue_destroy(queue);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
