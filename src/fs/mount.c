/* SPDX-License-Identifier: MIT */
#include "fs/mount.h"

#include "base/buf.h"
#include "base/fd.h"
#include "fs/meta.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line of mountinfo (proc(5)): all of these point into it. */
struct mount {
	unsigned long id;
	const char *dev;  /* major:minor */
	const char *root; /* what of the file system is mounted */
	const char *at;   /* where */
};

struct place {
	unsigned long mount_id;
	char path[PATH_MAX];
};

static int read_mounts(struct buf *out)
{
	char piece[16 << 10];
	ssize_t n;
	/* lint: path, there is no descriptor that tells this */
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		buf_append(out, piece, (size_t)n);
	int rc = n < 0 ? -errno : 0;
	buf_append_char(out, '\0');
	(void)fd_close(fd);
	return rc;
}

static bool is_octal(const char *text)
{
	for (int i = 0; i < 3; i++) {
		if (text[i] < '0' || text[i] > '7')
			return false;
	}
	return true;
}

/* Blanks and the like in names are \ooo. */
static void unescape(char *text)
{
	char *out = text;

	for (; *text; text++) {
		if (*text == '\\' && is_octal(text + 1)) {
			*out++ = (char)((text[1] - '0') << 6 |
			                (text[2] - '0') << 3 | (text[3] - '0'));
			text += 3;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
}

/* Takes the next line off the text. */
static bool next_mount(char **text, struct mount *out)
{
	char *line = strsep(text, "\n");
	char *fields[5];

	if (!line)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		fields[i] = strsep(&line, " ");
		if (!fields[i] || !line)
			return false;
	}
	unescape(fields[3]);
	unescape(fields[4]);
	*out = (struct mount){.id = strtoul(fields[0], NULL, 10),
	                      .dev = fields[2],
	                      .root = fields[3],
	                      .at = fields[4]};
	return true;
}

static struct mount *list_mounts(struct buf *text, size_t *n)
{
	struct mount *mounts = NULL, mount;
	char *rest = text->data;
	size_t n_lines = 1;

	*n = 0;
	for (size_t i = 0; i < text->len; i++)
		n_lines += rest[i] == '\n';
	mounts = xcalloc(n_lines, sizeof(*mounts));
	while (next_mount(&rest, &mount))
		mounts[(*n)++] = mount;
	return mounts;
}

static bool find_place(int fd, struct place *out)
{
	char link[META_PROC_PATH];
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0 ||
	    !(stx.stx_mask & STATX_MNT_ID))
		return false;
	out->mount_id = stx.stx_mnt_id;
	/* lint: path, it is only read */
	ssize_t n = readlink(meta_proc_path(link, fd), out->path, PATH_MAX);
	if (n <= 0 || n >= PATH_MAX)
		return false;
	out->path[n] = '\0';
	return true;
}

/* What of path is below upper, without a slash before it; NULL if it is not. */
static const char *below(const char *path, const char *upper)
{
	size_t len = strcmp(upper, "/") != 0 ? strlen(upper) : 0;

	if (strncmp(path, upper, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path + len + strspn(path + len, "/");
}

static void append_part(struct buf *path, const char *part)
{
	if (path->len && *part)
		buf_append_char(path, '/');
	buf_append_str(path, part);
}

/* From the root of its file system. */
static bool inner_path(const struct mount *mount, const struct place *place,
                       struct buf *out)
{
	const char *part = below(place->path, mount->at);

	if (!part)
		return false;
	buf_truncate(out, 0);
	buf_append_str(out, strcmp(mount->root, "/") != 0 ? mount->root : "");
	buf_append_char(out, '/');
	buf_append_str(out, part);
	while (out->len > 1 && out->data[out->len - 1] == '/')
		buf_truncate(out, out->len - 1);
	out->data[out->len] = '\0';
	return true;
}

static const struct mount *mount_of(const struct mount *mounts, size_t n,
                                    const struct place *place)
{
	for (size_t i = 0; i < n; i++) {
		if (mounts[i].id == place->mount_id)
			return &mounts[i];
	}
	return NULL;
}

static bool leads(int upper_fd, const char *path, int dir_fd)
{
	struct meta there, dir;
	int fd = openat(upper_fd, *path ? path : ".",
	                O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool does = fd >= 0 && meta_read(fd, &there) == 0 &&
	            meta_read(dir_fd, &dir) == 0 &&
	            meta_same_inode(&there, &dir);

	(void)fd_close(fd);
	return does;
}

/* The two directories, as /proc tells of them. */
struct sides {
	int upper_fd, dir_fd;
	struct place upper, dir;
	const struct mount *of_upper, *of_dir;
	struct buf upper_path, dir_path; /* within the file systems */
};

static bool know_sides(struct sides *sides, const struct mount *mounts,
                       size_t n)
{
	if (!find_place(sides->upper_fd, &sides->upper) ||
	    !find_place(sides->dir_fd, &sides->dir))
		return false;
	sides->of_upper = mount_of(mounts, n, &sides->upper);
	sides->of_dir = mount_of(mounts, n, &sides->dir);
	return sides->of_upper && sides->of_dir &&
	       inner_path(sides->of_upper, &sides->upper, &sides->upper_path) &&
	       inner_path(sides->of_dir, &sides->dir, &sides->dir_path);
}

/* What of dir's file system is seen at the path entry below upper. */
static bool leads_by(const struct sides *sides, const char *entry,
                     const char *dev, const char *root)
{
	const char *rest = below(sides->dir_path.data, root);
	struct buf path = {0};

	if (!rest || strcmp(dev, sides->of_dir->dev) != 0)
		return false;
	append_part(&path, entry);
	append_part(&path, rest);
	bool does = leads(sides->upper_fd, path.data, sides->dir_fd);
	buf_release(&path);
	return does;
}

static bool search(const struct sides *sides, const struct mount *mounts,
                   size_t n, bool crosses)
{
	const char *dev = sides->of_upper->dev;
	bool found = leads_by(sides, "", dev, sides->upper_path.data);

	for (size_t i = 0; !found && i < n; i++) {
		const char *entry = below(mounts[i].at, sides->upper.path);

		found = entry && *entry &&
		        (crosses || !strcmp(mounts[i].dev, dev)) &&
		        leads_by(sides, entry, mounts[i].dev, mounts[i].root);
	}
	return found;
}

bool mount_leads_to(int upper_fd, int dir_fd, bool crosses)
{
	struct sides sides = {.upper_fd = upper_fd, .dir_fd = dir_fd};
	struct buf text = {0};
	bool found = false;
	size_t n;

	if (read_mounts(&text) == 0) {
		struct mount *mounts = list_mounts(&text, &n);

		found = know_sides(&sides, mounts, n) &&
		        search(&sides, mounts, n, crosses);
		free(mounts);
	}
	buf_release(&text);
	buf_release(&sides.upper_path);
	buf_release(&sides.dir_path);
	return found;
}
