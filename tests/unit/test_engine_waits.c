/* SPDX-License-Identifier: MIT */
#include "engine/waits.h"

#include "base/mono.h"
#include "check.h"

static void sleep_ms(int n)
{
	const struct timespec time = {.tv_nsec = n * NS_PER_MS};

	nanosleep(&time, NULL);
}

static void be_busy_ms(int n)
{
	int64_t end_ns = mono_now_ns() + n * NS_PER_MS;

	while (mono_now_ns() < end_ns)
		;
}

CASE(a_batch_that_sleeps_at_its_files_has_waited)
{
	struct waits waits;

	waits_begin(&waits);
	for (int i = 0; i < 10; i++)
		sleep_ms(5);

	CHECK(waits_end(&waits, 10));
	CHECK(waits_end(&waits, 20));
	CHECK(!waits_end(&waits, 1000));
}

/* A machine that is busy with others makes it take longer, not sleep. */
CASE(a_batch_that_works_has_not_waited)
{
	struct waits waits;

	waits_begin(&waits);
	be_busy_ms(50);

	CHECK(!waits_end(&waits, 10));
}

CASE(short_sleeps_in_much_work_are_none)
{
	struct waits waits;

	waits_begin(&waits);
	for (int i = 0; i < 10; i++) {
		const struct timespec lock = {.tv_nsec = 1000};

		nanosleep(&lock, NULL);
	}
	struct timespec used, now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	/* Much work, by what the processor says: a busy machine cannot make
	 * it look like sleep, only long. */
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	while ((now.tv_sec - used.tv_sec) * NS_PER_S + now.tv_nsec -
	               used.tv_nsec <
	       200 * NS_PER_MS);
	waits.start_ns = mono_now_ns() - 250 * NS_PER_MS;

	CHECK(!waits_end(&waits, 10));
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
