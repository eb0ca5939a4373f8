/* SPDX-License-Identifier: MIT */
/* tests/unit/together.h - processes of one case that wait for each other
 *
 * A stage is a shared counter that only grows: stage_reach adds one and wakes
 * the others, stage_await sleeps until there were so many. No test sleeps for
 * a time in the hope that something has happened. */
#ifndef TESTS_TOGETHER_H
#define TESTS_TOGETHER_H

#include "check.h"

#include "base/mono.h"
#include "mp/process.h"
#include "mp/shm.h"

#include <limits.h>
#include <sched.h>

typedef _Atomic uint32_t stage;

UNUSED static void *shared_memory(size_t size)
{
	void *memory;

	CHECK_INT(mp_shm_map(size, &memory), 0);
	return memory;
}

UNUSED static void stage_reach(stage *at)
{
	(*at)++;
	mp_shm_wake(at, INT_MAX);
}

UNUSED static void stage_await(stage *at, uint32_t n)
{
	for (uint32_t now; (now = *at) < n;)
		CHECK_INT(mp_shm_wait(at, now, MONO_NEVER), 0);
}

UNUSED static struct mp_process *start(mp_process_fn *fn, void *arg)
{
	struct mp_process *process;

	CHECK_INT(mp_process_start(fn, arg, NULL, &process), 0);
	return process;
}

/* Joins and destroys it. */
UNUSED static void expect_exit(struct mp_process *process, int want)
{
	int code = INT_MIN;

	CHECK_INT(mp_process_join(process, -1), 0);
	CHECK_INT(mp_process_exit_code(process, &code), 0);
	CHECK_INT(code, want);
	mp_process_destroy(process);
}

/* kill -9, and wait for it. */
UNUSED static void kill_now(struct mp_process *process)
{
	CHECK_INT(mp_process_kill(process), 0);
	expect_exit(process, -SIGKILL);
}

UNUSED static _Noreturn void stay(void)
{
	for (;;)
		(void)pause();
}

/* Waits until the process sleeps. With a stage reached right before a blocking
 * call this means that it waits there: there is no other way to know. */
UNUSED static void await_sleep_of(pid_t pid)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (const char *state = ""; *state != 'S';) {
		FILE *file = fopen(path, "re");

		CHECK(file != NULL);
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
		/* PID (NAME) STATE, where the name may hold anything. */
		state = strrchr(text, ')');
		CHECK(state != NULL);
		state += 2;
		(void)sched_yield();
	}
}

UNUSED static void await_sleep(const struct mp_process *process)
{
	await_sleep_of(mp_process_pid(process));
}

#endif
