/* SPDX-License-Identifier: MIT */
#include "engine/site.h"

#include "base/buf.h"
#include "base/fd.h"
#include "engine/operand.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct opening {
	const struct settings *settings;
	const struct operands *operands;
	struct site *site;
	struct site_problem *problem;
	struct meta dst;   /* of DST, links followed */
	bool dst_is_there; /* as something */
	int dst_parent_fd; /* the directory DST is, or will be, in */
	char *dst_name;    /* its last component; "" for one like / or .. */
};

static enum exit_status refuse(struct opening *opening, enum exit_status status,
                               const char *path, const char *what, int rc)
{
	opening->problem->path = xstrndup(path, strlen(path));
	opening->problem->fault = (struct fault){.what = what, .err = -rc};
	return status;
}

/* The source itself: a directory's root, or where the entry is. */
static int open_source(const struct settings *settings, struct pair *pair)
{
	char *dir, *name;
	char *path = operand_path(settings, pair->src);
	int rc = operand_stat(path, false, &pair->meta);

	pair->is_dir = rc == 0 && meta_is(&pair->meta, S_IFDIR);
	operand_split(path, &dir, &name);
	if (rc == 0)
		rc = operand_open_dir(pair->is_dir ? path : dir);
	free(dir);
	free(path);
	if (rc < 0 || pair->is_dir)
		free(name);
	else
		pair->src_name = name;
	if (rc < 0)
		return rc;
	pair->src_fd = rc;
	if (pair->is_dir) /* as it is once opened */
		return meta_read(pair->src_fd, &pair->meta);
	return 0;
}

static size_t open_sources(struct opening *opening,
                           void (*report)(void *ctx, const char *path,
                                          const struct fault *fault),
                           void *ctx)
{
	struct site *site = opening->site;
	size_t n_usable = 0;

	for (size_t i = 0; i < site->n_pairs; i++) {
		struct pair *pair = &site->pairs[i];
		struct fault fault;

		*pair = (struct pair){.src = opening->operands->sources[i],
		                      .src_fd = -1,
		                      .dst_fd = -1};
		int rc = open_source(opening->settings, pair);
		pair->is_unusable = rc < 0;
		n_usable += rc == 0;
		if (rc < 0) {
			(void)fault_src(&fault, "cannot open", rc);
			report(ctx, pair->src, &fault);
		}
	}
	return n_usable;
}

/* Looks at DST and holds the directory it is in. */
static enum exit_status look_at_dst(struct opening *opening)
{
	const char *dst = opening->operands->dst;
	char *dir;
	int rc = operand_stat(dst, true, &opening->dst);

	opening->dst_is_there = rc == 0;
	if (rc == -ENOENT && operand_stat(dst, false, &opening->dst) == 0)
		opening->dst_is_there = true; /* a dangling link */
	else if (rc < 0 && rc != -ENOENT)
		return refuse(opening, EXIT_NOT_STARTED, dst, "cannot open",
		              rc);
	operand_split(dst, &dir, &opening->dst_name);
	opening->dst_parent_fd = operand_open_dir(dir);
	free(dir);
	if (opening->dst_parent_fd < 0)
		return refuse(opening, EXIT_NOT_STARTED, dst,
		              "cannot open the directory it is in",
		              opening->dst_parent_fd);
	return EXIT_ALL_DONE;
}

static bool dst_is_dir(const struct opening *opening)
{
	return opening->dst_is_there && meta_is(&opening->dst, S_IFDIR);
}

