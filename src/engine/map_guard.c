/* SPDX-License-Identifier: MIT */
#include "engine/map_guard.h"

#include "base/fd.h"
#include "base/hash_set.h"
#include "fs/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct guard {
	struct map *map;
	struct map_walk walk;
	struct hash_set names;
	struct buf dir; /* the last one that was looked at in DST */
};

/* Who else has that output: found by walking once more. */
static void say_twice(struct guard *guard, const struct map_found *found)
{
	struct map *map = guard->map;
	struct buf text = {0}, name = {0}, source = {0};
	struct map_walk walk;
	struct map_found other;
	int rc;

	buf_append(&name, found->out, found->out_len);
	buf_append(&source, found->item.text, found->item.len);
	map_walk_open(&walk, map->settings, &map->each.filter);
	while ((rc = map_walk_next(&walk, &other)) != 0) {
		if (rc == 1 && other.out && strcmp(other.out, name.data) == 0)
			break;
	}
	buf_append_str(&text, "has the same output as ");
	if (rc == 1)
		buf_append(&text, other.item.text, other.item.len);
	else
		buf_append_str(&text, "another source");
	map_say(map, source.data, text.data, 0);
	map_walk_close(&walk);
	buf_release(&text);
	buf_release(&name);
	buf_release(&source);
}

/* In DST there may be a directory or nothing. */
static int guard_place(struct guard *guard, const char *out)
{
	struct map *map = guard->map;
	size_t len = map_dir_len(out);

	if (map->dst_fd < 0 || (len == guard->dir.len && len > 0 &&
	                        memcmp(out, guard->dir.data, len) == 0))
		return 0;
	buf_truncate(&guard->dir, 0);
	buf_append(&guard->dir, out, len);
	int rc = tree_open(&map->dst_tree, out, len);
	if (rc != -ELOOP && rc != -ENOTDIR)
		return 0;
	map_say(map, map_dst_path(map, guard->dir.data),
	        "is no directory, or a symlink is on the way to it", 0);
	return -EPERM;
}

static int guard_one(struct guard *guard, const struct map_found *found)
{
	if (!found->out)
		return 0;
	if (!guard->walk.name.is_plain &&
	    hash_set_add(&guard->names, found->out, found->out_len) > 1) {
		say_twice(guard, found);
		return -EPERM;
	}
	return guard_place(guard, found->out);
}

int map_guard_names(struct map *map, uint64_t *n_found)
{
	struct guard guard = {.map = map};
	struct map_found found;
	int rc, refused = 0;

	*n_found = 0;
	map_walk_open(&guard.walk, map->settings, &map->each.filter);
	while (refused == 0 && (rc = map_walk_next(&guard.walk, &found)) != 0) {
		if (rc == -EINVAL) {
			map_say(map, guard.walk.tree.path.data, guard.walk.what,
			        0);
			refused = -EPERM;
		}
		/* What cannot be read is told when it is really needed. */
		if (rc == 1) {
			refused = guard_one(&guard, &found);
			++*n_found;
		}
	}
	map_walk_close(&guard.walk);
	hash_set_release(&guard.names);
	buf_release(&guard.dir);
	return refused;
}

int map_guard_places(struct map *map, int dst_fd)
{
	struct meta dst;

	if (held_is_below(dst_fd, &map->src_meta, map->src_fd)) {
		map_say(map, map->settings->dst, "is SRC, or inside of it", 0);
		return -EPERM;
	}
	if (map->dst_fd >= 0 && meta_read(map->dst_fd, &dst) == 0 &&
	    held_is_below(map->src_fd, &dst, map->dst_fd)) {
		map_say(map, map->settings->src, "is inside of DST", 0);
		return -EPERM;
	}
	return 0;
}

/* 1 if the directory of SRC holds nothing, -ENOENT and the like if there is
 * none. */
static int is_empty_dir(struct map *map, const char *path, size_t len)
{
	struct scan_entry entry;
	struct scan scan;
	int fd = tree_open(&map->src_tree, path, len);

	/* A descriptor of its own: the tree's keeps its place. */
	if (fd >= 0)
		fd = tree_open_child(fd, ".", 0);
	int rc = fd < 0 ? fd : scan_open(&scan, fd);
	if (rc < 0) {
		(void)fd_close(fd);
		return rc;
	}
	rc = scan_next(&scan, &entry);
	scan_close(&scan);
	return rc < 0 ? rc : rc == 0;
}

/* The directory of a source that is gone, or the nearest one above that is
 * there; not SRC itself. */
static int guard_mount(struct map *map, const char *source)
{
	char *dir = xstrndup(source, map_dir_len(source));
	int rc = -ENOENT;

	for (size_t len = strlen(dir); len > 0 && rc < 0;
	     len = map_dir_len(dir)) {
		dir[len] = '\0';
		rc = is_empty_dir(map, dir, len);
	}
	if (rc == 1)
		map_say(map, map_src_path(map, dir),
		        "is empty: --delete would remove all that was made "
		        "from it. If no disk is missing there, remove the "
		        "directory",
		        0);
	free(dir);
	return rc == 1 ? -EPERM : 0;
}

int map_guard_mounts(struct map *map)
{
	struct map_entry entry;
	int rc = 0;

	for (size_t i = 0;
	     rc == 0 && map_record_next(&map->record, &i, &entry);) {
		if (map_is_gone(map, entry.src_name))
			rc = guard_mount(map, entry.src_name);
	}
	return rc;
}
