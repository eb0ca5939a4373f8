/* SPDX-License-Identifier: MIT */
#include "fs/tree.h"

#include "base/buf.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)

void tree_init(struct tree *tree, int root_fd, int extra_flags,
               struct tree_cache *cache)
{
	*tree = (struct tree){
		.root_fd = root_fd, .extra_flags = extra_flags, .cache = cache};
}

static void drop(struct tree_dir *dir)
{
	if (!dir->path)
		return;
	dir->fd = fd_close(dir->fd);
	free(dir->path);
	*dir = (struct tree_dir){.fd = -1};
}

void tree_cache_release(struct tree_cache *cache)
{
	for (size_t i = 0; i < TREE_CACHED; i++)
		drop(&cache->dirs[i]);
}

/* prefix is path itself or one of its ancestors. */
static bool is_at_or_above(const char *prefix, size_t prefix_len,
                           const char *path, size_t len)
{
	if (prefix_len == 0)
		return true;
	return prefix_len <= len &&
	       (prefix_len == len || path[prefix_len] == '/') &&
	       memcmp(prefix, path, prefix_len) == 0;
}

void tree_forget(struct tree *tree, const char *path, size_t len)
{
	for (size_t i = 0; i < TREE_CACHED; i++) {
		struct tree_dir *dir = &tree->cache->dirs[i];

		if (dir->tree == tree &&
		    is_at_or_above(path, len, dir->path, dir->len))
			drop(dir);
	}
}

static struct tree_dir *nearest(struct tree *tree, const char *path, size_t len)
{
	struct tree_dir *best = NULL;

	for (size_t i = 0; i < TREE_CACHED; i++) {
		struct tree_dir *dir = &tree->cache->dirs[i];

		if (dir->tree == tree && (!best || dir->len > best->len) &&
		    is_at_or_above(dir->path, dir->len, path, len))
			best = dir;
	}
	return best;
}

int tree_open_child(int dir_fd, const char *name, int extra_flags)
{
	int fd = openat(dir_fd, name, DIR_FLAGS | extra_flags);

	/* O_NOATIME is for the owner and CAP_FOWNER only (open(2)). */
	if (fd < 0 && errno == EPERM && (extra_flags & O_NOATIME))
		fd = openat(dir_fd, name,
		            DIR_FLAGS | (extra_flags & ~O_NOATIME));
	return fd < 0 ? -errno : fd;
}

