/* SPDX-License-Identifier: MIT */
#include "engine/each_tree.h"

#include "base/fd.h"
#include "fs/held.h"
#include "fs/meta.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Entries looked at before the caller has its turn. */
#define STEPS_MAX 256

/* As FUSE lists an entry whose number it was not told. */
#define INO_UNKNOWN UINT32_MAX

void each_tree_open(struct each_tree *tree, const struct each_filter *filter,
                    const char *const *paths, size_t n_paths)
{
	*tree = (struct each_tree){
		.filter = filter, .paths = paths, .n_paths = n_paths};
}

int each_tree_fd(const struct each_tree *tree)
{
	return tree->levels[tree->n_levels - 1].scan.fd;
}

static void leave(struct each_tree *tree)
{
	scan_close(&tree->levels[--tree->n_levels].scan);
}

void each_tree_close(struct each_tree *tree)
{
	while (tree->n_levels > 0)
		leave(tree);
	free(tree->levels);
	buf_release(&tree->path);
	*tree = (struct each_tree){0};
}

void each_own_add(struct each_own *own, int fd)
{
	struct stat status;

	if (fd < 0 || own->n == ARRAY_LEN(own->inodes) ||
	    fstat(fd, &status) < 0 ||
	    !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
		return;
	own->inodes[own->n++] =
		(struct each_inode){status.st_dev, status.st_ino, fd};
}

/* The directory says the inode number, or that it does not know it: only what
 * may be ours is looked at. Numbers are not unique everywhere. */
static bool is_that(const struct each_tree *tree, const struct each_inode *own,
                    const struct scan_entry *entry)
{
	const struct held_name held = {.dir_fd = own->fd, .name = ""};
	const struct held_name named = {.dir_fd = each_tree_fd(tree),
	                                .name = entry->name};
	struct stat status;

	if (entry->ino != own->ino && entry->ino != INO_UNKNOWN)
		return false;
	return fstatat(named.dir_fd, named.name, &status,
	               AT_SYMLINK_NOFOLLOW) == 0 &&
	       own->dev == status.st_dev && own->ino == status.st_ino &&
	       held_is_one(held, named);
}

static bool is_own(const struct each_tree *tree, const struct scan_entry *entry)
{
	const struct each_own *own = tree->own;

	if ((entry->type == DT_DIR || entry->type == DT_UNKNOWN) &&
	    strcmp(entry->name, EACH_OWN_DIR) == 0)
		return true;
	for (size_t i = 0; own && i < own->n; i++) {
		if (is_that(tree, &own->inodes[i], entry))
			return true;
	}
	return false;
}

/* A dot in front makes no extension: .gz is the name of a hidden file. */
static bool ends_with(struct each_text name, const char *word)
{
	size_t len = strlen(word);
	const char *dot = name.text + name.len - len - 1;

	return name.len > len + 1 && *dot == '.' &&
	       strncasecmp(dot + 1, word, len) == 0;
}

static bool has_extension(const struct each_words *extensions,
                          struct each_text name)
{
	for (size_t i = 0; i < extensions->n; i++) {
		if (ends_with(name, extensions->words[i]))
			return true;
	}
	return extensions->n == 0;
}

static bool matches(const struct each_words *globs, const char *name)
{
	for (size_t i = 0; i < globs->n; i++) {
		if (fnmatch(globs->words[i], name, 0) == 0)
			return true;
	}
	return globs->n == 0;
}

static unsigned type_of_mode(mode_t mode)
{
	if (S_ISREG(mode))
		return EACH_FILES;
	if (S_ISDIR(mode))
		return EACH_DIRS;
	return S_ISLNK(mode) ? EACH_LINKS : EACH_OTHERS;
}

/* 0 if it has to be asked for. */
static unsigned type_of_entry(unsigned char type, bool *is_known)
{
	*is_known = type != DT_UNKNOWN;
	if (type == DT_REG)
		return EACH_FILES;
	if (type == DT_DIR)
		return EACH_DIRS;
	return type == DT_LNK ? EACH_LINKS : EACH_OTHERS;
}

bool each_filter_takes(const struct each_filter *filter, struct each_text base)
{
	return has_extension(&filter->extensions, base) &&
	       matches(&filter->globs, base.text);
}

/* The path in tree->path; base at its last name. */
static bool is_picked(const struct each_tree *tree, unsigned type,
                      struct each_text base)
{
	return (tree->filter->types & type) &&
	       each_filter_takes(tree->filter, base);
}

static struct each_item item_of(const struct each_tree *tree, uint64_t bytes)
{
	return (struct each_item){.text = tree->path.data,
	                          .len = tree->path.len,
	                          .root_len = tree->root_len,
	                          .bytes = bytes};
}

static int fail(struct each_tree *tree, const char *what)
{
	tree->what = what;
	return -EACH_TOLD;
}

static int fail_entry(struct each_tree *tree, int rc)
{
	return rc == -ENOENT ? fail(tree, "vanished") : rc;
}

/* Numbers are not unique everywhere. */
static bool is_upper(const struct each_level *upper, const struct stat *status,
                     int fd)
{
	return upper->dev == status->st_dev && upper->ino == status->st_ino &&
	       held_is_one_dir(upper->scan.fd, fd);
}

/* Whether the walk may go into an open directory: 0, or -EAGAIN if it is to be
 * left out. */
static int check_level(struct each_tree *tree, int fd, struct each_level *level)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	level->dev = status.st_dev;
	level->ino = status.st_ino;
	if (tree->filter->is_one_file_system && tree->n_levels > 0 &&
	    tree->levels[0].dev != status.st_dev)
		return -EAGAIN;
	for (size_t i = 0; i < tree->n_levels; i++) {
		if (is_upper(&tree->levels[i], &status, fd))
			return fail(tree, "leads back into itself");
	}
	return 0;
}

