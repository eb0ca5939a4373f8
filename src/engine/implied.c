/* SPDX-License-Identifier: MIT */
#include "engine/implied.h"

void implied_begin(struct feed *feed)
{
	const struct site *site = feed->worker->site;

	for (size_t i = site->n_sources; i < site->n_pairs; i++) {
		const struct pair *pair = &site->pairs[i];
		struct dir *dir =
			dirs_add(feed->dirs, NULL, (uint32_t)i, "", 0);

		dir->meta = pair->meta;
		dir->dst_dev = pair->dst_meta.dev;
		dir->dst_ino = pair->dst_meta.ino;
		dir->flags =
			pair->dst_is_missing ? DIR_DST_MISSING : DIR_DST_EMPTY;
		feed->tally->n_dirs_total++;
		feed->observer.made_dir(feed->observer.ctx, dir);
	}
}

void implied_end(struct dirs *dirs)
{
	const struct site *site = dirs->worker->site;
	struct dir *next;

	for (struct dir *dir = dirs->all; dir; dir = next) {
		next = dir->next;
		if (site->pairs[dir->operand].is_implied)
			dirs_let_go(dirs, dir);
	}
}
