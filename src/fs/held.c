/* SPDX-License-Identifier: MIT */
#include "fs/held.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool numbers_anew(int fd)
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
		return true;
	default:
		return false;
	}
}

int held_read(int fd, uint64_t dev, uint64_t ino, struct meta *out)
{
	int rc = meta_read(fd, out);

	if (rc < 0 || ino == 0)
		return rc;
	if ((out->dev == dev && out->ino == ino) || numbers_anew(fd))
		return 0;
	return -ESTALE;
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
	if (!meta_same_inode(&held, &named))
		return -ESTALE;
	return named.nlink == 1;
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

bool held_is_below(int dir_fd, const struct meta *dir)
{
	struct meta meta, above = {0};
	int at = dir_fd;
	bool found = false;

	while (at >= 0 && meta_read(at, &meta) == 0) {
		found = meta_same_inode(&meta, dir);
		if (found || meta_same_inode(&meta, &above))
			break;
		above = meta;
		int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (at != dir_fd)
			(void)fd_close(at);
		at = up;
	}
	if (at != dir_fd)
		(void)fd_close(at);
	return found;
}
