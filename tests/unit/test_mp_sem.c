/* SPDX-License-Identifier: MIT */
#include "together.h"

#include "mp/sem.h"

struct shared {
	struct mp_sem *sem;
	stage stage;
	_Atomic int n_inside, n_inside_max;
};

static struct shared *make(unsigned n_units, unsigned max_units)
{
	struct shared *shared = shared_memory(sizeof(*shared));

	CHECK_INT(mp_sem_create(n_units, max_units, &shared->sem), 0);
	return shared;
}

static struct shared *make_bounded(unsigned n_units)
{
	struct shared *shared = shared_memory(sizeof(*shared));

	CHECK_INT(mp_bounded_sem_create(n_units, &shared->sem), 0);
	return shared;
}

static void discard(struct shared *shared)
{
	mp_sem_destroy(shared->sem);
	mp_shm_unmap(shared, sizeof(*shared));
}

static int hold(void *arg)
{
	struct shared *shared = arg;

	if (mp_sem_acquire(shared->sem, -1) != 0)
		return 1;
	stage_reach(&shared->stage);
	stay();
}

/* Says that it is about to wait; its exit code is what acquire answered. */
static int wait_for_unit(void *arg)
{
	struct shared *shared = arg;

	stage_reach(&shared->stage);
	int rc = mp_sem_acquire(shared->sem, -1);
	CHECK_INT(mp_sem_release(shared->sem), 0);
	return -rc;
}

static int acquire_and_return(void *arg)
{
	struct shared *shared = arg;

	return -mp_sem_acquire(shared->sem, 0);
}

static int release_only(void *arg)
{
	struct shared *shared = arg;

	return -mp_sem_release(shared->sem);
}

CASE(units_are_counted)
{
	struct shared *shared = make(2, 2);

	CHECK_INT(mp_sem_n_free(shared->sem), 2);
	CHECK_INT(mp_sem_acquire(shared->sem, 0), 0);
	CHECK_INT(mp_sem_acquire(shared->sem, -1), 0);
	CHECK_INT(mp_sem_n_free(shared->sem), 0);
	CHECK_INT(mp_sem_acquire(shared->sem, 0), -EAGAIN);
	CHECK_INT(mp_sem_release(shared->sem), 0);
	CHECK_INT(mp_sem_n_free(shared->sem), 1);
	CHECK_INT(mp_sem_acquire(shared->sem, 0), 0);

	CHECK_INT(mp_sem_release(shared->sem), 0);
	CHECK_INT(mp_sem_release(shared->sem), 0);
	discard(shared);
}

CASE(create_refuses_what_cannot_be)
{
	struct mp_sem *sem = NULL;

	CHECK_INT(mp_sem_create(0, 0, &sem), -EINVAL);
	CHECK_INT(mp_sem_create(2, 1, &sem), -EINVAL);
	CHECK_INT(mp_sem_create(1, MP_SEM_MAX + 1, &sem), -EINVAL);
	CHECK_INT(mp_bounded_sem_create(0, &sem), -EINVAL);
	CHECK(sem == NULL);
	mp_sem_destroy(NULL);
}

CASE(acquire_times_out)
{
	struct shared *shared = make(0, 1);
	int64_t before_ns = mono_now_ns();

	/* Longer than one look, so that it sleeps more than once. */
	CHECK_INT(mp_sem_acquire(shared->sem, MP_SEM_LOOK_MS + 30), -ETIMEDOUT);

	CHECK(mono_now_ns() - before_ns >= (MP_SEM_LOOK_MS + 30) * NS_PER_MS);
	discard(shared);
}

static int work_inside(void *arg)
{
	struct shared *shared = arg;

	for (int i = 0; i < 200; i++) {
		CHECK_INT(mp_sem_acquire(shared->sem, -1), 0);
		int n = ++shared->n_inside;
		int max = shared->n_inside_max;
		while (n > max && !atomic_compare_exchange_weak(
					  &shared->n_inside_max, &max, n))
			continue;
		(void)sched_yield();
		shared->n_inside--;
		CHECK_INT(mp_sem_release(shared->sem), 0);
	}
	return 0;
}

