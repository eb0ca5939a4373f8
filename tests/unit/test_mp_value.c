/* SPDX-License-Identifier: MIT */
#include "together.h"

#include "mp/lock.h"
#include "mp/value.h"

static bool same(double a, double b)
{
	return !(a < b) && !(b < a);
}

CASE(integer_is_read_written_and_added_to)
{
	struct mp_value *value;

	CHECK_INT(mp_value_create_int(-7, &value), 0);
	CHECK_INT(mp_value_get(value), -7);
	CHECK_INT(mp_value_add(value, 10), 3);
	CHECK_INT(mp_value_add(value, -4), -1);
	mp_value_set(value, INT64_MAX);
	CHECK_INT(mp_value_get(value), INT64_MAX);
	CHECK_INT(mp_value_add(value, 1), INT64_MIN);
	mp_value_destroy(value);
}

CASE(cas_sets_only_what_was_expected)
{
	struct mp_value *value;
	int64_t expected = 5;

	CHECK_INT(mp_value_create_int(4, &value), 0);
	CHECK(!mp_value_cas(value, &expected, 9));
	CHECK_INT(expected, 4);
	CHECK_INT(mp_value_get(value), 4);
	CHECK(mp_value_cas(value, &expected, 9));
	CHECK_INT(expected, 4);
	CHECK_INT(mp_value_get(value), 9);
	mp_value_destroy(value);
}

CASE(double_is_read_written_and_added_to)
{
	struct mp_value *value;

	CHECK_INT(mp_value_create_double(0.5, &value), 0);
	CHECK(same(mp_value_get_double(value), 0.5));
	CHECK(same(mp_value_add_double(value, 0.25), 0.75));
	mp_value_set_double(value, -3.0);
	CHECK(same(mp_value_get_double(value), -3.0));
	mp_value_destroy(value);
}

#define N_ROUNDS 500000

static stage *gate; /* opens when all of a case are there */

static void go_together(void)
{
	stage_reach(gate);
	stage_await(gate, 4);
}

static int add_integers(void *value)
{
	go_together();
	for (int i = 0; i < N_ROUNDS; i++)
		(void)mp_value_add(value, 1);
	return 0;
}

static int add_doubles(void *value)
{
	go_together();
	for (int i = 0; i < N_ROUNDS; i++)
		(void)mp_value_add_double(value, 0.5);
	return 0;
}

static int add_by_cas(void *value)
{
	go_together();
	for (int i = 0; i < N_ROUNDS; i++) {
		int64_t old = mp_value_get(value);

		while (!mp_value_cas(value, &old, old + 1))
			continue;
	}
	return 0;
}

static int add_under_lock(void *value)
{
	go_together();
	for (int i = 0; i < 500; i++) {
		CHECK_INT(mp_value_lock(value, -1), 0);
		mp_value_set(value, mp_value_get(value) + 1);
		mp_value_unlock(value);
	}
	return 0;
}

static void run_four(mp_process_fn *fn, void *arg)
{
	struct mp_process *processes[4];

	gate = shared_memory(sizeof(*gate));
	for (size_t i = 0; i < ARRAY_LEN(processes); i++)
		processes[i] = start(fn, arg);
	for (size_t i = 0; i < ARRAY_LEN(processes); i++)
		expect_exit(processes[i], 0);
	mp_shm_unmap(gate, sizeof(*gate));
}

CASE(no_addition_is_lost_between_processes)
{
	struct mp_value *integer, *number;

	CHECK_INT(mp_value_create_int(0, &integer), 0);
	CHECK_INT(mp_value_create_double(0, &number), 0);
	run_four(add_integers, integer);
	CHECK_INT(mp_value_get(integer), 4 * N_ROUNDS);
	run_four(add_by_cas, integer);
	CHECK_INT(mp_value_get(integer), 8 * N_ROUNDS);
	run_four(add_under_lock, integer);
	CHECK_INT(mp_value_get(integer), 8 * N_ROUNDS + 2000);
	run_four(add_doubles, number);
	CHECK(same(mp_value_get_double(number), 2 * N_ROUNDS));

	mp_value_destroy(integer);
	mp_value_destroy(number);
	mp_value_destroy(NULL);
}

static int use_as_double(void *value)
{
	(void)fclose(stderr);
	return (int)mp_value_get_double(value);
}

static int use_as_integer(void *value)
{
	(void)fclose(stderr);
	return (int)mp_value_get(value);
}

