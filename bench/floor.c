/* SPDX-License-Identifier: MIT */
/* floor - the least work that makes a tree's copy, to hold pcopy against
 *
 *     floor list SRC LIST
 *     floor copy [-p PROCESSES] [-m unnamed|direct|rename] [-T] SRC LIST DST
 *     floor big [-p PROCESSES] SRC DST
 *
 * It knows everything beforehand from LIST (which "list" made: names, sizes,
 * modes, owners, times), checks nothing, retries nothing and tells nobody. Per
 * file: open, create, read and write as listed, owner only if not its own,
 * times (not with -T), a name, two closes. It is no copier: a source that
 * changed since it was listed gives rubbish. "big" copies one file, several
 * processes taking turns at its next piece. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH_FILES 64
#define BATCH_BYTES (UINT64_C(1) << 20)
#define BUFFER      ((size_t)256 * 1024)
#define PIECE       (UINT64_C(8) << 20)

/* In LIST: each directory (by its path), then its files and links. */
struct record {
	uint32_t len; /* of this with its text, padded to 8 */
	uint32_t mode, uid, gid;
	uint64_t size;
	struct timespec times[2];
	char text[]; /* a directory's path below SRC, another's name */
};

struct batch {
	const struct record *dir, *first;
	uint32_t n;
};

static enum how { UNNAMED, DIRECT, RENAME } how;
static bool sets_times = true;
static int src_top, dst_top;
static struct batch *batches;
static size_t n_batches;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- list ---- */

static void put_record(FILE *out, const struct stat *st, const char *text)
{
	struct record head = {
		.len = (uint32_t)(sizeof(head) + strlen(text) + 8) & ~7u,
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.size = (uint64_t)st->st_size,
		.times = {st->st_atim, st->st_mtim},
	};
	static const char zeros[8];
	size_t room = head.len - sizeof(head) - strlen(text);

	fwrite(&head, sizeof(head), 1, out);
	fwrite(text, strlen(text), 1, out);
	fwrite(zeros, room, 1, out);
}

static void list_dir(FILE *out, const char *path)
{
	int fd = openat(src_top, *path ? path : ".", O_RDONLY | O_DIRECTORY);
	char **below = NULL;
	size_t n_below = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		fail(path);
	put_record(out, &st, path);
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;
		char *full;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			fail(name);
		if (!S_ISDIR(st.st_mode)) {
			put_record(out, &st, name);
			continue;
		}
		if (asprintf(&full, "%s%s%s", path, *path ? "/" : "", name) < 0)
			fail("memory");
		below = realloc(below, (n_below + 1) * sizeof(*below));
		below[n_below++] = full;
	}
	closedir(dir);
	for (size_t i = 0; i < n_below; i++) {
		list_dir(out, below[i]);
		free(below[i]);
	}
	free(below);
}

/* ---- copy ---- */

static void add_batch(struct batch batch)
{
	if (batch.n == 0)
		return;
	if (n_batches % 1024 == 0)
		batches =
			realloc(batches, (n_batches + 1024) * sizeof(*batches));
	batches[n_batches++] = batch;
}

static const struct record *after(const struct record *record)
{
	return (const void *)((const char *)record + record->len);
}

/* Makes the directories, open to their maker; cuts the rest into batches. */
static void prepare(const struct record *record, const struct record *end)
{
	struct batch batch = {0};
	uint64_t bytes = 0;

	for (; record < end; record = after(record)) {
		if (S_ISDIR(record->mode)) {
			add_batch(batch);
			batch = (struct batch){.dir = record};
			bytes = 0;
			if (*record->text &&
			    mkdirat(dst_top, record->text, 0700) < 0)
				fail(record->text);
			continue;
		}
		if (batch.n == BATCH_FILES ||
		    (batch.n && bytes + record->size > BATCH_BYTES)) {
			add_batch(batch);
			batch.n = 0;
			bytes = 0;
		}
		if (batch.n++ == 0)
			batch.first = record;
		bytes += record->size;
	}
	add_batch(batch);
}

