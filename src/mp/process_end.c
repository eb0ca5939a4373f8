/* SPDX-License-Identifier: MIT */
#include "base/fd.h"
#include "base/mono.h"
#include "mp/process_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

bool mp_process_has_pidfds(void)
{
	static enum { UNKNOWN, YES, NO } answer;

	if (answer == UNKNOWN) {
		int fd = pidfd_open(getpid(), 0);

		/* Only what may be otherwise the next time leaves it open. */
		answer = fd >= 0 || errno == EMFILE || errno == ENFILE ||
		                         errno == ENOMEM
		                 ? YES
		                 : NO;
		(void)fd_close(fd);
	}
	return answer == YES;
}

static int note_end(struct mp_process *process, bool is_known, int code)
{
	process->has_ended = true;
	process->code_is_known = is_known;
	process->code = code;
	return 1;
}

/* Where waitid is refused. Not reaped yet, so the pid is its own. */
static int reap_by_pid(struct mp_process *process, int flags)
{
	int status;
	pid_t pid = waitpid(process->pid, &status, flags);

	if (pid < 0 && errno == EINTR)
		return -EINTR;
	if (pid == 0)
		return 0;
	if (pid < 0)
		return note_end(process, false, 0);
	return note_end(process, true,
	                WIFEXITED(status) ? WEXITSTATUS(status)
	                                  : -WTERMSIG(status));
}

/* 1 when it has ended, 0 when not yet, -EINTR. With flags 0 it has ended, or
 * without pidfds is about to. */
static int reap(struct mp_process *process, int flags)
{
	siginfo_t info = {0};
	int rc = mp_process_has_pidfds()
	                 ? waitid(P_PIDFD, (id_t)process->watch_fd, &info,
	                          WEXITED | flags)
	                 : waitid(P_PID, (id_t)process->pid, &info,
	                          WEXITED | flags);

	if (rc < 0 && errno == EINTR)
		return -EINTR;
	/* SIGCHLD is ignored, or somebody else waited for it. */
	if (rc < 0 && errno == ECHILD)
		return note_end(process, false, 0);
	if (rc < 0)
		return reap_by_pid(process, flags);
	if (info.si_pid == 0)
		return 0;
	return note_end(process, true,
	                info.si_code == CLD_EXITED ? info.si_status
	                                           : -info.si_status);
}

/* Where poll is refused: looks now and then. */
static int reap_or_pause(struct mp_process *process, int64_t deadline_ns)
{
	const struct timespec pause = {.tv_nsec = 5 * NS_PER_MS};
	int rc = reap(process, WNOHANG);

	if (rc == 0 && mono_left_ms(deadline_ns) != 0)
		(void)nanosleep(&pause, NULL);
	return rc;
}

int mp_process_join(struct mp_process *process, int timeout_ms)
{
	int64_t deadline_ns = mono_deadline_ns(timeout_ms);
	struct pollfd end = {.fd = process->watch_fd, .events = POLLIN};

	if (process->has_ended)
		return 0;
	if (process->owner != getpid())
		return -ECHILD;
	for (;;) {
		int n = poll(&end, 1, mono_left_ms(deadline_ns));

		if (n < 0 && errno != EINTR)
			n = reap_or_pause(process, deadline_ns);
		else if (n > 0)
			n = reap(process, 0);
		if (n > 0)
			return 0;
		if (mono_left_ms(deadline_ns) == 0)
			return -ETIMEDOUT;
	}
}

bool mp_process_is_alive(struct mp_process *process)
{
	return mp_process_join(process, 0) == -ETIMEDOUT;
}

/* Without pidfds: a child that has closed its pipe is about to end with a code
 * that no signal must change any more. */
static int kill_unless_leaving(const struct mp_process *process,
                               int signal_number)
{
	struct pollfd end = {.fd = process->watch_fd, .events = POLLIN};

	return poll(&end, 1, 0) > 0 ? 0 : kill(process->pid, signal_number);
}

int mp_process_signal(struct mp_process *process, int signal_number)
{
	if (process->has_ended)
		return 0;
	if (process->owner != getpid())
		return -ECHILD;
	if (mp_process_has_pidfds() &&
	    (pidfd_send_signal(process->watch_fd, signal_number, NULL, 0) ==
	             0 ||
	     errno == ESRCH))
		return 0;
	int rc = kill_unless_leaving(process, signal_number);
	return rc < 0 && errno != ESRCH ? -errno : 0;
}
