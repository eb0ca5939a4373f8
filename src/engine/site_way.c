/* SPDX-License-Identifier: MIT */
#include "engine/site_parts.h"

#include "base/buf.h"
#include "base/fd.h"
#include "engine/lead.h"
#include "engine/operand.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int site_make_plain(const struct opening *opening, int dir_fd, const char *name,
                    uint32_t perms)
{
	(void)umask(opening->settings->umask & ~perms);
	int rc = mkdirat(dir_fd, name, 0777) < 0 ? -errno : 0;
	(void)umask(0);
	return rc == -EEXIST ? 0 : rc;
}

/* Calls each component of path by its name; the descriptor that step gives
 * takes the place of *fd. Ends at a failure. */
static int go_down(const struct opening *opening, const char *path, int *fd,
                   int (*step)(const struct opening *opening, int dir_fd,
                               const char *name))
{
	int next = 0;

	for (size_t len; *path && next >= 0; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		char *name = xstrndup(path, len);

		next = step(opening, *fd, name);
		free(name);
		if (next < 0)
			return next;
		(void)fd_close(*fd);
		*fd = next;
	}
	return 0;
}

static int open_step(const struct opening *opening UNUSED, int dir_fd,
                     const char *name)
{
	bool is_path;

	return lead_open_dir(dir_fd, name, &is_path);
}

/* Whatever the mask says, we work in it. */
static int make_step(const struct opening *opening, int dir_fd,
                     const char *name)
{
	int rc = site_make_plain(opening, dir_fd, name, S_IWUSR | S_IXUSR);

	return rc < 0 ? rc : open_step(opening, dir_fd, name);
}

int site_make_missing(struct opening *opening)
{
	struct site *site = opening->site;

	if (!opening->missing)
		return 0;
	if (opening->settings->is_dry_run) {
		site->dst_parent_fd = fd_close(site->dst_parent_fd);
		return 0;
	}
	return go_down(opening, opening->missing, &site->dst_parent_fd,
	               make_step);
}

int site_look_down(const struct opening *opening, const struct pair *pair,
                   int *place_fd)
{
	*place_fd = fcntl(opening->dst_fd, F_DUPFD_CLOEXEC, 0);
	if (*place_fd < 0)
		return -errno;
	return pair->place ? go_down(opening, pair->place, place_fd, open_step)
	                   : 0;
}

static int compare_implied(const void *left, const void *right)
{
	const struct implied *a = left, *b = right;

	return strcmp(a->path, b->path);
}

/* What it is to be like, when all is copied. */
static int hold_source(struct pair *pair)
{
	pair->src_fd = operand_open_dir(pair->src, true);
	pair->src_is_path = pair->src_fd == -EACCES;
	if (pair->src_is_path)
		pair->src_fd = operand_hold_dir(pair->src);
	return pair->src_fd < 0 ? pair->src_fd
	                        : meta_read(pair->src_fd, &pair->meta);
}

/* One that is made is a pair of its own. */
static int add_pair(const struct opening *opening,
                    const struct implied *implied)
{
	struct site *site = opening->site;
	struct buf dst = {0};

	buf_append_str(&dst, opening->operands->dst);
	if (dst.data[dst.len - 1] != '/')
		buf_append_char(&dst, '/');
	buf_append_str(&dst, implied->path);
	site->pairs = xrealloc(site->pairs,
	                       (site->n_pairs + 1) * sizeof(*site->pairs));
	struct pair *pair = &site->pairs[site->n_pairs++];
	*pair = (struct pair){.src = implied->src,
	                      .dst = dst.data,
	                      .dst_fd = implied->fd,
	                      .shares_dst = true,
	                      .is_implied = true,
	                      .dst_is_missing = implied->fd < 0};
	if (implied->fd >= 0)
		(void)meta_read(implied->fd, &pair->dst_meta);
	return hold_source(pair);
}

/* 1 when it was made, or would be. Nobody else can find anything in it until
 * it gets its source's permissions. */
static int open_implied(const struct opening *opening, int dir_fd,
                        const char *name, struct implied *implied)
{
	bool is_dry_run = opening->settings->is_dry_run, is_path;
	bool is_new = !is_dry_run && mkdirat(dir_fd, name, S_IRWXU) == 0;
	struct meta meta;

	if (!is_dry_run && !is_new && errno != EEXIST)
		return -errno;
	int fd = dir_fd < 0 ? -ENOENT : lead_open_dir(dir_fd, name, &is_path);
	if (is_dry_run && fd == -ENOENT)
		return 1;
	if (fd < 0)
		return fd;
	implied->fd = fd;
	int rc = meta_read(fd, &meta);
	return rc < 0 ? rc : is_new && meta.uid == geteuid();
}

static struct implied *add_implied(struct opening *opening,
                                   const struct pair *pair, const char *path)
{
	struct implied *implied = xcalloc(1, sizeof(*implied));

	implied->path = xstrndup(path, strlen(path));
	implied->src = operand_path_of(pair->src,
	                               opening->operands->keeps_relative, path);
	implied->fd = -1;
	implied->next = opening->site->implied;
	opening->site->implied = implied;
	return implied;
}

/* The directory at path, whose last name is in up_fd. */
static int find_or_open(struct opening *opening, const struct pair *pair,
                        const char *path, int up_fd, int *fd)
{
	const struct implied key = {.path = (char *)(uintptr_t)path};
	const char *slash = strrchr(path, '/');
	struct implied **found =
		tfind(&key, &opening->by_path, compare_implied);

	if (found) {
		*fd = (*found)->fd;
		return 0;
	}
	struct implied *implied = add_implied(opening, pair, path);
	int rc =
		open_implied(opening, up_fd, slash ? slash + 1 : path, implied);
	if (rc < 0)
		return rc;
	(void)tsearch(implied, &opening->by_path, compare_implied);
	*fd = implied->fd;
	return rc ? add_pair(opening, implied) : 0;
}

/* All directories of path, from the top. */
static int open_all(struct opening *opening, const struct pair *pair,
                    char *path, int *fd)
{
	int rc = 0;

	for (char *end = path; rc == 0 && *end;) {
		end = strchrnul(end, '/');
		bool is_last = *end == '\0';

		*end = '\0';
		rc = find_or_open(opening, pair, path, *fd, fd);
		*end = is_last ? '\0' : '/';
		end += !is_last;
	}
	return rc;
}

int site_open_way(struct opening *opening, size_t i)
{
	struct site *site = opening->site;
	/* The pairs move as others are added. */
	struct pair pair = site->pairs[i];
	int fd = site->into_fd, rc = 0;

	if (pair.place && *pair.place)
		rc = open_all(opening, &pair, pair.place, &fd);
	site->pairs[i].place_fd = fd;
	return rc;
}