static int open_dir(int top, const struct record *dir)
{
	int fd = openat(top, *dir->text ? dir->text : ".",
	                O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fail(dir->text);
	return fd;
}

static int create(int dir_fd, const struct record *record, char *temporary)
{
	const int flags = O_WRONLY | O_CLOEXEC;
	mode_t mode = record->mode & 07777;

	if (how == UNNAMED)
		return openat(dir_fd, ".", O_TMPFILE | flags, mode);
	if (how == RENAME)
		snprintf(temporary, 256, ".floor.%d", getpid());
	return openat(dir_fd, how == RENAME ? temporary : record->text,
	              O_CREAT | O_EXCL | flags, mode);
}

static void copy_file(int src_dir, int dst_dir, const struct record *record)
{
	static char buffer[BUFFER];
	char temporary[256];
	int src = openat(src_dir, record->text, O_RDONLY | O_CLOEXEC);
	int dst = create(dst_dir, record, temporary);

	if (src < 0 || dst < 0)
		fail(record->text);
	for (uint64_t left = record->size; left;) {
		ssize_t n = read(src, buffer, left < BUFFER ? left : BUFFER);
		if (n <= 0 || write(dst, buffer, (size_t)n) != n)
			fail(record->text);
		left -= (uint64_t)n;
	}
	if ((record->uid != geteuid() || record->gid != getegid()) &&
	    fchown(dst, record->uid, record->gid) < 0)
		fail(record->text);
	if (sets_times && futimens(dst, record->times) < 0)
		fail(record->text);
	if (how == UNNAMED &&
	    linkat(dst, "", dst_dir, record->text, AT_EMPTY_PATH) < 0)
		fail(record->text);
	if (how == RENAME &&
	    renameat(dst_dir, temporary, dst_dir, record->text) < 0)
		fail(record->text);
	close(src);
	close(dst);
}

static void copy_link(int src_dir, int dst_dir, const struct record *record)
{
	char target[4097];
	ssize_t n = readlinkat(src_dir, record->text, target, 4096);

	if (n < 0)
		fail(record->text);
	target[n] = '\0';
	if (symlinkat(target, dst_dir, record->text) < 0)
		fail(record->text);
	if (sets_times && utimensat(dst_dir, record->text, record->times,
	                            AT_SYMLINK_NOFOLLOW) < 0)
		fail(record->text);
}

static void work(atomic_size_t *next)
{
	const struct record *dir = NULL;
	int src_dir = -1, dst_dir = -1;
	size_t i;

	while ((i = atomic_fetch_add(next, 1)) < n_batches) {
		const struct record *record = batches[i].first;

		if (batches[i].dir != dir) {
			dir = batches[i].dir;
			close(src_dir);
			close(dst_dir);
			src_dir = open_dir(src_top, dir);
			dst_dir = open_dir(dst_top, dir);
		}
		for (uint32_t n = 0; n < batches[i].n; n++) {
			if (S_ISREG(record->mode))
				copy_file(src_dir, dst_dir, record);
			else if (S_ISLNK(record->mode))
				copy_link(src_dir, dst_dir, record);
			record = after(record);
		}
	}
}

/* Directories get their own modes and times when nothing comes into them. */
static void finish_dirs(const struct record *record, const struct record *end)
{
	for (; record < end; record = after(record)) {
		if (!S_ISDIR(record->mode))
			continue;
		const char *path = *record->text ? record->text : ".";
		if (fchmodat(dst_top, path, record->mode & 07777, 0) < 0 ||
		    (sets_times &&
		     utimensat(dst_top, path, record->times, 0) < 0))
			fail(path);
	}
}

static void copy(const char *list, int n_processes)
{
	int fd = open(list, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		fail(list);
	const char *data = mmap(NULL, (size_t)st.st_size, PROT_READ,
	                        MAP_PRIVATE | MAP_POPULATE, fd, 0);
	atomic_size_t *next = mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE,
	                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED || next == MAP_FAILED)
		fail("mmap");
	const struct record *first = (const void *)data;
	const struct record *end = (const void *)(data + st.st_size);
	prepare(first, end);
	for (int i = 0; i < n_processes; i++) {
		if (fork() == 0) {
			work(next);
			_exit(0);
		}
	}
	int status, worst = 0;
	while (wait(&status) > 0)
		worst |= status;
	finish_dirs(first, end);
	exit(worst != 0);
}

/* ---- one big file ---- */

static void copy_pieces(int src, int dst, uint64_t size, atomic_size_t *next)
{
	static char buffer[BUFFER];
	uint64_t at;

	while ((at = atomic_fetch_add(next, 1) * PIECE) < size) {
		uint64_t end = at + PIECE < size ? at + PIECE : size;

		for (ssize_t n; at < end; at += (uint64_t)n) {
			size_t want = end - at < BUFFER ? end - at : BUFFER;

			n = pread(src, buffer, want, (off_t)at);
			if (n <= 0 ||
			    pwrite(dst, buffer, (size_t)n, (off_t)at) != n)
				fail("piece");
		}
	}
}

static void copy_big(const char *from, const char *to, int n_processes)
{
	atomic_size_t *next = mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE,
	                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int src = open(from, O_RDONLY | O_CLOEXEC), status, worst = 0;
	struct stat st;

	if (next == MAP_FAILED || src < 0 || fstat(src, &st) < 0)
		fail(from);
	int dst = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	               st.st_mode & 07777);
	const struct timespec times[2] = {st.st_atim, st.st_mtim};
	if (dst < 0)
		fail(to);
	for (int i = 1; i < n_processes; i++) {
		if (fork() == 0) {
			copy_pieces(src, dst, (uint64_t)st.st_size, next);
			_exit(0);
		}
	}
	copy_pieces(src, dst, (uint64_t)st.st_size, next);
	while (wait(&status) > 0)
		worst |= status;
	if (futimens(dst, times) < 0)
		fail(to);
	exit(worst != 0);
}

static int open_top(const char *path, bool makes)
{
	if (makes && mkdir(path, 0755) < 0 && errno != EEXIST)
		fail(path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	return fd;
}

int main(int argc, char **argv)
{
	int n_processes = 2, opt;

	umask(0);
	if (argc == 4 && !strcmp(argv[1], "list")) {
		src_top = open_top(argv[2], false);
		FILE *out = fopen(argv[3], "we");
		if (!out)
			fail(argv[3]);
		list_dir(out, "");
		return fclose(out) != 0;
	}
	bool is_big = argc > 1 && !strcmp(argv[1], "big");
	if (argc < 2 || (!is_big && strcmp(argv[1], "copy") != 0))
		return 2;
	for (optind = 2; (opt = getopt(argc, argv, "p:m:T")) != -1;) {
		if (opt == 'p')
			n_processes = (int)strtol(optarg, NULL, 10);
		else if (opt == 'm')
			how = *optarg == 'd'   ? DIRECT
			      : *optarg == 'r' ? RENAME
			                       : UNNAMED;
		else if (opt == 'T')
			sets_times = false;
		else
			return 2;
	}
	if (optind + (is_big ? 2 : 3) != argc)
		return 2;
	if (is_big)
		copy_big(argv[optind], argv[optind + 1], n_processes);
	src_top = open_top(argv[optind], false);
	dst_top = open_top(argv[optind + 2], true);
	copy(argv[optind + 1], n_processes);
}
