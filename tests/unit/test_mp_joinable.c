/* SPDX-License-Identifier: MIT */
#include "queue_kit.h"

#include "base/mono.h"
#include "mp/joinable.h"

#define ITEM_MAX 32

static struct mp_joinable *make(size_t n_slots)
{
	struct mp_joinable *queue;

	CHECK_INT(mp_joinable_create(n_slots, ITEM_MAX, &queue), 0);
	return queue;
}

static void put(struct mp_joinable *queue, uint64_t number)
{
	CHECK_INT(mp_joinable_put(queue, &number, sizeof(number), -1), 0);
}

/* UINT64_MAX at the end. */
static uint64_t get(struct mp_joinable *queue)
{
	uint64_t number = UINT64_MAX;
	size_t len = 0;
	int result = mp_joinable_get(queue, &number, sizeof(number), &len, -1);

	if (result == 0)
		return UINT64_MAX;
	CHECK_INT(result, 1);
	CHECK_INT(len, sizeof(number));
	return number;
}

static pid_t start(void (*fn)(struct mp_joinable *), struct mp_joinable *queue)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn(queue);
	_exit(0);
}

CASE(create_refuses_a_queue_without_slots)
{
	struct mp_joinable *queue = NULL;

	CHECK_INT(mp_joinable_create(0, 8, &queue), -EINVAL);
	CHECK(!queue);
	mp_joinable_destroy(NULL);
}

CASE(join_of_an_empty_queue_returns_at_once)
{
	struct mp_joinable *queue = make(2);

	CHECK_INT(mp_joinable_join(queue, -1), 0);
	CHECK_INT(mp_joinable_join(queue, 0), 0);
	mp_joinable_destroy(queue);
}

CASE(an_item_is_unfinished_until_task_done)
{
	struct mp_joinable *queue = make(3);

	put(queue, 1);
	put(queue, 2);
	CHECK_INT(mp_joinable_join(queue, 0), -ETIMEDOUT);
	CHECK_INT(mp_joinable_size(queue), 2);
	CHECK_INT(mp_joinable_n_unfinished(queue), 2);
	CHECK_INT(get(queue), 1);
	CHECK_INT(get(queue), 2);
	CHECK_INT(mp_joinable_size(queue), 0);
	CHECK_INT(mp_joinable_n_unfinished(queue), 2);
	CHECK_INT(mp_joinable_task_done(queue), 0);
	int64_t begin = mono_now_ns();
	CHECK_INT(mp_joinable_join(queue, 30), -ETIMEDOUT);
	CHECK(mono_now_ns() - begin >= 30 * NS_PER_MS);
	CHECK_INT(mp_joinable_task_done(queue), 0);
	CHECK_INT(mp_joinable_join(queue, 0), 0);
	CHECK_INT(mp_joinable_n_unfinished(queue), 0);
	mp_joinable_destroy(queue);
}

static void finish_nothing(struct mp_joinable *queue)
{
	CHECK_INT(mp_joinable_task_done(queue), -EINVAL);
}

CASE(task_done_without_an_item_in_hand_is_refused)
{
	struct mp_joinable *queue = make(2);

	CHECK_INT(mp_joinable_task_done(queue), -EINVAL);
	put(queue, 1);
	CHECK_INT(mp_joinable_task_done(queue), -EINVAL);
	CHECK_INT(get(queue), 1);
	kit_join(start(finish_nothing, queue));
	CHECK_INT(mp_joinable_task_done(queue), 0);
	CHECK_INT(mp_joinable_task_done(queue), -EINVAL);
	mp_joinable_destroy(queue);
}

