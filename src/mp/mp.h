/* SPDX-License-Identifier: MIT */
/* mp/mp.h - "multiprocessing in C": the whole library
 *
 * Errors    0 or a count, else a negative errno; objects come back through the
 *           last argument, untouched on failure; a failed create owes nothing
 * Fork      every shared object is made before the fork that shares it, and
 *           the process that forks is single-threaded. Handles are inherited.
 *           Shared memory holds values, offsets and indices, never pointers.
 * Death     each header says what the others see when a process dies here
 * Timeouts  timeout_ms: -1 for ever, 0 not at all, n at most; monotonic
 *
 *   mp/process.h   a function in a child process
 *   mp/queue.h     bounded queue of byte records
 *   mp/joinable.h  a queue that knows when all its records have been handled
 *   mp/pipe.h      whole messages between two processes
 *   mp/workers.h   workers over two queues, for a master with an event loop
 *   mp/pool.h      apply, map, imap on workers
 *   mp/lock.h      lock and rlock that survive their owner's death
 *   mp/sem.h       semaphore and bounded semaphore
 *   mp/value.h     shared numbers and arrays
 *   mp/cpu.h       how many processors may be kept busy
 *   mp/shm.h       the shared memory under all of them */
#ifndef MP_MP_H
#define MP_MP_H

#include "mp/cpu.h"
#include "mp/joinable.h"
#include "mp/lock.h"
#include "mp/pipe.h"
#include "mp/pool.h"
#include "mp/process.h"
#include "mp/queue.h"
#include "mp/sem.h"
#include "mp/shm.h"
#include "mp/value.h"
#include "mp/workers.h"

#endif
