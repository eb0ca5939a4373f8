/* SPDX-License-Identifier: MIT */
/* mp/lock.h - lock and rlock that survive their owner's death
 *
 * Model     one owner at a time, a thread of any of the related processes. An
 *           rlock may be acquired again by its owner and is free after as many
 *           releases; a plain lock says -EDEADLK instead of hanging. Waiters
 *           are served in no particular order.
 * Lifetime  created before the fork, or put into shared memory with
 *           mp_lock_init; destroyed (unmapped) once in each process that cares
 *           to, never by its owner
 * Blocking  timeout_ms: -1 for ever, 0 not at all, n at most
 * Death     the kernel frees the lock of a dead owner, whatever killed it.
 *           The next to acquire it gets -EOWNERDEAD: it *has* the lock, and
 *           what the lock guards may be half changed. That is told once; who
 *           wants to pass it on says so in the shared data. A waiter that dies
 *           costs the others nothing. exec counts as death.
 * Errors    0 acquired, -EOWNERDEAD acquired after a death, -EAGAIN not free
 *           (timeout 0), -ETIMEDOUT, -EDEADLK already the owner */
#ifndef MP_LOCK_H
#define MP_LOCK_H

#include "base/base.h"

#include <errno.h>
#include <pthread.h>

/* In shared memory. */
struct mp_lock {
	pthread_mutex_t mutex;
	bool is_recursive; /* constant after init */
	/* guarded by mutex */
	bool has_news;  /* of a death that nobody has been told of */
	unsigned depth; /* acquired so often besides the first time */
};

int mp_lock_create(struct mp_lock **out);

/* A lock that its owner may acquire again. */
int mp_rlock_create(struct mp_lock **out);

/* For a lock inside other shared memory; once, before the fork. */
void mp_lock_init(struct mp_lock *lock, bool is_recursive);

int mp_lock_acquire(struct mp_lock *lock, int timeout_ms);

/* Whether acquire's answer means that the caller has the lock. */
static inline bool mp_lock_acquired(int rc)
{
	return rc == 0 || rc == -EOWNERDEAD;
}

/* Whether the caller has the lock. */
bool mp_lock_is_owned(struct mp_lock *lock);

/* Releasing a lock one does not own is a bug and ends the process. */
void mp_lock_release(struct mp_lock *lock);

/* Unmaps a created lock; NULL is fine. The kernel keeps a list of the locks a
 * thread owns, so unmapping one's own is a bug and ends the process. */
void mp_lock_destroy(struct mp_lock *lock);

#endif
