/* SPDX-License-Identifier: MIT */
#include "fs/held.h"

#include "base/fd.h"
#include "fs/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Looks at one inode, when two are compared. */
#define LOOKS 3

/* Names of a directory, when two are compared. */
#define NAMES 1000

static bool is_of_such_type(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	switch ((uint32_t)fs.f_type) {
	case FUSE_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
	case MSDOS_SUPER_MAGIC:
	case EXFAT_SUPER_MAGIC:
	case V9FS_MAGIC:
		return true;
	default:
		return false;
	}
}

static bool numbers_anew(int fd)
{
	struct meta once, again;

	if (is_of_such_type(fd))
		return true;
	return meta_read_now(fd, "", false, &once) == 0 &&
	       meta_read_now(fd, "", false, &again) == 0 &&
	       once.ino != again.ino;
}

bool held_matches(int fd, const struct meta *now, const struct meta *seen)
{
	return meta_same_inode(now, seen) ||
	       (now->dev == seen->dev && numbers_anew(fd));
}

int held_read(int fd, uint64_t dev, uint64_t ino, struct meta *out)
{
	const struct meta seen = {.dev = dev, .ino = ino};
	int rc = meta_read(fd, out);

	if (rc < 0 || ino == 0)
		return rc;
	return held_matches(fd, out, &seen) ? 0 : -ESTALE;
}

int held_same(int fd, uint64_t dev, uint64_t ino)
{
	struct meta now;

	return ino == 0 ? 0 : held_read(fd, dev, ino, &now);
}

/* The number of names and the name itself come from one statx by name: asked
 * of the descriptor, a name that is put there, and taken away again as soon as
 * it has been opened, would not be counted. */
int held_only_name(int fd, int dir_fd, const char *name)
{
	struct meta held, named;
	int rc = meta_read(fd, &held);

	if (rc == 0)
		rc = meta_read_at(dir_fd, name, &named);
	if (rc)
		return rc == -ENOENT ? -ESTALE : rc;
	if (!held_matches(fd, &held, &named))
		return -ESTALE;
	return named.nlink == 1;
}

static int order(int64_t a_s, uint32_t a_ns, int64_t b_s, uint32_t b_ns)
{
	if (a_s != b_s)
		return a_s < b_s ? -1 : 1;
	return (a_ns > b_ns) - (a_ns < b_ns);
}

/* What other has is what first had, what it has in the end, or in between. */
static bool is_between(int first_to_other, int other_to_last)
{
	return first_to_other * other_to_last >= 0;
}

/* first and last are looks at one name, other, in between, at another one. */
static bool fits(const struct meta *first, const struct meta *other,
                 const struct meta *last)
{
	const struct meta *near = other->mode == first->mode ? first : last;

	if (other->mode != near->mode || other->uid != near->uid ||
	    other->gid != near->gid || other->rdev != near->rdev ||
	    other->nlink != near->nlink)
		return false;
	return is_between(
		       order((int64_t)first->size, 0, (int64_t)other->size, 0),
		       order((int64_t)other->size, 0, (int64_t)last->size,
	                     0)) &&
	       is_between(order(first->mtime_s, first->mtime_ns, other->mtime_s,
	                        other->mtime_ns),
	                  order(other->mtime_s, other->mtime_ns, last->mtime_s,
	                        last->mtime_ns)) &&
	       is_between(order(first->ctime_s, first->ctime_ns, other->ctime_s,
	                        other->ctime_ns),
	                  order(other->ctime_s, other->ctime_ns, last->ctime_s,
	                        last->ctime_ns));
}

static bool has_rested(const struct meta *first, const struct meta *last)
{
	return meta_same_content(first, last) && meta_same_ctime(first, last) &&
	       first->nlink == last->nlink;
}

static int look(const struct held_name *at, struct meta *out)
{
	return meta_read_now(at->dir_fd, at->name, at->follows, out);
}

static int open_names(int dir_fd, struct scan *scan)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = openat(dir_fd, ".", flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(dir_fd, ".", flags);
	int rc = fd < 0 ? -errno : scan_open(scan, fd);
	if (rc < 0)
		(void)fd_close(fd);
	return rc;
}

/* As far as they are looked at. */
static bool lists_same(struct scan *a, struct scan *b)
{
	struct scan_entry a_entry, b_entry;

	for (int i = 0; i < NAMES; i++) {
		int a_rc = scan_next(a, &a_entry);
		int b_rc = scan_next(b, &b_entry);

		if (a_rc != b_rc)
			return false;
		if (a_rc <= 0)
			break;
		if (a_entry.name_len != b_entry.name_len ||
		    memcmp(a_entry.name, b_entry.name, a_entry.name_len) != 0)
			return false;
	}
	return true;
}

/* Or they cannot be read. */
static bool has_same_names(int a_fd, int b_fd)
{
	struct scan a = {.fd = -1}, b = {.fd = -1};
	bool same = true;

	if (open_names(a_fd, &a) == 0 && open_names(b_fd, &b) == 0)
		same = lists_same(&a, &b);
	scan_close(&a);
	scan_close(&b);
	return same;
}

/* They are compared by their names, too, if they are directories. */
static bool is_one(const struct held_name *a, const struct held_name *b,
                   bool are_dirs)
{
	for (int i = 0; i < LOOKS; i++) {
		struct meta first, other, last;
		bool same_names = true;

		if (look(a, &first) < 0 || look(b, &other) < 0)
			return false;
		if (are_dirs)
			same_names = has_same_names(a->dir_fd, b->dir_fd);
		if (look(a, &last) < 0 || !meta_same_inode(&first, &other))
			return false;
		if (same_names && fits(&first, &other, &last))
			return true;
		if (has_rested(&first, &last))
			return false;
	}
	return true;
}

bool held_is_one(struct held_name a, struct held_name b)
{
	return is_one(&a, &b, false);
}

bool held_is_one_dir(int a_fd, int b_fd)
{
	return is_one(&(struct held_name){a_fd, "", false},
	              &(struct held_name){b_fd, "", false}, true);
}

uint32_t held_writer(const struct meta *dir)
{
	if (dir->mode & (S_IWGRP | S_IWOTH))
		return HELD_MANY;
	return dir->uid == geteuid() ? 0 : dir->uid;
}

bool held_is_closed(const struct meta *dir)
{
	return dir->uid == geteuid() && (dir->mode & 077) == 0;
}

bool held_is_private(const struct meta *dir)
{
	return held_writer(dir) == 0;
}

static bool is_dir(int fd, const struct meta *meta, const struct meta *dir,
                   int held_fd)
{
	return meta_same_inode(meta, dir) &&
	       (held_fd < 0 || held_is_one_dir(fd, held_fd));
}

bool held_is_below(int dir_fd, const struct meta *dir, int held_fd)
{
	struct meta meta, above;
	int at = dir_fd;
	bool found = false, is_top = meta_read(at, &meta) < 0;

	while (!is_top && !found) {
		found = is_dir(at, &meta, dir, held_fd);
		int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		/* The topmost is in itself. */
		is_top = up < 0 || meta_read(up, &above) < 0 ||
		         is_dir(up, &above, &meta, at);
		if (at != dir_fd)
			(void)fd_close(at);
		at = up;
		meta = above;
	}
	if (at != dir_fd)
		(void)fd_close(at);
	return found;
}
