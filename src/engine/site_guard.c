/* SPDX-License-Identifier: MIT */
#include "engine/site_parts.h"

#include "base/buf.h"
#include "base/fd.h"
#include "engine/bounds.h"
#include "engine/operand.h"
#include "fs/held.h"
#include "fs/mount.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* The copy of a link is not followed when it is brought up to date: it may lead
 * into the source. */
static bool is_link_on_link(const struct opening *opening,
                            const struct pair *pair)
{
	return meta_is(&pair->meta, S_IFLNK) &&
	       meta_is(&opening->named, S_IFLNK);
}

/* The directories below DST, and the name in them. */
static void name_below(const struct operands *operands, struct pair *pair)
{
	char *below, *slash;

	if (!operands->keeps_path && !operands->keeps_relative) {
		pair->dst_name = operand_own_name(pair->src);
		return;
	}
	below = operand_path_below(pair->src, operands->keeps_relative);
	slash = strrchr(below, '/');
	pair->dst_name = xstrndup(slash ? slash + 1 : below,
	                          strlen(slash ? slash + 1 : below));
	pair->place = xstrndup(below, slash ? (size_t)(slash - below) : 0);
	free(below);
}

/* Where the copy of this source goes, for messages and as a name. */
static void name_copy(struct opening *opening, struct pair *pair)
{
	const struct operands *operands = opening->operands;
	struct buf path = {0};

	pair->goes_in =
		operands->into_dst ||
		(!operands->is_exact && !pair->is_dir &&
	         site_dst_is_dir(opening) && !is_link_on_link(opening, pair));
	buf_append_str(&path, operands->dst);
	if (pair->goes_in) {
		name_below(operands, pair);
		if (path.data[path.len - 1] != '/')
			buf_append_char(&path, '/');
		if (pair->place && *pair->place)
			buf_printf(&path, "%s/", pair->place);
		buf_append_str(&path, pair->dst_name);
		pair->depth = pair->is_dir;
	} else {
		pair->dst_name =
			xstrndup(opening->dst_name, strlen(opening->dst_name));
	}
	if (pair->place)
		pair->depth += bounds_depth(pair->place, strlen(pair->place));
	pair->dst = path.data;
}

