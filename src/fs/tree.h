/* SPDX-License-Identifier: MIT */
/* fs/tree.h - the directories of one tree, by descriptor
 *
 * Model     a root descriptor and directories opened below it, which are kept
 *           in a cache that many trees share, so that the number of open
 *           descriptors does not grow with theirs. A directory is named by its
 *           path from the root ("" is the root, "a/b" below it), of any
 *           length. It is opened from the nearest cached ancestor; symbolic
 *           links are never followed and nothing is resolved outside the root
 *           (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS; component
 *           by component with O_NOFOLLOW where openat2 is refused). Mount
 *           points are crossed.
 * Lifetime  tree_init borrows the root descriptor and the cache; {0} is an
 *           empty cache. A process that inherits a tree has the descriptors,
 *           too.
 * Errors    negative errno; -ELOOP or -ENOTDIR when a component has become
 *           something else than a directory */
#ifndef FS_TREE_H
#define FS_TREE_H

#include "base/base.h"

#define TREE_CACHED 64

struct tree_dir {
	const struct tree *tree;
	char *path; /* NULL: unused */
	size_t len;
	int fd;
	uint64_t last_used;
};

struct tree_cache {
	uint64_t clock;
	size_t n_max;   /* 0: not yet known */
	uint64_t n_fds; /* from that number on others would have too few */
	struct tree_dir dirs[TREE_CACHED];
};

struct tree {
	int root_fd;
	int extra_flags;    /* O_NOATIME for a source */
	bool follows_links; /* the user wants links in the source followed */
	struct tree_cache *cache;
};

void tree_init(struct tree *tree, int root_fd, int extra_flags,
               struct tree_cache *cache);

/* Closes all that is cached, of whatever tree. */
void tree_cache_release(struct tree_cache *cache);

/* A descriptor of the directory path[0..len), or a negative errno. It is
 * borrowed, and stays open while fewer than TREE_CACHED other directories are
 * opened through the cache (or fewer than a third of RLIMIT_NOFILE, or four
 * when descriptors are, or are nearly, used up); a deep one counts for up to
 * four. */
int tree_open(struct tree *tree, const char *path, size_t len);

/* Opens the directory name in dir_fd, without following a link; the caller
 * closes it. -EPERM for O_NOATIME is retried without it. */
int tree_open_child(int dir_fd, const char *name, int extra_flags);

/* Forgets path and all below it: it is no longer what it was. */
void tree_forget(struct tree *tree, const char *path, size_t len);

#endif
