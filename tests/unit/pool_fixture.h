/* SPDX-License-Identifier: MIT */
/* tests/unit/pool_fixture.h - what the tests of mp/pool.h have in common: a
 * pool, functions for its workers, and what to do with results */
#ifndef TESTS_POOL_FIXTURE_H
#define TESTS_POOL_FIXTURE_H

#include "check.h"
#include "mp/pool.h"
#include "mp/shm.h"

#include <sched.h>
#include <stdatomic.h>

#define N_MANY 10000

/* What workers see of each other. */
struct shared {
	_Atomic unsigned n_started, n_running, n_runs;
};

static struct shared *shared;
static int gate[2];

static void share(void)
{
	void *memory;

	CHECK_INT(mp_shm_map(sizeof(*shared), &memory), 0);
	shared = memory;
	CHECK_INT(pipe(gate), 0);
}

static struct mp_pool *make_pool(unsigned n_workers,
                                 const struct mp_pool_options *options)
{
	struct mp_pool *pool = NULL;

	share();
	CHECK_INT(mp_pool_create(n_workers, options, &pool), 0);
	return pool;
}

static void check_no_child(void)
{
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(errno, ECHILD);
}

UNUSED static void close_join_destroy(struct mp_pool *pool)
{
	mp_pool_close(pool);
	CHECK_INT(mp_pool_join(pool, -1), 0);
	check_no_child();
	mp_pool_destroy(pool);
}

/* --- functions of the workers --- */

UNUSED static int square(const void *arg, size_t len, struct mp_output *output)
{
	int64_t value;

	if (len != sizeof(value))
		return -EINVAL;
	memcpy(&value, arg, len);
	value *= value;
	return mp_output_add(output, &value, sizeof(value));
}

UNUSED static int fail_when_odd(const void *arg, size_t len,
                                struct mp_output *output)
{
	int64_t value;

	memcpy(&value, arg, len);
	return value % 2 ? (int)-value : square(arg, len, output);
}

UNUSED static int echo(const void *arg, size_t len, struct mp_output *output)
{
	CHECK((uintptr_t)arg % 16 == 0);
	CHECK((uintptr_t)output->data % 16 == 0);
	return mp_output_add(output, arg, len);
}

UNUSED static int too_much(UNUSED const void *arg, UNUSED size_t len,
                           struct mp_output *output)
{
	char byte = 'x';
	int err = 0;

	while (err == 0)
		err = mp_output_add(output, &byte, 1);
	return err;
}

UNUSED static int wait_at_gate(const void *arg, size_t len,
                               struct mp_output *output)
{
	char byte;

	(void)atomic_fetch_add(&shared->n_running, 1);
	CHECK_INT(read(gate[0], &byte, 1), 1);
	return square(arg, len, output);
}

UNUSED static int tell_pid(UNUSED const void *arg, UNUSED size_t len,
                           struct mp_output *output)
{
	pid_t pid = getpid();

	return mp_output_add(output, &pid, sizeof(pid));
}

UNUSED static int die(UNUSED const void *arg, UNUSED size_t len,
                      UNUSED struct mp_output *output)
{
	(void)atomic_fetch_add(&shared->n_runs, 1);
	return raise(SIGKILL);
}

UNUSED static int join_words(const struct mp_bytes *args, size_t n_args,
                             struct mp_output *output)
{
	int err = 0;

	for (size_t i = 0; !err && i < n_args; i++) {
		CHECK((uintptr_t)args[i].data % 16 == 0);
		err = mp_output_add(output, args[i].data, args[i].len);
	}
	return err;
}

/* --- results --- */

struct record {
	int64_t value;
	int error;
	unsigned n;
};

UNUSED static void keep(void *ctx, const struct mp_result *result)
{
	struct record *record = ctx;

	record->n++;
	record->error = result->error;
	if (result->len == sizeof(record->value))
		memcpy(&record->value, result->data, result->len);
}

UNUSED static int64_t number_of(const struct mp_result *result)
{
	int64_t value;

	CHECK_INT(result->error, 0);
	CHECK_INT(result->len, sizeof(value));
	memcpy(&value, result->data, sizeof(value));
	return value;
}

UNUSED static const struct mp_bytes *make_args(size_t n)
{
	static int64_t numbers[N_MANY];
	static struct mp_bytes args[N_MANY];

	CHECK(n <= N_MANY);
	for (size_t i = 0; i < n; i++) {
		numbers[i] = (int64_t)i;
		args[i] = MP_BYTES(numbers[i]);
	}
	return args;
}

#endif
