/* SPDX-License-Identifier: MIT */
#include "engine/enter.h"

#include "base/fd.h"
#include "engine/copy_parts.h"
#include "fs/alias.h"
#include "fs/flags.h"
#include "fs/held.h"
#include "fs/node.h"
#include "fs/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* What was found says it all: there is no errno to add. */
static int refuse_src(struct fault *fault, const char *what)
{
	(void)fault_src(fault, what, 0);
	return -EINVAL;
}

static int refuse_dst(struct fault *fault, const char *what)
{
	(void)fault_dst(fault, what, 0);
	return -EINVAL;
}

/* Our own destination, met inside the source (by a bind mount, say), or the
 * other way round. Numbers are not unique everywhere: what may be a root is
 * compared with that. */
static bool is_some_root(const struct worker *worker, int fd,
                         const struct meta *meta, bool of_dst)
{
	const struct site *site = worker->site;

	for (size_t i = 0; i < site->n_pairs; i++) {
		const struct pair *pair = &site->pairs[i];
		const struct meta *root =
			of_dst ? &pair->dst_meta : &pair->meta;
		int root_fd = of_dst ? pair->dst_fd : pair->src_fd;

		if (pair->is_dir && root->ino && meta_same_inode(root, meta) &&
		    (fd < 0 || root_fd < 0 || held_is_one_dir(fd, root_fd)))
			return true;
	}
	return false;
}

static bool is_source_root(const struct worker *worker, int parent_fd,
                           const char *name, const struct meta *meta)
{
	if (!is_some_root(worker, -1, meta, false))
		return false;
	int fd = node_open_path(parent_fd, name);
	bool is_root = is_some_root(worker, fd, meta, false);

	(void)fd_close(fd);
	return is_root;
}

/* Looks, in a dry run, at what make_dir would find. */
static int look_at_dir(int dir_fd, const char *name, struct meta *meta)
{
	int rc = meta_read_at(dir_fd, name, meta);

	if (rc == 0 && !meta_is(meta, S_IFDIR))
		return -ENOTDIR;
	return rc;
}

/* Makes dir's destination, or makes sure that it can be worked in: 1 made, 0
 * was there, -ENOENT missing in a dry run. */
static int make_dir(const struct settings *settings, int parent_fd,
                    const char *name, struct meta *meta)
{
	int rc;

	if (settings->is_dry_run) {
		rc = look_at_dir(parent_fd, name, meta);
		return rc == -ENOTDIR && settings->is_forced ? -ENOENT : rc;
	}
	rc = node_make_dir(parent_fd, name, meta);
	if (rc == 0 && meta->is_locked && settings->is_forced)
		rc = node_unlock(parent_fd, name);
	return rc;
}

int enter_close_to_others(struct worker *worker, struct meta_target dst_dir,
                          int src_fd, const struct meta *src,
                          const struct meta *dst, struct fault *fault)
{
	const struct settings *settings = worker->settings;
	struct dress dress = {
		.keep = settings->keep,
		.umask = settings->umask,
		.src = {.fd = src_fd},
		.dst = dst_dir,
		.want = src,
		.have = *dst,
		.only_looks = settings->is_dry_run,
		.scratch = &worker->tools.xattrs,
	};

	return dress_close(&dress, fault);
}

void enter_unlock_root(const struct settings *settings, int dst_fd)
{
	struct flags flags;

	if (settings->is_forced && !settings->is_dry_run &&
	    flags_read(dst_fd, &flags) == 0)
		(void)flags_unlock(dst_fd, flags); /* if not, others fail */
}

static int close_to_others(struct worker *worker, int parent_fd,
                           const char *name, const struct meta *src, int src_fd,
                           const struct meta *dst, struct fault *fault)
{
	struct meta_target held = {.is_path = true};
	struct meta now;

	held.fd = node_open_path(parent_fd, name);
	int rc = held.fd < 0 ? held.fd : meta_read(held.fd, &now);
	if (rc < 0)
		(void)fault_dst(fault, "cannot open directory", rc);
	/* If not, its entries are not copied: see engine/place.h. */
	else if (held_matches(held.fd, &now, dst))
		rc = enter_close_to_others(worker, held, src_fd, src, &now,
		                           fault);
	(void)fd_close(held.fd);
	return rc;
}

