/* SPDX-License-Identifier: MIT */
/* Memory is not shared between processes: what a child writes is its own copy.
 * Values and arrays made before the fork are. */
#include "must.h"

#include "mp/process.h"
#include "mp/value.h"

#define N_SQUARES 5
#define N_ADDERS  4

static int ordinary = 1;

static int write_ordinary(UNUSED void *arg)
{
	ordinary = 100;
	printf("child: ordinary is %d\n", ordinary);
	return 0;
}

static int add_a_thousand(void *arg)
{
	struct mp_value *total = arg;

	for (int i = 0; i < 1000; i++)
		(void)mp_value_add(total, 1);
	return 0;
}

static int write_squares(void *arg)
{
	struct mp_array *squares = arg;

	for (size_t i = 0; i < mp_array_len(squares); i++)
		mp_array_ints(squares)[i] = (int64_t)(i * i);
	return 0;
}

/* Two accounts that only make sense together, so the array's lock is held. A
 * process that died with it would be told to the next owner, -EOWNERDEAD. */
static int move_one(void *arg)
{
	struct mp_array *accounts = arg;

	for (int i = 0; i < 100; i++) {
		if (mp_array_lock(accounts, -1) != 0)
			return 1;
		mp_array_doubles(accounts)[0] -= 0.5;
		mp_array_doubles(accounts)[1] += 0.5;
		mp_array_unlock(accounts);
	}
	return 0;
}

/* Runs the function in n processes at once and waits for all. */
static void run(mp_process_fn *fn, void *arg, size_t n)
{
	struct mp_process *processes[N_ADDERS];

	for (size_t i = 0; i < n; i++)
		must(mp_process_start(fn, arg, NULL, &processes[i]), "start");
	for (size_t i = 0; i < n; i++) {
		must(mp_process_join(processes[i], -1), "join");
		mp_process_destroy(processes[i]);
	}
}

int main(void)
{
	struct mp_value *total;
	struct mp_array *squares, *accounts;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	must(mp_value_create_int(0, &total), "value");
	must(mp_array_create(MP_ARRAY_INT, N_SQUARES, &squares), "array");
	must(mp_array_create(MP_ARRAY_DOUBLE, 2, &accounts), "array");

	run(write_ordinary, NULL, 1);
	printf("parent: ordinary is still %d\n", ordinary);

	run(add_a_thousand, total, N_ADDERS);
	printf("parent: %d children made the value %lld\n", N_ADDERS,
	       (long long)mp_value_get(total));

	run(write_squares, squares, 1);
	printf("parent: the array holds");
	for (size_t i = 0; i < mp_array_len(squares); i++)
		printf(" %lld", (long long)mp_array_ints(squares)[i]);
	printf("\n");

	run(move_one, accounts, N_ADDERS);
	printf("parent: the accounts hold %.1f and %.1f\n",
	       mp_array_doubles(accounts)[0], mp_array_doubles(accounts)[1]);

	mp_value_destroy(total);
	mp_array_destroy(squares);
	mp_array_destroy(accounts);
	return 0;
}
