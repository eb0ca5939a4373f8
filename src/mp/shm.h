/* SPDX-License-Identifier: MIT */
/* mp/shm.h - shared memory made before the fork, and sleeping on a word in it
 *
 * Model     anonymous shared mappings, inherited by children; zeroed; pages
 *           are taken only when touched
 * Lifetime  mapped until unmapped in this process and gone in the last one
 * Errors    -ENOMEM */
#ifndef MP_SHM_H
#define MP_SHM_H

#include "base/base.h"

#include <stdatomic.h>

#define MP_CACHE_LINE 64

int mp_shm_map(size_t size, void **out);

/* NULL is fine. */
void mp_shm_unmap(void *memory, size_t size);

/* Sleeps while *word == expected, until woken or deadline_ns (mono_now_ns
 * time, MONO_NEVER for no limit). 0 when woken or when the word differs,
 * -ETIMEDOUT. May wake for no reason: callers look again. */
int mp_shm_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns);

/* Wakes up to n sleepers. */
void mp_shm_wake(_Atomic uint32_t *word, int n);

/* The name of this process or thread in claim words: its thread id, which for
 * a single-threaded process is its pid. Cached; right again after a fork. */
uint32_t mp_shm_self(void);

#endif
