/* SPDX-License-Identifier: MIT */
#include "engine/operand.h"

#include "base/buf.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static size_t len_without_slashes(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

void operand_split(const char *path, char **dir, char **name)
{
	size_t end = len_without_slashes(path);
	size_t at = end;

	while (at && path[at - 1] != '/')
		at--;
	*name = xstrndup(path + at, end - at);
	while (at > 1 && path[at - 1] == '/')
		at--;
	*dir = at ? xstrndup(path, at) : xstrndup(".", 1);
}

bool operand_is_no_name(const char *name)
{
	return !*name || !strcmp(name, ".") || !strcmp(name, "..");
}

bool operand_ends_in_slash(const char *path)
{
	size_t len = strlen(path);

	return len && path[len - 1] == '/';
}

int operand_open_dir(const char *path, bool follows)
{
	int flags = O_DIRECTORY | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW);
	int fd = open(path, O_RDONLY | flags); /* lint: path */

	return fd < 0 ? -errno : fd;
}

int operand_hold_dir(const char *path)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	int fd = operand_open_dir(path, true);

	if (fd != -EACCES)
		return fd;
	fd = open(path, flags); /* lint: path */
	return fd < 0 ? -errno : fd;
}

int operand_stat(const char *path, bool follows, struct meta *meta)
{
	int flags = O_PATH | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW);
	int fd = open(path, flags); /* lint: path */
	int rc = fd < 0 ? -errno : meta_read(fd, meta);

	(void)fd_close(fd);
	return rc;
}

char *operand_own_name(const char *path)
{
	char *dir, *name;

	operand_split(path, &dir, &name);
	free(dir);
	if (!operand_is_no_name(name))
		return name;
	free(name);
	char *real = realpath(path, NULL); /* lint: path */
	if (!real)
		return xstrndup("", 0);
	operand_split(real, &dir, &name);
	free(dir);
	free(real);
	return name;
}

/* So many bytes of path are not part of its copy's. */
static size_t len_above(const char *path, bool by_marker)
{
	const char *marker = by_marker ? strstr(path, "/./") : NULL;
	size_t len = marker ? (size_t)(marker - path) + 3 : 0;

	return len + strspn(path + len, "/");
}

char *operand_path_below(const char *path, bool by_marker)
{
	struct buf below = {0};

	buf_append_str(&below, "");
	path += len_above(path, by_marker);
	for (size_t len; *path; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		if (len == 0 || (len == 1 && *path == '.'))
			continue;
		if (below.len)
			buf_append_char(&below, '/');
		buf_append(&below, path, len);
	}
	return below.data;
}

char *operand_path_of(const char *path, bool by_marker, const char *below)
{
	struct buf whole = {0};

	buf_append(&whole, path, len_above(path, by_marker));
	buf_append_str(&whole, below);
	return whole.data;
}

bool operand_climbs(const char *path)
{
	for (size_t len; *path; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		if (len == 2 && path[0] == '.' && path[1] == '.')
			return true;
	}
	return false;
}

int operand_path(const char *src, bool follows, char **out)
{
	struct meta named = {0};
	int rc = follows ? operand_stat(src, false, &named) : 0;

	if (rc < 0)
		return rc;
	if (follows && meta_is(&named, S_IFLNK))
		*out = realpath(src, NULL); /* lint: path */
	else
		*out = xstrndup(src, strlen(src));
	return *out ? 0 : -errno;
}
