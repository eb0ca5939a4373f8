/* SPDX-License-Identifier: MIT */
/* sentry - runs a command and tells whether anything in some trees was touched
 *
 *     sentry DIR... -- COMMAND [ARG]...
 *
 * Every directory and file in the DIRs is watched (inotify(7)) for having been
 * opened, read, written, moved or given other metadata. Prints what happened, a
 * line each, and then ends with status 99; else with the command's own, or
 * 128 and the signal that ended it. Symlinks there are not followed. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOUCHED 99

static int inotify_fd;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "sentry: %s: %s\n", what, strerrordesc_np(errno));
	exit(2);
}

static int watch(const char *path, const struct stat *found, int type,
                 struct FTW *where)
{
	(void)found;
	(void)type;
	(void)where;
	if (inotify_add_watch(inotify_fd, path,
	                      IN_ALL_EVENTS | IN_DONT_FOLLOW) < 0)
		fail(path);
	return 0;
}

static int run(char **command)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		execvp(command[0], command);
		fail(command[0]);
	}
	if (waitpid(pid, &status, 0) < 0)
		fail("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void print_event(const struct inotify_event *event)
{
	printf("watch %d: %s%s%s%s%s%s mask %#x%s%s\n", event->wd,
	       event->mask & IN_OPEN ? "opened " : "",
	       event->mask & IN_ACCESS ? "read " : "",
	       event->mask & IN_MODIFY ? "written " : "",
	       event->mask & IN_ATTRIB ? "metadata " : "",
	       event->mask & (IN_CREATE | IN_MOVED_TO) ? "new " : "",
	       event->mask & (IN_DELETE | IN_MOVED_FROM) ? "gone " : "",
	       event->mask, event->len ? ": " : "",
	       event->len ? event->name : "");
}

/* Prints all events that are waiting; their number. */
static unsigned print_events(void)
{
	_Alignas(struct inotify_event) char events[65536];
	unsigned n = 0;
	ssize_t len;

	while ((len = read(inotify_fd, events, sizeof(events))) > 0) {
		for (char *at = events; at < events + len; n++) {
			const struct inotify_event *event = (const void *)at;

			print_event(event);
			at += sizeof(*event) + event->len;
		}
	}
	if (len < 0 && errno != EAGAIN)
		fail("read");
	return n;
}

int main(int argc, char **argv)
{
	int at = 1;

	inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (inotify_fd < 0)
		fail("inotify");
	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		if (nftw(argv[at], watch, 16, FTW_PHYS) < 0)
			fail(argv[at]);
	}
	if (at < 2 || at + 1 >= argc) {
		fprintf(stderr, "usage: sentry DIR... -- COMMAND [ARG]...\n");
		return 2;
	}
	/* Watching has opened the directories itself. */
	char events[65536];
	while (read(inotify_fd, events, sizeof(events)) > 0)
		;
	int status = run(argv + at + 1);
	unsigned n = print_events();
	return n ? TOUCHED : status;
}
