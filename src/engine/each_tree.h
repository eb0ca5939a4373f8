/* SPDX-License-Identifier: MIT */
/* engine/each_tree.h - the files found under some paths, as they are found
 *
 * Model     a walk, depth first, in the order the directories give; of what it
 *           meets, the filters pick. A path that is not a directory stands for
 *           itself. Symlinks are followed for the given paths, and inside if
 *           the filter says so. A directory that the walk is in already is an
 *           error, and so is one that has vanished before it was read to its
 *           end, or what may have been one. What else vanishes is passed
 *           over, if that is noticed at all, and so is what the run itself
 *           writes: the files it was told to omit, and directories that
 *           hold the records of --map.
 * Lifetime  open .. close; paths and filters are borrowed
 * Blocking  as reading directories does; next looks at a bounded number of
 *           entries and says -EAGAIN if it has found none among them
 * Memory    a directory buffer for each level the walk is deep
 * Errors    next: -EAGAIN nothing so far, any other one concerns the path in
 *           tree->path, tree->what says what failed, and the walk goes on
 *           behind it; -EACH_TOLD: that says it all */
#ifndef ENGINE_EACH_TREE_H
#define ENGINE_EACH_TREE_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each_item.h"
#include "fs/scan.h"

#include <errno.h>
#include <sys/types.h>

#define EACH_WORDS_MAX 64

/* There is no errno to tell of. */
#define EACH_TOLD EILSEQ

/* A directory with this name holds the records of --map. */
#define EACH_OWN_DIR ".pcopy-map"

/* The inodes that a run writes to, held by descriptors. */
struct each_own {
	struct each_inode {
		dev_t dev;
		ino_t ino;
		int fd;
	} inodes[8];
	size_t n;
};

/* Adds what fd is open for, if it is a regular file or a directory; fd stays
 * open while the walk goes on. */
void each_own_add(struct each_own *own, int fd);

struct each_words {
	const char *words[EACH_WORDS_MAX];
	size_t n;
};

/* Which types are picked. */
enum each_type {
	EACH_FILES = 1 << 0, /* regular ones */
	EACH_DIRS = 1 << 1,
	EACH_LINKS = 1 << 2,
	EACH_OTHERS = 1 << 3, /* fifos, sockets, devices */
};

struct each_filter {
	unsigned types;               /* enum each_type */
	struct each_words extensions; /* any of them, of any case; none: all */
	struct each_words globs;      /* any matches the base name; none: all */
	bool wants_sizes;
	bool is_one_file_system; /* what is mounted below is left out */
	bool follows;            /* symlinks count as what they lead to */
};

struct each_level {
	struct scan scan;
	size_t path_len; /* with the slash */
	dev_t dev;
	ino_t ino;
};

struct each_tree {
	const struct each_filter *filter;
	const struct each_own *own; /* or NULL */
	const char *const *paths;
	size_t n_paths, i_path; /* i_path is the next one */
	struct each_level *levels;
	size_t n_levels, cap_levels;
	size_t root_len;
	struct buf path;  /* of the entry, or the error */
	const char *what; /* failed */
	unsigned type;    /* of the entry */
};

void each_tree_open(struct each_tree *tree, const struct each_filter *filter,
                    const char *const *paths, size_t n_paths);
/* Whether a name is of the wanted ones, whatever its type. */
bool each_filter_takes(const struct each_filter *filter, struct each_text base);

/* The directory the walk is in: of the entry, or the entry itself. */
int each_tree_fd(const struct each_tree *tree);

int each_tree_next(struct each_tree *tree, struct each_item *item);
void each_tree_close(struct each_tree *tree);

#endif
