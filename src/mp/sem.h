/* SPDX-License-Identifier: MIT */
/* mp/sem.h - semaphore and bounded semaphore that survive a holder's death
 *
 * Model     a number of units. acquire takes a free one, which is then held
 *           under the caller's name; release gives it back. A thread may hold
 *           several. In a bounded semaphore the units are fixed, so only a
 *           holder can release. In a plain one a release by somebody who holds
 *           nothing adds a unit, and consume uses one up: together they
 *           signal "there is one more", as between a producer and a consumer.
 * Lifetime  created before the fork; destroyed (unmapped) once in each process
 *           that cares to, never by a holder
 * Blocking  timeout_ms: -1 for ever, 0 not at all, n at most. Waiters are
 *           served in no particular order.
 * Death     each unit is a robust lock, so the kernel frees the units of a
 *           dead holder, and nothing is lost at whatever instruction it died.
 *           Who gets such a unit next learns it by -EOWNERDEAD, once. Sleepers
 *           notice a death within MP_SEM_LOOK_MS, because the kernel does not
 *           wake them. A waiter that dies holds nothing. Not recoverable: a
 *           unit that was consumed, and an acquire whose release is left to
 *           another process: the death of the first gives the unit back a
 *           second time. Such uses want consume.
 * Errors    0 a unit, -EOWNERDEAD a unit whose holder died, -EAGAIN none free
 *           (timeout 0), -ETIMEDOUT */
#ifndef MP_SEM_H
#define MP_SEM_H

#include "base/base.h"

#define MP_SEM_LOOK_MS 100
#define MP_SEM_MAX     65536

struct mp_sem;

/* n_units at first, never more than max_units, held ones included. -EINVAL
 * unless n_units <= max_units and 1 <= max_units <= MP_SEM_MAX. */
int mp_sem_create(unsigned n_units, unsigned max_units, struct mp_sem **out);

/* Always n_units of them, free or held. */
int mp_bounded_sem_create(unsigned n_units, struct mp_sem **out);

int mp_sem_acquire(struct mp_sem *sem, int timeout_ms);

/* 0; without a unit of the caller's, the plain semaphore grows or says
 * -EOVERFLOW, the bounded one says -EPERM. */
int mp_sem_release(struct mp_sem *sem);

/* As acquire, but the unit ceases to be; -EPERM for a bounded semaphore. */
int mp_sem_consume(struct mp_sem *sem, int timeout_ms);

/* Free units: a snapshot, out of date when it returns. Units of the dead count
 * as held until somebody acquires them. */
unsigned mp_sem_n_free(const struct mp_sem *sem);

/* Unmaps; NULL is fine. Destroying while holding a unit is a bug and ends the
 * process. */
void mp_sem_destroy(struct mp_sem *sem);

#endif