void enter_stop_project(const struct worker *worker, uint32_t *dir_flags,
                        int dst_fd)
{
	const struct settings *settings = worker->settings;
	struct flags flags;

	if (settings->is_dry_run || !(settings->keep & DRESS_FLAGS) ||
	    flags_read(dst_fd, &flags) < 0 || !flags_pass_project(flags))
		return;
	*dir_flags |= DIR_HAD_PROJECT;
	/* If that fails, the end of the directory says so. */
	(void)flags_stop_project(dst_fd, flags);
}

/* Below one that did, others may that were there before. */
static void stop_project_at(const struct worker *worker, struct enter_dir *dir,
                            int parent_fd, const char *name)
{
	int fd = tree_open_child(parent_fd, name, 0);

	if (fd >= 0 && held_same(fd, dir->dst_dev, dir->dst_ino) == 0)
		enter_stop_project(worker, &dir->flags, fd);
	(void)fd_close(fd);
}

/* Where the last component of its path begins. */
static size_t name_at(const struct enter_dir *dir)
{
	size_t at = dir->path_len;

	while (at && dir->path[at - 1] != '/')
		at--;
	return at;
}

static int open_upper(struct tree *trees, const struct enter_dir *dir)
{
	size_t at = name_at(dir);

	return tree_open(&trees[dir->operand], dir->path, at ? at - 1 : 0);
}

static int refuse_file(const struct worker *worker, struct enter_dir *dir,
                       struct fault *fault)
{
	if (worker->settings->is_forced)
		dir->flags |= DIR_IN_WAY;
	(void)refuse_dst(fault, "is not a directory, its source is");
	return -ENOTDIR;
}

/* The directory that is there under name, in up_fd, is the copy of another one
 * of the source's: what is in the two would be mixed. */
static bool is_another(struct worker *worker, const struct enter_dir *dir,
                       int up_fd, const char *name, const struct meta *seen)
{
	struct alias_kinds kinds = {0};

	/* Where this run made all there is, the name is listed or is not its. */
	if (dir->up_flags & DIR_DST_EMPTY)
		return alias_is_listed(&worker->tools.names, up_fd, name) == 0;
	if (!alias_folds(&kinds, up_fd, name, seen))
		return false;
	int src_fd = open_upper(worker->src_trees, dir);
	return src_fd >= 0 && alias_is_other(&worker->tools.names, src_fd,
	                                     up_fd, name, seen) == 1;
}

int enter_make_dst(struct worker *worker, struct enter_dir *dir, int src_fd,
                   struct fault *fault)
{
	const char *name = dir->path + name_at(dir);
	struct meta meta;

	if (dir->up_flags & DIR_DST_MISSING) {
		dir->flags |= DIR_DST_MISSING;
		return 0;
	}
	int fd = open_upper(worker->dst_trees, dir);
	if (fd < 0)
		return fault_dst(fault, "cannot open directory", fd);
	int rc = make_dir(worker->settings, fd, name, &meta);
	if (rc == -ENOENT && worker->settings->is_dry_run) {
		dir->flags |= DIR_DST_MISSING;
		return 0;
	}
	if (rc == -ENOTDIR)
		return refuse_file(worker, dir, fault);
	if (rc < 0)
		return copy_not_created(fault, "cannot create directory", rc);
	if (rc == 0 && is_source_root(worker, fd, name, &meta))
		return refuse_dst(fault, "is the source itself");
	if (rc == 0 && is_another(worker, dir, fd, name, &meta))
		return refuse_dst(fault, COPY_SAME_NAME);
	if (rc == 1)
		dir->flags |= DIR_DST_EMPTY;
	dir->dst_dev = meta.dev;
	dir->dst_ino = meta.ino;
	dir->dst_writer = held_writer(&meta);
	if (rc == 0 && dir->up_flags & DIR_HAD_PROJECT)
		stop_project_at(worker, dir, fd, name);
	/* One that is said to be made just now may be another that took its
	 * place. */
	if (rc == 0 || !held_is_private(&meta) || (meta.mode & 077))
		rc = close_to_others(worker, fd, name, &dir->meta, src_fd,
		                     &meta, fault);
	if (rc < 0 && fault->is_at_dst)
		return fault_dst(fault,
		                 "cannot be closed to others, so what is to be "
		                 "in it is left out",
		                 rc);
	return rc < 0 ? rc : 0;
}

