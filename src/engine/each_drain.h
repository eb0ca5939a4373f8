/* SPDX-License-Identifier: MIT */
/* engine/each_drain.h - a reader for what nobody wants any more
 *
 * Model     who outlives its job still has the job's pipes as its output. A
 *           process of its own reads them to their end and drops what comes,
 *           so that the writer neither dies of SIGPIPE nor waits; it outlives
 *           the run as the writer does, and holds nothing else.
 * Callers   a worker
 * Errors    of start: negative errno; the pipes are the caller's in any case */
#ifndef ENGINE_EACH_DRAIN_H
#define ENGINE_EACH_DRAIN_H

#include "base/base.h"

#define EACH_DRAIN_MAX 2

/* Starts one for n read ends of pipes, none of them a standard descriptor. */
int each_drain_start(const int *fds, size_t n);

#endif
