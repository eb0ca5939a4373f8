/* SPDX-License-Identifier: MIT */
/* engine/each_worker.h - a worker of a batch: one command after another
 *
 * Model     takes a job record, starts the command in a process group of its
 *           own with /dev/null as standard input, keeps what it prints, waits
 *           for its end, says how it went. The command has ended when its
 *           process has: somebody else who still holds the pipe is not waited
 *           for, and may go on writing into it (each_drain.h).
 * Signals   SIGTSTP and SIGCONT, from the master, stop and continue the job
 * Lifetime  the struct is filled by the master before the fork; start makes a
 *           child's copy of it a worker's
 * Blocking  run blocks until the command has ended and the replies are sent
 * Death     when the master dies, or somebody terminates the worker, it kills
 *           what it runs and leaves. When it is killed itself, its children
 *           become the master's, who kills them (each_master.c).
 * Errors    go to the master in the last reply */
#ifndef ENGINE_EACH_WORKER_H
#define ENGINE_EACH_WORKER_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each.h"
#include "engine/each_blocks.h"
#include "engine/each_job.h"
#include "engine/each_stream.h"
#include "engine/each_terminal.h"
#include "mp/workers.h"

#include <sys/resource.h>

struct each_worker {
	/* constant, from the master */
	const struct each_settings *settings;
	struct each_shared *shared;
	const char *program; /* found along PATH, or NULL: look each time */
	int null_fd;
	int stop_fd;                      /* readable from EACH_TERMINATE on */
	int kill_fd;                      /* readable from EACH_KILL on */
	int tokens_fd;                    /* of make's jobserver, or -1 */
	const struct each_blocks *blocks; /* of input, or NULL */
	const int *spool_fds; /* N_EACH_STREAMS for each worker, or NULL */
	pid_t master;
	struct each_terminal terminal; /* for the jobs, if it is open */
	struct rlimit n_files;         /* as the commands are to have it */
	/* of the worker */
	bool has_terminal; /* its children are to be kept from */
	bool has_left; /* somebody has outlived the last command, or others */
	struct mp_worker *self;
	struct each_cell *cell;
	int signals_fd;    /* of children that changed, and from the master */
	int in_fd, out_fd; /* of the next command, if not negative */
	struct each_stream streams[N_EACH_STREAMS];
	struct buf bytes;
	char **argv;
	size_t argv_cap;
};

int each_worker_start(struct each_worker *worker, struct mp_worker *self);
void each_worker_stop(struct each_worker *worker);
/* Sends bytes of the job in hand to the hooks in the master, at most
 * EACH_PIECE_MAX. */
void each_worker_note(struct each_worker *worker, uint32_t job,
                      const void *note, size_t len);

void each_worker_run(struct each_worker *worker,
                     const struct each_record *record);

#endif
