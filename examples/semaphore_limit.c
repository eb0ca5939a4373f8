/* SPDX-License-Identifier: MIT */
/* Eight processes want to work, a semaphore of two units lets two of them work
 * at a time; and the unit of one that dies at work is not lost. */
#include "must.h"

#include "mp/process.h"
#include "mp/sem.h"
#include "mp/value.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#define N_UNITS     2
#define N_PROCESSES 8

static struct mp_sem *limit;
static struct mp_value *n_working, *most_working, *n_done;

static void note_most(int64_t n)
{
	int64_t most = mp_value_get(most_working);

	while (n > most && !mp_value_cas(most_working, &most, n))
		continue;
}

static int work(UNUSED void *arg)
{
	const struct timespec a_moment = {.tv_nsec = 5 * NS_PER_MS};

	must(mp_sem_acquire(limit, -1), "acquire");
	note_most(mp_value_add(n_working, 1));
	(void)nanosleep(&a_moment, NULL);
	(void)mp_value_add(n_done, 1);
	(void)mp_value_add(n_working, -1);
	must(mp_sem_release(limit), "release");
	return 0;
}

static int die_at_work(UNUSED void *arg)
{
	must(mp_sem_acquire(limit, -1), "acquire");
	(void)raise(SIGKILL);
	return 0;
}

static void run(mp_process_fn *fn, size_t n)
{
	struct mp_process *processes[N_PROCESSES];

	for (size_t i = 0; i < n; i++)
		must(mp_process_start(fn, NULL, NULL, &processes[i]), "start");
	for (size_t i = 0; i < n; i++) {
		must(mp_process_join(processes[i], -1), "join");
		mp_process_destroy(processes[i]);
	}
}

int main(void)
{
	must(mp_bounded_sem_create(N_UNITS, &limit), "semaphore");
	must(mp_value_create_int(0, &n_working), "value");
	must(mp_value_create_int(0, &most_working), "value");
	must(mp_value_create_int(0, &n_done), "value");

	run(work, N_PROCESSES);
	printf("%d processes have worked\n", (int)mp_value_get(n_done));
	printf("more than %d at a time: %s\n", N_UNITS,
	       mp_value_get(most_working) > N_UNITS ? "yes" : "no");
	printf("free units: %u\n", mp_sem_n_free(limit));

	/* Its unit comes back, with the news, to the next who gets it. */
	run(die_at_work, 1);
	for (int i = 1; i <= N_UNITS; i++) {
		if (mp_sem_acquire(limit, -1) == -EOWNERDEAD)
			printf("a unit came back from a dead process\n");
	}
	for (int i = 1; i <= N_UNITS; i++)
		must(mp_sem_release(limit), "release");
	printf("free units: %u\n", mp_sem_n_free(limit));

	mp_sem_destroy(limit);
	mp_value_destroy(n_working);
	mp_value_destroy(most_working);
	mp_value_destroy(n_done);
	return 0;
}
