/* SPDX-License-Identifier: MIT */
/* What wakes the master. */
#include "base/fd.h"
#include "base/signals.h"
#include "engine/master.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* After a second signal: so long workers may take to be gone, and so long it
 * takes at most until the run ends, whatever hangs. */
#define HANG_MS 2000
#define END_S   5

static int watch_fd(int epoll_fd, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* Ten times a second, for the progress line. */
static int open_timer(void)
{
	const struct itimerspec tenth = {
		.it_interval = {.tv_nsec = 100 * NS_PER_MS},
		.it_value = {.tv_nsec = 100 * NS_PER_MS},
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &tenth, NULL) < 0)
		return -errno;
	return fd;
}

int master_open_events(struct master *master)
{
	master->timer_fd = open_timer();
	if (master->timer_fd < 0)
		return master->timer_fd;
	master->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (master->epoll_fd < 0)
		return -errno;
	int rc = watch_fd(master->epoll_fd, master->timer_fd);
	if (rc == 0)
		rc = watch_fd(master->epoll_fd, master->signal_fd);
	if (rc == 0)
		rc = watch_fd(master->epoll_fd, mp_workers_fd(master->workers));
	return rc;
}

static void on_signal(struct master *master)
{
	int signal_number = signals_read(master->signal_fd);

	if (!signals_is_stop(signal_number))
		return;
	/* The second one does not wait for anybody, and one that hangs in the
	 * kernel is not waited for any longer than this. */
	if (master->tally->signal_number) {
		signals_end_soon(signal_number, END_S);
		master->is_killing = true;
		mp_workers_kill(master->workers, HANG_MS);
	}
	master->tally->signal_number = signal_number;
	atomic_store(&master->shared->is_stopping, 1);
}

/* Signals and the timer that there are within so long. */
void master_look_for(struct master *master, int timeout_ms)
{
	struct epoll_event events[4];
	uint64_t n_ticks;
	int n = fd_epoll_wait(master->epoll_fd, events, ARRAY_LEN(events),
	                      timeout_ms);

	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == master->signal_fd)
			on_signal(master);
		if (events[i].data.fd == master->timer_fd &&
		    read(master->timer_fd, &n_ticks, sizeof(n_ticks)) > 0)
			master_tick(master);
	}
}

/* While the master itself copies. */
void master_look(void *ctx)
{
	master_look_for(ctx, 0);
}
