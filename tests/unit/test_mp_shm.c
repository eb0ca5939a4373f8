/* SPDX-License-Identifier: MIT */
#include "queue_kit.h"

#include "base/mono.h"

#include <limits.h>
#include <pthread.h>

struct board {
	_Atomic uint32_t word;
	_Atomic uint32_t n_awake;
	uint32_t note;
};

static struct board *board;

static void make_board(void)
{
	void *memory;

	CHECK_INT(mp_shm_map(sizeof(*board), &memory), 0);
	board = memory;
}

static pid_t fork_sleeper(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid > 0) {
		kit_await_state(pid, 'S');
		return pid;
	}
	while (atomic_load(&board->word) == 0)
		CHECK_INT(mp_shm_wait(&board->word, 0, MONO_NEVER), 0);
	(void)atomic_fetch_add(&board->n_awake, 1);
	_exit(0);
}

CASE(memory_is_zeroed_and_shared_with_children)
{
	make_board();
	CHECK_INT(board->note, 0);
	pid_t pid = fork();
	if (pid == 0) {
		board->note = 17;
		_exit(0);
	}
	kit_join(pid);
	CHECK_INT(board->note, 17);
	mp_shm_unmap(board, sizeof(*board));
	mp_shm_unmap(NULL, 0);
}

CASE(more_than_there_is_cannot_be_had)
{
	void *memory = NULL;

	CHECK_INT(mp_shm_map(SIZE_MAX / 2, &memory), -ENOMEM);
	CHECK(!memory);
	CHECK_INT(mp_shm_map(0, &memory), 0);
	mp_shm_unmap(memory, 0);
}

CASE(memory_that_is_not_touched_costs_nothing)
{
	const size_t size = (size_t)1 << 36;
	void *memory;

	CHECK_INT(mp_shm_map(size, &memory), 0);
	((unsigned char *)memory)[size - 1] = 1;
	mp_shm_unmap(memory, size);
}

CASE(wait_returns_at_once_when_the_word_differs)
{
	make_board();
	atomic_store(&board->word, 5);
	CHECK_INT(mp_shm_wait(&board->word, 4, MONO_NEVER), 0);
	mp_shm_unmap(board, sizeof(*board));
}

CASE(wait_ends_at_its_deadline)
{
	make_board();
	int64_t deadline = mono_deadline_ns(20);
	int result = 0;
	while (result == 0)
		result = mp_shm_wait(&board->word, 0, deadline);
	CHECK_INT(result, -ETIMEDOUT);
	CHECK(mono_now_ns() >= deadline);
	CHECK_INT(mp_shm_wait(&board->word, 0, 0), -ETIMEDOUT);
	mp_shm_unmap(board, sizeof(*board));
}

CASE(wake_wakes_as_many_as_it_was_told)
{
	pid_t pids[3];

	make_board();
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		pids[i] = fork_sleeper();
	atomic_store(&board->word, 1);
	mp_shm_wake(&board->word, 1);
	while (atomic_load(&board->n_awake) == 0)
		sched_yield();
	/* The others sleep on although the word has changed. */
	CHECK_INT(atomic_load(&board->n_awake), 1);
	mp_shm_wake(&board->word, INT_MAX);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		kit_join(pids[i]);
	CHECK_INT(atomic_load(&board->n_awake), 3);
	mp_shm_unmap(board, sizeof(*board));
}

static void *ask_self(void *arg)
{
	*(uint32_t *)arg = mp_shm_self();
	return NULL;
}

CASE(self_is_the_pid_also_after_a_fork_and_another_in_a_thread)
{
	pthread_t thread;
	uint32_t other = 0;

	CHECK_INT(mp_shm_self(), getpid());
	pid_t pid = fork();
	if (pid == 0) {
		CHECK_INT(mp_shm_self(), getpid());
		_exit(0);
	}
	kit_join(pid);
	CHECK_INT(mp_shm_self(), getpid());
	CHECK_INT(pthread_create(&thread, NULL, ask_self, &other), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK(other != 0 && other != mp_shm_self());
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
