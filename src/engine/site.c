/* SPDX-License-Identifier: MIT */
#include "engine/site_parts.h"

#include "base/buf.h"
#include "base/fd.h"
#include "engine/operand.h"
#include "fs/distance.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum exit_status site_refuse(struct opening *opening, enum exit_status status,
                             const char *path, const char *what, int rc)
{
	opening->problem->path = xstrndup(path, strlen(path));
	opening->problem->fault = (struct fault){.what = what, .err = -rc};
	return status;
}

bool site_dst_is_dir(const struct opening *opening)
{
	return opening->dst_is_there && meta_is(&opening->dst, S_IFDIR);
}

/* The directory that a source is in. A shell's * gives thousands of one. */
static int open_src_dir(struct opening *opening, struct pair *pair, char *dir)
{
	pair->shares_src = opening->src_dir && !strcmp(dir, opening->src_dir);
	if (!pair->shares_src) {
		int fd = operand_open_dir(dir, true);

		if (fd < 0) {
			free(dir);
			return fd;
		}
		opening->src_dir_fd = fd;
	}
	free(opening->src_dir);
	opening->src_dir = dir;
	pair->src_fd = opening->src_dir_fd;
	return 0;
}

/* The source itself: a directory's root, or where the entry is. */
static int open_source(struct opening *opening, struct pair *pair)
{
	char *dir;
	char *path = operand_path(opening->settings, pair->src);
	int rc = operand_stat(path, false, &pair->meta);

	pair->is_dir = rc == 0 && meta_is(&pair->meta, S_IFDIR);
	if (pair->is_dir)
		rc = pair->src_fd = operand_open_dir(path, false);
	if (rc == 0 && !pair->is_dir) {
		operand_split(path, &dir, &pair->src_name);
		rc = open_src_dir(opening, pair, dir);
	}
	free(path);
	if (rc >= 0 && pair->is_dir) /* as it is once opened */
		rc = meta_read(pair->src_fd, &pair->meta);
	return rc < 0 ? rc : 0;
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
		int rc = open_source(opening, pair);
		pair->is_unusable = rc < 0;
		n_usable += rc == 0;
		if (rc < 0) {
			(void)fault_src(&fault, "cannot open", rc);
			report(ctx, pair->src, &fault);
		}
	}
	return n_usable;
}

/* A link that somebody else has put where DST is to be must not lead us into
 * what is not his, nor one that has just been put there. */
static enum exit_status guard_dst_link(struct opening *opening)
{
	const char *dst = opening->operands->dst;
	struct meta named;
	int rc = operand_stat(dst, false, &named);

	if (rc < 0)
		return site_refuse(opening, EXIT_NOT_STARTED, dst,
		                   "cannot open", rc);
	if (!meta_is(&named, S_IFLNK) &&
	    !meta_same_inode(&named, &opening->dst))
		return site_refuse(opening, EXIT_REFUSED, dst,
		                   "was replaced meanwhile", 0);
	if (meta_is(&named, S_IFLNK) && named.uid != 0 &&
	    named.uid != geteuid() && named.uid != opening->dst.uid)
		return site_refuse(opening, EXIT_REFUSED, dst,
		                   "is another user's link to a directory that "
		                   "is not his",
		                   0);
	return EXIT_ALL_DONE;
}

/* A directory is held, so that it stays the one that was looked at. */
static int open_dst(struct opening *opening)
{
	const char *dst = opening->operands->dst;
	int rc = operand_stat(dst, true, &opening->dst);

	if (rc < 0 || !meta_is(&opening->dst, S_IFDIR))
		return rc;
	opening->dst_fd = operand_open_dir(dst, true);
	if (opening->dst_fd < 0)
		return opening->dst_fd;
	return meta_read(opening->dst_fd, &opening->dst);
}

/* Looks at DST and holds the directory it is in. */
static enum exit_status look_at_dst(struct opening *opening)
{
	const char *dst = opening->operands->dst;
	enum exit_status status = EXIT_ALL_DONE;
	char *dir;
	int rc = open_dst(opening);

	opening->dst_is_there = rc == 0;
	bool leads_nowhere = rc == -ENOENT || rc == -ELOOP;
	if (leads_nowhere && operand_stat(dst, false, &opening->dst) == 0)
		opening->dst_is_there = true; /* a link without a target */
	else if (rc < 0 && rc != -ENOENT)
		return site_refuse(opening, EXIT_NOT_STARTED, dst,
		                   "cannot open", rc);
	if (site_dst_is_dir(opening))
		status = guard_dst_link(opening);
	if (status)
		return status;
	operand_split(dst, &dir, &opening->dst_name);
	opening->site->dst_parent_fd = operand_open_dir(dir, true);
	free(dir);
	if (opening->site->dst_parent_fd < 0)
		return site_refuse(opening, EXIT_NOT_STARTED, dst,
		                   "cannot open the directory it is in",
		                   opening->site->dst_parent_fd);
	return EXIT_ALL_DONE;
}

/* Makes the directory name in place_fd, or opens the one that is there. What
 * took its place as soon as it was made is as if it had been there before. */