CASE(never_more_inside_than_units)
{
	struct shared *shared = make_bounded(2);
	struct mp_process *processes[5];

	for (size_t i = 0; i < ARRAY_LEN(processes); i++)
		processes[i] = start(work_inside, shared);
	for (size_t i = 0; i < ARRAY_LEN(processes); i++)
		expect_exit(processes[i], 0);

	CHECK(shared->n_inside_max >= 1 && shared->n_inside_max <= 2);
	CHECK_INT(mp_sem_n_free(shared->sem), 2);
	discard(shared);
}

CASE(release_wakes_a_waiter)
{
	struct shared *shared = make_bounded(1);

	CHECK_INT(mp_sem_acquire(shared->sem, -1), 0);
	struct mp_process *waiter = start(wait_for_unit, shared);
	stage_await(&shared->stage, 1);
	await_sleep(waiter);
	CHECK_INT(mp_sem_release(shared->sem), 0);

	expect_exit(waiter, 0);
	discard(shared);
}

struct ball {
	struct mp_sem *ping, *pong;
};

static int hit_back(void *arg)
{
	struct ball *ball = arg;

	for (int i = 0; i < 100; i++) {
		CHECK_INT(mp_sem_consume(ball->ping, -1), 0);
		CHECK_INT(mp_sem_release(ball->pong), 0);
	}
	return 0;
}

CASE(release_wakes_at_once)
{
	struct ball ball;
	int64_t before_ns = mono_now_ns();

	CHECK_INT(mp_sem_create(0, 1, &ball.ping), 0);
	CHECK_INT(mp_sem_create(0, 1, &ball.pong), 0);
	struct mp_process *process = start(hit_back, &ball);
	for (int i = 0; i < 100; i++) {
		CHECK_INT(mp_sem_release(ball.ping), 0);
		CHECK_INT(mp_sem_consume(ball.pong, -1), 0);
	}

	/* Sleepers that only looked now and then would need twice as long. */
	CHECK(mono_now_ns() - before_ns < 100 * NS_PER_MS * MP_SEM_LOOK_MS);
	expect_exit(process, 0);
	mp_sem_destroy(ball.ping);
	mp_sem_destroy(ball.pong);
}

CASE(release_by_another_adds_a_unit_to_a_plain_semaphore)
{
	struct shared *shared = make(0, 2);

	expect_exit(start(release_only, shared), 0);
	CHECK_INT(mp_sem_n_free(shared->sem), 1);
	expect_exit(start(release_only, shared), 0);
	expect_exit(start(release_only, shared), EOVERFLOW);

	CHECK_INT(mp_sem_n_free(shared->sem), 2);
	discard(shared);
}

CASE(release_by_another_is_refused_by_a_bounded_semaphore)
{
	struct shared *shared = make_bounded(2);

	CHECK_INT(mp_sem_release(shared->sem), -EPERM);
	CHECK_INT(mp_sem_acquire(shared->sem, 0), 0);
	expect_exit(start(release_only, shared), EPERM);
	CHECK_INT(mp_sem_n_free(shared->sem), 1);

	CHECK_INT(mp_sem_release(shared->sem), 0);
	CHECK_INT(mp_sem_consume(shared->sem, 0), -EPERM);
	discard(shared);
}

/* One unit for each of 1000 things, with room for 3. */
static int produce(void *arg)
{
	struct shared *shared = arg;

	for (int i = 0; i < 1000;) {
		int rc = mp_sem_release(shared->sem);

		CHECK(rc == 0 || rc == -EOVERFLOW);
		if (rc == 0)
			i++;
		else
			(void)sched_yield();
	}
	return 0;
}

CASE(consume_uses_up_what_release_added)
{
	struct shared *shared = make(0, 3);
	struct mp_process *producer = start(produce, shared);

	for (int i = 0; i < 1000; i++)
		CHECK_INT(mp_sem_consume(shared->sem, -1), 0);

	expect_exit(producer, 0);
	CHECK_INT(mp_sem_consume(shared->sem, 0), -EAGAIN);
	discard(shared);
}

