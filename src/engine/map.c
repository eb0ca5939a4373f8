/* SPDX-License-Identifier: MIT */
/* A run: the two trees are opened and held against each other, names are
 * checked, the directory of our own in DST is locked, what killed runs left
 * there is swept up; then the pool works; then the tree is tidied and the
 * record closed. Until the names are checked nothing is changed. */
#include "base/fd.h"
#include "engine/map_guard.h"
#include "engine/map_open.h"
#include "engine/map_parts.h"
#include "fs/node.h"
#include "mp/shm.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- what all parts use ---- */

const char *map_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

size_t map_dir_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

static const char *join(struct buf *out, const char *root, const char *name)
{
	buf_truncate(out, 0);
	buf_append_str(out, root);
	if (*name && out->len > 0 && out->data[out->len - 1] != '/')
		buf_append_char(out, '/');
	buf_append_str(out, name);
	return out->data;
}

const char *map_dst_path(struct map *map, const char *name)
{
	return join(&map->path, map->settings->dst, name);
}

const char *map_src_path(struct map *map, const char *name)
{
	return join(&map->path, map->settings->src, name);
}

void map_say(struct map *map, const char *path, const char *what, int err)
{
	map->observer->on_fault(map->observer->ctx, path, what, err);
}

void map_list(struct map *map, const char *action, const char *out,
              const char *why)
{
	if (map->settings->lists)
		map->lister->on_entry(map->lister->ctx, action,
		                      map_dst_path(map, out), why);
}

void map_list_current(struct map *map, const char *out)
{
	if (map->settings->lists_current)
		map_list(map, "current", out, "");
}

/* ---- the pool ---- */

/* What the command has no placeholder for, it gets as a descriptor. */
static void look_at_command(struct map *map)
{
	struct each_template template;

	each_template_init_out(&template, map->each.command,
	                       map->each.n_command);
	map->prints_output = template.has_out;
	map->is_filter = !template.has_out && !template.has_item;
	each_template_release(&template);
}

static int run_pool(struct map *map)
{
	map->hooks = (struct each_hooks){
		.next = map->settings->checks ? map_check_next : map_plan_next,
		.on_note = map_on_note,
		.add_text = map_add_text,
		.reason = map_reason_text,
		.begin = map_begin,
		.finish = map_finish,
		.ctx = map,
	};
	map->each.hooks = &map->hooks;
	map->each.n_items = 1;
	return run_each(&map->each, map->observer, map->jobs);
}

/* The same decisions, and nothing done about them. */
static int run_dry(struct map *map)
{
	struct each_source source = {0};
	struct each_item item;
	int rc;

	while ((rc = map_plan_next(map, &source, &item)) != 0) {
		if (rc == -EAGAIN)
			continue;
		map->jobs->n_failed++;
		map_say(map, source.name, source.what, rc == -EILSEQ ? 0 : -rc);
	}
	return map->jobs->n_failed ? EXIT_SOME_FAILED : EXIT_ALL_DONE;
}

/* ---- the end ---- */

static bool was_stopped(const struct map *map)
{
	return map->jobs->progress.signal_number || map->jobs->is_halted ||
	       map->jobs->is_broken;
}

static bool keeps_shape(const struct map *map)
{
	return map->walk.name.is_below ||
	       map->settings->otherwise != MAP_ELSE_SKIP;
}

static void delete_gone(struct map *map)
{
	if (!map->settings->deletes || !map->has_record)
		return;
	if (map->has_failed_walk || was_stopped(map)) {
		map_say(map, map->settings->src,
		        "was not seen to its end, so nothing is deleted", 0);
		return;
	}
	/* As it is now: an output may have another source since. */
	if (!map->settings->is_dry_run && map_open_record(map) < 0)
		return;
	map_delete_gone(map);
}

/* All outputs first, then the word that they are there. */
static void make_durable(struct map *map)
{
	uint64_t n_bytes = map->record.ledger.end;

	/* A run that made nothing writes nothing. */
	if (!map->has_record || map->record.is_covered ||
	    syncfs(map->dst_fd) < 0)
		return;
	if (map_record_cover(&map->record, n_bytes) == 0)
		/* If not, the work is done once more after a power cut. */
		(void)fdatasync(map->record.ledger.fd);
}

static int tidy(struct map *map, int status)
{
	if (!map->settings->is_dry_run && !was_stopped(map) && keeps_shape(map))
		map_dress_dirs(map);
	delete_gone(map);
	if (!map->settings->is_dry_run)
		make_durable(map);
	return status == EXIT_ALL_DONE && map->jobs->n_failed ? EXIT_SOME_FAILED
	                                                      : status;
}

static int check_status(const struct map *map, int status)
{
	return status == EXIT_ALL_DONE && map->tally->n_different
	               ? EXIT_DIFFERENT
	               : status;
}

static int run_opened(struct map *map)
{
	int status;

	if (map->settings->checks)
		return check_status(map, run_pool(map));
	map_walk_open(&map->walk, map->settings, &map->each.filter);
	status = map->settings->is_dry_run ? run_dry(map) : run_pool(map);
	if (status == EXIT_ALL_DONE || status == EXIT_SOME_FAILED)
		status = tidy(map, status);
	map_walk_close(&map->walk);
	return status;
}

static void release(struct map *map)
{
	map_close(map);
	tree_cache_release(&map->cache);
	buf_release(&map->stage_path);
	buf_release(&map->job);
	buf_release(&map->path);
	buf_release(&map->out);
	mp_shm_unmap(map->shared, sizeof(*map->shared));
}

int run_map(const struct map_settings *settings,
            const struct each_settings *each,
            const struct each_observer *observer,
            const struct map_observer *lister, struct map_tally *tally,
            struct each_tally *jobs)
{
	struct map map = {
		.settings = settings,
		.each = *each,
		.observer = observer,
		.lister = lister,
		.tally = tally,
		.jobs = jobs,
		.src_fd = -1,
		.dst_fd = -1,
		.own_fd = -1,
		.lock_fd = -1,
		.stage_fd = -1,
		.record = {.ledger = {.fd = -1}},
	};

	*tally = (struct map_tally){0};
	*jobs = (struct each_tally){0};
	look_at_command(&map);
	int status = map_open(&map);
	if (status == EXIT_ALL_DONE)
		status = run_opened(&map);
	release(&map);
	return status;
}
