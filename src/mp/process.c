/* SPDX-License-Identifier: MIT */
/* Why a pid is never mistaken: pidfd_open comes right after fork, while the
 * child, dead or alive, has not been reaped and so still owns its number.
 * From then on everything goes through the descriptor. (clone3 would give one
 * at birth, but without running the handlers of pthread_atfork.)
 *
 * Where there is no pidfd (before Linux 5.3, where a filter of system calls
 * refuses them, and under Debian's valgrind) the
 * child holds the write end of a pipe for as long as it lives, and the parent
 * watches its read end. Processes of its own that it starts here close theirs;
 * one that it forks by other means delays the news. The pid is safe to use
 * until it is reaped.
 *
 * A handle belongs to the process that started it. In that process's own
 * children the inherited copy stays on the list, so that it is still reachable
 * memory, but has no descriptor and does nothing. */
#include "mp/process_private.h"

#include "base/diag.h"
#include "base/fd.h"
#include "base/mono.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_LEAK_CHECK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LEAK_CHECK 1
#endif
#endif
#ifdef HAS_LEAK_CHECK
#include <sanitizer/lsan_interface.h>
#endif

static struct mp_process *processes; /* started here, and inherited */
static const struct mp_process *self;
static unsigned n_started;
static bool has_exit_handler;
static int life_fd = -1; /* without pidfds: write end of our own pipe */

static void unlink_process(const struct mp_process *process)
{
	struct mp_process **at = &processes;

	while (*at && *at != process)
		at = &(*at)->next;
	if (!*at)
		bug("a process that was not started, or destroyed twice");
	*at = process->next;
}

static void free_process(struct mp_process *process)
{
	unlink_process(process);
	process->watch_fd = fd_close(process->watch_fd);
	free(process->name);
	free(process);
}

/* What a process that ends owes its children: daemons are killed, the others
 * are waited for. */
static void finish_children(void)
{
	pid_t me = getpid();

	for (struct mp_process *p = processes; p; p = p->next) {
		if (p->owner == me && p->is_daemon)
			(void)mp_process_kill(p);
	}
	/* Nothing is left to do about a child that cannot be joined. */
	for (struct mp_process *p = processes; p; p = p->next) {
		if (p->owner == me)
			(void)mp_process_join(p, -1);
	}
}

/* The only way out of a child. */
static _Noreturn void leave(int code)
{
	finish_children();
	/* Only what was printed here: see enter. Whoever has to know that it
	 * arrived flushes by himself. */
	(void)fflush(stdout);
#ifdef HAS_LEAK_CHECK
	__lsan_do_leak_check();
#endif
	life_fd = fd_close(life_fd);
	_exit(code & 0xff);
}

static void leave_by_exit(int code, UNUSED void *arg)
{
	leave(code);
}

/* Makes a copy of the parent into a process of its own. */
static void enter(const struct mp_process *process)
{
	int death_signal = process->is_daemon ? SIGKILL : SIGTERM;

	(void)prctl(PR_SET_PDEATHSIG, death_signal);
	/* The parent may have died before it was watched. */
	if (getppid() != process->owner)
		(void)kill(getpid(), death_signal);
	self = process;
	n_started = 0;
	(void)prctl(PR_SET_NAME, process->name);
	for (struct mp_process *p = processes; p; p = p->next)
		p->watch_fd = fd_close(p->watch_fd);
	/* What the parent has not yet written is the parent's to write. */
	__fpurge(stdout);
	__fpurge(stderr);
	/* The last handler registered is the first to run: exit called by the
	 * function does not get as far as the parent's. */
	if (on_exit(leave_by_exit, NULL) != 0)
		_exit(UINT8_MAX);
}

static int make_process(const struct mp_process_options *options,
                        struct mp_process **out)
{
	struct mp_process *process = calloc(1, sizeof(*process));

	if (!process)
		return -ENOMEM;
	if (options && options->name)
		process->name = strdup(options->name);
	else if (asprintf(&process->name, "process-%u", n_started + 1) < 0)
		process->name = NULL;
	if (!process->name) {
		free(process);
		return -ENOMEM;
	}
	process->is_daemon = options && options->is_daemon;
	process->owner = getpid();
	process->watch_fd = -1;
	process->next = processes;
	processes = process;
	*out = process;
	return 0;
}

/* A child that cannot be watched must not go on. */
static void discard(pid_t pid)
{
	if (kill(pid, SIGKILL) < 0)
		return;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* In the parent: watch_fd is set, or the child is gone and the errno given. */
static int watch(struct mp_process *process)
{
	if (process->watch_fd < 0)
		process->watch_fd = pidfd_open(process->pid, 0);
	if (process->watch_fd >= 0)
		return 0;
	int rc = errno == ESRCH ? -ECHILD : -errno;
	if (rc != -ECHILD)
		discard(process->pid);
	return rc;
}

/* Forks a child that is watched. 0 in the child. */
static pid_t fork_watched(struct mp_process *process)
{
	int life[2] = {-1, -1};

	if (!mp_process_has_pidfds() && pipe2(life, O_CLOEXEC) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0) {
		(void)fd_close(life[0]);
		(void)fd_close(life_fd);
		life_fd = life[1];
		return 0;
	}
	int rc = pid < 0 ? -errno : 0;
	(void)fd_close(life[1]);
	process->watch_fd = life[0];
	process->pid = pid;
	if (rc == 0)
		rc = watch(process);
	return rc < 0 ? rc : pid;
}

static int register_exit_handler(void)
{
	if (has_exit_handler)
		return 0;
	if (atexit(finish_children) != 0)
		return -ENOMEM;
	has_exit_handler = true;
	return 0;
}

int mp_process_start(mp_process_fn *fn, void *arg,
                     const struct mp_process_options *options,
                     struct mp_process **out)
{
	struct mp_process *process;

	if (self && self->is_daemon)
		return -EPERM;
	int rc = register_exit_handler();
	if (rc == 0)
		rc = make_process(options, &process);
	if (rc < 0)
		return rc;
	pid_t pid = fork_watched(process);
	if (pid == 0) {
		process->pid = getpid();
		enter(process);
		leave(fn(arg));
	}
	if (pid < 0) {
		free_process(process);
		return pid;
	}
	n_started++;
	*out = process;
	return 0;
}

int mp_process_terminate(struct mp_process *process)
{
	return mp_process_signal(process, SIGTERM);
}

int mp_process_kill(struct mp_process *process)
{
	return mp_process_signal(process, SIGKILL);
}

int mp_process_exit_code(struct mp_process *process, int *code)
{
	int rc = mp_process_join(process, 0);

	if (rc < 0)
		return rc == -ETIMEDOUT ? -EBUSY : rc;
	if (!process->code_is_known)
		return -ECHILD;
	*code = process->code;
	return 0;
}

pid_t mp_process_pid(const struct mp_process *process)
{
	return process->pid;
}

const char *mp_process_name(const struct mp_process *process)
{
	return process->name;
}

bool mp_process_is_daemon(const struct mp_process *process)
{
	return process->is_daemon;
}

int mp_process_fd(const struct mp_process *process)
{
	return process->watch_fd;
}

void mp_process_destroy(struct mp_process *process)
{
	if (!process)
		return;
	/* Both do nothing when it has ended or is not ours. A failure here
	 * leaves a zombie that goes when we go. */
	(void)mp_process_kill(process);
	(void)mp_process_join(process, -1);
	free_process(process);
}

void mp_process_abandon(struct mp_process *process)
{
	if (process)
		free_process(process);
}

const char *mp_process_self_name(void)
{
	return self ? self->name : "main";
}