CASE(unit_of_a_killed_holder_comes_back_with_the_news)
{
	struct shared *shared = make_bounded(1);
	struct mp_process *holder = start(hold, shared);

	stage_await(&shared->stage, 1);
	CHECK_INT(mp_sem_acquire(shared->sem, 0), -EAGAIN);
	kill_now(holder);

	CHECK_INT(mp_sem_acquire(shared->sem, 0), -EOWNERDEAD);
	CHECK_INT(mp_sem_acquire(shared->sem, 0), -EAGAIN);
	CHECK_INT(mp_sem_release(shared->sem), 0);
	CHECK_INT(mp_sem_acquire(shared->sem, 0), 0);
	CHECK_INT(mp_sem_release(shared->sem), 0);
	discard(shared);
}

static int acquire_all_and_return(void *arg)
{
	struct shared *shared = arg;

	while (mp_sem_acquire(shared->sem, 0) == 0)
		continue;
	return 0;
}

CASE(all_units_of_a_dead_holder_come_back)
{
	struct shared *shared = make(3, 5);

	expect_exit(start(acquire_all_and_return, shared), 0);

	for (int i = 0; i < 3; i++)
		CHECK_INT(mp_sem_acquire(shared->sem, 0), -EOWNERDEAD);
	CHECK_INT(mp_sem_acquire(shared->sem, 0), -EAGAIN);
	for (int i = 0; i < 3; i++)
		CHECK_INT(mp_sem_release(shared->sem), 0);
	CHECK_INT(mp_sem_n_free(shared->sem), 3);
	discard(shared);
}

CASE(sleeping_waiter_notices_a_death)
{
	struct shared *shared = make_bounded(1);
	struct mp_process *holder = start(hold, shared);

	stage_await(&shared->stage, 1);
	struct mp_process *waiter = start(wait_for_unit, shared);
	stage_await(&shared->stage, 2);
	await_sleep(waiter);
	kill_now(holder);

	expect_exit(waiter, EOWNERDEAD);
	discard(shared);
}

CASE(killed_waiter_costs_the_others_nothing)
{
	struct shared *shared = make_bounded(1);
	struct mp_process *waiters[3];

	CHECK_INT(mp_sem_acquire(shared->sem, -1), 0);
	for (uint32_t i = 0; i < ARRAY_LEN(waiters); i++) {
		waiters[i] = start(wait_for_unit, shared);
		stage_await(&shared->stage, i + 1);
		await_sleep(waiters[i]);
	}
	/* Stopped, it is woken in place of another, and then it dies. */
	CHECK_INT(mp_process_signal(waiters[0], SIGSTOP), 0);
	CHECK_INT(mp_sem_release(shared->sem), 0);
	kill_now(waiters[0]);

	expect_exit(waiters[1], 0);
	expect_exit(waiters[2], 0);
	CHECK_INT(mp_sem_n_free(shared->sem), 1);
	discard(shared);
}

CASE(consumed_unit_does_not_come_back)
{
	struct shared *shared = make(1, 1);

	CHECK_INT(mp_sem_consume(shared->sem, 0), 0);
	CHECK_INT(mp_sem_n_free(shared->sem), 0);
	expect_exit(start(acquire_and_return, shared), EAGAIN);
	expect_exit(start(release_only, shared), 0);
	CHECK_INT(mp_sem_consume(shared->sem, 0), 0);

	CHECK_INT(mp_sem_acquire(shared->sem, 0), -EAGAIN);
	discard(shared);
}

CASE(consume_says_that_the_unit_was_a_dead_holder_s)
{
	struct shared *shared = make(1, 1);

	expect_exit(start(acquire_and_return, shared), 0);

	CHECK_INT(mp_sem_consume(shared->sem, 0), -EOWNERDEAD);
	CHECK_INT(mp_sem_consume(shared->sem, 0), -EAGAIN);
	CHECK_INT(mp_sem_release(shared->sem), 0);
	CHECK_INT(mp_sem_consume(shared->sem, 0), 0);
	discard(shared);
}

static int destroy_while_holding(void *arg)
{
	struct shared *shared = arg;

	(void)fclose(stderr);
	CHECK_INT(mp_sem_acquire(shared->sem, 0), 0);
	mp_sem_destroy(shared->sem);
	return 0;
}

CASE(destroy_while_holding_is_a_bug)
{
	struct shared *shared = make_bounded(1);

	expect_exit(start(destroy_while_holding, shared), -SIGABRT);
	CHECK_INT(mp_sem_acquire(shared->sem, 0), -EOWNERDEAD);
	CHECK_INT(mp_sem_release(shared->sem), 0);
	discard(shared);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
