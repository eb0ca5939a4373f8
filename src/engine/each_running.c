/* SPDX-License-Identifier: MIT */
#include "engine/each_running.h"

#include "base/mono.h"
#include "engine/each_kin.h"
#include "engine/each_worker.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_GRACE_NS (200 * NS_PER_MS)

/* One that is stopped has to go on to hear of the other signal. */
static void tell_to_end(pid_t pid)
{
	(void)kill(pid, SIGTERM);
	(void)kill(pid, SIGCONT);
}

void each_running_terminate(struct each_running *job, enum each_cause cause)
{
	int64_t after_ns = job->worker->settings->kill_after_ns;

	if (job->phase != EACH_RUNNING)
		return;
	job->phase = EACH_TERMINATING;
	job->cause = cause;
	job->deadline_ns = mono_now_ns() + after_ns;
	/* Not reaped yet, so the group is its own. */
	if (job->pid)
		tell_to_end(-job->pid);
}

void each_running_kill(struct each_running *job, enum each_cause cause)
{
	if (job->phase == EACH_RUNNING)
		job->cause = cause;
	job->phase = EACH_KILLED;
	job->deadline_ns = MONO_NEVER;
	if (job->pid)
		(void)kill(-job->pid, SIGKILL);
}

/* Those that do not stop of their own, with their affairs in order, are stopped
 * after a while. */
static void pause_job(struct each_running *job)
{
	if (job->is_paused || !job->pid)
		return;
	job->is_paused = true;
	job->paused_ns = mono_now_ns();
	job->stop_ns = job->paused_ns + PAUSE_GRACE_NS;
	(void)kill(-job->pid, SIGTSTP);
}

/* Into the foreground, if it was there. */
static void hand_terminal(struct each_running *job)
{
	struct each_terminal *terminal = &job->worker->terminal;

	if (job->pid && job->had_terminal && each_terminal_is_ours(terminal))
		(void)each_terminal_hand(terminal, job->pid);
}

static void resume_job(struct each_running *job)
{
	if (!job->is_paused)
		return;
	job->is_paused = false;
	if (job->deadline_ns != MONO_NEVER)
		job->deadline_ns += mono_now_ns() - job->paused_ns;
	hand_terminal(job);
	if (job->pid)
		(void)kill(-job->pid, SIGCONT);
}

static void send_halted(struct each_worker *worker, uint32_t job,
                        int signal_number)
{
	const struct each_reply reply = {
		.kind = EACH_HALTED,
		.worker = mp_worker_index(worker->self),
		.job = job,
		.end = {.signal_number = signal_number},
	};

	/* Fails only for a record that is too long. */
	(void)mp_worker_reply(worker->self, &reply, sizeof(reply));
}

static void say_stopped(struct each_running *job, int signal_number)
{
	if (!job->was_told)
		send_halted(job->worker, job->number, signal_number);
	job->was_told = true;
}

/* A job in the foreground that is stopped there, by ^Z, stops the whole run; one
 * that wants the terminal gets it or ends; whoever stops otherwise has to be
 * waited for. */
static void on_stop(struct each_running *job, int signal_number)
{
	struct each_terminal *terminal = &job->worker->terminal;
	bool wants_it = signal_number == SIGTTIN || signal_number == SIGTTOU;

	if (wants_it && !job->is_paused && job->had_terminal &&
	    each_terminal_is_ours(terminal)) {
		hand_terminal(job);
		(void)kill(-job->pid, SIGCONT);
		return;
	}
	bool was_in_front = terminal->holder == job->pid;
	each_terminal_take_back(terminal, true);
	if (job->is_paused)
		return;
	if (wants_it)
		each_running_terminate(job, EACH_NO_TERMINAL);
	else if (was_in_front && signal_number == SIGTSTP)
		(void)kill(job->worker->master, SIGTSTP);
	else
		say_stopped(job, signal_number);
}

/* ^C in the foreground was meant for the run as well. */
static void on_end(struct each_running *job, int status)
{
	struct each_terminal *terminal = &job->worker->terminal;
	bool was_in_front = terminal->holder == job->pid;

	job->pid = 0;
	job->status = status;
	atomic_store(&job->worker->cell->pid, 0);
	each_terminal_take_back(terminal, WIFSIGNALED(status));
	if (was_in_front && WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
		(void)kill(job->worker->master, SIGINT);
}

static void reap(struct each_running *job)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) >
	       0) {
		if (pid != job->pid)
			continue;
		if (WIFSTOPPED(status))
			on_stop(job, WSTOPSIG(status));
		else if (WIFCONTINUED(status))
			hand_terminal(job);
		else
			on_end(job, status);
	}
}

void each_running_look(struct each_running *job)
{
	struct signalfd_siginfo info;

	while (read(job->worker->signals_fd, &info, sizeof(info)) > 0) {
		if (info.ssi_signo == SIGTSTP)
			pause_job(job);
		else if (info.ssi_signo == SIGCONT)
			resume_job(job);
	}
	reap(job);
}

bool each_running_is_over(struct each_running *job)
{
	struct each_cell *cell = job->worker->cell;

	if (job->pid)
		return false;
	if (job->phase == EACH_RUNNING)
		return true;
	if (job->phase == EACH_TERMINATING)
		return each_kin_signal(SIGTERM, each_kin_is_left, cell) == 0;
	each_kin_kill(each_kin_is_left, cell);
	return true;
}

int each_running_left_ms(const struct each_running *job)
{
	int64_t at_ns = job->is_paused ? job->stop_ns : job->deadline_ns;

	return at_ns == MONO_NEVER ? -1 : mono_left_ms(at_ns);
}

void each_running_on_deadline(struct each_running *job)
{
	if (job->is_paused) {
		job->stop_ns = MONO_NEVER;
		if (job->pid)
			(void)kill(-job->pid, SIGSTOP);
	} else if (job->phase == EACH_TERMINATING) {
		each_running_kill(job, job->cause);
	} else if (job->phase == EACH_RUNNING) {
		each_running_terminate(job, EACH_TIMED_OUT);
	}
}