int enter_clear_way(struct worker *worker, const struct enter_dir *dir,
                    struct fault *fault)
{
	int fd = open_upper(worker->dst_trees, dir);
	int rc = fd < 0 ? fd : node_remove(fd, dir->path + name_at(dir), true);

	return rc < 0 ? fault_dst(fault, "cannot create directory", rc) : 0;
}

int enter_refuse_loop(struct fault *fault)
{
	return refuse_src(fault, "leads back into itself");
}

bool enter_is_upper(struct worker *worker, const struct enter_dir *dir,
                    size_t upper_len)
{
	struct tree *tree = &worker->src_trees[dir->operand];
	int upper = tree_open(tree, dir->path, upper_len);
	int fd = tree_open(tree, dir->path, dir->path_len);

	return upper < 0 || fd < 0 || held_is_one_dir(upper, fd);
}

size_t enter_upper_len(const struct enter_dir *dir, size_t len)
{
	while (len && dir->path[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

int enter_look(const struct worker *worker, int dir_fd, const char *name,
               struct meta *out, bool *has_vanished)
{
	bool follows = worker->settings->follow == FOLLOW_ALL;
	struct meta link;
	int rc = follows ? meta_read_target_at(dir_fd, name, out)
	                 : meta_read_at(dir_fd, name, out);

	*has_vanished =
		rc == -ENOENT &&
		(!follows || meta_read_at(dir_fd, name, &link) == -ENOENT);
	return rc;
}

/* Which file system an entry is on can be asked even of one that belongs to
 * somebody else and says nothing else (FUSE). What of it is not known is taken
 * from the directory that it is in, closed to others. */
static bool is_elsewhere(struct worker *worker, struct enter_dir *dir)
{
	bool follows = worker->settings->follow == FOLLOW_ALL;
	const char *name = dir->path + name_at(dir);
	struct meta *meta = &dir->meta;
	uint64_t dev;

	if (!worker->settings->is_one_file_system)
		return false;
	int fd = open_upper(worker->src_trees, dir);
	if (fd < 0 || meta_read_dev(fd, name, follows, &dev) < 0 ||
	    dev == worker->site->pairs[dir->operand].meta.dev)
		return false;
	int rc = follows ? meta_read_target_at(fd, name, meta)
	                 : meta_read_at(fd, name, meta);
	if (rc < 0 && meta_read(fd, meta) < 0)
		return false;
	if (rc < 0)
		meta->mode &= ~(uint32_t)(META_PERMS ^ S_IRWXU);
	meta->dev = dev;
	return meta_is(meta, S_IFDIR);
}

int enter_open_src(struct worker *worker, struct enter_dir *dir,
                   struct fault *fault)
{
	dir->is_elsewhere = is_elsewhere(worker, dir);
	if (dir->is_elsewhere)
		return fault_src(fault, "is on another file system", -EXDEV);
	int fd = tree_open(&worker->src_trees[dir->operand], dir->path,
	                   dir->path_len);

	if (fd < 0)
		return fault_src(fault, "cannot open directory", fd);
	int rc = meta_read(fd, &dir->meta);
	if (rc < 0)
		return fault_src(fault, "cannot stat", rc);
	if (is_some_root(worker, fd, &dir->meta, true))
		return refuse_src(fault, "is the destination itself");
	return fd;
}

int enter_open_names(int fd, bool is_root)
{
	int again = is_root ? tree_open_child(fd, ".", O_NOATIME) : -EACCES;

	if (again != -EACCES)
		return again;
	again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return again < 0 ? -errno : again;
}

int enter_read_unreadable(struct worker *worker, struct enter_dir *dir)
{
	int fd = open_upper(worker->src_trees, dir);

	return fd < 0 ? fd
	              : meta_read_at(fd, dir->path + name_at(dir), &dir->meta);
}

bool enter_is_other_file_system(const struct worker *worker, uint32_t operand,
                                const struct meta *meta)
{
	return worker->settings->is_one_file_system &&
	       meta->dev != worker->site->pairs[operand].meta.dev;
}
