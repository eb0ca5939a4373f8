/* SPDX-License-Identifier: MIT */
/* engine/settings.h - what a run was asked to do
 *
 * Filled by the command line before anything starts, then constant; workers
 * inherit it through the fork. */
#ifndef ENGINE_SETTINGS_H
#define ENGINE_SETTINGS_H

#include "base/base.h"
#include "fs/data.h"
#include "fs/dress.h"

/* When an existing destination file is replaced. */
enum update_rule {
	UPDATE_CHANGED, /* its type, size or mtime differs from the source's */
	UPDATE_OLDER,   /* its mtime is older than the source's */
	UPDATE_ALL,     /* always */
	UPDATE_NONE,    /* never: what exists is left alone */
};

/* Which symbolic links of the source are replaced by what they lead to. */
enum follow {
	FOLLOW_NONE,
	FOLLOW_OPERANDS, /* -H */
	FOLLOW_ALL,      /* -L */
};

struct settings {
	unsigned n_workers; /* 1 and up */
	size_t queue_depth; /* tasks waiting besides those in hand, 1 and up */
	/* So many when they are seen to wait for a disk; 0: as above. */
	unsigned n_workers_waiting;
	/* The same where file systems are far; 0: the same as above. */
	unsigned n_workers_far;
	size_t queue_depth_far;
	enum update_rule update;
	bool is_dry_run;         /* say what would be done, change nothing */
	bool is_one_file_system; /* leave directories of other ones out */
	bool is_inplace;         /* write under the final name */
	bool is_forced; /* --force: a directory may take a file's place and the
			   reverse; locked entries may be changed */
	bool drops_unsafe; /* links: --safe-links, see engine/bounds.h */
	bool keeps_links;  /* hard links among what is copied */
	unsigned keep;     /* enum dress_what: what is preserved */
	unsigned demanded; /* of these, what the user asked for by name */
	bool demands_links;
	enum data_reflink reflink;
	enum data_sparse sparse;
	enum follow follow;
	bool lists_entries;   /* tell the observer what is done to entries */
	bool lists_unchanged; /* and about those that stay as they are */
	uint32_t umask; /* of the user, for directories that are no copy */
};

/* What is copied where. One source and no trailing slash: dst is the copy;
 * else the copies go into dst under their own names. All borrowed. */
struct operands {
	const char *const *sources;
	size_t n_sources;
	const char *dst;
	bool into_dst;   /* -t, a slash behind DST, or several sources */
	bool makes_into; /* then: DST may be made */
	bool is_exact;   /* DST is the copy, never a directory for it */
	bool makes_way;  /* --mkpath: missing parents of DST are made */
	/* A copy's name below DST is the path of its source; of the latter, as
	 * far as it stands behind a /./ in it. */
	bool keeps_path, keeps_relative;
};

#endif
