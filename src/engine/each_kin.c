/* SPDX-License-Identifier: MIT */
#include "engine/each_kin.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIN_MAX   256
#define TEXT_SIZE 4096

/* Digits are put together by hand: a signal handler may do no more. */
static size_t parse(const char *text, size_t len, pid_t *pids, size_t n,
                    size_t max, pid_t *partial)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			*partial = *partial * 10 + (text[i] - '0');
		} else if (*partial > 0) {
			if (n < max)
				pids[n++] = *partial;
			*partial = 0;
		}
	}
	return n;
}

size_t each_kin_list(pid_t *pids, size_t max)
{
	char text[TEXT_SIZE];
	pid_t partial = 0;
	size_t n = 0;
	ssize_t len;
	/* lint: path, the kernel's; the process has one thread */
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	while ((len = read(fd, text, sizeof(text))) > 0)
		n = parse(text, (size_t)len, pids, n, max, &partial);
	(void)close(fd);
	return n;
}

size_t each_kin_signal(int signal_number, each_spare_fn *spare, void *ctx)
{
	pid_t pids[KIN_MAX];
	size_t n = each_kin_list(pids, KIN_MAX), n_hit = 0;

	for (size_t i = 0; i < n; i++) {
		if (spare(ctx, pids[i]))
			continue;
		/* It is our child and not reaped: the pid is its own. */
		(void)kill(pids[i], signal_number);
		/* One that is stopped has to go on to hear of it. */
		(void)kill(pids[i], SIGCONT);
		n_hit++;
	}
	return n_hit;
}

void each_kin_kill(each_spare_fn *spare, void *ctx)
{
	for (;;) {
		pid_t pids[KIN_MAX];
		size_t n = each_kin_list(pids, KIN_MAX), n_hit = 0;

		for (size_t i = 0; i < n; i++) {
			if (spare(ctx, pids[i]))
				continue;
			n_hit++;
			(void)kill(pids[i], SIGKILL);
			while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
				continue;
		}
		if (n_hit == 0)
			return;
	}
}

bool each_kin_is_left(void *cell, pid_t pid)
{
	struct each_cell *own = cell;
	uint32_t n = atomic_load(&own->n_left);

	for (uint32_t i = 0; i < n && i < EACH_LEFT_MAX; i++) {
		if (atomic_load(&own->left[i]) == pid)
			return true;
	}
	return n > EACH_LEFT_MAX;
}

bool each_kin_leave(struct each_cell *cell)
{
	pid_t pids[KIN_MAX], gone;

	do {
		gone = waitpid(-1, NULL, WNOHANG);
	} while (gone > 0);
	/* ECHILD: nobody is left, as after nearly every job. */
	if (gone < 0 && atomic_load(&cell->n_left) == 0)
		return false;
	size_t n = gone < 0 ? 0 : each_kin_list(pids, KIN_MAX);
	for (size_t i = 0; i < n && i < EACH_LEFT_MAX; i++)
		atomic_store(&cell->left[i], pids[i]);
	atomic_store(&cell->n_left, (uint32_t)n);
	return gone == 0;
}