static int make_and_open(int place_fd, const char *name, bool *is_new)
{
	struct meta made, meta;
	int made_it = node_make_dir(place_fd, name, &made);

	if (made_it < 0)
		return made_it;
	int fd = openat(place_fd, name,
	                O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	int rc = meta_read(fd, &meta);
	if (rc < 0) {
		(void)fd_close(fd);
		return rc;
	}
	*is_new = made_it == 1 && meta.uid == geteuid();
	return fd;
}

/* Makes or opens the directory name in place_fd as the root of a copy. */
static int open_root(const struct settings *settings, struct pair *pair,
                     int place_fd)
{
	if (settings->is_dry_run) {
		int fd =
			openat(place_fd, pair->dst_name,
		               O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		pair->dst_is_missing = fd < 0 && errno == ENOENT;
		pair->dst_fd = fd;
		return fd < 0 && errno != ENOENT ? -errno : 0;
	}
	pair->dst_fd =
		make_and_open(place_fd, pair->dst_name, &pair->dst_is_new);
	return pair->dst_fd < 0 ? pair->dst_fd
	                        : meta_read(pair->dst_fd, &pair->dst_meta);
}

static int open_pair(const struct opening *opening, struct pair *pair)
{
	const struct site *site = opening->site;
	int place_fd = pair->goes_in ? site->into_fd : site->dst_parent_fd;

	if (place_fd < 0) { /* dry run, DST is missing */
		pair->dst_is_missing = true;
		return 0;
	}
	/* DST itself may be a link to a directory, or have no name, as /. */
	if (!pair->goes_in && pair->is_dir && site_dst_is_dir(opening)) {
		pair->dst_fd = fcntl(opening->dst_fd, F_DUPFD_CLOEXEC, 0);
		return pair->dst_fd < 0 ? -errno : 0;
	}
	if (pair->is_dir)
		return open_root(opening->settings, pair, place_fd);
	pair->dst_fd = place_fd;
	pair->shares_dst = true;
	return 0;
}

/* DST as the directory that the copies go into; made if it is missing.
 * site->into_fd stays -1 when there is none. */
static int open_into(const struct opening *opening)
{
	const struct settings *settings = opening->settings;
	struct site *site = opening->site;
	bool is_new = false;

	if (site_dst_is_dir(opening)) {
		site->into_fd = fcntl(opening->dst_fd, F_DUPFD_CLOEXEC, 0);
		return site->into_fd < 0 ? -errno : 0;
	}
	if (!opening->operands->into_dst || settings->is_dry_run)
		return 0;
	int fd = make_and_open(site->dst_parent_fd, opening->dst_name, &is_new);
	/* It is no copy of anything: it gets what mkdir(1) would give it. */
	if (fd >= 0 && is_new)
		(void)meta_set_perms((struct meta_target){.fd = fd},
		                     0777 & ~settings->umask);
	site->into_fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

static enum exit_status open_pairs(struct opening *opening)
{
	struct site *site = opening->site;
	enum exit_status status = EXIT_ALL_DONE;
	int made = open_into(opening);

	if (made < 0)
		return site_refuse(opening, EXIT_NOT_STARTED,
		                   opening->operands->dst,
		                   "cannot create or open", made);
	for (size_t i = 0; i < site->n_pairs && !status; i++) {
		struct pair *pair = &site->pairs[i];
		int rc = pair->is_unusable ? 0 : open_pair(opening, pair);

		if (rc < 0)
			status = site_refuse(opening, EXIT_NOT_STARTED,
			                     pair->dst, "cannot create or open",
			                     rc);
	}
	return status;
}

/* Files' copies go by the site's descriptors; no other pair needs them. */
static void close_unused(struct site *site)
{
	bool parent_is_used = false, into_is_used = false;

	for (size_t i = 0; i < site->n_pairs; i++) {
		const struct pair *pair = &site->pairs[i];

		parent_is_used |= pair->shares_dst && !pair->goes_in;
		into_is_used |= pair->shares_dst && pair->goes_in;
	}
	if (!parent_is_used)
		site->dst_parent_fd = fd_close(site->dst_parent_fd);
	if (!into_is_used)
		site->into_fd = fd_close(site->into_fd);
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
	                          .dst_fd = -1};
	enum exit_status status = EXIT_NOT_STARTED;

	*problem = (struct site_problem){0};
	*site = (struct site){
		.n_pairs = operands->n_sources,
		.pairs = xcalloc(operands->n_sources, sizeof(*site->pairs)),
		.dst_parent_fd = -1,
		.into_fd = -1,
	};
	if (open_sources(&opening, report, ctx) > 0) {
		status = look_at_dst(&opening);
		if (!status)
			status = site_guard(&opening);
		if (!status)
			status = open_pairs(&opening);
	}
	close_unused(site);
	(void)fd_close(opening.dst_fd);
	free(opening.src_dir);
	free(opening.dst_name);
	return status;
}

bool site_pair_is_far(const struct pair *pair)
{
	return distance_is_far(pair->src_fd) ||
	       (pair->dst_fd >= 0 && distance_is_far(pair->dst_fd));
}

bool site_is_far(const struct site *site)
{
	for (size_t i = 0; i < site->n_pairs; i++) {
		const struct pair *pair = &site->pairs[i];

		if (!pair->is_unusable && site_pair_is_far(pair))
			return true;
	}
	return false;
}

void site_close(struct site *site)
{
	for (size_t i = 0; i < site->n_pairs; i++) {
		struct pair *pair = &site->pairs[i];

		if (!pair->shares_src)
			(void)fd_close(pair->src_fd);
		if (!pair->shares_dst)
			(void)fd_close(pair->dst_fd);
		free(pair->rooms);
		free(pair->dst);
		free(pair->src_name);
		free(pair->dst_name);
	}
	(void)fd_close(site->dst_parent_fd);
	(void)fd_close(site->into_fd);
	free(site->pairs);
	*site = (struct site){.dst_parent_fd = -1, .into_fd = -1};
}
