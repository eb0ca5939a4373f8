/* SPDX-License-Identifier: MIT */
/* A process that uses a queue is held up, or dies, after any one of its
 * instructions (ptrace runs them one by one). */
#include "queue_kit.h"

#include <poll.h>
#include <sys/ptrace.h>

/* The number of instructions to try next: each one of the first so many, then
 * fewer, because each trial runs all that come before. Instrumented functions
 * are many times as long. */
#ifdef CHECK_LEAKS
#define N_EXHAUSTIVE 10
#else
#define N_EXHAUSTIVE 200
#endif
#define NEXT(n) ((n) + 1 + (n) / N_EXHAUSTIVE)

static void put_one(struct mp_queue *queue)
{
	kit_put(queue, 1);
}

static void get_one(struct mp_queue *queue)
{
	CHECK_INT(kit_get(queue), 1);
}

/* Runs fn(queue) in a process that stops before its first instruction. */
static pid_t start_traced(void (*fn)(struct mp_queue *), struct mp_queue *queue)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		/* Known before, so that its steps are not counted. */
		(void)mp_shm_self();
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(CHECK_SKIP);
		(void)raise(SIGSTOP);
		fn(queue);
		(void)raise(SIGSTOP);
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHECK_SKIP)
		SKIP("no ptrace here");
	return pid;
}

/* Runs one more instruction; false at the end. */
static bool step(pid_t pid)
{
	int status;

	CHECK_INT(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSTOPPED(status));
	return WSTOPSIG(status) == SIGTRAP;
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

/* The queue as it would be had pid died now: first 1 is there, then 1 and 2,
 * then 2, and it never goes back. */
static unsigned check_death(const struct mp_queue *queue, pid_t pid)
{
	struct mp_queue *copy = kit_queue(2);

	memcpy(copy->shared, queue->shared, queue->map_size);
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
	pid_t pid = start_traced(work, queue);
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
	CHECK(!mp_queue_arm(queue, MP_QUEUE_READER));
	pid_t pid = start_traced(put_one, queue);
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

/* Lets fn(queue) run n_steps instructions, calls meanwhile(queue), then lets it
 * run to its end; false when it has fewer instructions. */
static bool hold_up(struct mp_queue *queue, void (*fn)(struct mp_queue *),
                    unsigned n_steps, void (*meanwhile)(struct mp_queue *))
{
	int status;
	pid_t pid = start_traced(fn, queue);

	while (n_steps > 0 && step(pid))
		n_steps--;
	meanwhile(queue);
	CHECK_INT(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	if (WIFSTOPPED(status)) {
		CHECK_INT(WSTOPSIG(status), SIGSTOP);
		CHECK_INT(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
		CHECK_INT(waitpid(pid, &status, 0), pid);
	}
	CHECK_INT(status, 0);
	return n_steps == 0;
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

		goes_on = hold_up(queue, put_one, n, put_and_get);
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
			goes_on = hold_up(queue, take_and_give_back, n,
			                  meanwhiles[i]);
			if (i == 0)
				mp_queue_give_back(queue, in_hand[1]);
			CHECK_INT(drain_rising(queue), i == 0 ? 15 : 10);
			mp_queue_destroy(queue);
		}
	}
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
