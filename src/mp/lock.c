/* SPDX-License-Identifier: MIT */
/* Robust process-shared mutexes. The kernel walks the list of those a dying
 * thread owns and marks them, so there is no moment at which a lock is held by
 * nobody, and no pid that could be mistaken for a later process's. The mutex
 * is made consistent as soon as a death is seen, and the news kept beside it
 * until it is told: dying again in between only leaves another mark.
 *
 * Both kinds are error-checking mutexes, and the depth of an rlock is counted
 * here: a mutex that counts by itself would not tell its owner from others
 * without being changed. */
#include "mp/lock.h"

#include "base/diag.h"
#include "base/mono.h"
#include "mp/shm.h"

#include <time.h>

void mp_lock_init(struct mp_lock *lock, bool is_recursive)
{
	pthread_mutexattr_t how;

	/* None of these allocates; they fail for unknown values only. */
	if (pthread_mutexattr_init(&how) != 0 ||
	    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED) != 0 ||
	    pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST) != 0 ||
	    pthread_mutexattr_settype(&how, PTHREAD_MUTEX_ERRORCHECK) != 0 ||
	    pthread_mutex_init(&lock->mutex, &how) != 0)
		bug("no robust process-shared mutex");
	(void)pthread_mutexattr_destroy(&how);
	lock->is_recursive = is_recursive;
	lock->has_news = false;
	lock->depth = 0;
}

static int create(bool is_recursive, struct mp_lock **out)
{
	void *memory;
	int rc = mp_shm_map(sizeof(struct mp_lock), &memory);

	if (rc < 0)
		return rc;
	mp_lock_init(memory, is_recursive);
	*out = memory;
	return 0;
}

int mp_lock_create(struct mp_lock **out)
{
	return create(false, out);
}

int mp_rlock_create(struct mp_lock **out)
{
	return create(true, out);
}

static int lock_mutex(pthread_mutex_t *mutex, int timeout_ms)
{
	if (timeout_ms < 0)
		return pthread_mutex_lock(mutex);
	if (timeout_ms == 0)
		return pthread_mutex_trylock(mutex);
	struct timespec limit = mono_timespec(mono_deadline_ns(timeout_ms));
	return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &limit);
}

/* After EOWNERDEAD: the mutex is ours. */
static void take_over(struct mp_lock *lock)
{
	if (pthread_mutex_consistent(&lock->mutex) != 0)
		bug("a lock that cannot be made consistent");
	lock->has_news = true;
	lock->depth = 0;
}

int mp_lock_acquire(struct mp_lock *lock, int timeout_ms)
{
	int err = lock_mutex(&lock->mutex, timeout_ms);

	if (err == EDEADLK && lock->is_recursive) {
		lock->depth++;
		return 0;
	}
	if (err == EOWNERDEAD)
		take_over(lock);
	else if (err)
		return err == EBUSY ? -EAGAIN : -err;
	bool has_news = lock->has_news;
	lock->has_news = false;
	return has_news ? -EOWNERDEAD : 0;
}

static void unlock(struct mp_lock *lock)
{
	int err = pthread_mutex_unlock(&lock->mutex);

	if (err)
		bug("release of a lock: %s", diag_strerror(err));
}

bool mp_lock_is_owned(struct mp_lock *lock)
{
	int err = pthread_mutex_trylock(&lock->mutex);

	if (err == EOWNERDEAD)
		take_over(lock);
	if (err == 0 || err == EOWNERDEAD)
		unlock(lock);
	return err == EDEADLK;
}

void mp_lock_release(struct mp_lock *lock)
{
	if (lock->is_recursive && mp_lock_is_owned(lock) && lock->depth > 0)
		lock->depth--;
	else
		unlock(lock);
}

void mp_lock_destroy(struct mp_lock *lock)
{
	if (!lock)
		return;
	if (mp_lock_is_owned(lock))
		bug("destroying a lock that is held");
	mp_shm_unmap(lock, sizeof(*lock));
}
