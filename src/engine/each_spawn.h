/* SPDX-License-Identifier: MIT */
/* engine/each_spawn.h - how a worker starts a command
 *
 * Model     posix_spawn, so that nothing is copied however large the worker:
 *           a process group of its own, /dev/null as standard input, pipes of
 *           the worker as the other two (unless output is raw), no signal
 *           blocked, SIGPIPE and SIGXFSZ not ignored. With a terminal that is the run's,
 *           that is its input, and it is in the foreground there; if it is
 *           not the run's at the moment, a session without one.
 * Errors    negative errno: of the pipes, the fork, or the exec */
#ifndef ENGINE_EACH_SPAWN_H
#define ENGINE_EACH_SPAWN_H

#include "base/base.h"
#include "engine/each_worker.h"

/* Puts the arguments into worker->argv; they may point into the record. */
void each_spawn_prepare(struct each_worker *worker,
                        const struct each_record *record);

/* Starts it; its streams are then to be read and ended. Where that may work a
 * moment later it waits: EACH_BY_ITSELF when it has started at *start_ns, else
 * why not. */
enum each_cause each_spawn_patiently(struct each_worker *worker, uint32_t job,
                                     pid_t *pid, int64_t *start_ns,
                                     struct each_end *end);

/* Finds a program along PATH. 0 with its path in out, -ENOENT, -EACCES. */
int each_spawn_find(const char *name, struct buf *out);

/* The exit status that a shell has for that error. */
int each_spawn_status(int rc);

#endif
