/* SPDX-License-Identifier: MIT */
/* engine/map.h - a tree from a tree, through a command
 *
 * Model     for each file of SRC that the filters select, a command makes the
 *           file of DST that the template names; what is up to date is left
 *           alone. Jobs run on the pool of engine/each.h. What was made from
 *           what is kept in DST/.pcopy-map (engine/map_record.h), where also
 *           the unfinished outputs are.
 * Blocking  until all jobs have ended
 * Memory    some 32 bytes for each output on record, and while names are
 *           checked for being given twice, the same for each source
 * Death     an output is there whole or not at all, and on record only when it
 *           is there. What a killed run left is swept up by the next one.
 * Errors    told to the observer and counted; the exit status says the rest */
#ifndef ENGINE_MAP_H
#define ENGINE_MAP_H

#include "base/base.h"
#include "engine/each.h"

/* In DST; no output can have this name. */
#define MAP_OWN_NAME EACH_OWN_DIR

/* Files that the filters do not select. */
enum map_else {
	MAP_ELSE_SKIP,
	MAP_ELSE_COPY,
	MAP_ELSE_LINK,
};

/* When an output is made again. */
enum map_stale {
	MAP_STALE_AUTO,   /* size or mtime of the source differ from before */
	MAP_STALE_HASH,   /* its content does */
	MAP_STALE_ALWAYS, /* whatever they are */
};

struct map_settings {
	const char *src, *dst;
	const char *to;
	enum map_else otherwise;
	enum map_stale stale;
	bool ignores_command;
	bool takes_times;
	bool deletes;
	bool adopts;
	bool checks; /* hash outputs, and do nothing else */
	bool is_dry_run;
	bool lists;         /* tell the observer about each file .. */
	bool lists_current; /* .. and about those that are up to date */
};

struct map_tally {
	uint64_t n_found; /* files in SRC that the filters take */
	uint64_t n_made, n_copied, n_linked, n_adopted;
	uint64_t n_current; /* left alone */
	uint64_t n_deleted;
	uint64_t n_kept; /* not deleted, as they are not as they were made */
	uint64_t n_same, n_different; /* of check */
	uint64_t n_empty;             /* made of sources that are not */
};

struct map_observer {
	/* What is, or would be, done to an output, and why or "". */
	void (*on_entry)(void *ctx, const char *action, const char *path,
	                 const char *why);
	void *ctx;
};

/* The filter, the command and the policy are in each, the rest in settings. */
int run_map(const struct map_settings *settings,
            const struct each_settings *each,
            const struct each_observer *observer,
            const struct map_observer *lister, struct map_tally *tally,
            struct each_tally *jobs);

#endif
