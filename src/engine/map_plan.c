/* SPDX-License-Identifier: MIT */
/* What is to be done, found out while walking: each file of SRC is held
 * against the record and against what stands in DST. What is current is counted
 * and passed over; anything else becomes an item of the pool. */
#include "base/fd.h"
#include "engine/map_parts.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files looked at before the loop has its turn. */
#define STEPS_MAX 64

/* One file and its output, as they are. */
struct look {
	const struct map_found *found;
	enum map_do to_do;
	struct meta src, out;
	bool is_there; /* the output */
	bool is_known; /* on record, as entry */
	struct map_entry entry;
	bool may_be_current; /* its content decides */
};

static bool has_kind(const struct look *look)
{
	switch (look->to_do) {
	case MAP_DO_COPY:
		return look->entry.kind == MAP_COPIED;
	case MAP_DO_LINK:
		return look->entry.kind == MAP_LINKED;
	case MAP_DO_RUN:
	case MAP_DO_ADOPT:
	case MAP_DO_CHECK:
		break;
	}
	return look->entry.kind == MAP_MADE;
}

/* A copy has these of its source, so they must not differ. */
static bool has_attributes(const struct look *look)
{
	return look->to_do != MAP_DO_COPY ||
	       (look->src.mode == look->out.mode &&
	        look->src.uid == look->out.uid &&
	        look->src.gid == look->out.gid);
}

/* Why the source's content may not be what the output was made from. */
static const char *why_other_content(struct map *map, struct look *look)
{
	bool by_hash = map->settings->stale == MAP_STALE_HASH &&
	               look->to_do == MAP_DO_RUN;

	if (look->to_do == MAP_DO_LINK)
		return meta_same_inode(&look->src, &look->out)
		               ? NULL
		               : "source changed";
	if (by_hash && look->entry.src.size == look->src.size) {
		look->may_be_current = look->entry.src.is_hashed;
		return "source not compared";
	}
	return map_facts_match(&look->entry.src, &look->src) &&
	                       has_attributes(look)
	               ? NULL
	               : "source changed";
}

/* Why the output has to be made, NULL if it has not. */
static const char *why_stale(struct map *map, struct look *look)
{
	const struct map_settings *settings = map->settings;

	if (!look->is_there)
		return look->is_known ? "output missing" : "new";
	if (!look->is_known)
		return look->to_do == MAP_DO_LINK &&
		                       meta_same_inode(&look->src, &look->out)
		               ? NULL
		               : "not on record";
	if (!has_kind(look))
		return "made otherwise";
	if (strcmp(look->entry.src_name, look->found->path) != 0)
		return "made from another source";
	if (!map_facts_match(&look->entry.out, &look->out))
		return "output changed";
	if (settings->stale == MAP_STALE_ALWAYS)
		return "always";
	if (look->to_do == MAP_DO_RUN && !settings->ignores_command &&
	    !map_record_is_same_command(&map->record, look->entry.command))
		return "command changed";
	return why_other_content(map, look);
}

static void look_at_output(struct map *map, struct look *look)
{
	const char *out = look->found->out;
	int fd = map->dst_fd < 0
	                 ? -ENOENT
	                 : tree_open(&map->dst_tree, out, map_dir_len(out));

	look->is_there =
		fd >= 0 && meta_read_at(fd, map_base(out), &look->out) == 0;
	look->is_known = map->has_record &&
	                 map_record_find(&map->record, out, &look->entry);
}

/* Without a worker, as nothing is run. */
static const char *compare_now(struct map *map, const struct look *look)
{
	char buffer[16384];
	const struct hash_io io = {.buffer = buffer, .size = sizeof(buffer)};
	struct hash hash;

	(void)map;
	if (map_hash_at(&io, look->found->dir_fd, look->found->base, &hash) < 0)
		return "source not compared";
	return memcmp(&hash, &look->entry.src.hash, sizeof(hash)) == 0
	               ? NULL
	               : "source changed";
}

static const char *action_text(enum map_do to_do)
{
	static const char *const texts[] = {
		[MAP_DO_RUN] = "make",    [MAP_DO_COPY] = "copy",
		[MAP_DO_LINK] = "link",   [MAP_DO_ADOPT] = "adopt",
		[MAP_DO_CHECK] = "check",
	};

	return texts[to_do];
}

/* The path at which a command finds its unfinished output. */
static void make_stage_path(struct map *map, uint64_t number, const char *out)
{
	buf_truncate(&map->out, 0);
	buf_append(&map->out, map->stage_path.data, map->stage_path.len);
	buf_printf(&map->out, "/%llu/%s", (unsigned long long)number,
	           map_base(out));
}

static void make_item(struct map *map, const struct map_found *found,
                      struct map_job job, uint64_t bytes,
                      struct each_item *item)
{
	job.number = ++map->n_items;
	job.src_len = (uint32_t)strlen(found->path);
	job.out_len = (uint32_t)strlen(found->out);
	buf_truncate(&map->job, 0);
	buf_append(&map->job, &job, sizeof(job));
	buf_append(&map->job, found->path, (size_t)job.src_len + 1);
	buf_append(&map->job, found->out, (size_t)job.out_len + 1);
	make_stage_path(map, job.number, found->out);
	*item = found->item;
	item->bytes = bytes;
	item->out = (struct each_text){map->out.data, map->out.len};
	item->extra = (struct each_text){map->job.data, map->job.len};
}

