/* SPDX-License-Identifier: MIT */
/* deeptree - makes a chain of directories that no path reaches
 *
 *     deeptree DIR DEPTH LENGTH
 *
 * DEPTH directories below DIR, each in the one before, with names of LENGTH
 * bytes; a file and a symlink in every tenth and in the last. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "deeptree: %s: %s\n", what, strerrordesc_np(errno));
	exit(2);
}

static void make_entries(int dir_fd, long depth)
{
	int fd = openat(dir_fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	if (fd < 0)
		fail("file");
	if (dprintf(fd, "at depth %ld\n", depth) < 0)
		fail("file");
	(void)fd_close(fd);
	if (symlinkat("file", dir_fd, "link") < 0)
		fail("link");
}

static int make_child(int dir_fd, const char *name)
{
	if (mkdirat(dir_fd, name, 0755) < 0)
		fail("mkdirat");
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail("openat");
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: deeptree DIR DEPTH LENGTH\n");
		return 2;
	}
	long n = strtol(argv[2], NULL, 10), length = strtol(argv[3], NULL, 10);
	char name[256] = "";
	memset(name, 'd', (size_t)length);
	int fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail(argv[1]);
	for (long depth = 1; depth <= n; depth++) {
		int next = make_child(fd, name);

		(void)fd_close(fd);
		fd = next;
		if (depth % 10 == 0 || depth == n)
			make_entries(fd, depth);
	}
	(void)fd_close(fd);
	return 0;
}
