/* SPDX-License-Identifier: MIT */
/* treelist - all that can be seen of a tree, a line per entry
 *
 *     treelist [-ax] DIR
 *
 * Depth, name, type and mode, owner, size, mtime, with -a atime, link target,
 * extended attributes and a hash of the content; with -x also which entries are
 * one inode (=1 for all of the first such group, and so on), inode flags and
 * project id. Names are sorted, so that the lists of two equal trees are equal.
 * Goes by descriptors, so no path is too long; follows no link; leaves access
 * times alone where that is allowed. What cannot be read is said in the
 * line. */
#include "base/buf.h"
#include "base/fd.h"
#include "base/quote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define BLOCK 65536
#define UNIT  4096

struct level {
	char **names;
	size_t n, at;
};

static bool shows_atime, shows_inode;

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "treelist: %s: %s\n", what, strerrordesc_np(errno));
	exit(2);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static void read_names(int fd, struct level *level)
{
	DIR *dir = fdopendir(dup(fd));
	const struct dirent *entry;

	*level = (struct level){0};
	if (!dir)
		fail("fdopendir");
	while ((entry = readdir(dir))) {
		if (is_dot(entry->d_name))
			continue;
		level->names =
			xrealloc(level->names, (level->n + 1) * sizeof(char *));
		level->names[level->n++] =
			xstrndup(entry->d_name, strlen(entry->d_name));
	}
	closedir(dir);
	if (level->n)
		qsort(level->names, level->n, sizeof(char *), by_bytes);
}

static int open_quietly(int dir_fd, const char *name, int flags)
{
	int fd = openat(dir_fd, name, flags | O_NOATIME);

	return fd < 0 && errno == EPERM ? openat(dir_fd, name, flags) : fd;
}

/* FNV-1a over eight bytes at a time. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
	return (hash ^ word) * UINT64_C(0x100000001b3) ^ (hash >> 29);
}

/* Blocks of zeros do not count: a hole and zeros are the same content. */
static uint64_t hash_units(uint64_t hash, const char *data, size_t len,
                           uint64_t at)
{
	static const char zeros[UNIT];

	for (size_t i = 0; i < len; i += UNIT) {
		char unit[UNIT] = {0};

		memcpy(unit, data + i, min_size(UNIT, len - i));
		if (!memcmp(unit, zeros, UNIT))
			continue;
		hash = mix(hash, at + i);
		for (size_t j = 0; j < UNIT; j += sizeof(uint64_t)) {
			uint64_t word;

			memcpy(&word, unit + j, sizeof(word));
			hash = mix(hash, word);
		}
	}
	return hash;
}

static void show_content(int fd)
{
	static char data[BLOCK];
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	off_t at = 0;
	ssize_t n;

	while ((at = lseek(fd, at, SEEK_DATA)) >= 0) {
		at -= at % UNIT;
		n = pread(fd, data, sizeof(data), at);
		if (n <= 0)
			break;
		hash = hash_units(hash, data, (size_t)n, (uint64_t)at);
		at += n;
	}
	if (at < 0 && errno != ENXIO)
		printf(" unreadable");
	printf(" %016" PRIx64, hash);
}

/* What is not a flag of the user's but says how the file system stores it. */
#define INTERNAL_FLAGS                                                \
	((unsigned)(FS_DIRTY_FL | FS_COMPRBLK_FL | FS_ENCRYPT_FL |    \
	            FS_INDEX_FL | FS_HUGE_FILE_FL | FS_EXTENT_FL |    \
	            FS_VERITY_FL | FS_EA_INODE_FL | FS_EOFBLOCKS_FL | \
	            FS_INLINE_DATA_FL | FS_CASEFOLD_FL | FS_RESERVED_FL))

static void show_flags(int fd)
{
	struct fsxattr extended;
	unsigned flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
	    (flags & ~INTERNAL_FLAGS))
		printf(" flags=%x", flags & ~INTERNAL_FLAGS);
	if (ioctl(fd, FS_IOC_FSGETXATTR, &extended) == 0 && extended.fsx_projid)
		printf(" project=%u", extended.fsx_projid);
}

/* Of a regular file or a directory. */
static void show_opened(int dir_fd, const char *name, bool is_file)
{
	int fd = open_quietly(dir_fd, name,
	                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		printf(" %s", strerrordesc_np(errno));
		return;
	}
	if (is_file)
		show_content(fd);
	if (shows_inode)
		show_flags(fd);
	(void)fd_close(fd);
}

struct inode {
	dev_t dev;
	ino_t ino;
	size_t group;
};

static int by_inode(const void *left, const void *right)
{
	const struct inode *a = left, *b = right;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return (a->ino > b->ino) - (a->ino < b->ino);
}