/* 1 an item, 0 nothing is to be done; else map->path says where it failed. */
static int plan_file(struct map *map, const struct map_found *found,
                     struct each_item *item)
{
	struct look look = {.found = found, .to_do = MAP_DO_RUN};
	int rc = meta_read_at(found->dir_fd, found->base, &look.src);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (!found->is_selected)
		look.to_do = map->settings->otherwise == MAP_ELSE_COPY
		                     ? MAP_DO_COPY
		                     : MAP_DO_LINK;
	/* It is something else since the walk saw it. */
	if (meta_is(&look.src, S_IFDIR) ||
	    (found->is_selected && !meta_is(&look.src, S_IFREG)))
		return 0;
	look_at_output(map, &look);
	const char *why = why_stale(map, &look);
	if (why && look.may_be_current && map->settings->is_dry_run)
		why = compare_now(map, &look);
	if (why && map->settings->adopts && found->is_selected &&
	    look.is_there && meta_is(&look.out, S_IFREG))
		look.to_do = MAP_DO_ADOPT;
	if (!why || map->settings->is_dry_run) {
		map->tally->n_current += why == NULL;
		if (why)
			map_list(map, action_text(look.to_do), found->out, why);
		else
			map_list_current(map, found->out);
		return 0;
	}
	rc = map_make_dirs(map, found->out, map_dir_len(found->out), 0777);
	if (rc < 0)
		return rc;
	make_item(map, found,
	          (struct map_job){.to_do = look.to_do,
	                           .may_be_current = look.may_be_current,
	                           .known = look.entry.src},
	          look.src.size, item);
	return 1;
}

/* The last component of a path, whose directory is there. */
static int make_last(struct map *map, const char *path, size_t parent_len,
                     size_t len, uint32_t mode)
{
	size_t start = parent_len + (parent_len > 0);
	int fd = tree_open(&map->dst_tree, path, parent_len);

	if (fd < 0)
		return fd;
	char *name = xstrndup(path + start, len - start);
	int rc = mkdirat(fd, name, mode) < 0 && errno != EEXIST ? -errno : 0;
	free(name);
	return rc;
}

int map_make_dirs(struct map *map, const char *path, size_t len, uint32_t mode)
{
	int fd = tree_open(&map->dst_tree, path, len);
	int rc = fd < 0 ? fd : 0;

	if (rc != -ENOENT)
		return rc;
	rc = 0;
	for (size_t done = 0; rc == 0 && done < len;) {
		size_t start = done + (done > 0);
		const char *slash = memchr(path + start, '/', len - start);
		size_t end = slash ? (size_t)(slash - path) : len;

		rc = make_last(map, path, done, end, end < len ? 0777 : mode);
		done = end;
	}
	return rc;
}

/* A directory of SRC has one in DST that we can work in. It gets its mode and
 * times when all is done. */
static int plan_dir(struct map *map, const struct map_found *found)
{
	size_t len = strlen(found->out);
	struct meta src, dst;
	int rc = meta_read(found->dir_fd, &src);

	if (map->settings->is_dry_run || rc < 0)
		return rc;
	rc = map_make_dirs(map, found->out, len, (src.mode & 0777) | S_IRWXU);
	int fd = rc < 0 ? rc : tree_open(&map->dst_tree, found->out, len);
	/* Ours, but we may not work in it; made by an earlier run. */
	if (fd == -EACCES) {
		fd = tree_open(&map->dst_tree, found->out,
		               map_dir_len(found->out));
		rc = fd < 0 ? fd
		            : node_make_dir(fd, map_base(found->out), &dst);
		return rc < 0 ? rc : 0;
	}
	if (fd >= 0 && meta_read(fd, &dst) == 0 && dst.uid == geteuid() &&
	    (dst.mode & S_IRWXU) != S_IRWXU &&
	    fchmod(fd, (dst.mode & META_PERMS) | S_IRWXU) < 0)
		return -errno;
	return fd < 0 ? fd : 0;
}

int map_plan_next(void *ctx, struct each_source *source, struct each_item *item)
{
	struct map *map = ctx;
	struct map_found found;

	map->walk.tree.own = &source->own;
	for (int i = 0; i < STEPS_MAX; i++) {
		int rc = map_walk_next(&map->walk, &found);

		source->name = map->walk.tree.path.data;
		source->what = map->walk.what;
		map->tally->n_found += rc == 1 && found.is_selected;
		if (rc == 1 && found.out) {
			rc = found.type == EACH_DIRS
			             ? plan_dir(map, &found)
			             : plan_file(map, &found, item);
			if (rc < 0) {
				source->name = map_dst_path(map, found.out);
				source->what = "make its directory";
			}
			if (rc == 0)
				rc = -EAGAIN;
		} else if (rc == 1) {
			rc = -EAGAIN;
		}
		if (rc != -EAGAIN) {
			map->has_failed_walk |= rc < 0;
			/* There is no errno to tell of. */
			return rc == -EINVAL ? -EILSEQ : rc;
		}
	}
	return -EAGAIN;
}

int map_check_next(void *ctx, struct each_source *source,
                   struct each_item *item)
{
	struct map *map = ctx;
	struct map_entry entry;

	(void)source;
	if (!map_record_next(&map->record, &map->i_entry, &entry))
		return 0;
	const char *path = map_dst_path(map, entry.out_name);
	const struct map_found found = {
		.item = {.text = path, .len = strlen(path)},
		.path = entry.src_name,
		.out = entry.out_name,
	};
	make_item(map, &found,
	          (struct map_job){.to_do = MAP_DO_CHECK, .known = entry.out},
	          entry.out.size, item);
	return 1;
}
