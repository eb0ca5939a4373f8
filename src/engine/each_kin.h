/* SPDX-License-Identifier: MIT */
/* engine/each_kin.h - the processes that a command leaves behind
 *
 * Model     a worker is the subreaper of what its commands start: whatever
 *           loses its parent becomes a child of the worker, setsid or not. So
 *           children of the worker that are neither the command nor known from
 *           an earlier job belong to the present job. Killing all of them
 *           brings up their children in turn, until none is left.
 * Limits    a process that a daemon of an earlier job starts and leaves
 *           meanwhile is taken for one of the present job
 * Errors    where the kernel does not list children (CONFIG_PROC_CHILDREN),
 *           only the command's process group is known */
#ifndef ENGINE_EACH_KIN_H
#define ENGINE_EACH_KIN_H

#include "base/base.h"
#include "engine/each_job.h"

/* Lists the children of this process; at most max of them. Safe in a signal
 * handler. */
size_t each_kin_list(pid_t *pids, size_t max);

/* Signals every child that spare does not know, and lets it go on if it was
 * stopped; how many there were. */
typedef bool each_spare_fn(void *ctx, pid_t pid);
size_t each_kin_signal(int signal_number, each_spare_fn *spare, void *ctx);

/* Kills them until none is left, and reaps them. Safe in a signal handler. */
void each_kin_kill(each_spare_fn *spare, void *ctx);

/* ctx is a struct each_cell: the children it leaves alone. */
bool each_kin_is_left(void *cell, pid_t pid);

/* Reaps what has ended, forgets it, and notes all that is there now; whether
 * anybody is. */
bool each_kin_leave(struct each_cell *cell);

#endif
