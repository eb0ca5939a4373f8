/* SPDX-License-Identifier: MIT */
/* compare - what of a tree its copy did not keep
 *
 *     compare SRC DST
 *
 * Prints "same", or how many entries differ in what, as "mtime 12, links 3".
 * Content is compared byte by byte. Sizes on disk count as "holes" only if a
 * file with holes takes up much more at the copy. Names at the copy that the
 * source has not are "extra". Ends with 1 if content or entries differ. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum what {
	MISSING,
	EXTRA,
	TYPE,
	CONTENT,
	N_FATAL,
	MODE = N_FATAL,
	OWNER,
	MTIME,
	DIR_MTIME,
	LINK_MTIME,
	ATIME,
	LINKS,
	XATTRS,
	ACLS,
	FLAGS,
	HOLES,
	N_WHAT
};

static const char *const names[N_WHAT] = {
	[MISSING] = "missing",
	[EXTRA] = "extra",
	[TYPE] = "type",
	[CONTENT] = "content",
	[MODE] = "mode",
	[OWNER] = "owner",
	[MTIME] = "mtime",
	[DIR_MTIME] = "directory mtime",
	[LINK_MTIME] = "link mtime",
	[ATIME] = "atime",
	[LINKS] = "hard links",
	[XATTRS] = "xattrs",
	[ACLS] = "ACLs",
	[FLAGS] = "inode flags",
	[HOLES] = "holes",
};
static unsigned long found[N_WHAT];

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "compare: %s: %s\n", what, strerror(errno));
	exit(2);
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_bytes(int a, int b)
{
	static char x[262144], y[262144];
	ssize_t n, m;

	do {
		n = read(a, x, sizeof(x));
		m = read(b, y, sizeof(y));
		if (n < 0 || n != m || memcmp(x, y, (size_t)n) != 0)
			return false;
	} while (n > 0);
	return true;
}

/* Names and values, added up so that their order does not count. */
static uint64_t sum_xattrs(const char *path, bool of_acls)
{
	static char list[65536], value[65536];
	ssize_t len = llistxattr(path, list, sizeof(list));
	uint64_t sum = 0;

	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(list + at) + 1) {
		const char *name = list + at;
		uint64_t hash = 14695981039346656037u;

		if ((strncmp(name, "system.posix_acl_", 17) == 0) != of_acls)
			continue;
		ssize_t n = lgetxattr(path, name, value, sizeof(value));
		for (const char *c = name; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 1099511628211u;
		for (ssize_t i = 0; i < n; i++)
			hash = (hash ^ (unsigned char)value[i]) *
			       1099511628211u;
		sum += hash;
	}
	return sum;
}

static void compare_xattrs(int a, int b, const char *name)
{
	char path_a[512], path_b[512];

	snprintf(path_a, sizeof(path_a), "/proc/self/fd/%d/%s", a, name);
	snprintf(path_b, sizeof(path_b), "/proc/self/fd/%d/%s", b, name);
	found[XATTRS] += sum_xattrs(path_a, false) != sum_xattrs(path_b, false);
	found[ACLS] += sum_xattrs(path_a, true) != sum_xattrs(path_b, true);
}

static void compare_files(int a, int b, const char *name,
                          const struct stat *have)
{
	int flags_a = 0, flags_b = 0;
	int from = openat(a, name, O_RDONLY | O_NOATIME | O_CLOEXEC);
	int to = openat(b, name, O_RDONLY | O_NOATIME | O_CLOEXEC);
	struct stat st;

	if (from < 0 || to < 0 || fstat(to, &st) < 0)
		fail(name);
	found[CONTENT] += !same_bytes(from, to);
	if (have->st_blocks * 512 < have->st_size &&
	    st.st_blocks > have->st_blocks + have->st_blocks / 2 + 64)
		found[HOLES]++;
	if (ioctl(from, FS_IOC_GETFLAGS, &flags_a) == 0 &&
	    ioctl(to, FS_IOC_GETFLAGS, &flags_b) == 0)
		found[FLAGS] += ((flags_a ^ flags_b) & FS_FL_USER_VISIBLE &
		                 ~(FS_EXTENT_FL | 0x10000000)) != 0;
	close(from);
	close(to);
}

static void compare_links(int a, int b, const char *name)
{
	char x[4097], y[4097];
	ssize_t n = readlinkat(a, name, x, sizeof(x));

	if (n < 0 || readlinkat(b, name, y, sizeof(y)) != n ||
	    memcmp(x, y, (size_t)n) != 0)
		found[CONTENT]++;
}

/* True for two directories. */
static bool compare_entry(int a, int b, const char *name)
{
	struct stat x, y;

	if (fstatat(a, name, &x, AT_SYMLINK_NOFOLLOW) < 0)
		fail(name);
	if (fstatat(b, name, &y, AT_SYMLINK_NOFOLLOW) < 0) {
		found[MISSING]++;
		return false;
	}
	if ((x.st_mode ^ y.st_mode) & S_IFMT) {
		found[TYPE]++;
		return false;
	}
	found[MODE] += x.st_mode != y.st_mode;
	found[OWNER] += x.st_uid != y.st_uid || x.st_gid != y.st_gid;
	enum what time = S_ISDIR(x.st_mode)   ? DIR_MTIME
	                 : S_ISLNK(x.st_mode) ? LINK_MTIME
	                                      : MTIME;
	found[time] += !same_time(x.st_mtim, y.st_mtim);
	/* Reading directories and links is an access. */
	found[ATIME] += S_ISREG(x.st_mode) && !same_time(x.st_atim, y.st_atim);
	compare_xattrs(a, b, name);
	if (!S_ISDIR(x.st_mode))
		found[LINKS] += x.st_nlink != y.st_nlink;
	if (S_ISREG(x.st_mode))
		compare_files(a, b, name, &x);
	if (S_ISLNK(x.st_mode))
		compare_links(a, b, name);
	return S_ISDIR(x.st_mode);
}

static DIR *open_dir(int fd, const char *name)
{
	DIR *dir = fdopendir(openat(
		fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));

	if (!dir)
		fail(name);
	return dir;
}

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static void compare_dirs(DIR *a, DIR *b)
{
	const struct dirent *entry;
	struct stat st;

	while ((entry = readdir(a))) {
		if (is_dot(entry->d_name) ||
		    !compare_entry(dirfd(a), dirfd(b), entry->d_name))
			continue;
		compare_dirs(open_dir(dirfd(a), entry->d_name),
		             open_dir(dirfd(b), entry->d_name));
	}
	while ((entry = readdir(b))) {
		if (fstatat(dirfd(a), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) <
		    0)
			found[EXTRA]++;
	}
	closedir(a);
	closedir(b);
}

int main(int argc, char **argv)
{
	const char *comma = "";
	bool is_wrong = false;

	if (argc != 3)
		return 2;
	DIR *a = open_dir(AT_FDCWD, argv[1]), *b = open_dir(AT_FDCWD, argv[2]);
	if (compare_entry(dirfd(a), dirfd(b), "."))
		compare_dirs(a, b);
	for (int i = 0; i < N_WHAT; i++) {
		if (!found[i])
			continue;
		printf("%s%s %lu", comma, names[i], found[i]);
		comma = ", ";
		is_wrong = is_wrong || i < N_FATAL;
	}
	puts(*comma ? "" : "same");
	return is_wrong;
}
