/* SPDX-License-Identifier: MIT */
/* A unit is a robust lock that is held as long as the unit is. What a dying
 * process did to a unit is therefore one of: nothing yet; locked, which the
 * next to try it is told; or unlocked. exists and was_orphaned change only
 * under the unit's lock.
 *
 * No wakeup is lost between a look and a sleep: a release frees the unit
 * first and then changes n_released, which the sleeper read before it looked,
 * so the futex does not let it sleep. What is lost when somebody dies between
 * those two steps, or dies holding a unit, or is woken and dies, is found by
 * the next look, at most MP_SEM_LOOK_MS later. */
#include "mp/sem.h"

#include "base/diag.h"
#include "base/mono.h"
#include "mp/lock.h"
#include "mp/shm.h"

#include <errno.h>

struct unit {
	struct mp_lock lock;
	_Atomic uint32_t owner; /* 0 or mp_shm_self of the holder: a hint */
	_Atomic bool exists;
	bool was_orphaned;
};

struct mp_sem {
	/* constant after create */
	unsigned n_places;
	bool is_bounded;
	/* everybody's */
	_Atomic uint32_t n_released;
	struct unit units[];
};

static size_t size_of(unsigned n_places)
{
	return sizeof(struct mp_sem) + n_places * sizeof(struct unit);
}

static int create(unsigned n_units, unsigned max_units, bool is_bounded,
                  struct mp_sem **out)
{
	struct mp_sem *sem;
	void *memory;

	if (max_units == 0 || max_units > MP_SEM_MAX || n_units > max_units)
		return -EINVAL;
	int rc = mp_shm_map(size_of(max_units), &memory);
	if (rc < 0)
		return rc;
	sem = memory;
	sem->n_places = max_units;
	sem->is_bounded = is_bounded;
	for (unsigned i = 0; i < max_units; i++) {
		mp_lock_init(&sem->units[i].lock, false);
		sem->units[i].exists = i < n_units;
	}
	*out = sem;
	return 0;
}

int mp_sem_create(unsigned n_units, unsigned max_units, struct mp_sem **out)
{
	return create(n_units, max_units, false, out);
}

int mp_bounded_sem_create(unsigned n_units, struct mp_sem **out)
{
	return create(n_units, n_units, true, out);
}

/* Locks the unit if it is free and exists (or does not). */
static bool try_unit(struct unit *unit, bool exists)
{
	if (unit->exists != exists)
		return false;
	int rc = mp_lock_acquire(&unit->lock, 0);
	if (!mp_lock_acquired(rc))
		return false;
	if (rc == -EOWNERDEAD)
		unit->was_orphaned = true;
	if (unit->exists == exists)
		return true;
	mp_lock_release(&unit->lock);
	return false;
}

static struct unit *find_unit(struct mp_sem *sem, bool exists)
{
	for (unsigned i = 0; i < sem->n_places; i++) {
		if (try_unit(&sem->units[i], exists))
			return &sem->units[i];
	}
	return NULL;
}

/* Who slept up to the deadline looks once more before this says so. */
static int sleep_until_change(struct mp_sem *sem, uint32_t seen,
                              int64_t deadline_ns)
{
	int64_t look_ns = mono_deadline_ns(MP_SEM_LOOK_MS);

	if (mono_left_ms(deadline_ns) == 0)
		return -ETIMEDOUT;
	(void)mp_shm_wait(&sem->n_released, seen,
	                  deadline_ns < look_ns ? deadline_ns : look_ns);
	return 0;
}

static int wait_unit(struct mp_sem *sem, int timeout_ms, struct unit **out)
{
	int64_t deadline_ns = mono_deadline_ns(timeout_ms);

	for (;;) {
		uint32_t seen = sem->n_released;
		struct unit *unit = find_unit(sem, true);

		if (unit) {
			*out = unit;
			return 0;
		}
		if (timeout_ms == 0)
			return -EAGAIN;
		int rc = sleep_until_change(sem, seen, deadline_ns);
		if (rc < 0)
			return rc;
	}
}

/* Says once whether the unit comes from a dead holder. */
static int take_news(struct unit *unit)
{
	bool was_orphaned = unit->was_orphaned;

	unit->was_orphaned = false;
	return was_orphaned ? -EOWNERDEAD : 0;
}

int mp_sem_acquire(struct mp_sem *sem, int timeout_ms)
{
	struct unit *unit;
	int rc = wait_unit(sem, timeout_ms, &unit);

	if (rc < 0)
		return rc;
	unit->owner = mp_shm_self();
	return take_news(unit);
}

int mp_sem_consume(struct mp_sem *sem, int timeout_ms)
{
	struct unit *unit;

	if (sem->is_bounded)
		return -EPERM;
	int rc = wait_unit(sem, timeout_ms, &unit);
	if (rc < 0)
		return rc;
	rc = take_news(unit);
	unit->owner = 0;
	unit->exists = false;
	mp_lock_release(&unit->lock);
	return rc;
}

static void announce(struct mp_sem *sem)
{
	sem->n_released++;
	mp_shm_wake(&sem->n_released, 1);
}

/* A dead holder's name may have come to the caller anew with its pid: then the
 * lock is not the caller's. */
static struct unit *find_mine(struct mp_sem *sem)
{
	uint32_t me = mp_shm_self();

	for (unsigned i = 0; i < sem->n_places; i++) {
		struct unit *unit = &sem->units[i];

		if (unit->owner == me && mp_lock_is_owned(&unit->lock))
			return unit;
	}
	return NULL;
}

static int add_unit(struct mp_sem *sem)
{
	struct unit *unit = find_unit(sem, false);

	if (!unit)
		return -EOVERFLOW;
	unit->was_orphaned = false;
	unit->exists = true;
	mp_lock_release(&unit->lock);
	return 0;
}

int mp_sem_release(struct mp_sem *sem)
{
	struct unit *mine = find_mine(sem);

	if (mine) {
		mine->owner = 0;
		mp_lock_release(&mine->lock);
	} else {
		int rc = sem->is_bounded ? -EPERM : add_unit(sem);

		if (rc < 0)
			return rc;
	}
	announce(sem);
	return 0;
}

unsigned mp_sem_n_free(const struct mp_sem *sem)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sem->n_places; i++) {
		if (sem->units[i].exists && sem->units[i].owner == 0)
			n++;
	}
	return n;
}

void mp_sem_destroy(struct mp_sem *sem)
{
	if (!sem)
		return;
	if (find_mine(sem))
		bug("destroying a semaphore while holding a unit of it");
	mp_shm_unmap(sem, size_of(sem->n_places));
}