/* Groups are numbered in the order in which their first names come. */
static void show_group(const struct stat *found)
{
	static void *inodes;
	static size_t n_groups;
	struct inode *inode = xcalloc(1, sizeof(*inode));

	inode->dev = found->st_dev;
	inode->ino = found->st_ino;
	struct inode **slot = tsearch(inode, &inodes, by_inode);
	if (!slot)
		fail("tsearch");
	if (*slot == inode)
		inode->group = ++n_groups;
	else
		free(inode);
	printf(" =%zu", (*slot)->group);
}

static void show_link(int dir_fd, const char *name)
{
	char target[8192];
	struct buf text = {0};
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target));

	if (n < 0)
		fail("readlinkat");
	quote_name(&text, target, (size_t)n);
	printf(" -> %s", text.data);
	buf_release(&text);
}

static void show_xattr(const char *path, const char *name)
{
	static char value[65536];
	ssize_t n = lgetxattr(path, name, value, sizeof(value));

	printf(" %s=", name);
	for (ssize_t i = 0; i < n; i++)
		printf("%02x", (unsigned)(unsigned char)value[i]);
}

static void show_xattrs(int dir_fd, const char *entry)
{
	char path[512], names[65536];
	struct level list = {0};

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir_fd, entry);
	ssize_t len = llistxattr(path, names, sizeof(names));
	for (ssize_t i = 0; i < len; i += (ssize_t)strlen(names + i) + 1) {
		list.names =
			xrealloc(list.names, (list.n + 1) * sizeof(char *));
		list.names[list.n++] = names + i;
	}
	if (list.n)
		qsort(list.names, list.n, sizeof(char *), by_bytes);
	for (size_t i = 0; i < list.n; i++)
		show_xattr(path, list.names[i]);
	free(list.names);
}

static void show_time(const char *label, const struct timespec *time)
{
	printf(" %s%" PRId64 ".%09ld", label, (int64_t)time->tv_sec,
	       time->tv_nsec);
}

/* Returns true for a directory. */
static bool show(int dir_fd, const char *name, size_t depth)
{
	struct stat found;
	struct buf text = {0};

	if (fstatat(dir_fd, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
		fail(name);
	quote_name(&text, name, strlen(name));
	printf("%zu %s %06o %u:%u", depth, text.data, found.st_mode,
	       found.st_uid, found.st_gid);
	buf_release(&text);
	show_time("m", &found.st_mtim);
	/* Reading a link is an access, which nothing can prevent. */
	if (shows_atime && !S_ISLNK(found.st_mode))
		show_time("a", &found.st_atim);
	if (shows_inode && found.st_nlink > 1 && !S_ISDIR(found.st_mode))
		show_group(&found);
	if (S_ISREG(found.st_mode)) {
		printf(" %" PRId64, (int64_t)found.st_size);
		show_opened(dir_fd, name, true);
	} else if (S_ISDIR(found.st_mode)) {
		if (shows_inode)
			show_opened(dir_fd, name, false);
	} else if (S_ISLNK(found.st_mode)) {
		show_link(dir_fd, name);
	} else {
		printf(" %u,%u", major(found.st_rdev), minor(found.st_rdev));
	}
	show_xattrs(dir_fd, name);
	putchar('\n');
	return S_ISDIR(found.st_mode);
}

static int move_to(int fd, const char *name)
{
	int next = open_quietly(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (next >= 0)
		(void)fd_close(fd);
	return next;
}

static void drop_names(struct level *level)
{
	for (size_t i = 0; i < level->n; i++)
		free(level->names[i]);
	free(level->names);
}

/* One descriptor at a time: down by name, up by "..". */
static void list_below(int fd)
{
	struct level *levels = xcalloc(1, sizeof(*levels));
	size_t depth = 0;

	read_names(fd, &levels[0]);
	for (;;) {
		struct level *here = &levels[depth];

		if (here->at < here->n) {
			const char *name = here->names[here->at++];
			int next = show(fd, name, depth + 1) ? move_to(fd, name)
			                                     : -1;
			if (next < 0)
				continue;
			fd = next;
			depth++;
			levels =
				xrealloc(levels, (depth + 1) * sizeof(*levels));
			read_names(fd, &levels[depth]);
			continue;
		}
		drop_names(here);
		if (depth-- == 0)
			break;
		fd = move_to(fd, "..");
		if (fd < 0)
			fail("..");
	}
	free(levels);
	(void)fd_close(fd);
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "ax")) != -1) {
		shows_atime |= option == 'a';
		shows_inode |= option == 'x';
		if (option == '?')
			return 2;
	}
	if (argc != optind + 1) {
		fprintf(stderr, "usage: treelist [-ax] DIR\n");
		return 2;
	}
	int fd = open_quietly(AT_FDCWD, argv[optind],
	                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail(argv[optind]);
	(void)show(fd, ".", 0);
	list_below(fd);
	if (fflush(stdout) != 0)
		fail("standard output");
	return 0;
}
