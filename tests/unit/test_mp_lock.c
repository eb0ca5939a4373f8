/* SPDX-License-Identifier: MIT */
#include "together.h"

#include "mp/lock.h"

struct shared {
	struct mp_lock *lock;
	stage stage;
	int64_t count; /* guarded by lock */
};

static struct shared *make(int (*create)(struct mp_lock **out))
{
	struct shared *shared = shared_memory(sizeof(*shared));

	CHECK_INT(create(&shared->lock), 0);
	return shared;
}

static void discard(struct shared *shared)
{
	mp_lock_destroy(shared->lock);
	mp_shm_unmap(shared, sizeof(*shared));
}

/* Acquires, says so, and stays. */
static int hold(void *arg)
{
	struct shared *shared = arg;

	if (mp_lock_acquire(shared->lock, -1) != 0)
		return 1;
	stage_reach(&shared->stage);
	stay();
}

static struct mp_process *start_holder(struct shared *shared)
{
	struct mp_process *holder = start(hold, shared);

	stage_await(&shared->stage, 1);
	return holder;
}

/* Says that it is about to wait; its exit code is what acquire answered. */
static int wait_for_lock(void *arg)
{
	struct shared *shared = arg;

	stage_reach(&shared->stage);
	int rc = mp_lock_acquire(shared->lock, -1);
	if (mp_lock_acquired(rc))
		mp_lock_release(shared->lock);
	return -rc;
}

static int try_lock(void *arg)
{
	struct shared *shared = arg;
	int rc = mp_lock_acquire(shared->lock, 0);

	if (mp_lock_acquired(rc))
		mp_lock_release(shared->lock);
	return -rc;
}

static int own_and_return(void *arg)
{
	struct shared *shared = arg;

	return -mp_lock_acquire(shared->lock, -1);
}

static int add_slowly(void *arg)
{
	struct shared *shared = arg;

	for (int i = 0; i < 300; i++) {
		CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
		int64_t count = shared->count;
		(void)sched_yield();
		shared->count = count + 1;
		mp_lock_release(shared->lock);
	}
	return 0;
}

CASE(only_one_at_a_time_owns_it)
{
	struct shared *shared = make(mp_lock_create);
	struct mp_process *processes[4];

	for (size_t i = 0; i < ARRAY_LEN(processes); i++)
		processes[i] = start(add_slowly, shared);
	for (size_t i = 0; i < ARRAY_LEN(processes); i++)
		expect_exit(processes[i], 0);

	CHECK_INT(shared->count, 1200);
	discard(shared);
}

CASE(try_says_again_while_another_owns_it)
{
	struct shared *shared = make(mp_lock_create);

	CHECK_INT(mp_lock_acquire(shared->lock, 0), 0);
	expect_exit(start(try_lock, shared), EAGAIN);
	mp_lock_release(shared->lock);

	expect_exit(start(try_lock, shared), 0);
	discard(shared);
}

CASE(acquire_times_out)
{
	struct shared *shared = make(mp_lock_create);
	struct mp_process *holder = start_holder(shared);
	int64_t before_ns = mono_now_ns();

	CHECK_INT(mp_lock_acquire(shared->lock, 30), -ETIMEDOUT);

	CHECK(mono_now_ns() - before_ns >= 30 * NS_PER_MS);
	kill_now(holder);
	discard(shared);
}

CASE(owner_that_acquires_again_is_told_so)
{
	struct shared *shared = make(mp_lock_create);

	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	CHECK_INT(mp_lock_acquire(shared->lock, -1), -EDEADLK);
	CHECK_INT(mp_lock_acquire(shared->lock, 0), -EDEADLK);
	CHECK_INT(mp_lock_acquire(shared->lock, 10), -EDEADLK);

	mp_lock_release(shared->lock);
	discard(shared);
}

CASE(waiter_gets_it_when_released)
{
	struct shared *shared = make(mp_lock_create);

	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	struct mp_process *waiter = start(wait_for_lock, shared);
	stage_await(&shared->stage, 1);
	await_sleep(waiter);
	mp_lock_release(shared->lock);

	expect_exit(waiter, 0);
	discard(shared);
}

CASE(next_owner_learns_that_the_last_was_killed)
{
	struct shared *shared = make(mp_lock_create);

	kill_now(start_holder(shared));

	CHECK_INT(mp_lock_acquire(shared->lock, 0), -EOWNERDEAD);
	expect_exit(start(try_lock, shared), EAGAIN);
	mp_lock_release(shared->lock);
	discard(shared);
}

CASE(death_is_told_once)
{
	struct shared *shared = make(mp_lock_create);

	expect_exit(start(own_and_return, shared), 0);
	CHECK_INT(mp_lock_acquire(shared->lock, -1), -EOWNERDEAD);
	mp_lock_release(shared->lock);

	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	mp_lock_release(shared->lock);
	discard(shared);
}

CASE(owner_after_a_death_that_dies_too_is_reported)
{
	struct shared *shared = make(mp_lock_create);

	expect_exit(start(own_and_return, shared), 0);
	expect_exit(start(own_and_return, shared), EOWNERDEAD);

	CHECK_INT(mp_lock_acquire(shared->lock, 1000), -EOWNERDEAD);
	mp_lock_release(shared->lock);
	discard(shared);
}

