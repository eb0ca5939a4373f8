/* SPDX-License-Identifier: MIT */
#include "engine/each_drain.h"

#include "base/signals.h"

#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

static void read_away(struct pollfd *pipe)
{
	char bytes[16384];
	ssize_t n = read(pipe->fd, bytes, sizeof(bytes));

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		pipe->fd = -1;
}

static _Noreturn void drain(const int *fds, size_t n)
{
	struct pollfd pipes[EACH_DRAIN_MAX];
	size_t n_open = n;

	signals_reset();
	(void)setsid();
	(void)prctl(PR_SET_NAME, "pcopy-drain");
	/* lint: path, so that it keeps nothing from being unmounted */
	(void)!chdir("/");
	for (size_t i = 0; i < n; i++) {
		pipes[i] = (struct pollfd){dup2(fds[i], (int)i), POLLIN, 0};
	}
	closefrom((int)n);
	while (n_open > 0) {
		n_open = 0;
		if (poll(pipes, n, -1) < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < n; i++) {
			if (pipes[i].fd >= 0 && pipes[i].revents)
				read_away(&pipes[i]);
			n_open += pipes[i].fd >= 0;
		}
	}
	_exit(0);
}

int each_drain_start(const int *fds, size_t n)
{
	pid_t pid = fork();

	if (pid == 0)
		drain(fds, n);
	return pid < 0 ? -errno : 0;
}
