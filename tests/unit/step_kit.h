/* SPDX-License-Identifier: MIT */
/* tests/unit/step_kit.h - a process run one instruction at a time (ptrace)
 *
 * Model     what can go wrong between two instructions of one process while
 *           another acts is tried between all of them, not left to chance */
#ifndef TESTS_STEP_KIT_H
#define TESTS_STEP_KIT_H

#include "queue_kit.h"

#include <sys/ptrace.h>

/* The number of instructions to try next: each one of the first so many, then
 * fewer, because each trial runs all that come before. Instrumented functions
 * and those that are not optimised are many times as long. */
#if defined(CHECK_LEAKS) || !defined(__OPTIMIZE__)
#define N_EXHAUSTIVE 10
#else
#define N_EXHAUSTIVE 80
#endif
#define NEXT(n) ((n) + 1 + (n) / N_EXHAUSTIVE)

/* Runs fn(queue) in a process that stops before its first instruction. */
UNUSED static pid_t step_start(void (*fn)(struct mp_queue *),
                               struct mp_queue *queue)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
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

/* Until a child has something to tell; false when a moment has passed. Whoever
 * waits asleep is soon back on a machine that has much to do; who yields is
 * not. */
UNUSED static bool step_await_child(void)
{
	const struct timespec moment = {.tv_nsec = NS_PER_MS};
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	CHECK_INT(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	return sigtimedwait(&set, NULL, &moment) == SIGCHLD;
}

/* Runs one more instruction; false at the end and when it fell asleep. */
UNUSED static bool step(pid_t pid)
{
	int status;
	pid_t stopped;

	CHECK_INT(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	while ((stopped = waitpid(pid, &status, WNOHANG)) == 0) {
		if (!step_await_child() && kit_state(pid) == 'S')
			return false;
	}
	CHECK_INT(stopped, pid);
	CHECK(WIFSTOPPED(status));
	return WSTOPSIG(status) == SIGTRAP;
}

/* Lets it go on, and joins it. */
UNUSED static void step_finish(pid_t pid)
{
	int status = -1, signal_number;

	/* It is stopped, or it was asleep and stops when it is woken. */
	while (ptrace(PTRACE_CONT, pid, NULL, NULL) == 0 || errno == ESRCH) {
		CHECK_INT(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		signal_number = WSTOPSIG(status);
		CHECK(signal_number == SIGSTOP || signal_number == SIGTRAP);
	}
	CHECK_INT(status, 0);
}

/* Starts fn(queue), lets it run n_steps instructions, calls meanwhile(queue),
 * then lets it run to its end; false when it has fewer instructions. */
UNUSED static bool step_hold_up(struct mp_queue *queue,
                                void (*fn)(struct mp_queue *), unsigned n_steps,
                                void (*meanwhile)(struct mp_queue *))
{
	pid_t pid = step_start(fn, queue);

	while (n_steps > 0 && step(pid))
		n_steps--;
	meanwhile(queue);
	step_finish(pid);
	return n_steps == 0;
}

#endif