static int use_as_ints(void *array)
{
	(void)fclose(stderr);
	return (int)*mp_array_ints(array);
}

CASE(use_as_another_type_is_a_bug)
{
	struct mp_value *integer, *number;
	struct mp_array *bytes;

	CHECK_INT(mp_value_create_int(0, &integer), 0);
	CHECK_INT(mp_value_create_double(0, &number), 0);
	CHECK_INT(mp_array_create(MP_ARRAY_BYTE, 8, &bytes), 0);
	expect_exit(start(use_as_double, integer), -SIGABRT);
	expect_exit(start(use_as_integer, number), -SIGABRT);
	expect_exit(start(use_as_ints, bytes), -SIGABRT);

	mp_value_destroy(integer);
	mp_value_destroy(number);
	mp_array_destroy(bytes);
}

static int fill_ints(void *array)
{
	int64_t *ints = mp_array_ints(array);

	for (size_t i = 0; i < mp_array_len(array); i++)
		ints[i] = (int64_t)i * (int64_t)i;
	return 0;
}

CASE(child_writes_what_its_parent_reads)
{
	struct mp_array *array;

	CHECK_INT(mp_array_create(MP_ARRAY_INT, 1000, &array), 0);
	CHECK_INT(mp_array_len(array), 1000);
	CHECK_INT(mp_array_ints(array)[999], 0);
	expect_exit(start(fill_ints, array), 0);

	for (int64_t i = 0; i < 1000; i++)
		CHECK_INT(mp_array_ints(array)[i], i * i);
	mp_array_destroy(array);
}

CASE(arrays_hold_each_type_and_any_number)
{
	struct mp_array *array;

	CHECK_INT(mp_array_create(MP_ARRAY_DOUBLE, 3, &array), 0);
	mp_array_doubles(array)[2] = 1.5;
	CHECK(same(mp_array_doubles(array)[2], 1.5));
	mp_array_destroy(array);
	CHECK_INT(mp_array_create(MP_ARRAY_BYTE, 100001, &array), 0);
	mp_array_bytes(array)[100000] = 255;
	CHECK_INT(mp_array_bytes(array)[100000], 255);
	mp_array_destroy(array);
	CHECK_INT(mp_array_create(MP_ARRAY_INT, 0, &array), 0);
	CHECK_INT(mp_array_len(array), 0);
	mp_array_destroy(array);
	mp_array_destroy(NULL);
}

CASE(array_too_large_is_refused)
{
	struct mp_array *array = NULL;

	CHECK_INT(mp_array_create(MP_ARRAY_INT, SIZE_MAX / 8 + 1, &array),
	          -ENOMEM);
	CHECK_INT(mp_array_create(MP_ARRAY_BYTE, SIZE_MAX, &array), -ENOMEM);
	CHECK_INT(mp_array_create(MP_ARRAY_BYTE, SIZE_MAX / 2, &array),
	          -ENOMEM);
	CHECK(array == NULL);
}

static int die_while_moving(void *arg)
{
	struct mp_array *array = arg;

	CHECK_INT(mp_array_lock(array, -1), 0);
	mp_array_ints(array)[0] -= 10;
	/* The other half of the move is never made. */
	(void)raise(SIGKILL);
	return 0;
}

CASE(next_owner_of_the_array_learns_of_the_death)
{
	struct mp_array *array;

	CHECK_INT(mp_array_create(MP_ARRAY_INT, 2, &array), 0);
	expect_exit(start(die_while_moving, array), -SIGKILL);

	CHECK_INT(mp_array_lock(array, -1), -EOWNERDEAD);
	CHECK_INT(mp_array_ints(array)[0], -10);
	CHECK_INT(mp_array_lock(array, 0), 0);
	mp_array_unlock(array);
	mp_array_unlock(array);
	CHECK_INT(mp_array_lock(array, 0), 0);
	mp_array_unlock(array);
	mp_array_destroy(array);
}

static int destroy_locked_value(void *value)
{
	(void)fclose(stderr);
	CHECK_INT(mp_value_lock(value, -1), 0);
	mp_value_destroy(value);
	return 0;
}

CASE(destroy_while_locked_is_a_bug)
{
	struct mp_value *value;

	CHECK_INT(mp_value_create_int(0, &value), 0);
	expect_exit(start(destroy_locked_value, value), -SIGABRT);
	CHECK_INT(mp_value_lock(value, -1), -EOWNERDEAD);
	mp_value_unlock(value);
	mp_value_destroy(value);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