/* True when dir_fd or one of the directories above it is the source. */
static bool is_at_or_below(int dir_fd, const struct meta *source)
{
	struct meta meta, above = {0};
	int at = dir_fd;
	bool found = false;

	while (at >= 0 && meta_read(at, &meta) == 0) {
		found = meta_same_inode(&meta, source);
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

/* Where the copy of this source goes, for messages and as a name. */
static void name_copy(struct opening *opening, struct pair *pair)
{
	const struct operands *operands = opening->operands;
	bool goes_in =
		operands->into_dst || (!pair->is_dir && dst_is_dir(opening));
	struct buf path = {0};

	buf_append_str(&path, operands->dst);
	if (goes_in) {
		pair->dst_name = operand_own_name(pair->src);
		if (path.data[path.len - 1] != '/')
			buf_append_char(&path, '/');
		buf_append_str(&path, pair->dst_name);
	} else {
		pair->dst_name =
			xstrndup(opening->dst_name, strlen(opening->dst_name));
	}
	pair->goes_in = goes_in;
	pair->dst = path.data;
}

/* The directory that DST is or is in, and what stands there under the name. */
static int look_at_place(const struct opening *opening, struct pair *pair,
                         int *place_fd, struct meta *there)
{
	if (!pair->goes_in && pair->is_dir && dst_is_dir(opening)) {
		*place_fd = operand_open_dir(opening->operands->dst);
		*there = opening->dst;
		return *place_fd < 0 ? *place_fd : 0;
	}
	if (pair->goes_in && !dst_is_dir(opening)) { /* DST is to be made */
		*place_fd = fcntl(opening->dst_parent_fd, F_DUPFD_CLOEXEC, 0);
		return -ENOENT;
	}
	*place_fd = pair->goes_in
	                    ? operand_open_dir(opening->operands->dst)
	                    : fcntl(opening->dst_parent_fd, F_DUPFD_CLOEXEC, 0);
	if (*place_fd < 0)
		return *place_fd;
	return meta_read_at(*place_fd, pair->dst_name, there);
}

static enum exit_status guard_pair(struct opening *opening, struct pair *pair)
{
	struct meta there;
	int place_fd;

	if (pair->goes_in && operand_is_no_name(pair->dst_name))
		return refuse(opening, EXIT_NOT_STARTED, pair->src,
		              "has no name of its own", 0);
	int rc = look_at_place(opening, pair, &place_fd, &there);
	if (place_fd < 0)
		return refuse(opening, EXIT_NOT_STARTED, pair->dst,
		              "cannot open", place_fd);
	bool same = rc == 0 && meta_same_inode(&there, &pair->meta);
	bool inside = pair->is_dir && is_at_or_below(place_fd, &pair->meta);
	(void)fd_close(place_fd);
	if (same)
		return refuse(opening, EXIT_REFUSED, pair->src,
		              "source and destination are the same", 0);
	if (inside)
		return refuse(opening, EXIT_REFUSED, pair->src,
		              "would be copied into itself", 0);
	if (rc == 0 && pair->is_dir && !meta_is(&there, S_IFDIR))
		return refuse(opening, EXIT_NOT_STARTED, pair->dst,
		              "is not a directory, its source is", 0);
	if (rc == 0 && pair->is_dir)
		pair->dst_meta = there;
	return EXIT_ALL_DONE;
}

/* Two sources must not have one copy. */
static enum exit_status guard_names(struct opening *opening)
{
	const struct site *site = opening->site;

	for (size_t i = 0; i < site->n_pairs; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct pair *a = &site->pairs[i];
			const struct pair *b = &site->pairs[j];

			if (!a->is_unusable && !b->is_unusable &&
			    !strcmp(a->dst_name, b->dst_name))
				return refuse(opening, EXIT_NOT_STARTED, a->src,
				              "has the name of another source",
				              0);
		}
	}
	return EXIT_ALL_DONE;
}

static enum exit_status guard(struct opening *opening)
{
	struct site *site = opening->site;
	enum exit_status status = EXIT_ALL_DONE;

	if (opening->operands->into_dst && opening->dst_is_there &&
	    !dst_is_dir(opening))
		return refuse(opening, EXIT_NOT_STARTED, opening->operands->dst,
		              "is not a directory", 0);
	for (size_t i = 0; i < site->n_pairs && !status; i++) {
		if (site->pairs[i].is_unusable)
			continue;
		name_copy(opening, &site->pairs[i]);
		status = guard_pair(opening, &site->pairs[i]);
	}
	return status ? status : guard_names(opening);
}

/* Makes or opens the directory name in place_fd as the root of a copy. */
static int open_root(const struct settings *settings, struct pair *pair,
                     int place_fd)
{
	struct meta meta;
	int rc;

	if (settings->is_dry_run) {
		int fd =
			openat(place_fd, pair->dst_name,
		               O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		pair->dst_is_missing = fd < 0 && errno == ENOENT;
		pair->dst_fd = fd;
		return fd < 0 && errno != ENOENT ? -errno : 0;
	}
	rc = node_make_dir(place_fd, pair->dst_name, &meta);
	if (rc < 0)
		return rc;
	pair->dst_is_new = rc == 1;
	pair->dst_fd = openat(place_fd, pair->dst_name,
	                      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return pair->dst_fd < 0 ? -errno
	                        : meta_read(pair->dst_fd, &pair->dst_meta);
}

static int open_pair(const struct opening *opening, struct pair *pair,
                     int into_fd)
{
	int place_fd = pair->goes_in ? into_fd : opening->dst_parent_fd;

	if (pair->goes_in && into_fd < 0) { /* dry run, DST is missing */
		pair->dst_is_missing = true;
		return 0;
	}
	/* DST itself may be a link to a directory, or have no name, as /. */
	if (!pair->goes_in && pair->is_dir && dst_is_dir(opening)) {
		pair->dst_fd = operand_open_dir(opening->operands->dst);
		return pair->dst_fd < 0 ? pair->dst_fd : 0;
	}
	if (pair->is_dir)
		return open_root(opening->settings, pair, place_fd);
	pair->dst_fd = fcntl(place_fd, F_DUPFD_CLOEXEC, 0);
	return pair->dst_fd < 0 ? -errno : 0;
}

/* DST as the directory that the copies go into; made if it is missing.
 * *into_fd stays -1 when there is none. */
static int open_into(const struct opening *opening, int *into_fd)
{
	struct meta meta;
	int rc = 0;

	*into_fd = -1;
	if (!dst_is_dir(opening)) {
		if (!opening->operands->into_dst ||
		    opening->settings->is_dry_run)
			return 0;
		rc = node_make_dir(opening->dst_parent_fd, opening->dst_name,
		                   &meta);
	}
	if (rc < 0)
		return rc;
	int fd = operand_open_dir(opening->operands->dst);
	/* It is no copy of anything: it gets what mkdir(1) would give it. */
	if (fd >= 0 && rc == 1)
		(void)meta_set_perms((struct meta_target){.fd = fd},
		                     0777 & ~opening->settings->umask);
	*into_fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

static enum exit_status open_pairs(struct opening *opening)
{
	struct site *site = opening->site;
	enum exit_status status = EXIT_ALL_DONE;
	int into_fd;
	int made = open_into(opening, &into_fd);

	if (made < 0)
		return refuse(opening, EXIT_NOT_STARTED, opening->operands->dst,
		              "cannot create or open", made);
	for (size_t i = 0; i < site->n_pairs && !status; i++) {
		struct pair *pair = &site->pairs[i];
		int rc = pair->is_unusable ? 0
		                           : open_pair(opening, pair, into_fd);

		if (rc < 0)
			status = refuse(opening, EXIT_NOT_STARTED, pair->dst,
			                "cannot create or open", rc);
	}
	(void)fd_close(into_fd);
	return status;
}

enum exit_status site_open(const struct settings *settings,
                           const struct operands *operands, struct site *site,
                           void (*report)(void *ctx, const char *path,
                                          const struct fault *fault),
                           void *ctx, struct site_problem *problem)
{
	struct opening opening = {.settings = settings,
	                          .operands = operands,
	                          .site = site,
	                          .problem = problem,
	                          .dst_parent_fd = -1};
	enum exit_status status = EXIT_NOT_STARTED;

	*problem = (struct site_problem){0};
	site->n_pairs = operands->n_sources;
	site->pairs = xcalloc(site->n_pairs, sizeof(*site->pairs));
	if (open_sources(&opening, report, ctx) > 0) {
		status = look_at_dst(&opening);
		if (!status)
			status = guard(&opening);
		if (!status)
			status = open_pairs(&opening);
	}
	(void)fd_close(opening.dst_parent_fd);
	free(opening.dst_name);
	return status;
}

void site_close(struct site *site)
{
	for (size_t i = 0; i < site->n_pairs; i++) {
		struct pair *pair = &site->pairs[i];

		(void)fd_close(pair->src_fd);
		(void)fd_close(pair->dst_fd);
		free(pair->dst);
		free(pair->src_name);
		free(pair->dst_name);
	}
	free(site->pairs);
	*site = (struct site){0};
}
