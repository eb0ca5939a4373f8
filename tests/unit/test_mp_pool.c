/* SPDX-License-Identifier: MIT */
/* Calls and their results. How a pool ends, and deaths, are in
 * test_mp_pool_life.c. */
#include "pool_fixture.h"

/* --- apply --- */

CASE(apply_async_gives_result_and_error_to_the_callback)
{
	struct mp_pool *pool = make_pool(3, NULL);
	struct record records[100] = {0};
	const struct mp_bytes *args = make_args(100);

	for (size_t i = 0; i < 100; i++)
		CHECK_INT(mp_pool_apply_async(pool, fail_when_odd, args[i].data,
		                              args[i].len, keep, &records[i]),
		          0);
	mp_pool_close(pool);
	CHECK_INT(mp_pool_join(pool, -1), 0);

	for (int i = 0; i < 100; i++) {
		CHECK_INT(records[i].n, 1);
		CHECK_INT(records[i].error, i % 2 ? -i : 0);
		CHECK_INT(records[i].value, i % 2 ? 0 : i * i);
	}
	mp_pool_destroy(pool);
}

CASE(apply_async_without_a_callback_runs_the_function)
{
	struct mp_pool *pool = make_pool(1, NULL);
	int64_t zero = 0;

	CHECK_INT(write(gate[1], "", 1), 1);
	CHECK_INT(mp_pool_apply_async(pool, wait_at_gate, &zero, sizeof(zero),
	                              NULL, NULL),
	          0);
	CHECK_INT(mp_pool_wait(pool, -1), 1);
	CHECK_INT(mp_pool_wait(pool, -1), 0);

	CHECK_INT(atomic_load(&shared->n_running), 1);
	close_join_destroy(pool);
}

CASE(apply_waits_for_its_result)
{
	struct mp_pool *pool = make_pool(1, NULL);
	int64_t seven = 7, three = 3;
	struct mp_result result;

	CHECK_INT(mp_pool_apply(pool, square, &seven, sizeof(seven), &result),
	          0);
	CHECK_INT(number_of(&result), 49);
	mp_result_release(&result);
	CHECK_INT(mp_pool_apply(pool, fail_when_odd, &three, sizeof(three),
	                        &result),
	          0);
	CHECK_INT(result.error, -3);
	CHECK(!result.data);
	close_join_destroy(pool);
}

CASE(arguments_and_results_go_up_to_their_maximum)
{
	struct mp_pool_options options = {.arg_max = 100, .result_max = 99};
	struct mp_pool *pool = make_pool(1, &options);
	char big[101] = "big";
	struct mp_result result;

	CHECK_INT(mp_pool_apply(pool, echo, big, 99, &result), 0);
	CHECK_INT(result.error, 0);
	CHECK_INT(result.len, 99);
	CHECK(memcmp(result.data, big, 99) == 0);
	mp_result_release(&result);
	CHECK_INT(mp_pool_apply(pool, echo, big, 100, &result), 0);
	CHECK_INT(result.error, -EMSGSIZE);
	CHECK_INT(mp_pool_apply(pool, echo, big, 101, &result), 0);
	CHECK_INT(result.error, -EMSGSIZE);
	CHECK_INT(mp_pool_apply_async(pool, echo, big, 101, NULL, NULL),
	          -EMSGSIZE);
	CHECK_INT(mp_pool_apply(pool, echo, NULL, 0, &result), 0);
	CHECK_INT(result.error, 0);
	CHECK(!result.data && result.len == 0);
	CHECK_INT(mp_pool_apply(pool, too_much, NULL, 0, &result), 0);
	CHECK_INT(result.error, -EMSGSIZE);
	CHECK_INT(result.len, 99);
	mp_result_release(&result);
	close_join_destroy(pool);
}

struct chain {
	struct mp_pool *pool;
	unsigned n_left, depth, max_depth;
};

/* Each callback asks for two more. */
static void go_on(void *ctx, UNUSED const struct mp_result *result)
{
	struct chain *chain = ctx;

	if (++chain->depth > chain->max_depth)
		chain->max_depth = chain->depth;
	for (int i = 0; i < 2 && chain->n_left > 0; i++) {
		chain->n_left--;
		CHECK_INT(mp_pool_apply_async(chain->pool, echo, NULL, 0, go_on,
		                              chain),
		          0);
	}
	chain->depth--;
}

CASE(callbacks_may_apply_and_are_never_nested)
{
	struct mp_pool_options options = {.n_waiting = 1};
	struct mp_pool *pool = make_pool(2, &options);
	struct chain chain = {.pool = pool, .n_left = 2000};

	go_on(&chain, NULL);
	while (mp_pool_wait(pool, -1) > 0)
		continue;

	CHECK_INT(chain.n_left, 0);
	CHECK_INT(chain.depth, 0);
	CHECK_INT(chain.max_depth, 1);
	close_join_destroy(pool);
}

/* --- map --- */

CASE(map_gives_results_in_the_order_of_its_arguments)
{
	struct mp_pool *pool = make_pool(4, NULL);
	static struct mp_result results[N_MANY];

	CHECK_INT(mp_pool_map(pool, square, make_args(N_MANY), N_MANY, results),
	          0);

	for (int64_t i = 0; i < N_MANY; i++)
		CHECK_INT(number_of(&results[i]), i * i);
	mp_results_release(results, N_MANY);
	CHECK_INT(mp_pool_map(pool, square, NULL, 0, NULL), 0);
	close_join_destroy(pool);
}

