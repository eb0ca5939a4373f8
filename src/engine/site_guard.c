/* SPDX-License-Identifier: MIT */
#include "engine/site_parts.h"

#include "base/buf.h"
#include "base/fd.h"
#include "engine/operand.h"
#include "fs/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Where the copy of this source goes, for messages and as a name. */
static void name_copy(struct opening *opening, struct pair *pair)
{
	const struct operands *operands = opening->operands;
	bool goes_in = operands->into_dst ||
	               (!pair->is_dir && site_dst_is_dir(opening));
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
	if (!pair->goes_in && pair->is_dir && site_dst_is_dir(opening)) {
		*place_fd = fcntl(opening->dst_fd, F_DUPFD_CLOEXEC, 0);
		*there = opening->dst;
		return *place_fd < 0 ? -errno : 0;
	}
	if (pair->goes_in &&
	    !site_dst_is_dir(opening)) { /* DST is to be made */
		*place_fd =
			fcntl(opening->site->dst_parent_fd, F_DUPFD_CLOEXEC, 0);
		return -ENOENT;
	}
	*place_fd = fcntl(pair->goes_in ? opening->dst_fd
	                                : opening->site->dst_parent_fd,
	                  F_DUPFD_CLOEXEC, 0);
	if (*place_fd < 0)
		return -errno;
	return meta_read_at(*place_fd, pair->dst_name, there);
}

/* A symlink that would take the place of what it leads to. */
static bool leads_to(const struct pair *pair, const struct meta *there)
{
	struct meta target;

	return meta_is(&pair->meta, S_IFLNK) &&
	       meta_read_target_at(pair->src_fd, pair->src_name, &target) ==
	               0 &&
	       meta_same_inode(&target, there);
}

static enum exit_status guard_pair(struct opening *opening, struct pair *pair)
{
	struct meta there;
	int place_fd;

	if (pair->goes_in && operand_is_no_name(pair->dst_name))
		return site_refuse(opening, EXIT_NOT_STARTED, pair->src,
		                   "has no name of its own", 0);
	int rc = look_at_place(opening, pair, &place_fd, &there);
	if (place_fd < 0)
		return site_refuse(opening, EXIT_NOT_STARTED, pair->dst,
		                   "cannot open", place_fd);
	bool same = rc == 0 && (meta_same_inode(&there, &pair->meta) ||
	                        leads_to(pair, &there));
	bool inside = pair->is_dir && held_is_below(place_fd, &pair->meta);
	(void)fd_close(place_fd);
	if (same)
		return site_refuse(opening, EXIT_REFUSED, pair->src,
		                   "source and destination are the same", 0);
	if (inside)
		return site_refuse(opening, EXIT_REFUSED, pair->src,
		                   "would be copied into itself", 0);
	if (rc == 0 && pair->is_dir && !meta_is(&there, S_IFDIR))
		return site_refuse(opening, EXIT_NOT_STARTED, pair->dst,
		                   "is not a directory, its source is", 0);
	if (rc == 0 && pair->is_dir)
		pair->dst_meta = there;
	return EXIT_ALL_DONE;
}

static int compare_names(const void *left, const void *right)
{
	const struct pair *a = *(const struct pair *const *)left;
	const struct pair *b = *(const struct pair *const *)right;
	int by_name = strcmp(a->dst_name, b->dst_name);

	return by_name ? by_name : (a > b) - (a < b);
}

/* Two sources must not have one copy. */
static enum exit_status guard_names(struct opening *opening)
{
	const struct site *site = opening->site;
	const struct pair **pairs = xcalloc(site->n_pairs, sizeof(*pairs));
	enum exit_status status = EXIT_ALL_DONE;
	size_t n = 0;

	for (size_t i = 0; i < site->n_pairs; i++) {
		if (!site->pairs[i].is_unusable)
			pairs[n++] = &site->pairs[i];
	}
	qsort(pairs, n, sizeof(*pairs), compare_names);
	for (size_t i = 1; i < n && !status; i++) {
		if (!strcmp(pairs[i - 1]->dst_name, pairs[i]->dst_name))
			status = site_refuse(
				opening, EXIT_NOT_STARTED, pairs[i]->src,
				"has the name of another source", 0);
	}
	free(pairs);
	return status;
}

enum exit_status site_guard(struct opening *opening)
{
	struct site *site = opening->site;
	enum exit_status status = EXIT_ALL_DONE;

	if (opening->operands->into_dst && opening->dst_is_there &&
	    !site_dst_is_dir(opening))
		return site_refuse(opening, EXIT_NOT_STARTED,
		                   opening->operands->dst, "is not a directory",
		                   0);
	for (size_t i = 0; i < site->n_pairs && !status; i++) {
		if (site->pairs[i].is_unusable)
			continue;
		name_copy(opening, &site->pairs[i]);
		status = guard_pair(opening, &site->pairs[i]);
	}
	return status ? status : guard_names(opening);
}
