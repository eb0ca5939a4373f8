/* SPDX-License-Identifier: MIT */
#include "engine/site_parts.h"

#include "base/buf.h"
#include "base/fd.h"
#include "engine/lead.h"
#include "engine/operand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static enum exit_status cannot_open(struct opening *opening, int rc)
{
	return site_refuse(opening, EXIT_NOT_STARTED, opening->operands->dst,
	                   "cannot open", rc);
}

/* Moves the last component of *dir to what is missing; false at the end. */
static bool go_up(struct opening *opening, char **dir)
{
	struct buf missing = {0};
	char *up, *name;

	operand_split(*dir, &up, &name);
	bool is_top = !*name || !strcmp(*dir, ".");
	if (!is_top) {
		buf_append_str(&missing, name);
		if (opening->missing)
			buf_printf(&missing, "/%s", opening->missing);
		free(opening->missing);
		opening->missing = missing.data;
		free(*dir);
		*dir = up;
		up = NULL;
	}
	free(up);
	free(name);
	return !is_top;
}

/* Where dir leads; with --mkpath the last one of its parents that is there. */
static int follow_dir(struct opening *opening, char **dir, struct lead *lead)
{
	int rc;

	do /* lint: path, the user's */
		rc = lead_follow(AT_FDCWD, *dir, lead);
	while (rc == -ENOENT && opening->operands->makes_way &&
	       go_up(opening, dir));
	if (rc == 0 && !meta_is(&lead->meta, S_IFDIR))
		rc = -ENOTDIR;
	return rc;
}

/* The directory that DST is in, and its name there. */
static enum exit_status open_parent(struct opening *opening)
{
	const char *dst = opening->operands->dst;
	struct lead lead;
	char *dir;

	operand_split(dst, &dir, &opening->dst_name);
	int rc = follow_dir(opening, &dir, &lead);
	free(dir);
	opening->site->dst_parent_fd = lead.fd;
	if (lead.is_trap)
		return site_refuse(opening, EXIT_REFUSED, dst,
		                   "is reached by another user's link to what "
		                   "is not that user's",
		                   0);
	if (rc < 0)
		return site_refuse(opening, EXIT_NOT_STARTED, dst,
		                   rc == -ENOENT
		                           ? "cannot open the directory it is "
		                             "in (see --mkpath)"
		                           : "cannot open the directory it is "
		                             "in",
		                   rc);
	return EXIT_ALL_DONE;
}

/* DST itself, which may be a link that leads nowhere. "" is the root. */
static int look_at_name(struct opening *opening)
{
	const char *name = *opening->dst_name ? opening->dst_name : ".";

	return meta_read_at(opening->site->dst_parent_fd, name,
	                    &opening->named);
}

/* A directory is held, so that it stays the one that was looked at. */
static enum exit_status take_dst(struct opening *opening, struct lead *lead)
{
	opening->dst = lead->meta;
	opening->dst_is_magic = lead->by_magic;
	if (!meta_is(&lead->meta, S_IFDIR)) {
		lead->fd = fd_close(lead->fd);
		return EXIT_ALL_DONE;
	}
	opening->dst_fd = lead->fd;
	opening->dst_is_path = lead->is_path;
	/* What is no directory is not followed in the end. */
	if (lead->is_trap)
		return site_refuse(opening, EXIT_REFUSED,
		                   opening->operands->dst,
		                   "is another user's link to a directory that "
		                   "is not his",
		                   0);
	return EXIT_ALL_DONE;
}

static enum exit_status follow_name(struct opening *opening)
{
	const char *name = *opening->dst_name ? opening->dst_name : ".";
	struct lead lead;
	int rc = lead_follow(opening->site->dst_parent_fd, name, &lead);

	if (rc == 0)
		return take_dst(opening, &lead);
	if (rc != -ENOENT && rc != -ELOOP)
		return cannot_open(opening, rc);
	opening->dst = opening->named; /* a link without a target */
	return EXIT_ALL_DONE;
}

enum exit_status site_look_at_dst(struct opening *opening)
{
	enum exit_status status = open_parent(opening);

	if (status || opening->missing)
		return status;
	int rc = look_at_name(opening);
	if (rc < 0 && rc != -ENOENT)
		return cannot_open(opening, rc);
	opening->dst_is_there = rc == 0;
	return rc < 0 ? EXIT_ALL_DONE : follow_name(opening);
}