static struct each_level *new_level(struct each_tree *tree)
{
	if (tree->n_levels == tree->cap_levels) {
		tree->cap_levels = tree->cap_levels ? 2 * tree->cap_levels : 16;
		tree->levels = xrealloc(
			tree->levels, tree->cap_levels * sizeof(*tree->levels));
	}
	return &tree->levels[tree->n_levels];
}

/* Goes into a directory that is open, which it takes. */
static int enter(struct each_tree *tree, int fd)
{
	struct each_level *level = new_level(tree);
	int rc = check_level(tree, fd, level);

	if (rc == 0)
		rc = scan_open(&level->scan, fd);
	if (rc < 0) {
		(void)fd_close(fd);
		return rc;
	}
	if (tree->path.data[tree->path.len - 1] != '/')
		buf_append_char(&tree->path, '/');
	level->path_len = tree->path.len;
	tree->n_levels++;
	return 0;
}

/* 0 when the walk is in it now. */
static int enter_below(struct each_tree *tree, int at_fd, const char *name,
                       int flags)
{
	int fd =
		openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);

	return fd < 0 ? fail_entry(tree, -errno) : enter(tree, fd);
}

/* Asked by name, as what is mounted there may belong to somebody else, or be
 * mounted by being opened. */
static bool is_elsewhere(const struct each_tree *tree, const char *name)
{
	const struct each_filter *filter = tree->filter;
	uint64_t dev;

	return filter->is_one_file_system &&
	       meta_read_dev(each_tree_fd(tree), name, filter->follows, &dev) ==
	               0 &&
	       dev != tree->levels[0].dev;
}

