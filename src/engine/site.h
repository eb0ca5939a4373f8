/* SPDX-License-Identifier: MIT */
/* engine/site.h - where each operand comes from and where its copy goes
 *
 * Model     per source a pair of roots. A directory source: the two directories
 *           themselves; entries are named by their path below. Any other
 *           source: the directory it is in and the directory its copy goes to,
 *           with one entry whose name may differ on the two sides.
 *           Operands are the user's own words: symbolic links in them are
 *           followed up to, and for DST including, the last component. Below
 *           the roots nothing is followed.
 * Lifetime  opened by the master before the fork, inherited by the workers
 * Errors    the site's fault and exit status say why a run cannot start */
#ifndef ENGINE_SITE_H
#define ENGINE_SITE_H

#include "base/base.h"
#include "engine/settings.h"
#include "engine/tally.h"
#include "fs/fault.h"
#include "fs/meta.h"

struct rooms;

struct pair {
	const char *src;      /* as the user wrote it, for messages */
	char *dst;            /* likewise */
	struct meta meta;     /* of the source */
	struct meta dst_meta; /* of an existing DST directory; ino 0: none */
	int src_fd, dst_fd;
	bool shares_src, shares_dst; /* of another pair, or the site's */
	char *src_name, *dst_name;   /* of a source that is no directory */
	char *place;  /* directories between DST and dst_name, or "" */
	int place_fd; /* the last of them, if it goes in; not its own */
	size_t depth; /* names between the tree's root and its roots */
	bool is_dir;
	bool keeps_dst;      /* it keeps its own owner, permissions, times */
	bool dst_is_path;    /* dst_fd is an O_PATH one: it cannot be read */
	bool goes_in;        /* under its own name into DST */
	bool dst_is_new;     /* the destination directory was made by us */
	bool dst_is_missing; /* dry run: it would be made; dst_fd is -1 */
	bool is_implied;     /* see struct implied */
	bool src_is_path;    /* of such: its source cannot be read */
	bool is_unusable;    /* was reported; nothing is copied for it */
	struct rooms *rooms; /* see engine/rooms.h; NULL: none */
};

/* A directory below DST that is a parent of copies. Where it is made it is a
 * pair, too, behind those of the sources: nothing is copied by it, but it gets
 * what its source has. */
struct implied {
	char *path; /* below DST */
	char *src;  /* its source */
	int fd;     /* -1: dry run, it would be made */
	struct implied *next;
};

struct site {
	struct pair *pairs;
	size_t n_pairs, n_sources;
	struct implied *implied;
	int dst_parent_fd; /* the directory DST is, or will be, in */
	int into_fd;       /* DST, if the copies go into it; or -1 */
	bool dst_was_dir;  /* before this run made anything */
};

/* What a start-up problem is about. */
struct site_problem {
	char *path; /* owned by the caller, freed with free */
	struct fault fault;
};

/* Opens all roots. A source that is not there or cannot be opened is told to
 * report, counted and left out; the others go on. Returns EXIT_ALL_DONE, or
 * EXIT_REFUSED or EXIT_NOT_STARTED with *problem set, before anything was
 * made. */
enum exit_status site_open(const struct settings *settings,
                           const struct operands *operands, struct site *site,
                           void (*report)(void *ctx, const char *path,
                                          const struct fault *fault),
                           void *ctx, struct site_problem *problem);

/* A root of this pair, or of one of them all, is on a file system that is far
 * away (fs/distance.h). */
bool site_pair_is_far(const struct pair *pair);
bool site_is_far(const struct site *site);

void site_close(struct site *site);

#endif