CASE(waiter_is_woken_by_the_death_of_the_owner)
{
	struct shared *shared = make(mp_lock_create);
	struct mp_process *holder = start_holder(shared);
	struct mp_process *waiter = start(wait_for_lock, shared);

	stage_await(&shared->stage, 2);
	await_sleep(waiter);
	kill_now(holder);

	expect_exit(waiter, EOWNERDEAD);
	discard(shared);
}

CASE(killed_waiter_costs_the_others_nothing)
{
	struct shared *shared = make(mp_lock_create);
	struct mp_process *waiters[3];

	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	for (uint32_t i = 0; i < ARRAY_LEN(waiters); i++) {
		waiters[i] = start(wait_for_lock, shared);
		stage_await(&shared->stage, i + 1);
		await_sleep(waiters[i]);
	}
	kill_now(waiters[0]);
	mp_lock_release(shared->lock);

	expect_exit(waiters[1], 0);
	expect_exit(waiters[2], 0);
	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	mp_lock_release(shared->lock);
	discard(shared);
}

CASE(child_does_not_own_what_its_parent_owns)
{
	struct shared *shared = make(mp_rlock_create);

	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	expect_exit(start(try_lock, shared), EAGAIN);

	mp_lock_release(shared->lock);
	discard(shared);
}

CASE(rlock_is_free_after_as_many_releases)
{
	struct shared *shared = make(mp_rlock_create);

	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	CHECK_INT(mp_lock_acquire(shared->lock, 0), 0);
	CHECK_INT(mp_lock_acquire(shared->lock, 100), 0);
	mp_lock_release(shared->lock);
	mp_lock_release(shared->lock);
	expect_exit(start(try_lock, shared), EAGAIN);
	mp_lock_release(shared->lock);

	expect_exit(start(try_lock, shared), 0);
	discard(shared);
}

static int own_twice_and_return(void *arg)
{
	struct shared *shared = arg;

	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	return 0;
}

CASE(rlock_of_a_dead_owner_is_owned_once)
{
	struct shared *shared = make(mp_rlock_create);

	expect_exit(start(own_twice_and_return, shared), 0);
	CHECK_INT(mp_lock_acquire(shared->lock, -1), -EOWNERDEAD);
	mp_lock_release(shared->lock);

	expect_exit(start(try_lock, shared), 0);
	discard(shared);
}

static int release_only(void *arg)
{
	struct shared *shared = arg;

	(void)fclose(stderr);
	mp_lock_release(shared->lock);
	return 0;
}

CASE(release_by_another_is_a_bug)
{
	struct shared *shared = make(mp_lock_create);

	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	expect_exit(start(release_only, shared), -SIGABRT);
	mp_lock_release(shared->lock);
	expect_exit(start(release_only, shared), -SIGABRT);
	discard(shared);
}

static int destroy_owned(void *arg)
{
	struct shared *shared = arg;

	(void)fclose(stderr);
	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	mp_lock_destroy(shared->lock);
	return 0;
}

CASE(release_of_an_rlock_by_another_is_a_bug)
{
	struct shared *shared = make(mp_rlock_create);

	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	CHECK_INT(mp_lock_acquire(shared->lock, -1), 0);
	expect_exit(start(release_only, shared), -SIGABRT);
	mp_lock_release(shared->lock);
	mp_lock_release(shared->lock);
	discard(shared);
}

CASE(destroy_by_the_owner_is_a_bug)
{
	struct shared *shared = make(mp_lock_create);

	expect_exit(start(destroy_owned, shared), -SIGABRT);

	/* The lock stayed with it until it was dead. */
	CHECK_INT(mp_lock_acquire(shared->lock, -1), -EOWNERDEAD);
	mp_lock_release(shared->lock);
	discard(shared);
	mp_lock_destroy(NULL);
}

static int ask_whether_owned(void *arg)
{
	struct shared *shared = arg;

	return mp_lock_is_owned(shared->lock);
}

CASE(owner_is_known_and_asking_changes_nothing)
{
	struct shared *shared = make(mp_rlock_create);

	CHECK(!mp_lock_is_owned(shared->lock));
	CHECK_INT(mp_lock_acquire(shared->lock, 0), 0);
	CHECK(mp_lock_is_owned(shared->lock));
	expect_exit(start(ask_whether_owned, shared), false);
	mp_lock_release(shared->lock);
	expect_exit(start(own_and_return, shared), 0);
	CHECK(!mp_lock_is_owned(shared->lock));

	CHECK_INT(mp_lock_acquire(shared->lock, 0), -EOWNERDEAD);
	mp_lock_release(shared->lock);
	discard(shared);
}

CASE(lock_lives_inside_other_shared_memory)
{
	struct mp_lock *locks = shared_memory(2 * sizeof(*locks));

	mp_lock_init(&locks[0], false);
	mp_lock_init(&locks[1], true);
	CHECK_INT(mp_lock_acquire(&locks[0], -1), 0);
	CHECK_INT(mp_lock_acquire(&locks[1], -1), 0);
	CHECK_INT(mp_lock_acquire(&locks[1], -1), 0);

	mp_lock_release(&locks[0]);
	mp_lock_release(&locks[1]);
	mp_lock_release(&locks[1]);
	mp_shm_unmap(locks, 2 * sizeof(*locks));
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
