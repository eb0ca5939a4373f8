/* SPDX-License-Identifier: MIT */
/* tests/unit/queue_kit.h - what the tests of queues have in common
 *
 * Model     records are numbers; helpers fail the case when a call does not
 *           do what it must. Waiting for another process to fall asleep is
 *           watching its state, so no test depends on time. */
#ifndef TESTS_QUEUE_KIT_H
#define TESTS_QUEUE_KIT_H

#include "check.h"
#include "mp/queue.h"
#include "mp/queue_private.h"

#include <sched.h>

#define KIT_RECORD_MAX 64

UNUSED static struct mp_queue *kit_queue(size_t n_slots)
{
	struct mp_queue *queue;

	CHECK_INT(mp_queue_create(n_slots, KIT_RECORD_MAX, &queue), 0);
	return queue;
}

/* Lost wakeups shall hang, not be made good by looking again. */
UNUSED static void kit_sleep_for_ever(void)
{
	mp_queue_slice_ns = INT64_C(1000000) * NS_PER_S;
}

UNUSED static void kit_put(struct mp_queue *queue, uint64_t number)
{
	CHECK_INT(mp_queue_put(queue, &number, sizeof(number), -1), 0);
}

/* As if the wakeup had gone to a process that died with it. */
UNUSED static void kit_put_silently(struct mp_queue *queue, uint64_t number)
{
	size_t slot;

	CHECK(mp_ring_claim(queue, &slot));
	*(uint64_t *)mp_ring_record(queue, slot) = number;
	mp_ring_publish(queue, slot, sizeof(number));
}

/* The next number, waited for; UINT64_MAX at the end. */
UNUSED static uint64_t kit_get(struct mp_queue *queue)
{
	uint64_t number = UINT64_MAX;
	size_t len = 0;
	int result = mp_queue_get(queue, &number, sizeof(number), &len, -1);

	if (result == 0)
		return UINT64_MAX;
	CHECK_INT(result, 1);
	CHECK_INT(len, sizeof(number));
	return number;
}

/* The next record is there now and is this number. */
UNUSED static uint64_t *kit_take(struct mp_queue *queue, uint64_t number)
{
	void *record = NULL;
	size_t len = 0;

	CHECK_INT(mp_queue_take(queue, &record, &len, 0), 1);
	CHECK_INT(len, sizeof(number));
	CHECK_INT(*(uint64_t *)record, number);
	return record;
}

UNUSED static bool kit_has_none(struct mp_queue *queue)
{
	void *record;
	size_t len;

	return mp_queue_take(queue, &record, &len, 0) == -EAGAIN;
}

/* In a child: fn(queue), then out by _exit(0). */
UNUSED static pid_t kit_start(void (*fn)(struct mp_queue *),
                              struct mp_queue *queue)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid > 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn(queue);
	_exit(0);
}

/* It ended by itself and with success. */
UNUSED static void kit_join(pid_t pid)
{
	int status = -1;

	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

UNUSED static void kit_kill(pid_t pid)
{
	int status = -1;

	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
}

UNUSED static char kit_state(pid_t pid)
{
	char path[64], line[256], state = '?';

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	CHECK(file);
	CHECK(fgets(line, sizeof(line), file));
	(void)fclose(file);
	CHECK_INT(sscanf(strrchr(line, ')'), ") %c", &state), 1);
	return state;
}

UNUSED static void kit_await_state(pid_t pid, char state)
{
	while (kit_state(pid) != state)
		sched_yield();
}

/* Until n sleepers are counted and this process is one that sleeps. */
UNUSED static void kit_await_sleep(const struct mp_event *event, uint32_t n,
                                   pid_t pid)
{
	while (atomic_load(&event->n_waiters) < n)
		sched_yield();
	kit_await_state(pid, 'S');
}

#endif
