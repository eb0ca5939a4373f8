/* SPDX-License-Identifier: MIT */
#include "fs/node.h"

#include "base/fd.h"
#include "fs/flags.h"
#include "fs/held.h"
#include "fs/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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

/* AT_EMPTY_PATH wants CAP_DAC_READ_SEARCH or, since Linux 6.10, the credentials
 * the file was opened with; /proc always works where it is mounted (open(2),
 * O_TMPFILE). */
int node_link(int fd, int dir_fd, const char *name)
{
	char path[META_PROC_PATH];

	if (linkat(fd, "", dir_fd, name, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno == EEXIST || errno == EMLINK || errno == ENOSPC ||
	    errno == EIO || errno == EROFS || errno == EDQUOT)
		return -errno;
	(void)meta_proc_path(path, fd);
	/* lint: path, it names the descriptor */
	if (linkat(AT_FDCWD, path, dir_fd, name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	return -errno;
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
	if (rc == 0 && held_matches(fd, &now, meta))
		rc = meta_set_perms(
			(struct meta_target){.fd = fd, .is_path = true},
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

int node_unlock(int dir_fd, const char *name)
{
	struct flags flags;
	int fd = openat(dir_fd, name,
	                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int rc = flags_read(fd, &flags);
	if (rc == 0 && flags_are_locked(flags))
		rc = flags_unlock(fd, flags);
	(void)fd_close(fd);
	return rc == FLAGS_HIDDEN ? -EPERM : rc;
}

static int unlink_one(int dir_fd, const char *name, int flags, bool forced)
{
	if (unlinkat(dir_fd, name, flags) == 0 || errno == ENOENT)
		return 0;
	if (errno != EPERM || !forced)
		return -errno;
	int rc = node_unlock(dir_fd, name);
	if (rc == 0 && unlinkat(dir_fd, name, flags) < 0)
		rc = -errno;
	return rc;
}

/* What is mounted somewhere is not part of what it is mounted on. */
static bool is_mount_point(int fd)
{
	struct statx stx;

	return statx(fd, "", AT_EMPTY_PATH, 0, &stx) == 0 &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* One directory on the way down, with its open listing. */
struct removing {
	struct removing *up;
	struct scan scan; /* closed while many below it are open */
	struct meta meta;
	char name[]; /* in up's directory */
};

/* So many levels are open at a time, the lowest. */
#define REMOVE_OPEN 16

static void close_upper(struct removing *top)
{
	struct removing *at = top;

	for (int i = 0; at && i < REMOVE_OPEN; i++)
		at = at->up;
	if (at)
		scan_close(&at->scan);
}

/* Opens the level above again, from below; what is listed once more has been
 * removed meanwhile. */
static int reopen_upper(const struct removing *at)
{
	struct removing *up = at->up;
	struct meta meta;

	if (!up || up->scan.buffer)
		return 0;
	int fd = openat(at->scan.fd, "..",
	                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = meta_read(fd, &meta);
	if (rc == 0 && !meta_same_inode(&meta, &up->meta))
		rc = -ESTALE;
	if (rc == 0)
		rc = scan_open(&up->scan, fd);
	if (rc < 0)
		(void)fd_close(fd);
	return rc;
}

static int remove_enter(struct removing **top, int dir_fd, const char *name,
                        bool forced)
{
	size_t len = strlen(name);
	struct removing *down = xmalloc(sizeof(*down) + len + 1);

	memcpy(down->name, name, len + 1);
	down->up = *top;
	if (forced)
		(void)node_unlock(dir_fd, name); /* if not, unlink says so */
	int fd = openat(dir_fd, name,
	                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc = fd < 0 ? -errno : meta_read(fd, &down->meta);
	if (rc == 0)
		rc = is_mount_point(fd) ? -EBUSY : scan_open(&down->scan, fd);
	if (rc < 0) {
		(void)fd_close(fd);
		free(down);
		return rc;
	}
	*top = down;
	close_upper(down);
	return 0;
}

static void remove_leave(struct removing **top)
{
	struct removing *down = *top;

	*top = down->up;
	scan_close(&down->scan);
	free(down);
}

static int remove_below(struct removing **top, int dir_fd, bool forced)
{
	struct scan_entry entry;
	int rc = 0;

	while (*top && rc >= 0) {
		struct removing *at = *top;

		rc = scan_next(&at->scan, &entry);
		if (rc == 0)
			rc = reopen_upper(at);
		if (rc == 0) {
			int up_fd = at->up ? at->up->scan.fd : dir_fd;

			rc = unlink_one(up_fd, at->name, AT_REMOVEDIR, forced);
			remove_leave(top);
		} else if (rc > 0) {
			rc = unlink_one(at->scan.fd, entry.name, 0, forced);
			if (rc == -EISDIR)
				rc = remove_enter(top, at->scan.fd, entry.name,
				                  forced);
		}
	}
	return rc;
}

int node_remove(int dir_fd, const char *name, bool forced)
{
	struct removing *top = NULL;
	int rc = unlink_one(dir_fd, name, 0, forced);

	if (rc != -EISDIR)
		return rc;
	rc = remove_enter(&top, dir_fd, name, forced);
	if (rc == 0)
		rc = remove_below(&top, dir_fd, forced);
	while (top)
		remove_leave(&top);
	return rc;
}