CASE(timeouts_and_sizes_are_those_of_a_queue)
{
	struct mp_joinable *queue = make(1);
	char item[ITEM_MAX + 1] = "", small[2];
	size_t len = 0;

	CHECK_INT(mp_joinable_get(queue, item, sizeof(item), &len, 0), -EAGAIN);
	CHECK_INT(mp_joinable_get(queue, item, sizeof(item), &len, 5),
	          -ETIMEDOUT);
	CHECK_INT(mp_joinable_put(queue, item, sizeof(item), -1), -EMSGSIZE);
	put(queue, 1);
	CHECK_INT(mp_joinable_put(queue, "x", 1, 0), -EAGAIN);
	CHECK_INT(mp_joinable_put(queue, "x", 1, 5), -ETIMEDOUT);
	CHECK_INT(mp_joinable_get(queue, small, sizeof(small), &len, 0),
	          -EMSGSIZE);
	CHECK_INT(len, sizeof(uint64_t));
	CHECK_INT(mp_joinable_task_done(queue), -EINVAL);
	CHECK_INT(get(queue), 1);
	CHECK_INT(mp_joinable_put(queue, "x", 1, 0), -EAGAIN);
	CHECK_INT(mp_joinable_task_done(queue), 0);
	CHECK_INT(mp_joinable_put(queue, NULL, 0, 0), 0);
	CHECK_INT(mp_joinable_get(queue, NULL, 0, &len, 0), 1);
	CHECK_INT(len, 0);
	mp_joinable_destroy(queue);
}

CASE(a_closed_queue_is_drained_and_joined)
{
	struct mp_joinable *queue = make(2);

	put(queue, 1);
	CHECK(!mp_joinable_is_closed(queue));
	mp_joinable_close(queue);
	CHECK(mp_joinable_is_closed(queue));
	CHECK_INT(mp_joinable_put(queue, "x", 1, -1), -EPIPE);
	CHECK_INT(mp_joinable_join(queue, 0), -ETIMEDOUT);
	CHECK_INT(get(queue), 1);
	CHECK_INT(get(queue), UINT64_MAX);
	CHECK_INT(mp_joinable_task_done(queue), 0);
	CHECK_INT(mp_joinable_join(queue, -1), 0);
	mp_joinable_destroy(queue);
}

static void join_for_ever(struct mp_joinable *queue)
{
	CHECK_INT(mp_joinable_join(queue, -1), 0);
}

CASE(the_last_task_done_wakes_all_that_join)
{
	struct mp_joinable *queue = make(3);
	pid_t pids[3];

	put(queue, 1);
	put(queue, 2);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = start(join_for_ever, queue);
		kit_await_state(pids[i], 'S');
	}
	CHECK_INT(get(queue), 1);
	CHECK_INT(mp_joinable_task_done(queue), 0);
	CHECK_INT(get(queue), 2);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		CHECK_INT(waitpid(pids[i], NULL, WNOHANG), 0);
	CHECK_INT(mp_joinable_task_done(queue), 0);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		kit_join(pids[i]);
	mp_joinable_destroy(queue);
}

static int ready_pipe[2];

static void say_ready_and_wait(void)
{
	CHECK_INT(write(ready_pipe[1], "x", 1), 1);
	for (;;)
		(void)pause();
}

static void get_two_finish_one(struct mp_joinable *queue)
{
	(void)get(queue);
	(void)get(queue);
	CHECK_INT(mp_joinable_task_done(queue), 0);
	say_ready_and_wait();
}

/* A consumer that was killed with item 2 in hand, while 3 waits. */
static pid_t kill_consumer(struct mp_joinable *queue)
{
	char byte;

	CHECK_INT(pipe(ready_pipe), 0);
	for (uint64_t i = 1; i <= 3; i++)
		put(queue, i);
	pid_t pid = start(get_two_finish_one, queue);
	CHECK_INT(read(ready_pipe[0], &byte, 1), 1);
	kit_kill(pid);
	return pid;
}

CASE(a_dead_consumer_has_not_finished_what_it_had_in_hand)
{
	struct mp_joinable *queue = make(4);
	pid_t pid = kill_consumer(queue);

	CHECK_INT(mp_joinable_n_unfinished(queue), 2);
	CHECK_INT(mp_joinable_join(queue, 0), -ETIMEDOUT);
	CHECK_INT(mp_joinable_recover(queue, pid, NULL, NULL), 1);
	CHECK_INT(mp_joinable_n_unfinished(queue), 2);
	CHECK_INT(get(queue), 2);
	CHECK_INT(get(queue), 3);
	CHECK_INT(mp_joinable_task_done(queue), 0);
	CHECK_INT(mp_joinable_task_done(queue), 0);
	CHECK_INT(mp_joinable_join(queue, -1), 0);
	mp_joinable_destroy(queue);
}