static int open_beneath(int dir_fd, const char *path, int extra_flags)
{
	struct open_how how = {
		.flags = (unsigned)(DIR_FLAGS | extra_flags),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
	                   RESOLVE_NO_MAGICLINKS,
	};
	int64_t fd;

	/* EAGAIN: a rename went on meanwhile (openat2(2)). */
	for (int tries = 0; tries < 8; tries++) {
		fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	if (fd < 0 && errno == EPERM && (extra_flags & O_NOATIME)) {
		how.flags &= ~(uint64_t)O_NOATIME;
		fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
	}
	return fd < 0 ? -errno : (int)fd;
}

/* Without openat2: one component after the other. */
static int open_stepwise(int dir_fd, char *path, int extra_flags)
{
	int at = dir_fd;

	for (char *name = path; *name;) {
		char *end = strchrnul(name, '/');
		bool is_last = *end == '\0';

		*end = '\0';
		int next = tree_open_child(at, name, extra_flags);
		*end = is_last ? '\0' : '/';
		if (at != dir_fd)
			(void)fd_close(at);
		if (next < 0)
			return next;
		at = next;
		name = is_last ? end : end + 1;
	}
	return at;
}

static int open_following(int dir_fd, const char *path, int extra_flags)
{
	const int flags = DIR_FLAGS & ~O_NOFOLLOW;
	int fd = openat(dir_fd, path, flags | extra_flags);

	if (fd < 0 && errno == EPERM)
		fd = openat(dir_fd, path, flags);
	return fd < 0 ? -errno : fd;
}

static int open_piece(const struct tree *tree, int dir_fd, char *path)
{
	static bool openat2_is_refused;
	int fd = -ENOSYS;

	if (tree->follows_links)
		return open_following(dir_fd, path, tree->extra_flags);
	if (!strchr(path, '/'))
		return tree_open_child(dir_fd, path, tree->extra_flags);
	if (!openat2_is_refused)
		fd = open_beneath(dir_fd, path, tree->extra_flags);
	/* Old kernels and some seccomp filters. */
	if (fd == -ENOSYS || fd == -EPERM) {
		openat2_is_refused = fd == -ENOSYS;
		fd = open_stepwise(dir_fd, path, tree->extra_flags);
	}
	return fd;
}

/* How much of the path the kernel takes at once: whole components that fit
 * into PATH_MAX; 0 when the first one does not. */
static size_t piece_len(const char *path, size_t len)
{
	size_t n = min_size(len, PATH_MAX - 1);

	if (n < len)
		while (n && path[n] != '/')
			n--;
	return n;
}

/* Opens the directory path below dir_fd piece by piece. */
static int open_long(const struct tree *tree, int dir_fd, const char *path,
                     size_t len)
{
	char piece[PATH_MAX];
	int at = dir_fd;

	while (len) {
		size_t n = piece_len(path, len);
		int next = -ENAMETOOLONG;

		if (n) {
			memcpy(piece, path, n);
			piece[n] = '\0';
			next = open_piece(tree, at, piece);
		}
		if (at != dir_fd)
			(void)fd_close(at);
		if (next < 0)
			return next;
		at = next;
		n += n < len; /* the slash */
		path += n;
		len -= n;
	}
	return at;
}

/* Where only few descriptors are allowed, others need some, too: for a listing,
 * and for both sides of a file while it is copied. */
#define CACHED_MIN 8
#define RESERVE    6
static void know_limits(struct tree_cache *cache)
{
	struct rlimit limit;

	cache->n_max = TREE_CACHED;
	cache->n_fds = UINT64_MAX;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	uint64_t n = min_u64(limit.rlim_cur / 3, TREE_CACHED);
	cache->n_max = n < CACHED_MIN ? CACHED_MIN : (size_t)n;
	cache->n_fds = limit.rlim_cur > RESERVE ? limit.rlim_cur - RESERVE : 0;
}

/* So many, the last that were asked for, are left when descriptors are used up:
 * who has borrowed them needs them. */
#define KEPT_MIN 4

/* False when there is none that could be closed. */
static bool close_least_recent(struct tree_cache *cache)
{
	struct tree_dir *oldest = NULL;
	size_t n = 0;

	for (size_t i = 0; i < TREE_CACHED; i++) {
		struct tree_dir *dir = &cache->dirs[i];

		if (!dir->path)
			continue;
		n++;
		if (!oldest || dir->last_used < oldest->last_used)
			oldest = dir;
	}
	if (n <= KEPT_MIN)
		return false;
	drop(oldest);
	return true;
}

static struct tree_dir *least_recent(struct tree_cache *cache)
{
	struct tree_dir *oldest = &cache->dirs[0];

	for (size_t i = 0; i < cache->n_max; i++) {
		struct tree_dir *dir = &cache->dirs[i];

		if (!dir->path)
			return dir;
		if (dir->last_used < oldest->last_used)
			oldest = dir;
	}
	drop(oldest);
	return oldest;
}

/* From the nearest directory that is cached. */
static int open_cached(struct tree *tree, const char *path, size_t len)
{
	struct tree_cache *cache = tree->cache;
	struct tree_dir *from = nearest(tree, path, len);
	size_t skip = 0;
	int start = tree->root_fd;

	if (from) {
		from->last_used = ++cache->clock;
		if (from->len == len)
			return from->fd;
		start = from->fd;
		skip = from->len + 1;
	}
	int fd;
	do
		fd = open_long(tree, start, path + skip, len - skip);
	while ((fd == -EMFILE || fd == -ENFILE) && close_least_recent(cache));
	if (fd < 0)
		return fd;
	if (cache->n_max == 0)
		know_limits(cache);
	/* The lowest number that is free is taken (open(2)). */
	while ((uint64_t)fd >= cache->n_fds && close_least_recent(cache))
		continue;
	struct tree_dir *dir = least_recent(cache);
	*dir = (struct tree_dir){.tree = tree,
	                         .path = xstrndup(path, len),
	                         .len = len,
	                         .fd = fd,
	                         .last_used = ++cache->clock};
	return fd;
}

/* The path without its last n components; 0 when it has no more than those. */
static size_t len_of_upper(const char *path, size_t len, unsigned n)
{
	while (len && n) {
		len--;
		n -= path[len] == '/';
	}
	return len;
}

/* Who comes up a deep chain asks for each of its directories in turn. So that
 * they are not all opened from the top, some above this one are opened, too:
 * far apart far above, and close by a few. */
int tree_open(struct tree *tree, const char *path, size_t len)
{
	static const unsigned distances[] = {1024, 64, 8};

	if (len == 0)
		return tree->root_fd;
	for (size_t i = 0; i < ARRAY_LEN(distances); i++) {
		size_t upper = len_of_upper(path, len, distances[i]);
		const struct tree_dir *from =
			upper ? nearest(tree, path, len) : NULL;

		if (upper <= (from ? from->len : 0))
			continue;
		int fd = open_cached(tree, path, upper);
		if (fd < 0)
			return fd;
	}
	return open_cached(tree, path, len);
}
