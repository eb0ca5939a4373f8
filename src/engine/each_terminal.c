/* SPDX-License-Identifier: MIT */
#include "engine/each_terminal.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int open_terminal(void)
{
	/* lint: path, the kernel's name for it */
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

int each_terminal_open(struct each_terminal *terminal)
{
	sigset_t set;

	*terminal = (struct each_terminal){.fd = open_terminal()};
	if (terminal->fd < 0)
		return -errno;
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

void each_terminal_close(struct each_terminal *terminal)
{
	terminal->fd = fd_close(terminal->fd);
}

bool each_terminal_is_ours(const struct each_terminal *terminal)
{
	return terminal->fd >= 0 && tcgetpgrp(terminal->fd) == getpgrp();
}

void each_terminal_keep(struct each_terminal *terminal)
{
	terminal->has_modes = tcgetattr(terminal->fd, &terminal->modes) == 0;
}

bool each_terminal_hand(struct each_terminal *terminal, pid_t group)
{
	pid_t front = terminal->fd < 0 ? -1 : tcgetpgrp(terminal->fd);

	if (front != getpgrp() && front != group)
		return false;
	if (tcsetpgrp(terminal->fd, group) < 0)
		return false;
	terminal->holder = group;
	return true;
}

void each_terminal_take_back(struct each_terminal *terminal, bool resets)
{
	pid_t holder = terminal->holder;

	terminal->holder = 0;
	if (!holder || tcgetpgrp(terminal->fd) != holder)
		return;
	(void)tcsetpgrp(terminal->fd, getpgrp());
	if (resets && terminal->has_modes)
		(void)tcsetattr(terminal->fd, TCSADRAIN, &terminal->modes);
}

bool each_terminal_leave(void)
{
	int fd = open_terminal();

	if (fd < 0)
		return errno == ENXIO;
	int rc = ioctl(fd, TIOCNOTTY);
	(void)close(fd);
	return rc == 0;
}
