/* SPDX-License-Identifier: MIT */
#include "fs/node.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int node_read_link(int dir_fd, const char *name, struct buf *out)
{
	size_t room = 256;

	buf_truncate(out, 0);
	for (;;) {
		buf_reserve(out, room);
		ssize_t n = readlinkat(dir_fd, name, out->data, room);
		if (n < 0)
			return -errno;
		/* A full buffer may be a cut target (readlink(2)). */
		if ((size_t)n < room) {
			out->len = (size_t)n;
			out->data[n] = '\0';
			return 0;
		}
		room *= 2;
	}
}

int node_open_path(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The owner who is not root needs the bits itself; root does not. */
static int let_us_in(int dir_fd, const char *name, struct meta *meta)
{
	if (geteuid() == 0 || meta->uid != geteuid() ||
	    (meta->mode & S_IRWXU) == S_IRWXU)
		return 0;
	int fd = node_open_path(dir_fd, name);
	if (fd < 0)
		return fd;
	struct meta now;
	int rc = meta_read(fd, &now);
	if (rc == 0 && meta_same_inode(&now, meta))
		rc = meta_set_perms((struct meta_target){fd, true},
		                    (meta->mode & META_PERMS) | S_IRWXU);
	(void)fd_close(fd);
	return rc;
}

int node_make_dir(int dir_fd, const char *name, struct meta *meta)
{
	bool is_new = mkdirat(dir_fd, name, S_IRWXU) == 0;

	if (!is_new && errno != EEXIST)
		return -errno;
	int rc = meta_read_at(dir_fd, name, meta);
	if (rc < 0)
		return rc;
	if (!meta_is(meta, S_IFDIR))
		return -ENOTDIR;
	if (is_new)
		return 1;
	return let_us_in(dir_fd, name, meta);
}
