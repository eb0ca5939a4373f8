/* SPDX-License-Identifier: MIT */
#include "engine/lead.h"

#include "base/buf.h"
#include "base/fd.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

/* As many as the kernel follows (path_resolution(7)). */
#define LINKS_MAX 40

/* A link of somebody else's, until it is known what it leads to. */
struct doubt {
	uint32_t uid;
	size_t n_left; /* so much of the path is behind it */
};

struct walk {
	struct lead at;
	struct buf rest; /* what is still to be gone */
	size_t next;
	unsigned n_links;
	struct doubt doubts[LINKS_MAX];
	size_t n_doubts;
};

static size_t n_left(const struct walk *walk)
{
	return walk->rest.len - walk->next;
}

int lead_open_dir(int dir_fd, const char *name, bool *is_path)
{
	const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	/* lint: path, a component of the user's */
	int fd = openat(dir_fd, name, flags | O_RDONLY);

	*is_path = fd < 0 && errno == EACCES;
	if (*is_path)
		fd = openat(dir_fd, name, flags | O_PATH);
	return fd < 0 ? -errno : fd;
}

/* Anything: what is no directory is only held. Opening a directory for reading
 * first mounts what is to be mounted there (autofs). */
static int open_entry(int dir_fd, const char *name, struct lead *out)
{
	out->fd = lead_open_dir(dir_fd, name, &out->is_path);
	if (out->fd == -ENOTDIR || out->fd == -ELOOP) {
		out->fd = node_open_path(dir_fd, name);
		out->is_path = true;
	}
	int rc = out->fd < 0 ? out->fd : meta_read(out->fd, &out->meta);
	if (rc < 0 && out->fd >= 0)
		(void)fd_close(out->fd);
	return rc;
}

static void step_to(struct walk *walk, const struct lead *next)
{
	(void)fd_close(walk->at.fd);
	walk->at.fd = next->fd;
	walk->at.is_path = next->is_path;
	walk->at.by_magic = next->by_magic;
	walk->at.meta = next->meta;
}

static bool is_of_proc(const struct lead *link)
{
	struct statfs fs;
	struct meta proc;

	if (fstatfs(link->fd, &fs) == 0)
		return fs.f_type == PROC_SUPER_MAGIC;
	/* lint: path, only its number is asked for */
	return meta_read_at(AT_FDCWD, "/proc", &proc) == 0 &&
	       proc.dev == link->meta.dev;
}

/* The text of some links of /proc is no path; only the kernel follows them. */
static int follow_magic(struct walk *walk, const char *name)
{
	struct lead next = {.is_path = true, .by_magic = true};

	next.fd = openat(walk->at.fd, name, O_PATH | O_CLOEXEC);
	if (next.fd < 0)
		return -errno;
	int rc = meta_read(next.fd, &next.meta);
	if (rc < 0) {
		(void)fd_close(next.fd);
		return rc;
	}
	if (meta_is(&next.meta, S_IFDIR)) {
		int fd = lead_open_dir(next.fd, ".", &next.is_path);

		(void)fd_close(next.fd);
		next.fd = fd;
	}
	if (next.fd >= 0)
		step_to(walk, &next);
	return next.fd < 0 ? next.fd : 0;
}

static void note_doubt(struct walk *walk, uint32_t uid)
{
	if (uid != 0 && uid != geteuid())
		walk->doubts[walk->n_doubts++] =
			(struct doubt){.uid = uid, .n_left = n_left(walk)};
}

/* Those links whose path has been gone to its end. */
static void settle_doubts(struct walk *walk)
{
	while (walk->n_doubts) {
		struct doubt *last = &walk->doubts[walk->n_doubts - 1];

		if (last->n_left < n_left(walk))
			break;
		walk->at.is_trap |= last->uid != walk->at.meta.uid;
		walk->n_doubts--;
	}
}

/* Puts the link's text before what is left of the path. */
static int splice_link(struct walk *walk, int link_fd)
{
	struct buf text = {0};
	int rc = node_read_link(link_fd, "", &text);

	if (rc == 0 && text.len == 0)
		rc = -ENOENT;
	if (rc == 0) {
		buf_append(&text, walk->rest.data + walk->next, n_left(walk));
		buf_release(&walk->rest);
		walk->rest = text;
		walk->next = 0;
		return 0;
	}
	buf_release(&text);
	return rc;
}

static int go_to_root(struct walk *walk)
{
	struct lead root = {0};
	/* lint: path, where the user's begins */
	int rc = open_entry(AT_FDCWD, "/", &root);

	if (rc == 0)
		step_to(walk, &root);
	return rc;
}

static int go_by_link(struct walk *walk, const char *name,
                      const struct lead *link)
{
	if (walk->n_links++ == LINKS_MAX)
		return -ELOOP;
	note_doubt(walk, link->meta.uid);
	if (is_of_proc(link))
		return follow_magic(walk, name);
	int rc = splice_link(walk, link->fd);
	if (rc == 0 && walk->rest.data[0] == '/')
		rc = go_to_root(walk);
	return rc;
}

static int go_by(struct walk *walk, const char *name)
{
	struct lead next = {0};
	int rc = open_entry(walk->at.fd, name, &next);

	if (rc < 0)
		return rc;
	if (!meta_is(&next.meta, S_IFLNK)) {
		step_to(walk, &next);
		return 0;
	}
	rc = go_by_link(walk, name, &next);
	(void)fd_close(next.fd);
	return rc;
}

/* Takes the next component off; a slash behind the last one asks for a
 * directory, as in every path. */
static char *take_name(struct walk *walk)
{
	const char *from = walk->rest.data + walk->next;
	size_t len = strcspn(from, "/");
	char *name = xstrndup(from, len);

	walk->next += len;
	return name;
}

static int go_on(struct walk *walk)
{
	const char *from = walk->rest.data + walk->next;
	size_t n_slashes = strspn(from, "/");
	int rc = 0;

	if (n_slashes && !meta_is(&walk->at.meta, S_IFDIR))
		return -ENOTDIR;
	walk->next += n_slashes;
	settle_doubts(walk); /* of a link whose text ends in a slash */
	if (n_left(walk)) {
		char *name = take_name(walk);

		rc = go_by(walk, name);
		free(name);
	}
	if (rc == 0)
		settle_doubts(walk);
	return rc;
}

/* A walk begins in a directory of its own. */
static int begin(struct walk *walk, int dir_fd, const char *path)
{
	struct lead start = {.fd = -1};
	int rc = *path ? open_entry(dir_fd, *path == '/' ? "/" : ".", &start)
	               : -ENOENT;

	if (rc == 0)
		walk->at = start;
	buf_append_str(&walk->rest, path);
	return rc;
}

int lead_follow(int dir_fd, const char *path, struct lead *out)
{
	struct walk walk = {.at = {.fd = -1}};
	int rc = begin(&walk, dir_fd, path);

	while (rc == 0 && n_left(&walk))
		rc = go_on(&walk);
	buf_release(&walk.rest);
	*out = walk.at;
	if (rc < 0)
		out->fd = fd_close(out->fd);
	return rc;
}