CASE(map_counts_errors_and_gives_each_to_its_result)
{
	struct mp_pool *pool = make_pool(2, NULL);
	struct mp_result results[11];

	CHECK_INT(mp_pool_map(pool, fail_when_odd, make_args(11), 11, results),
	          5);

	for (int i = 0; i < 11; i++)
		CHECK_INT(results[i].error, i % 2 ? -i : 0);
	mp_results_release(results, 11);
	close_join_destroy(pool);
}

CASE(starmap_gives_each_function_several_arguments)
{
	struct mp_pool *pool = make_pool(2, NULL);
	const struct mp_bytes args[] = {
		{"a", 1},   {"bc", 2}, {"", 0},   {"0123456789abcdef", 16},
		{"++", 2},  {"!", 1},  {NULL, 0}, {"x", 1},
		{"yyy", 3},
	};
	struct mp_result results[3];

	CHECK_INT(mp_pool_starmap(pool, join_words, args, 3, 3, results), 0);

	CHECK_INT(results[0].len, 3);
	CHECK(memcmp(results[0].data, "abc", 3) == 0);
	CHECK_INT(results[1].len, 19);
	CHECK(memcmp(results[1].data, "0123456789abcdef++!", 19) == 0);
	CHECK_INT(results[2].len, 4);
	CHECK(memcmp(results[2].data, "xyyy", 4) == 0);
	mp_results_release(results, 3);
	close_join_destroy(pool);
}

CASE(starmap_takes_up_to_its_maximum_of_arguments)
{
	struct mp_pool_options options = {.arg_max = 800, .result_max = 800};
	struct mp_pool *pool = make_pool(1, &options);
	struct mp_bytes args[MP_POOL_ARGS_MAX + 1];
	struct mp_result result;
	char part[100] = "part";

	for (size_t i = 0; i <= MP_POOL_ARGS_MAX; i++)
		args[i] = MP_BYTES(part);
	CHECK_INT(mp_pool_starmap(pool, join_words, args, MP_POOL_ARGS_MAX, 1,
	                          &result),
	          0);
	CHECK_INT(result.len, 800);
	mp_result_release(&result);
	CHECK_INT(mp_pool_starmap(pool, join_words, args, MP_POOL_ARGS_MAX + 1,
	                          1, &result),
	          1);
	CHECK_INT(result.error, -EMSGSIZE);
	close_join_destroy(pool);
}

CASE(imap_gives_results_in_order)
{
	struct mp_pool *pool = make_pool(3, NULL);
	struct mp_imap *imap;
	struct mp_result result;
	size_t index;

	CHECK_INT(mp_pool_imap(pool, square, make_args(500), 500, &imap), 0);
	for (int64_t i = 0; i < 500; i++) {
		CHECK_INT(mp_imap_next(imap, &result, &index, -1), 1);
		CHECK_INT(index, i);
		CHECK_INT(number_of(&result), i * i);
		mp_result_release(&result);
	}
	CHECK_INT(mp_imap_next(imap, &result, NULL, -1), 0);

	mp_imap_destroy(imap);
	close_join_destroy(pool);
}

CASE(imap_unordered_gives_each_result_as_it_comes)
{
	struct mp_pool_options options = {.n_waiting = 10};
	struct mp_pool *pool = make_pool(2, &options);
	struct mp_imap *imap, *slow;
	struct mp_result result;
	bool seen[100] = {false};
	size_t index;

	/* One worker stands at the gate meanwhile. */
	CHECK_INT(mp_pool_imap_unordered(pool, wait_at_gate, make_args(1), 1,
	                                 &slow),
	          0);
	CHECK_INT(mp_imap_next(slow, &result, &index, 10), -ETIMEDOUT);
	CHECK_INT(mp_pool_imap_unordered(pool, square, make_args(100), 100,
	                                 &imap),
	          0);
	for (unsigned i = 0; i < 100; i++) {
		CHECK_INT(mp_imap_next(imap, &result, &index, -1), 1);
		CHECK(index < 100 && !seen[index]);
		seen[index] = true;
		CHECK_INT(number_of(&result), index * index);
		mp_result_release(&result);
	}
	CHECK_INT(mp_imap_next(imap, &result, &index, -1), 0);
	CHECK_INT(mp_imap_next(slow, &result, &index, 0), -ETIMEDOUT);
	CHECK_INT(write(gate[1], "", 1), 1);
	CHECK_INT(mp_imap_next(slow, &result, &index, -1), 1);
	CHECK_INT(index, 0);

	mp_result_release(&result);
	mp_imap_destroy(imap);
	mp_imap_destroy(slow);
	close_join_destroy(pool);
}

CASE(an_iterator_destroyed_early_leaves_the_pool_working)
{
	struct mp_pool *pool = make_pool(2, NULL);
	struct mp_imap *imap;
	struct mp_result result;
	int64_t four = 4;

	CHECK_INT(mp_pool_imap(pool, square, make_args(500), 500, &imap), 0);
	CHECK_INT(mp_imap_next(imap, &result, NULL, -1), 1);
	mp_result_release(&result);
	mp_imap_destroy(imap);
	CHECK_INT(mp_pool_apply(pool, square, &four, sizeof(four), &result), 0);
	CHECK_INT(number_of(&result), 16);

	mp_result_release(&result);
	close_join_destroy(pool);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
