/* SPDX-License-Identifier: MIT */
/* engine/site_parts.h - what site.c is made of; for the site*.c files only
 *
 *   site.c        opens the roots
 *   site_dst.c    finds out what DST is and leads to
 *   site_way.c    the directories above a copy: looks at them, makes them
 *   site_guard.c  refuses what must not be copied there */
#ifndef ENGINE_SITE_PARTS_H
#define ENGINE_SITE_PARTS_H

#include "engine/site.h"

struct opening {
	const struct settings *settings;
	const struct operands *operands;
	struct site *site;
	struct site_problem *problem;
	char *src_dir; /* where the last source that is no directory is */
	int src_dir_fd;
	struct meta dst;   /* of DST, links followed */
	int dst_fd;        /* DST, if it is a directory */
	bool dst_is_path;  /* that may not be read */
	bool dst_is_there; /* as something */
	bool dst_is_magic; /* it leads there by a link of /proc */
	struct meta named; /* of DST itself, without a slash behind it */
	char *dst_name;    /* its last component; "" for one like / or .. */
	char *missing;     /* parents of DST to be made, or NULL */
	void *by_path;     /* site->implied, for tsearch(3) */
};

/* Notes the problem; returns status. */
enum exit_status site_refuse(struct opening *opening, enum exit_status status,
                             const char *path, const char *what, int rc);

bool site_dst_is_dir(const struct opening *opening);

/* Looks at DST and holds the directory it is in. */
enum exit_status site_look_at_dst(struct opening *opening);

/* Makes what is missing above DST, and holds the last. Not in a dry run. */
int site_make_missing(struct opening *opening);

/* Holds the last of the directories of pair's place that is there; -ENOENT when
 * others are missing. */
int site_look_down(const struct opening *opening, const struct pair *pair,
                   int *place_fd);

/* Makes or opens the directories of the i-th source's place. */
int site_open_way(struct opening *opening, size_t i);

/* A directory as mkdir(1) makes it, with these permissions at least; one that
 * is there is left as it is. */
int site_make_plain(const struct opening *opening, int dir_fd, const char *name,
                    uint32_t perms);

/* Names the copies and looks at their places: nothing is copied onto or into
 * itself, and no two sources have one copy. */
enum exit_status site_guard(struct opening *opening);

#endif