/* The directory that DST is or is in, and what stands there under the name. */
static int look_at_place(const struct opening *opening, struct pair *pair,
                         int *place_fd, struct meta *there)
{
	int rc = 0;

	if (!pair->goes_in && pair->is_dir && site_dst_is_dir(opening)) {
		*place_fd = fcntl(opening->dst_fd, F_DUPFD_CLOEXEC, 0);
		*there = opening->dst;
		return *place_fd < 0 ? -errno : 0;
	}
	if (opening->missing ||
	    (pair->goes_in &&
	     !site_dst_is_dir(opening))) { /* DST is to be made */
		*place_fd =
			fcntl(opening->site->dst_parent_fd, F_DUPFD_CLOEXEC, 0);
		return -ENOENT;
	}
	if (pair->goes_in)
		rc = site_look_down(opening, pair, place_fd);
	else
		*place_fd =
			fcntl(opening->site->dst_parent_fd, F_DUPFD_CLOEXEC, 0);
	if (rc < 0 || *place_fd < 0)
		return rc < 0 ? rc : -errno;
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

/* By any way down from the source, as far as the walk will go: with -x, what is
 * mounted in it (a backup of / to /mnt/disk) is out of its reach. */
static bool is_inside(const struct opening *opening, const struct pair *pair,
                      int place_fd)
{
	bool is_bound = opening->settings->is_one_file_system;
	struct meta place;

	if (is_bound && meta_read(place_fd, &place) == 0 &&
	    place.dev != pair->meta.dev)
		return false;
	return held_is_below(place_fd, &pair->meta, pair->src_fd) ||
	       mount_leads_to(pair->src_fd, place_fd, !is_bound);
}

/* What stands at the copy's place is the source: by more than numbers, which
 * are not unique everywhere. */
static bool is_source(const struct opening *opening, const struct pair *pair,
                      int place_fd, const struct meta *there)
{
	bool is_place = !pair->goes_in && site_dst_is_dir(opening);
	bool follows = opening->settings->follow != FOLLOW_NONE;

	if (!meta_same_inode(there, &pair->meta))
		return false;
	if (!pair->is_dir)
		return held_is_one(
			(struct held_name){place_fd, pair->dst_name, false},
			(struct held_name){pair->src_fd, pair->src_name,
		                           follows});
	if (is_place)
		return held_is_one_dir(place_fd, pair->src_fd);
	int fd = node_open_path(place_fd, pair->dst_name);
	bool same = fd < 0 || held_is_one_dir(fd, pair->src_fd);
	(void)fd_close(fd);
	return same;
}

static enum exit_status guard_pair(struct opening *opening, struct pair *pair)
{
	struct meta there;
	int place_fd;

	if (pair->goes_in && operand_is_no_name(pair->dst_name))
		return site_refuse(opening, EXIT_NOT_STARTED, pair->src,
		                   "has no name of its own", 0);
	if (pair->place && operand_climbs(pair->place))
		return site_refuse(opening, EXIT_NOT_STARTED, pair->src,
		                   "has .. in what is to be its copy's path",
		                   0);
	int rc = look_at_place(opening, pair, &place_fd, &there);
	if (place_fd < 0)
		return site_refuse(opening, EXIT_NOT_STARTED, pair->dst,
		                   "cannot open", rc);
	if (pair->place && rc < 0 && rc != -ENOENT) {
		(void)fd_close(place_fd);
		return site_refuse(opening, EXIT_NOT_STARTED, pair->dst,
		                   "cannot open the directory it goes into",
		                   rc);
	}
	bool same = rc == 0 && (is_source(opening, pair, place_fd, &there) ||
	                        leads_to(pair, &there));
	bool inside = pair->is_dir && is_inside(opening, pair, place_fd);
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

/* The bytes of a path, with a slash before all others: what is below a name
 * follows it at once. */
static unsigned rank(char c)
{
	return c == '/' ? 1 : c ? (unsigned char)c + 1u : 0;
}

static int compare_copies(const void *left, const void *right)
{
	const struct pair *a = *(const struct pair *const *)left;
	const struct pair *b = *(const struct pair *const *)right;
	size_t i = 0;

	while (a->dst[i] && a->dst[i] == b->dst[i])
		i++;
	if (a->dst[i] != b->dst[i])
		return rank(a->dst[i]) < rank(b->dst[i]) ? -1 : 1;
	return (a > b) - (a < b);
}

/* What is wrong with a copy at a place behind another one's. */
static const char *meet(const struct pair *upper, const struct pair *lower)
{
	size_t len = strlen(upper->dst);

	if (strncmp(upper->dst, lower->dst, len) != 0)
		return NULL;
	if (lower->dst[len] == '\0')
		return "has the name of another source";
	return lower->dst[len] == '/' ? "would be copied into another copy"
	                              : NULL;
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
	qsort(pairs, n, sizeof(*pairs), compare_copies);
	for (size_t i = 1; i < n && !status; i++) {
		const char *what = meet(pairs[i - 1], pairs[i]);

		if (what)
			status = site_refuse(opening, EXIT_NOT_STARTED,
			                     pairs[i]->src, what, 0);
	}
	free(pairs);
	return status;
}

/* Devices, fifos and sockets, and what is open. */
static bool dst_is_special(const struct opening *opening)
{
	const struct meta *dst = &opening->dst;

	return opening->dst_is_there && !site_dst_is_dir(opening) &&
	       (opening->dst_is_magic ||
	        !(meta_is(dst, S_IFREG) || meta_is(dst, S_IFLNK)));
}

static bool has_text_of(const struct opening *opening, const struct pair *pair)
{
	struct buf src = {0}, dst = {0};
	bool same = node_read_link(pair->src_fd, pair->src_name, &src) == 0 &&
	            node_read_link(opening->site->dst_parent_fd,
	                           opening->dst_name, &dst) == 0 &&
	            src.len == dst.len && !memcmp(src.data, dst.data, src.len);

	buf_release(&src);
	buf_release(&dst);
	return same;
}

/* Such a copy made before. */
static bool dst_is_copy_of(const struct opening *opening,
                           const struct pair *pair)
{
	const struct meta *named = &opening->named;

	if (opening->operands->into_dst ||
	    (named->mode & S_IFMT) != (pair->meta.mode & S_IFMT))
		return false;
	if (meta_is(named, S_IFLNK))
		return has_text_of(opening, pair);
	return named->rdev == pair->meta.rdev;
}

/* With -T: why the one source cannot be DST itself. */
static const char *guard_exact(const struct opening *opening)
{
	const struct operands *operands = opening->operands;
	const struct pair *pair = &opening->site->pairs[0];

	if (!operands->is_exact || pair->is_unusable || pair->is_dir)
		return NULL;
	if (site_dst_is_dir(opening) && !is_link_on_link(opening, pair))
		return "is a directory, its source is not";
	return operand_ends_in_slash(operands->dst)
	               ? "has a slash behind it, and its source is no directory"
	               : NULL;
}

/* What is named as DST, as a whole. */
static enum exit_status guard_dst(struct opening *opening)
{
	const struct operands *operands = opening->operands;
	enum exit_status status = EXIT_NOT_STARTED;
	const char *what = NULL;

	if (dst_is_special(opening) && !opening->settings->is_forced &&
	    !dst_is_copy_of(opening, &opening->site->pairs[0])) {
		status = EXIT_REFUSED;
		what = "is, or leads to, a device, a fifo, a socket or a "
		       "descriptor";
	} else if (operands->into_dst && opening->dst_is_there &&
	           !site_dst_is_dir(opening)) {
		what = "is not a directory";
	} else if (operands->n_sources > 1 && !opening->dst_is_there &&
	           !operands->makes_into) {
		what = "does not exist; write a slash behind it to have the "
		       "directory made";
	}
	if (!what)
		what = guard_exact(opening);
	return what ? site_refuse(opening, status, operands->dst, what, 0)
	            : EXIT_ALL_DONE;
}

enum exit_status site_guard(struct opening *opening)
{
	struct site *site = opening->site;
	enum exit_status status = guard_dst(opening);

	for (size_t i = 0; i < site->n_pairs && !status; i++) {
		if (site->pairs[i].is_unusable)
			continue;
		name_copy(opening, &site->pairs[i]);
		status = guard_pair(opening, &site->pairs[i]);
	}
	return status ? status : guard_names(opening);
}
