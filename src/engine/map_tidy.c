/* SPDX-License-Identifier: MIT */
/* The end of a run: directories get what their sources have, and outputs whose
 * sources are gone may go. */
#include "engine/map_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- directories ---- */

static int dress_dir(struct map *map, const char *path, const struct meta *src)
{
	int fd = tree_open(&map->dst_tree, path, strlen(path));
	uint32_t mode = src->mode & 0777;
	struct meta dst;
	int rc = fd < 0 ? fd : meta_read(fd, &dst);

	if (rc == 0 && (dst.mode & 0777) != mode)
		rc = meta_set_perms((struct meta_target){.fd = fd},
		                    (dst.mode & 07000) | mode);
	if (rc == 0 && map->settings->takes_times &&
	    !meta_same_mtime(src, &dst, META_ALL_TIMES))
		rc = meta_set_times((struct meta_target){.fd = fd}, src);
	return rc;
}

static void dress(struct map *map, const char *path, const struct meta *src)
{
	int rc = dress_dir(map, path, src);

	/* It was not made; told before. */
	if (rc == 0 || rc == -ENOENT)
		return;
	map->jobs->n_failed++;
	map_say(map, map_dst_path(map, path), "cannot set mode or times", -rc);
}

/* Those that we may not enter any more when they have their mode come last,
 * the deepest first: they are kept as paths, each with its NUL. */
static void dress_closed(struct map *map, const struct buf *closed)
{
	size_t at = closed->len;

	while (at > 0) {
		struct meta src;
		size_t end = at - 1;

		while (end > 0 && closed->data[end - 1])
			end--;
		at = end;
		const char *path = closed->data + at;
		int fd = tree_open(&map->src_tree, path, strlen(path));
		if (fd >= 0 && meta_read(fd, &src) == 0)
			dress(map, path, &src);
	}
}

void map_dress_dirs(struct map *map)
{
	struct buf closed = {0};
	struct map_walk walk;
	struct map_found found;
	int rc;

	map_walk_open(&walk, map->settings, &map->each.filter);
	walk.all.types = EACH_DIRS;
	while ((rc = map_walk_next(&walk, &found)) != 0) {
		struct meta src;

		/* What cannot be read was told in the first walk. */
		if (rc < 0 || !found.out || meta_read(found.dir_fd, &src) < 0)
			continue;
		if ((src.mode & S_IRWXU) == S_IRWXU)
			dress(map, found.path, &src);
		else
			buf_append(&closed, found.path, strlen(found.path) + 1);
	}
	map_walk_close(&walk);
	dress_closed(map, &closed);
	/* DST itself, if it is new: as SRC. */
	if (map->made_dst)
		dress(map, "", &map->src_meta);
	buf_release(&closed);
}

/* ---- outputs whose source is gone ---- */

bool map_is_gone(struct map *map, const char *path)
{
	struct meta meta;
	int fd = tree_open(&map->src_tree, path, map_dir_len(path));
	int rc = fd < 0 ? fd : meta_read_at(fd, map_base(path), &meta);

	return rc == -ENOENT || rc == -ENOTDIR;
}

/* Directories that are empty now, and whose source is gone. */
static void remove_empty_dirs(struct map *map, const char *path)
{
	char *dir = xstrndup(path, map_dir_len(path));

	for (size_t len = strlen(dir); len > 0; len = strlen(dir)) {
		if (!map_is_gone(map, dir))
			break;
		int fd = tree_open(&map->dst_tree, dir, map_dir_len(dir));
		if (fd < 0 || unlinkat(fd, map_base(dir), AT_REMOVEDIR) < 0)
			break;
		tree_forget(&map->dst_tree, dir, len);
		dir[map_dir_len(dir)] = '\0';
	}
	free(dir);
}

static int delete_output(struct map *map, const char *out)
{
	int fd = tree_open(&map->dst_tree, out, map_dir_len(out));

	if (fd >= 0 && unlinkat(fd, map_base(out), 0) < 0 && errno != ENOENT)
		return -errno;
	return fd == -ENOENT ? 0 : fd < 0 ? fd : 0;
}

/* Not as it was made: somebody's own by now. */
static bool is_changed(struct map *map, const struct map_entry *entry)
{
	const char *out = entry->out_name;
	int fd = tree_open(&map->dst_tree, out, map_dir_len(out));
	struct meta meta;

	return fd >= 0 && meta_read_at(fd, map_base(out), &meta) == 0 &&
	       (meta_is(&meta, S_IFDIR) ||
	        !map_facts_match(&entry->out, &meta));
}

static void delete_one(struct map *map, const struct map_entry *entry)
{
	const char *out = entry->out_name;
	int rc = 0;

	if (entry->is_adopted || is_changed(map, entry)) {
		map->tally->n_kept++;
		map_list(map, "keep", out,
		         entry->is_adopted ? "adopted" : "output changed");
		return;
	}
	if (!map->settings->is_dry_run)
		rc = delete_output(map, out);
	if (rc == 0) {
		map->tally->n_deleted++;
		map_list(map, map->settings->is_dry_run ? "delete" : "deleted",
		         out, "source gone");
	}
	if (rc == 0 && !map->settings->is_dry_run) {
		remove_empty_dirs(map, out);
		rc = map_record_forget(&map->record, out);
	}
	if (rc < 0) {
		map->jobs->n_failed++;
		map_say(map, map_dst_path(map, out), "cannot delete", -rc);
	}
}

void map_delete_gone(struct map *map)
{
	struct map_entry entry;

	for (size_t i = 0; map_record_next(&map->record, &i, &entry);) {
		if (map_is_gone(map, entry.src_name))
			delete_one(map, &entry);
	}
}