/* The next of the given paths. */
static int start_path(struct each_tree *tree, struct each_item *item)
{
	const char *path = tree->paths[tree->i_path++];
	struct stat status;

	buf_truncate(&tree->path, 0);
	buf_append_str(&tree->path, path);
	/* lint: path, given by the user; what it leads to is meant */
	if (stat(path, &status) < 0 &&
	    /* lint: path, the same; a link that leads nowhere */
	    lstat(path, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode)) {
		/* lint: path, the same */
		int rc = enter_below(tree, AT_FDCWD, path, 0);

		tree->root_len = tree->path.len;
		return rc ? rc : -EAGAIN;
	}
	struct each_text base = each_item_base(
		(struct each_text){tree->path.data, tree->path.len});
	tree->root_len = (size_t)(base.text - tree->path.data);
	if (!is_picked(tree, type_of_mode(status.st_mode), base))
		return -EAGAIN;
	*item = item_of(tree, (uint64_t)status.st_size);
	return 1;
}

/* What an entry is, asked for only as far as the directory does not say it or
 * its size is wanted. */
static int find_type(struct each_tree *tree, const struct scan_entry *entry,
                     struct each_text base, struct stat *status, unsigned *type)
{
	int at_fd = tree->levels[tree->n_levels - 1].scan.fd;
	bool is_known;

	*type = type_of_entry(entry->type, &is_known);
	if (tree->filter->follows && (!is_known || *type == EACH_LINKS) &&
	    fstatat(at_fd, entry->name, status, 0) == 0) {
		*type = type_of_mode(status->st_mode);
		return 0;
	}
	/* With a link that leads nowhere it is the link that counts. */
	if (is_known && !(tree->filter->wants_sizes && *type == EACH_FILES &&
	                  is_picked(tree, *type, base)))
		return 0;
	if (fstatat(at_fd, entry->name, status, AT_SYMLINK_NOFOLLOW) < 0)
		/* What is not known to be none may have been a directory. */
		return is_known && errno == ENOENT ? -EAGAIN
		                                   : fail_entry(tree, -errno);
	*type = type_of_mode(status->st_mode);
	return 0;
}

/* An entry of the directory the walk is in; tree->path has its path. */
static int look_at(struct each_tree *tree, const struct scan_entry *entry,
                   struct each_item *item)
{
	struct each_level *level = &tree->levels[tree->n_levels - 1];
	struct each_text base = {tree->path.data + level->path_len,
	                         entry->name_len};
	struct stat status = {0};
	unsigned type;
	int rc = find_type(tree, entry, base, &status, &type);

	if (rc < 0)
		return rc;
	bool is_wanted = is_picked(tree, type, base);

	tree->type = type;
	if (is_wanted)
		*item = item_of(tree, type == EACH_FILES
		                              ? (uint64_t)status.st_size
		                              : 0);
	if (type == EACH_DIRS) {
		rc = enter_below(tree, level->scan.fd, entry->name,
		                 tree->filter->follows ? 0 : O_NOFOLLOW);
		if (rc < 0)
			return rc;
		/* The buffer may have moved; the slash is not the item's. */
		item->text = tree->path.data;
	}
	return is_wanted ? 1 : -EAGAIN;
}

static int step(struct each_tree *tree, struct each_item *item)
{
	struct each_level *level = &tree->levels[tree->n_levels - 1];
	struct scan_entry entry;

	buf_truncate(&tree->path, level->path_len);
	int rc = scan_next(&level->scan, &entry);
	if (rc <= 0) {
		leave(tree);
		return rc ? fail_entry(tree, rc) : -EAGAIN;
	}
	buf_append(&tree->path, entry.name, entry.name_len);
	if (is_own(tree, &entry) || is_elsewhere(tree, entry.name))
		return -EAGAIN;
	return look_at(tree, &entry, item);
}

int each_tree_next(struct each_tree *tree, struct each_item *item)
{
	tree->what = "read";
	for (int i = 0; i < STEPS_MAX; i++) {
		int rc;

		if (tree->n_levels > 0)
			rc = step(tree, item);
		else if (tree->i_path < tree->n_paths)
			rc = start_path(tree, item);
		else
			return 0;
		if (rc != -EAGAIN)
			return rc;
	}
	return -EAGAIN;
}
