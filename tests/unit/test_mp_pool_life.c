/* SPDX-License-Identifier: MIT */
/* How a pool begins and ends, and what becomes of calls whose worker dies. */
#include "pool_fixture.h"

#include <dirent.h>

/* Until n workers stand at the gate. */
static void await_running(unsigned n)
{
	while (atomic_load(&shared->n_running) < n)
		(void)sched_yield();
}

static void open_gate(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		CHECK_INT(write(gate[1], "", 1), 1);
}

static int64_t zero;

static void apply(struct mp_pool *pool, mp_pool_fn *fn, struct record *record)
{
	CHECK_INT(mp_pool_apply_async(pool, fn, &zero, sizeof(zero), keep,
	                              record),
	          0);
}

CASE(a_closed_pool_runs_what_was_queued_and_refuses_more)
{
	struct mp_pool *pool = make_pool(2, NULL);
	struct record records[4] = {0};
	struct mp_result result;
	struct mp_imap *imap;

	for (int i = 0; i < 4; i++)
		apply(pool, wait_at_gate, &records[i]);
	mp_pool_close(pool);
	open_gate(4);

	CHECK_INT(mp_pool_apply_async(pool, echo, NULL, 0, NULL, NULL), -EPIPE);
	CHECK_INT(mp_pool_apply(pool, echo, NULL, 0, &result), -EPIPE);
	CHECK_INT(mp_pool_map(pool, square, make_args(1), 1, &result), -EPIPE);
	CHECK_INT(mp_pool_imap(pool, square, make_args(1), 1, &imap), -EPIPE);
	CHECK_INT(mp_pool_join(pool, -1), 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(records[i].n, 1);
	mp_pool_destroy(pool);
}

CASE(what_an_iterator_had_not_queued_at_close_ends_with_epipe)
{
	struct mp_pool_options options = {.n_waiting = 1};
	struct mp_pool *pool = make_pool(1, &options);
	struct mp_imap *imap;
	struct mp_result result;

	CHECK_INT(mp_pool_imap(pool, wait_at_gate, make_args(4), 4, &imap), 0);
	mp_pool_close(pool);
	open_gate(2);
	for (unsigned i = 0; i < 4; i++) {
		CHECK_INT(mp_imap_next(imap, &result, NULL, -1), 1);
		CHECK_INT(result.error, i < 2 ? 0 : -EPIPE);
		mp_result_release(&result);
	}
	CHECK_INT(mp_imap_next(imap, &result, NULL, -1), 0);

	mp_imap_destroy(imap);
	CHECK_INT(mp_pool_join(pool, -1), 0);
	mp_pool_destroy(pool);
}

CASE(terminate_cancels_every_call_once)
{
	struct mp_pool *pool = make_pool(2, NULL);
	struct record records[6] = {0};

	for (int i = 0; i < 6; i++)
		apply(pool, wait_at_gate, &records[i]);
	await_running(2);
	mp_pool_terminate(pool);

	for (int i = 0; i < 6; i++) {
		CHECK_INT(records[i].n, 1);
		CHECK_INT(records[i].error, -ECANCELED);
	}
	check_no_child();
	CHECK_INT(mp_pool_apply_async(pool, echo, NULL, 0, NULL, NULL), -EPIPE);
	CHECK_INT(mp_pool_join(pool, -1), 0);
	mp_pool_destroy(pool);
}

CASE(terminate_gives_the_results_that_were_there)
{
	struct mp_pool *pool = make_pool(1, NULL);
	struct record records[2] = {0};

	apply(pool, square, &records[0]);
	apply(pool, wait_at_gate, &records[1]);
	await_running(1);
	mp_pool_terminate(pool);

	CHECK_INT(records[0].error, 0);
	CHECK_INT(records[1].error, -ECANCELED);
	mp_pool_destroy(pool);
}

CASE(join_wants_close_first_and_respects_its_timeout)
{
	struct mp_pool *pool = make_pool(1, NULL);
	struct record record = {0};

	CHECK_INT(mp_pool_join(pool, 0), -EINVAL);
	apply(pool, wait_at_gate, &record);
	mp_pool_close(pool);
	CHECK_INT(mp_pool_join(pool, 0), -ETIMEDOUT);
	CHECK_INT(mp_pool_join(pool, 10), -ETIMEDOUT);
	CHECK_INT(record.n, 0);
	open_gate(1);
	CHECK_INT(mp_pool_join(pool, -1), 0);
	CHECK_INT(record.n, 1);
	check_no_child();
	mp_pool_destroy(pool);
}

struct joiner {
	struct mp_pool *pool;
	int rc;
};

static void close_and_join(void *ctx, UNUSED const struct mp_result *result)
{
	struct joiner *joiner = ctx;

	mp_pool_close(joiner->pool);
	joiner->rc = mp_pool_join(joiner->pool, -1);
}

CASE(join_inside_a_callback_is_refused)
{
	struct joiner joiner = {.pool = make_pool(1, NULL)};

	CHECK_INT(mp_pool_apply_async(joiner.pool, echo, NULL, 0,
	                              close_and_join, &joiner),
	          0);
	while (mp_pool_wait(joiner.pool, -1) > 0)
		continue;

	CHECK_INT(joiner.rc, -EDEADLK);
	CHECK_INT(mp_pool_join(joiner.pool, -1), 0);
	mp_pool_destroy(joiner.pool);
}

CASE(wait_respects_its_timeout)
{
	struct mp_pool *pool = make_pool(1, NULL);
	struct record record = {0};

	CHECK_INT(mp_pool_wait(pool, 0), 0);
	apply(pool, wait_at_gate, &record);
	CHECK_INT(mp_pool_wait(pool, 0), -ETIMEDOUT);
	CHECK_INT(mp_pool_wait(pool, 10), -ETIMEDOUT);
	open_gate(1);
	CHECK_INT(mp_pool_wait(pool, -1), 1);
	CHECK_INT(record.n, 1);
	close_join_destroy(pool);
}

static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	CHECK(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

CASE(destroy_leaves_no_child_no_descriptor_and_no_memory)
{
	struct record record = {0};

	share();
	unsigned before = count_fds();
	struct mp_pool *pool;
	CHECK_INT(mp_pool_create(3, NULL, &pool), 0);
	for (int i = 0; i < 6; i++)
		apply(pool, wait_at_gate, &record);
	mp_pool_destroy(pool);
	mp_pool_destroy(NULL);

	check_no_child();
	CHECK_INT(count_fds(), before);
	CHECK_INT(record.n, 0);
}

static int initialize(void *ctx)
{
	CHECK_STR(ctx, "context");
	(void)atomic_fetch_add(&shared->n_started, 1);
	return 0;
}

CASE(the_initializer_runs_in_each_worker)
{
	char context[] = "context";
	struct mp_pool_options options = {
		.initializer = initialize,
		.ctx = context,
	};
	struct mp_pool *pool = make_pool(3, &options);
	struct mp_result results[20];

	CHECK_INT(mp_pool_map(pool, square, make_args(20), 20, results), 0);
	mp_results_release(results, 20);
	close_join_destroy(pool);

	CHECK_INT(atomic_load(&shared->n_started), 3);
}

static int fail_to_initialize(UNUSED void *ctx)
{
	return -EACCES;
}

CASE(calls_end_with_echild_when_no_worker_can_start)
{
	struct mp_pool_options options = {.initializer = fail_to_initialize};
	struct mp_pool *pool = make_pool(2, &options);
	struct mp_result results[50];
	struct record record = {0};

	apply(pool, echo, &record);
	CHECK_INT(mp_pool_map(pool, square, make_args(50), 50, results), 50);
	for (int i = 0; i < 50; i++)
		CHECK_INT(results[i].error, -ECHILD);
	CHECK_INT(record.n, 1);
	CHECK_INT(record.error, -ECHILD);
	CHECK_INT(mp_pool_apply_async(pool, echo, NULL, 0, NULL, NULL),
	          -ECHILD);
	mp_pool_close(pool);
	CHECK_INT(mp_pool_join(pool, -1), -ECHILD);
	mp_pool_terminate(pool);
	CHECK_INT(mp_pool_join(pool, -1), 0);
	mp_pool_destroy(pool);
}

CASE(a_child_runs_at_most_max_tasks)
{
	struct mp_pool_options options = {.max_tasks_per_child = 3};
	struct mp_pool *pool = make_pool(2, &options);
	struct mp_result results[60];
	unsigned n_pids = 0;

	CHECK_INT(mp_pool_map(pool, tell_pid, make_args(60), 60, results), 0);

	for (int i = 0; i < 60; i++) {
		unsigned n_same = 0;

		for (int j = 0; j < 60; j++)
			n_same += *(pid_t *)results[i].data ==
			          *(pid_t *)results[j].data;
		CHECK(n_same >= 1 && n_same <= 3);
		n_pids += n_same == 3;
	}
	CHECK(n_pids > 0);
	mp_results_release(results, 60);
	close_join_destroy(pool);
}

CASE(a_call_that_kills_its_worker_is_given_up_after_three_tries)
{
	struct mp_pool *pool = make_pool(2, NULL);
	struct record deadly = {0}, harmless[20] = {0};

	apply(pool, die, &deadly);
	for (int i = 0; i < 20; i++)
		apply(pool, square, &harmless[i]);
	mp_pool_close(pool);
	CHECK_INT(mp_pool_join(pool, -1), 0);

	CHECK_INT(deadly.n, 1);
	CHECK_INT(deadly.error, -EOWNERDEAD);
	CHECK_INT(atomic_load(&shared->n_runs), 3);
	for (int i = 0; i < 20; i++) {
		CHECK_INT(harmless[i].n, 1);
		CHECK_INT(harmless[i].error, 0);
	}
	mp_pool_destroy(pool);
}

CASE(max_tries_says_how_often)
{
	struct mp_pool_options options = {.max_tries = 1};
	struct mp_pool *pool = make_pool(1, &options);
	struct mp_result result;

	CHECK_INT(mp_pool_apply(pool, die, NULL, 0, &result), 0);

	CHECK_INT(result.error, -EOWNERDEAD);
	CHECK_INT(atomic_load(&shared->n_runs), 1);
	close_join_destroy(pool);
}

static void shoot_one(struct mp_pool *pool)
{
	pid_t pid =
		mp_pool_pid(pool, (unsigned)random() % mp_pool_n_workers(pool));

	/* It may have been shot before. */
	if (pid > 0)
		(void)kill(pid, SIGKILL);
}

CASE(every_call_has_one_result_while_workers_are_killed)
{
	struct mp_pool_options options = {.max_tries = 100};
	struct mp_pool *pool = make_pool(4, &options);
	static struct record records[N_MANY];
	const struct mp_bytes *args = make_args(N_MANY);

	for (int i = 0; i < N_MANY; i++) {
		CHECK_INT(mp_pool_apply_async(pool, square, args[i].data,
		                              args[i].len, keep, &records[i]),
		          0);
		if (i % 50 == 0)
			shoot_one(pool);
	}
	mp_pool_close(pool);
	CHECK_INT(mp_pool_join(pool, -1), 0);

	for (int64_t i = 0; i < N_MANY; i++) {
		CHECK_INT(records[i].n, 1);
		CHECK_INT(records[i].error, 0);
		CHECK_INT(records[i].value, i * i);
	}
	check_no_child();
	mp_pool_destroy(pool);
}

CASE(a_pool_of_the_default_size_has_a_worker_for_each_processor)
{
	struct mp_pool *pool = make_pool(0, NULL);
	cpu_set_t cpus;

	CHECK_INT(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	CHECK_INT(mp_pool_n_workers(pool), CPU_COUNT(&cpus));
	CHECK(mp_pool_pid(pool, 0) > 0);
	close_join_destroy(pool);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
