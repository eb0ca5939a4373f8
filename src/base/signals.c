/* SPDX-License-Identifier: MIT */
#include "base/signals.h"

#include "base/mono.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
static const int count_signals[] = {SIGUSR1, SIGUSR2};

static int stop_fd = -1;
static int64_t heard_ns;

static bool is_ignored(int signal_number)
{
	struct sigaction action;

	return sigaction(signal_number, NULL, &action) == 0 &&
	       action.sa_handler == SIG_IGN;
}

static void add_all(sigset_t *set, const int *signals, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_ignored(signals[i]))
			sigaddset(set, signals[i]);
	}
}

void signals_hold(void)
{
	sigset_t set;

	sigemptyset(&set);
	add_all(&set, count_signals, ARRAY_LEN(count_signals));
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

int signals_open(enum signals_use use)
{
	static const int pause_signal = SIGTSTP;
	sigset_t set;

	sigemptyset(&set);
	add_all(&set, stop_signals, ARRAY_LEN(stop_signals));
	/* Without it a full pipe is waited for without hearing them. */
	if (stop_fd < 0)
		stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	add_all(&set, count_signals, ARRAY_LEN(count_signals));
	if (use == SIGNALS_OF_JOBS)
		add_all(&set, &pause_signal, 1);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		return -errno;
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int64_t signals_note_stop(void)
{
	if (!heard_ns)
		heard_ns = mono_now_ns();
	return heard_ns;
}

int signals_stop_fd(void)
{
	return stop_fd;
}

int64_t signals_heard_ns(void)
{
	return heard_ns;
}

int signals_read(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	if (signals_is_stop((int)info.ssi_signo))
		(void)signals_note_stop();
	return (int)info.ssi_signo;
}

bool signals_is_stop(int signal_number)
{
	for (size_t i = 0; i < ARRAY_LEN(stop_signals); i++) {
		if (stop_signals[i] == signal_number)
			return true;
	}
	return false;
}

/* It is pending, and then nothing blocks it. */
static void take(int signal_number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal_number);
	if (kill(getpid(), signal_number) == 0)
		(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void signals_pause(void)
{
	sigset_t set;

	take(SIGTSTP);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

void signals_reraise(int signal_number)
{
	if (signal(signal_number, SIG_DFL) != SIG_ERR)
		take(signal_number);
	exit(128 + signal_number);
}

void signals_end_soon(int signal_number, int seconds)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
	                         .sigev_signo = signal_number};
	const struct itimerspec once = {.it_value.tv_sec = seconds};
	timer_t timer;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(stop_signals); i++) {
		if (!is_ignored(stop_signals[i]))
			(void)signal(stop_signals[i], SIG_DFL);
		sigaddset(&set, stop_signals[i]);
	}
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	/* Without a timer another signal does it. */
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		(void)timer_settime(timer, 0, &once, NULL);
}

void signals_reset(void)
{
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(stop_signals); i++) {
		if (!is_ignored(stop_signals[i]))
			(void)signal(stop_signals[i], SIG_DFL);
	}
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
