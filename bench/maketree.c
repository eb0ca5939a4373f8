/* SPDX-License-Identifier: MIT */
/* maketree - a tree from a seed
 *
 *     maketree [-s SEED] [-n FILES] [-d DIRS] [-b BYTES] [-v] [-B BYTES] DIR
 *
 * FILES files spread over DIRS directories, 16 to a parent (0: all in DIR),
 * each of BYTES random bytes, with -v of anything up to about 16 times that but
 * mostly less; -B one more of so many bytes. The times are some years old, so
 * that no file was changed within the clock's last tick. The same arguments
 * always give the same tree. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 1048576

static uint64_t state;
static uint64_t block[BLOCK / sizeof(uint64_t)];

/* xorshift64* */
static uint64_t next(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(0x2545f4914f6cdd1d);
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "maketree: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Some time in 2001 to 2017, to the nanosecond. */
static struct timespec some_time(void)
{
	return (struct timespec){
		.tv_sec = (time_t)(1000000000 + next() % 500000000),
		.tv_nsec = (long)(next() % 1000000000),
	};
}

/* Each file is another stretch of the block with a word of its own. */
static void fill(int fd, uint64_t size)
{
	while (size) {
		size_t at = next() % 64;
		size_t room = sizeof(block) - at * sizeof(uint64_t);
		size_t want = size < room ? (size_t)size : room;

		block[at] = next();
		ssize_t n = write(fd, block + at, want);
		if (n < 0)
			fail("write");
		size -= (uint64_t)n;
	}
}

static uint64_t vary(uint64_t bytes)
{
	uint64_t scale = next() % 9; /* 1/16 to 16 times */

	bytes = (bytes << scale) >> 4;
	return bytes / 2 + (bytes ? next() % bytes : 0) / 2;
}

static void make_file(int dir_fd, const char *name, uint64_t size)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	                next() % 8 ? 0644 : 0755);
	const struct timespec times[2] = {some_time(), some_time()};

	if (fd < 0)
		fail(name);
	fill(fd, size);
	if (futimens(fd, times) < 0 || close(fd) < 0)
		fail(name);
}

static int open_dir(int fd, const char *name)
{
	if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST)
		fail(name);
	int next_fd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (next_fd < 0)
		fail(name);
	return next_fd;
}

/* Directory i is d/d/d, one hexadecimal digit of i a level. */
static int open_place(int top, uint64_t i)
{
	char name[8];
	int fd = dup(top);

	do {
		snprintf(name, sizeof(name), "d%x", (unsigned)(i % 16));
		int below = open_dir(fd, name);
		close(fd);
		fd = below;
		i /= 16;
	} while (i);
	return fd;
}

int main(int argc, char **argv)
{
	uint64_t n_files = 1000, n_dirs = 0, size = 0, big = 0;
	bool varies = false;
	int opt;

	state = 1;
	while ((opt = getopt(argc, argv, "s:n:d:b:vB:")) != -1) {
		uint64_t value = optarg ? strtoull(optarg, NULL, 10) : 0;

		switch (opt) {
		case 's':
			state += value;
			break;
		case 'n':
			n_files = value;
			break;
		case 'd':
			n_dirs = value;
			break;
		case 'b':
			size = value;
			break;
		case 'B':
			big = value;
			break;
		case 'v':
			varies = true;
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc)
		return 2;
	umask(022);
	for (size_t i = 0; i < BLOCK / sizeof(uint64_t); i++)
		block[i] = next();
	int top = open_dir(AT_FDCWD, argv[optind]);
	uint64_t in_each = n_dirs ? (n_files + n_dirs - 1) / n_dirs : n_files;
	int dir_fd = -1;
	for (uint64_t i = 0; i < n_files; i++) {
		char name[32];

		if (i % in_each == 0) {
			if (dir_fd >= 0)
				close(dir_fd);
			dir_fd = n_dirs ? open_place(top, i / in_each)
			                : dup(top);
		}
		snprintf(name, sizeof(name), "file-%08llx-%llx",
		         (unsigned long long)(next() >> 32),
		         (unsigned long long)i);
		make_file(dir_fd, name, varies ? vary(size) : size);
	}
	if (big)
		make_file(top, "big", big);
	return 0;
}
