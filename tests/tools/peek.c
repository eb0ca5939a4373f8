/* SPDX-License-Identifier: MIT */
/* peek - another user who looks into files that are not for him
 *
 *     peek WORD CLOSED ROOT PATH...
 *
 * Over and over tries to open each PATH below ROOT, and whatever is in those
 * that are directories, by name and through every directory that it could open
 * once and keeps open. Tells what it saw when it reads a file with WORD in it,
 * opens a directory whose name begins with CLOSED, or finds a set-user-id file
 * of root's, and ends with status 1. Prints "ready" when it begins;
 * SIGTERM ends it with the number of tries and of those that were refused. */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_MAX 64
#define READ_MAX 65536

struct kept {
	int fd;
	dev_t dev;
	ino_t ino;
};

struct peek {
	const char *word, *closed, *root;
	char **paths;
	size_t n_paths;
	struct kept kept[KEPT_MAX];
	size_t n_kept;
	uint64_t n_tries, n_refused;
	char buffer[READ_MAX];
};

static volatile sig_atomic_t is_over;

static void on_term(int signal_number)
{
	(void)signal_number;
	is_over = 1;
}

static _Noreturn void tell(const char *what, const char *name)
{
	printf("%s: %s\n", what, name);
	(void)fflush(stdout);
	_exit(1);
}

static void look_at_file(struct peek *peek, int fd, const char *name)
{
	ssize_t n = read(fd, peek->buffer, READ_MAX);

	if (n > 0 &&
	    memmem(peek->buffer, (size_t)n, peek->word, strlen(peek->word)))
		tell("read", name);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_kept(const struct peek *peek, const struct stat *found)
{
	for (size_t i = 0; i < peek->n_kept; i++) {
		if (peek->kept[i].dev == found->st_dev &&
		    peek->kept[i].ino == found->st_ino)
			return true;
	}
	return false;
}

static void keep(struct peek *peek, int fd, const struct stat *found)
{
	if (peek->n_kept == KEPT_MAX || is_kept(peek, found))
		return;
	peek->kept[peek->n_kept++] = (struct kept){
		fcntl(fd, F_DUPFD_CLOEXEC, 0), found->st_dev, found->st_ino};
}

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static void check_mode(int dir_fd, const char *name)
{
	struct stat found;

	if (fstatat(dir_fd, name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(found.st_mode) && (found.st_mode & S_ISUID) &&
	    found.st_uid == 0)
		tell("set-user-id root", name);
}

/* A descriptor of the directory that it is, or -1. */
static int try_open(struct peek *peek, int dir_fd, const char *name)
{
	struct stat found;
	int fd = openat(dir_fd, name,
	                O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	peek->n_tries++;
	peek->n_refused += fd < 0 && errno == EACCES;
	check_mode(dir_fd, name);
	if (fd < 0 || fstat(fd, &found) < 0)
		return fd_close(fd);
	if (S_ISREG(found.st_mode))
		look_at_file(peek, fd, name);
	if (!S_ISDIR(found.st_mode))
		return fd_close(fd);
	if (!strncmp(base_name(name), peek->closed, strlen(peek->closed)))
		tell("entered", name);
	keep(peek, fd, &found);
	return fd;
}

static void try_dir(struct peek *peek, int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (!dir) {
		(void)fd_close(copy);
		return;
	}
	while ((entry = readdir(dir))) {
		if (!is_dot(entry->d_name))
			(void)fd_close(try_open(peek, fd, entry->d_name));
	}
	(void)closedir(dir);
}

static void try_all(struct peek *peek)
{
	int root_fd = open(peek->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < peek->n_paths && root_fd >= 0; i++) {
		int fd = try_open(peek, root_fd, peek->paths[i]);

		if (fd >= 0)
			try_dir(peek, fd);
		(void)fd_close(fd);
	}
	(void)fd_close(root_fd);
	/* What could be entered once may have been closed since. */
	for (size_t i = 0; i < peek->n_kept; i++) {
		int fd = peek->kept[i].fd;

		try_dir(peek, fd);
		for (size_t j = 0; j < peek->n_paths; j++)
			(void)fd_close(
				try_open(peek, fd, base_name(peek->paths[j])));
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_term};
	static struct peek state;
	struct peek *peek = &state;

	if (argc < 5) {
		fprintf(stderr, "usage: peek WORD CLOSED ROOT PATH...\n");
		return 2;
	}
	peek->word = argv[1];
	peek->closed = argv[2];
	peek->root = argv[3];
	peek->paths = argv + 4;
	peek->n_paths = (size_t)argc - 4;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    sigaction(SIGTERM, &action, NULL) < 0)
		return 2;
	if (puts("ready") < 0 || fflush(stdout) < 0)
		return 2;
	while (!is_over)
		try_all(peek);
	printf("%" PRIu64 " tries\n%" PRIu64 " refused\n", peek->n_tries,
	       peek->n_refused);
	return 0;
}
