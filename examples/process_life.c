/* SPDX-License-Identifier: MIT */
/* The life of a process: started, alive, joined, and what its exit code says. */
#include "must.h"

#include "mp/process.h"

#include <errno.h>
#include <unistd.h>

/* In the child: the returned value is the exit code. */
static int count(void *arg)
{
	const int *limit = arg;

	for (int i = 1; i <= *limit; i++)
		printf("%s: %d\n", mp_process_self_name(), i);
	return *limit;
}

static int wait_for_ever(UNUSED void *arg)
{
	while (pause() < 0)
		continue;
	return 0;
}

static int start_a_child(UNUSED void *arg)
{
	struct mp_process *child;

	/* A daemon may not: the answer is -EPERM. */
	return -mp_process_start(count, NULL, NULL, &child);
}

static struct mp_process *start(mp_process_fn *fn, void *arg, const char *name,
                                bool is_daemon)
{
	const struct mp_process_options options = {name, is_daemon};
	struct mp_process *process;

	must(mp_process_start(fn, arg, &options, &process), "start");
	return process;
}

static void tell_end(struct mp_process *process)
{
	int code;

	must(mp_process_join(process, -1), "join");
	must(mp_process_exit_code(process, &code), "exit code");
	if (code < 0)
		printf("%s: ended by signal %d (%s)\n",
		       mp_process_name(process), -code, sigabbrev_np(-code));
	else
		printf("%s: ended with %d\n", mp_process_name(process), code);
	mp_process_destroy(process);
}

int main(void)
{
	int limit = 3;

	/* A line at a time, for lines of several processes to keep their
	 * order. */
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	printf("here is %s\n", mp_process_self_name());
	tell_end(start(count, &limit, "counter", false));

	struct mp_process *waiter = start(wait_for_ever, NULL, "waiter", false);
	printf("waiter: is alive: %s\n",
	       mp_process_is_alive(waiter) ? "yes" : "no");
	if (mp_process_join(waiter, 10) == -ETIMEDOUT)
		printf("waiter: after 10 ms: still running\n");
	must(mp_process_terminate(waiter), "terminate");
	tell_end(waiter);

	waiter = start(wait_for_ever, NULL, "stubborn", false);
	must(mp_process_kill(waiter), "kill");
	tell_end(waiter);

	tell_end(start(start_a_child, NULL, "daemon", true));

	/* Left running: a daemon is killed when we leave. */
	(void)start(wait_for_ever, NULL, "left behind", true);
	printf("that is all\n");
	return 0;
}
