/* SPDX-License-Identifier: MIT */
#include "fs/held.h"

#include <errno.h>
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

int held_same(int fd, uint64_t dev, uint64_t ino)
{
	struct meta now;

	if (ino == 0)
		return 0;
	int rc = meta_read(fd, &now);
	if (rc < 0)
		return rc;
	if ((now.dev == dev && now.ino == ino) || numbers_anew(fd))
		return 0;
	return -ESTALE;
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

bool held_is_private(const struct meta *dir)
{
	return held_writer(dir) == 0;
}
