/* SPDX-License-Identifier: MIT */
#include "mp/shm.h"

#include "base/diag.h"
#include "base/mono.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int mp_shm_map(size_t size, void **out)
{
	void *memory = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE,
	                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*out = memory;
	return 0;
}

void mp_shm_unmap(void *memory, size_t size)
{
	/* Fails only for an address that was never mapped. */
	if (memory)
		(void)munmap(memory, size ? size : 1);
}

int mp_shm_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
	struct timespec limit, *timeout = NULL;

	if (deadline_ns != MONO_NEVER) {
		limit = mono_timespec(deadline_ns);
		timeout = &limit;
	}
	/* FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time, and without
	 * FUTEX_PRIVATE_FLAG works between processes (futex(2)). */
	if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, timeout, NULL,
	            FUTEX_BITSET_MATCH_ANY) < 0 &&
	    errno == ETIMEDOUT)
		return -ETIMEDOUT;
	return 0;
}

void mp_shm_wake(_Atomic uint32_t *word, int n)
{
	/* Cannot fail for a mapped word. */
	(void)syscall(SYS_futex, word, FUTEX_WAKE, n, NULL, NULL, 0);
}

static _Thread_local uint32_t self;

static void forget_self(void)
{
	self = 0;
}

static void watch_forks(void)
{
	/* Without memory for the handler self could be stale in a child. */
	if (pthread_atfork(NULL, NULL, forget_self) != 0)
		bug("pthread_atfork failed");
}

uint32_t mp_shm_self(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (self == 0) {
		(void)pthread_once(&once, watch_forks);
		self = (uint32_t)gettid();
	}
	return self;
}
