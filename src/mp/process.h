/* SPDX-License-Identifier: MIT */
/* mp/process.h - a function run in a child process
 *
 * Model     start forks; the child runs fn(arg) and leaves by one path, _exit
 *           with the function's value as exit code: it never runs its parent's
 *           exit handlers and never flushes its parent's buffers. What it
 *           prints to stdout itself is flushed when it leaves. exit(3) in the
 *           child is the same as returning, after the handlers it registered
 *           itself. The parent holds a pidfd, so a process is reaped once and
 *           by handle only. Signal mask and handlers are the parent's, as
 *           after any fork: where SIGTERM is blocked, terminate does nothing.
 * Lifetime  start -> join -> destroy; destroy of a running process kills and
 *           reaps it, so no zombie and no orphan is left. A handle is its
 *           starter's: in other children it is inert (-ECHILD). Start, join
 *           and destroy from the main thread only: Linux tells a child of the
 *           death of the thread that forked it.
 * Blocking  join(timeout_ms): -1 for ever, 0 look only, n at most
 * Death     a daemon is killed (SIGKILL) when its parent dies, whatever the
 *           reason, and may not start children (-EPERM). Any other child gets
 *           SIGTERM when its parent dies. When the parent leaves by exit(3) or
 *           returns from its function, its daemons are killed and its other
 *           children joined first.
 * Errors    negative errno: -EAGAIN no process to be had, -ENOMEM, -EMFILE,
 *           -EPERM, -ETIMEDOUT, -EBUSY still running, -ECHILD not known: not
 *           ours, or the exit code went to somebody who waits for any child,
 *           or to nobody because SIGCHLD is ignored */
#ifndef MP_PROCESS_H
#define MP_PROCESS_H

#include "base/base.h"

#include <sys/types.h>

struct mp_process;

/* Its value, 0 to 255, is the exit code of the process. */
typedef int mp_process_fn(void *arg);

struct mp_process_options {
	const char *name; /* borrowed for the call; NULL: "process-N" */
	bool is_daemon;
};

/* options may be NULL. arg is read by the child from its copy of the memory. A
 * child that cannot be watched (-EMFILE, -ECHILD) is killed at once, but may
 * have begun. */
int mp_process_start(mp_process_fn *fn, void *arg,
                     const struct mp_process_options *options,
                     struct mp_process **out);

/* 0 when it has ended, -ETIMEDOUT when not yet. May be called again. */
int mp_process_join(struct mp_process *process, int timeout_ms);

bool mp_process_is_alive(struct mp_process *process);

/* SIGTERM, SIGKILL, or any signal; 0 also when it has already ended. */
int mp_process_terminate(struct mp_process *process);
int mp_process_kill(struct mp_process *process);
int mp_process_signal(struct mp_process *process, int signal_number);

/* The exit code, or -N when signal N ended it; -EBUSY while it runs. */
int mp_process_exit_code(struct mp_process *process, int *code);

pid_t mp_process_pid(const struct mp_process *process);
const char *mp_process_name(const struct mp_process *process);
bool mp_process_is_daemon(const struct mp_process *process);

/* A descriptor for poll that reports (POLLIN or POLLHUP) the end of the process;
 * owned by the handle. A pidfd where the kernel has them. */
int mp_process_fd(const struct mp_process *process);

void mp_process_destroy(struct mp_process *process);

/* Destroys the handle only: for a process that was killed and cannot be waited
 * for, because it hangs in the kernel. It is reaped when we have gone. */
void mp_process_abandon(struct mp_process *process);

/* The name this process was started under; "main" in the first one. */
const char *mp_process_self_name(void);

#endif
