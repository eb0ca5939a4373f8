/* SPDX-License-Identifier: MIT */
/* ptyrun - runs a command under a pseudo-terminal of its own
 *
 *     ptyrun [-k] [-w COLUMNS] COMMAND [ARG]...
 *
 * The command's input, output and error are the terminal, which also controls
 * its session; all it prints goes to stdout byte for byte. With -k what comes on
 * stdin is typed there. SIGINT goes on to
 * the terminal's foreground, as ^C does, SIGTERM and SIGHUP to the command.
 * Ends as the command ended, by status or by signal; 2 when it could not run. */
#include "base/fd.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "ptyrun: %s: %s\n", what, strerrordesc_np(errno));
	exit(2);
}

static void stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

static _Noreturn void become(char **argv)
{
	sigset_t set;

	stop_signals(&set);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	/* As a login has them, whatever a shell's background had. */
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	/* The command does not outlive a test that was killed. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	execvp(argv[0], argv);
	fprintf(stderr, "ptyrun: %s: %s\n", argv[0], strerrordesc_np(errno));
	_exit(2);
}

/* Starts the command; returns the terminal's other end. */
static int start(unsigned columns, char **argv, pid_t *pid)
{
	struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = 24};
	struct termios modes;
	int master, slave;

	if (openpty(&master, &slave, NULL, NULL, &size) < 0)
		fail("openpty");
	/* No carriage returns but those of the command. */
	if (tcgetattr(slave, &modes) < 0)
		fail("tcgetattr");
	modes.c_oflag &= ~(tcflag_t)OPOST;
	if (tcsetattr(slave, TCSANOW, &modes) < 0)
		fail("tcsetattr");
	*pid = fork();
	if (*pid < 0)
		fail("fork");
	if (*pid == 0) {
		(void)close(master);
		if (login_tty(slave) < 0)
			_exit(2);
		become(argv);
	}
	(void)close(slave);
	return master;
}

static void pass_signal(int fd, int master, pid_t pid)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	pid_t group = info.ssi_signo == SIGINT ? tcgetpgrp(master) : -1;
	/* A command that has just ended needs none. */
	(void)kill(group > 0 ? -group : pid, (int)info.ssi_signo);
}

/* False at their end. */
static bool pass_keys(int keys_fd, int master)
{
	char data[256];
	ssize_t n = read(keys_fd, data, sizeof(data));

	return n > 0 && fd_write_full(master, data, (size_t)n) == 0;
}

/* Until nobody holds the terminal any more, which read(2) tells with EIO. */
static void pass_output(int master, int signal_fd, int keys_fd, pid_t pid)
{
	struct pollfd fds[] = {{.fd = master, .events = POLLIN},
	                       {.fd = signal_fd, .events = POLLIN},
	                       {.fd = keys_fd, .events = POLLIN}};
	char data[4096];

	for (;;) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0)
			fail("poll");
		if (fds[1].revents)
			pass_signal(signal_fd, master, pid);
		if (fds[2].revents && !pass_keys(keys_fd, master))
			fds[2].fd = -1;
		if (!fds[0].revents)
			continue;
		ssize_t n = read(master, data, sizeof(data));
		if (n <= 0)
			return;
		if (fd_write_full(STDOUT_FILENO, data, (size_t)n) < 0)
			fail("stdout");
	}
}

/* Ends this process as the command ended. */
static int end_like(int status)
{
	const struct rlimit no_core = {0, 0};
	sigset_t none;

	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	(void)signal(WTERMSIG(status), SIG_DFL);
	(void)raise(WTERMSIG(status));
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	return 2;
}

int main(int argc, char **argv)
{
	unsigned columns = 80;
	int option, status, keys_fd = -1;
	sigset_t set;
	pid_t pid;

	while ((option = getopt(argc, argv, "+kw:")) != -1) {
		if (option == 'k')
			keys_fd = STDIN_FILENO;
		else if (option == 'w')
			columns = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (optind == argc) {
		fprintf(stderr, "ptyrun: no command\n");
		return 2;
	}
	stop_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	int signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (signal_fd < 0)
		fail("signalfd");
	int master = start(columns, argv + optind, &pid);
	pass_output(master, signal_fd, keys_fd, pid);
	if (waitpid(pid, &status, 0) != pid)
		fail("waitpid");
	return end_like(status);
}
