/* SPDX-License-Identifier: MIT */
#include "engine/site_parts.h"

#include "base/buf.h"
#include "base/fd.h"
#include "engine/lead.h"
#include "engine/operand.h"
#include "fs/distance.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <search.h>
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
		int fd = operand_hold_dir(dir);

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

/* The directory that a source is in, and its name there. */
static int open_entry(struct opening *opening, struct pair *pair, bool follows)
{
	char *path, *dir;
	int rc = operand_path(pair->src, follows, &path);

	if (rc < 0)
		return rc;
	operand_split(path, &dir, &pair->src_name);
	free(path);
	return open_src_dir(opening, pair, dir);
}

/* The source itself: a directory's root, or where the entry is. A slash behind
 * a link means what it leads to, as in every path. */
static int open_source(struct opening *opening, struct pair *pair)
{
	bool follows = opening->settings->follow != FOLLOW_NONE ||
	               operand_ends_in_slash(pair->src);
	int rc = operand_stat(pair->src, follows, &pair->meta);

	if (rc < 0)
		return rc;
	pair->is_dir = meta_is(&pair->meta, S_IFDIR);
	if (!pair->is_dir)
		return open_entry(opening, pair, follows);
	pair->src_fd = operand_open_dir(pair->src, follows);
	if (pair->src_fd < 0)
		return pair->src_fd;
	return meta_read(pair->src_fd, &pair->meta); /* as it is once opened */
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

/* Makes the directory name in place_fd, or opens the one that is there. What
 * took its place as soon as it was made is as if it had been there before. */
static int make_and_open(int place_fd, struct pair *pair)
{
	struct meta made;
	int made_it = node_make_dir(place_fd, pair->dst_name, &made);

	if (made_it < 0)
		return made_it;
	pair->dst_fd =
		lead_open_dir(place_fd, pair->dst_name, &pair->dst_is_path);
	if (pair->dst_fd < 0)
		return pair->dst_fd;
	int rc = meta_read(pair->dst_fd, &pair->dst_meta);
	pair->dst_is_new = made_it == 1 && pair->dst_meta.uid == geteuid();
	return rc;
}

/* Makes or opens the directory name in place_fd as the root of a copy. */
static int open_root(const struct settings *settings, struct pair *pair,
                     int place_fd)
{
	if (!settings->is_dry_run)
		return make_and_open(place_fd, pair);
	pair->dst_fd =
		lead_open_dir(place_fd, pair->dst_name, &pair->dst_is_path);
	pair->dst_is_missing = pair->dst_fd == -ENOENT;
	return pair->dst_fd < 0 && !pair->dst_is_missing ? pair->dst_fd : 0;
}

static bool is_file_system_root(int fd, const struct meta *meta)
{
	struct meta up;

	return meta_read_at(fd, "..", &up) == 0 && meta_same_inode(&up, meta);
}

/* One that many share, as /tmp, or that all is in: what a copy made there would
 * give it from its source would break other things. One that has its source's
 * owner and permissions is that one's copy. */
static bool is_shared(const struct pair *pair)
{
	const struct meta *src = &pair->meta, *dst = &pair->dst_meta;

	if (is_file_system_root(pair->dst_fd, dst))
		return true;
	return (dst->mode & S_ISVTX) &&
	       (src->mode != dst->mode || src->uid != dst->uid ||
	        src->gid != dst->gid);
}

static int open_place(const struct opening *opening, struct pair *pair)
{
	const struct site *site = opening->site;
	int place_fd = pair->goes_in ? pair->place_fd : site->dst_parent_fd;

	if (place_fd < 0) { /* dry run, DST is missing */
		pair->dst_is_missing = true;
		return 0;
	}
	/* DST itself may be a link to a directory, or have no name, as /. */
	if (!pair->goes_in && pair->is_dir && site_dst_is_dir(opening)) {
		pair->dst_fd = fcntl(opening->dst_fd, F_DUPFD_CLOEXEC, 0);
		pair->dst_is_path = opening->dst_is_path;
		return pair->dst_fd < 0 ? -errno : 0;
	}
	if (pair->is_dir)
		return open_root(opening->settings, pair, place_fd);
	pair->dst_fd = place_fd;
	pair->shares_dst = true;
	return 0;
}

static int open_pair(const struct opening *opening, struct pair *pair)
{
	int rc = open_place(opening, pair);

	if (rc == 0 && pair->is_dir && pair->dst_fd >= 0 && !pair->dst_is_new)
		pair->keeps_dst = is_shared(pair);
	return rc;
}

static int make_into(const struct opening *opening, int place_fd)
{
	bool is_path;
	int rc = site_make_plain(opening, place_fd, opening->dst_name, 0);

	return rc < 0 ? rc
	              : lead_open_dir(place_fd, opening->dst_name, &is_path);
}

/* DST as the directory that the copies go into; made if it is missing.
 * site->into_fd stays -1 when there is none. */
static int open_into(const struct opening *opening)
{
	struct site *site = opening->site;
	int fd;

	if (site_dst_is_dir(opening)) {
		fd = fcntl(opening->dst_fd, F_DUPFD_CLOEXEC, 0);
		fd = fd < 0 ? -errno : fd;
	} else if (opening->operands->into_dst &&
	           !opening->settings->is_dry_run) {
		fd = make_into(opening, site->dst_parent_fd);
	} else {
		return 0;
	}
	site->into_fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

static enum exit_status open_pairs(struct opening *opening)
{
	struct site *site = opening->site;
	enum exit_status status = EXIT_ALL_DONE;
	int made = site_make_missing(opening);

	if (made == 0)
		made = open_into(opening);
	if (made < 0)
		return site_refuse(opening, EXIT_NOT_STARTED,
		                   opening->operands->dst,
		                   "cannot create or open", made);
	for (size_t i = 0; i < site->n_sources && !status; i++) {
		int rc = 0;

		if (!site->pairs[i].is_unusable)
			rc = site_open_way(opening, i);
		if (!site->pairs[i].is_unusable && rc == 0)
			rc = open_pair(opening, &site->pairs[i]);
		if (rc < 0)
			status = site_refuse(opening, EXIT_NOT_STARTED,
			                     site->pairs[i].dst,
			                     "cannot create or open", rc);
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

static void leave(void *implied UNUSED)
{
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
		.n_sources = operands->n_sources,
		.pairs = xcalloc(operands->n_sources, sizeof(*site->pairs)),
		.dst_parent_fd = -1,
		.into_fd = -1,
	};
	if (open_sources(&opening, report, ctx) > 0) {
		status = site_look_at_dst(&opening);
		site->dst_was_dir = site_dst_is_dir(&opening);
		if (!status)
			status = site_guard(&opening);
		if (!status)
			status = open_pairs(&opening);
	}
	close_unused(site);
	(void)fd_close(opening.dst_fd);
	free(opening.src_dir);
	free(opening.dst_name);
	free(opening.missing);
	tdestroy(opening.by_path, leave);
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
		free(pair->place);
	}
	for (struct implied *at = site->implied, *next; at; at = next) {
		next = at->next;
		(void)fd_close(at->fd);
		free(at->path);
		free(at->src);
		free(at);
	}
	(void)fd_close(site->dst_parent_fd);
	(void)fd_close(site->into_fd);
	free(site->pairs);
	*site = (struct site){.dst_parent_fd = -1, .into_fd = -1};
}
