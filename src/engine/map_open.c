/* SPDX-License-Identifier: MIT */
#include "engine/map_open.h"

#include "base/fd.h"
#include "engine/each_spawn.h"
#include "engine/map_guard.h"
#include "fs/node.h"
#include "fs/scan.h"
#include "mp/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME        "lock"
#define MAP_STAGE_PREFIX "stage."

static int say(struct map *map, const char *path, const char *what, int rc,
               int status)
{
	map_say(map, path, what, -rc);
	return status;
}

static int open_src(struct map *map)
{
	const char *src = map->settings->src;

	/* lint: path, given by the user; what it leads to is meant */
	map->src_fd = open(src, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = map->src_fd < 0 ? -errno
	                         : meta_read(map->src_fd, &map->src_meta);
	if (rc < 0)
		return say(map, src, "cannot open", rc, EXIT_NOT_STARTED);
	tree_init(&map->src_tree, map->src_fd, O_NOATIME, &map->cache);
	return EXIT_ALL_DONE;
}

/* The directory that DST is going to be in. */
static int open_parent(const char *dst)
{
	size_t len = strlen(dst);

	while (len > 1 && dst[len - 1] == '/')
		len--;
	while (len > 0 && dst[len - 1] != '/')
		len--;
	char *parent = xstrndup(len ? dst : ".", len ? len : 1);
	/* lint: path, given by the user */
	int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : fd;
	free(parent);
	return rc;
}

static int open_dst(struct map *map)
{
	const char *dst = map->settings->dst;

	/* lint: path, given by the user; what it leads to is meant */
	map->dst_fd = open(dst, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (map->dst_fd < 0 && (errno != ENOENT || map->settings->checks))
		return say(map, dst, "cannot open", -errno, EXIT_NOT_STARTED);
	int fd = map->dst_fd < 0 ? open_parent(dst) : map->dst_fd;
	if (fd < 0)
		return say(map, dst, "cannot be made", fd, EXIT_NOT_STARTED);
	tree_init(&map->dst_tree, map->dst_fd, 0, &map->cache);
	int rc = map_guard_places(map, fd);
	if (fd != map->dst_fd)
		(void)fd_close(fd);
	return rc < 0 ? EXIT_REFUSED : EXIT_ALL_DONE;
}

static int make_dst(struct map *map)
{
	const char *dst = map->settings->dst;

	if (map->dst_fd >= 0 || map->settings->is_dry_run)
		return EXIT_ALL_DONE;
	/* lint: path, given by the user */
	if (mkdir(dst, 0777) < 0)
		return say(map, dst, "cannot be made", -errno,
		           EXIT_NOT_STARTED);
	/* lint: path, the same */
	map->dst_fd = open(dst, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (map->dst_fd < 0)
		return say(map, dst, "cannot open", -errno, EXIT_NOT_STARTED);
	map->made_dst = true;
	tree_init(&map->dst_tree, map->dst_fd, 0, &map->cache);
	return EXIT_ALL_DONE;
}

/* Neither a dry run nor a check writes anything into DST. */
static bool only_looks(const struct map *map)
{
	return map->settings->is_dry_run || map->settings->checks;
}

/* Takes the lock, or says who has it. Several may look at a time. */
static int lock(struct map *map)
{
	const char *path = map_dst_path(map, MAP_OWN_NAME);
	bool looks = only_looks(map);
	int flags = looks ? O_RDONLY : O_RDWR | O_CREAT;

	map->lock_fd = openat(map->own_fd, LOCK_NAME,
	                      flags | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (map->lock_fd < 0 && looks && errno == ENOENT)
		return EXIT_ALL_DONE;
	if (map->lock_fd < 0)
		return say(map, path, "cannot make the lock", -errno,
		           EXIT_NOT_STARTED);
	if (flock(map->lock_fd, (looks ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
		return EXIT_ALL_DONE;
	if (errno == EWOULDBLOCK)
		return say(map, map->settings->dst,
		           "another run is at work there", 0, EXIT_REFUSED);
	return say(map, path, "cannot lock", -errno, EXIT_NOT_STARTED);
}

/* Opens what is ours, if it is there, and locks it. */
static int open_own(struct map *map, bool makes)
{
	const char *path = map_dst_path(map, MAP_OWN_NAME);
	struct meta meta;

	if (map->own_fd >= 0 || map->dst_fd < 0)
		return EXIT_ALL_DONE;
	if (makes && mkdirat(map->dst_fd, MAP_OWN_NAME, 0700) < 0 &&
	    errno != EEXIST)
		return say(map, path, "cannot be made", -errno,
		           EXIT_NOT_STARTED);
	map->own_fd = tree_open_child(map->dst_fd, MAP_OWN_NAME, 0);
	if (map->own_fd == -ENOENT && !makes)
		return EXIT_ALL_DONE;
	int rc = map->own_fd < 0 ? map->own_fd : meta_read(map->own_fd, &meta);
	if (rc < 0)
		return say(map, path, "cannot open", rc, EXIT_NOT_STARTED);
	/* What others can change says nothing that we could believe. */
	if (meta.uid != geteuid() || (meta.mode & (S_IWGRP | S_IWOTH)))
		return say(map, path, "belongs to somebody else", 0,
		           EXIT_REFUSED);
	return lock(map);
}

int map_open_record(struct map *map)
{
	const char *path = map_dst_path(map, MAP_OWN_NAME);
	int rc;

	if (map->own_fd < 0)
		return EXIT_ALL_DONE;
	if (map->has_record)
		map_record_close(&map->record);
	rc = (only_looks(map) ? map_record_open_to_read : map_record_open)(
		&map->record, map->own_fd, map->each.command,
		map->each.n_command);
	map->has_record = rc == 0;
	if (rc == -ENOENT && only_looks(map))
		return EXIT_ALL_DONE;
	if (rc == 0 && !only_looks(map) && map_record_is_sparse(&map->record) &&
	    syncfs(map->dst_fd) == 0)
		rc = map_record_compact(&map->record, map->each.command,
		                        map->each.n_command);
	if (rc < 0) {
		map->has_record = false;
		return say(map, path, "cannot read the record", rc,
		           EXIT_NOT_STARTED);
	}
	return EXIT_ALL_DONE;
}

/* We have the lock, so nobody works in them. */
static void sweep(struct map *map)
{
	int fd = openat(map->own_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct scan_entry entry;
	struct scan scan;

	if (fd < 0 || scan_open(&scan, fd) < 0) {
		(void)fd_close(fd);
		return;
	}
	while (scan_next(&scan, &entry) > 0) {
		/* An orphan that still writes there may keep one alive: then
		 * the next run finds it. */
		if (strncmp(entry.name, MAP_STAGE_PREFIX,
		            sizeof(MAP_STAGE_PREFIX) - 1) == 0)
			(void)node_remove(map->own_fd, entry.name, true);
	}
	scan_close(&scan);
}

static int open_stage(struct map *map)
{
	char random[STAGE_NAME_MAX];
	const char *dst = map->settings->dst;
	int rc;

	sweep(map);
	stage_make_name(random);
	buf_append_str(&map->stage_path, *dst == '-' ? "./" : "");
	buf_append_str(&map->stage_path, map_dst_path(map, MAP_OWN_NAME));
	buf_append_str(&map->stage_path, "/");
	snprintf(map->stage_name, sizeof(map->stage_name),
	         MAP_STAGE_PREFIX "%s", random + sizeof(".pcopy.") - 1);
	buf_append_str(&map->stage_path, map->stage_name);
	rc = mkdirat(map->own_fd, map->stage_name, 0700) < 0 ? -errno : 0;
	if (rc == 0) {
		map->stage_fd =
			tree_open_child(map->own_fd, map->stage_name, 0);
		rc = map->stage_fd < 0 ? map->stage_fd : 0;
	}
	return rc < 0 ? say(map, map->stage_path.data, "cannot be made", rc,
	                    EXIT_NOT_STARTED)
	              : EXIT_ALL_DONE;
}

/* What is checked before anything is made. */
static int guard(struct map *map)
{
	uint64_t n_found = 0;

	if (map->settings->checks) {
		if (map->has_record)
			return EXIT_ALL_DONE;
		return say(map, map->settings->dst,
		           "has no record of what was made", 0,
		           EXIT_NOT_STARTED);
	}
	if (map_guard_names(map, &n_found) < 0)
		return EXIT_REFUSED;
	if (map->settings->deletes && n_found == 0 && map->record.n_slots > 0)
		return say(map, map->settings->src,
		           "is empty: all outputs would be deleted", 0,
		           EXIT_REFUSED);
	if (map->settings->deletes && map->has_record &&
	    map_guard_mounts(map) < 0)
		return EXIT_REFUSED;
	return EXIT_ALL_DONE;
}

/* That it is not there is seen before anything is made. */
static int find_command(struct map *map)
{
	struct each_template template;
	struct buf program = {0};
	int rc = 0;

	if (map->settings->checks)
		return EXIT_ALL_DONE;
	each_template_init_out(&template, map->each.command,
	                       map->each.n_command);
	const char *name = each_template_constant(&template, 0);
	if (name)
		rc = each_spawn_find(name, &program);
	if (rc < 0) {
		map_say(map, *name ? name : "''", "cannot run the command",
		        -rc);
		map->jobs->exit_status = each_spawn_status(rc);
	}
	each_template_release(&template);
	buf_release(&program);
	return rc < 0 ? map->jobs->exit_status : EXIT_ALL_DONE;
}

int map_open(struct map *map)
{
	bool changes = !only_looks(map);
	void *memory = NULL;
	int status = open_src(map);

	if (!status)
		status = open_dst(map);
	if (!status)
		status = open_own(map, false);
	if (!status)
		status = map_open_record(map);
	if (!status)
		status = guard(map);
	if (!status)
		status = find_command(map);
	if (!status)
		status = make_dst(map);
	if (!status && changes)
		status = open_own(map, true);
	if (!status && changes && !map->has_record)
		status = map_open_record(map);
	if (!status && changes)
		status = open_stage(map);
	if (!status && mp_shm_map(sizeof(*map->shared), &memory) < 0)
		status = say(map, "memory", "cannot be shared", -ENOMEM,
		             EXIT_NOT_STARTED);
	map->shared = memory;
	return status;
}

void map_close(struct map *map)
{
	if (map->has_record)
		map_record_close(&map->record);
	map->stage_fd = fd_close(map->stage_fd);
	/* If something is left in it, the next run sweeps it up. */
	if (map->stage_name[0])
		(void)node_remove(map->own_fd, map->stage_name, true);
	map->lock_fd = fd_close(map->lock_fd);
	map->own_fd = fd_close(map->own_fd);
	map->dst_fd = fd_close(map->dst_fd);
	map->src_fd = fd_close(map->src_fd);
}
