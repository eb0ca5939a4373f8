/* SPDX-License-Identifier: MIT */
#include "engine/map_walk.h"

#include <errno.h>
#include <string.h>

void map_walk_open(struct map_walk *walk, const struct map_settings *settings,
                   const struct each_filter *filter)
{
	*walk = (struct map_walk){
		.settings = settings,
		.filter = filter,
		.all = {.types = EACH_FILES | EACH_DIRS | EACH_LINKS |
	                         EACH_OTHERS},
	};
	map_name_init(&walk->name, &settings->to);
	each_tree_open(&walk->tree, &walk->all, &settings->src, 1);
}

void map_walk_close(struct map_walk *walk)
{
	each_tree_close(&walk->tree);
	map_name_release(&walk->name);
	buf_release(&walk->dir);
	buf_release(&walk->out);
}

static int name_output(struct map_walk *walk, struct map_found *found)
{
	size_t len = strlen(found->path);
	int rc = 0;

	if (found->is_selected) {
		rc = map_name_make(&walk->name, found->path, len, &walk->out,
		                   &walk->what);
	} else {
		buf_truncate(&walk->out, 0);
		buf_append(&walk->out, found->path, len);
	}
	found->out = walk->out.data;
	found->out_len = walk->out.len;
	return rc;
}

/* Whether something of DST comes from it. */
static bool has_output(const struct map_walk *walk,
                       const struct map_found *found)
{
	if (found->type == EACH_DIRS)
		return walk->name.is_below ||
		       walk->settings->otherwise != MAP_ELSE_SKIP;
	return found->is_selected || walk->settings->otherwise != MAP_ELSE_SKIP;
}

int map_walk_next(struct map_walk *walk, struct map_found *found)
{
	struct each_tree *tree = &walk->tree;
	struct each_item item;
	int rc = each_tree_next(tree, &item);

	walk->what = tree->what;
	if (rc <= 0)
		return rc;
	if (tree->type == EACH_DIRS) {
		/* The tree has a slash behind it, and needs that. */
		buf_truncate(&walk->dir, 0);
		buf_append(&walk->dir, item.text, item.len);
		item.text = walk->dir.data;
	}
	struct each_text base =
		each_item_base((struct each_text){item.text, item.len});
	*found = (struct map_found){
		.item = item,
		.path = item.text + item.root_len,
		.base = base.text,
		.dir_fd = each_tree_fd(tree),
		.type = tree->type,
	};
	found->is_selected = found->type == EACH_FILES &&
	                     each_filter_takes(walk->filter, base);
	rc = has_output(walk, found) ? name_output(walk, found) : 0;
	return rc < 0 ? rc : 1;
}