static enum mp_queue_verdict drop(void *ctx, void *record, size_t *len,
                                  unsigned n_takes)
{
	CHECK_INT(*(uint64_t *)record, 2);
	CHECK_INT(*len, sizeof(uint64_t));
	CHECK_INT(n_takes, 1);
	*(bool *)ctx = true;
	return MP_QUEUE_DROP;
}

CASE(a_dropped_item_is_done_and_wakes_who_joins)
{
	struct mp_joinable *queue = make(4);
	pid_t pid = kill_consumer(queue), joiner = start(join_for_ever, queue);
	bool was_asked = false;

	kit_await_state(joiner, 'S');
	CHECK_INT(get(queue), 3);
	CHECK_INT(mp_joinable_task_done(queue), 0);
	CHECK_INT(mp_joinable_join(queue, 0), -ETIMEDOUT);
	CHECK_INT(mp_joinable_recover(queue, pid, drop, &was_asked), 1);
	CHECK(was_asked);
	kit_join(joiner);
	mp_joinable_destroy(queue);
}

CASE(killed_joiners_and_consumers_that_wait_cost_nothing)
{
	struct mp_joinable *queue = make(4);

	put(queue, 1);
	pid_t joiners[2];
	for (size_t i = 0; i < 2; i++) {
		joiners[i] = start(join_for_ever, queue);
		kit_await_state(joiners[i], 'S');
	}
	kit_kill(joiners[0]);
	CHECK_INT(mp_joinable_recover(queue, joiners[0], NULL, NULL), 0);
	CHECK_INT(get(queue), 1);
	CHECK_INT(mp_joinable_task_done(queue), 0);
	kit_join(joiners[1]);
	mp_joinable_destroy(queue);
}

/* Each item n makes two of n - 1, so item n stands for 2^(n+1) - 1 items. */
#define DEPTH  7
#define N_TREE ((1U << (DEPTH + 1)) - 1)

static _Atomic unsigned *n_handled;

static void split_items(struct mp_joinable *queue)
{
	uint64_t depth;

	while ((depth = get(queue)) != UINT64_MAX) {
		for (int i = 0; depth > 0 && i < 2; i++)
			put(queue, depth - 1);
		(void)atomic_fetch_add(n_handled, 1);
		CHECK_INT(mp_joinable_task_done(queue), 0);
	}
}

CASE(join_waits_for_items_that_items_lead_to)
{
	struct mp_joinable *queue = make(N_TREE);
	pid_t pids[3];
	void *memory;

	CHECK_INT(mp_shm_map(sizeof(*n_handled), &memory), 0);
	n_handled = memory;
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		pids[i] = start(split_items, queue);
	for (unsigned round = 1; round <= 50; round++) {
		put(queue, DEPTH);
		CHECK_INT(mp_joinable_join(queue, -1), 0);
		CHECK_INT(atomic_load(n_handled), round * N_TREE);
	}
	mp_joinable_close(queue);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		kit_join(pids[i]);
	mp_shm_unmap(memory, sizeof(*n_handled));
	mp_joinable_destroy(queue);
}

/* As above, and one after the other is killed and replaced. Only an item that
 * is finished is counted for good, so the count may be higher, never lower. */
CASE(join_waits_for_items_of_consumers_that_are_killed)
{
	struct mp_joinable *queue = make(4096);
	pid_t pids[3];
	void *memory;

	CHECK_INT(mp_shm_map(sizeof(*n_handled), &memory), 0);
	n_handled = memory;
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		pids[i] = start(split_items, queue);
	put(queue, DEPTH);
	for (unsigned round = 0; round < 30; round++) {
		pid_t *victim = &pids[round % ARRAY_LEN(pids)];

		while (atomic_load(n_handled) < round * 4)
			sched_yield();
		kit_kill(*victim);
		(void)mp_joinable_recover(queue, *victim, NULL, NULL);
		*victim = start(split_items, queue);
	}
	CHECK_INT(mp_joinable_join(queue, -1), 0);
	CHECK(atomic_load(n_handled) >= N_TREE);
	CHECK_INT(mp_joinable_n_unfinished(queue), 0);
	mp_joinable_close(queue);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		kit_join(pids[i]);
	mp_shm_unmap(memory, sizeof(*n_handled));
	mp_joinable_destroy(queue);
}

int main(int argc, char **argv)
{
	kit_sleep_for_ever();
	return check_main(argc, argv);
}
