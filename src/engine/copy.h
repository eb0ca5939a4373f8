/* SPDX-License-Identifier: MIT */
/* engine/copy.h - one entry: what to do with it, and doing it
 *
 * Model     the rules of an update, then the steps of a copy in the order that
 *           keeps it faithful: data, owner, attributes, permissions, times,
 *           name, flags. Works on the two directories of a batch.
 * Callers   a worker, or the master for a batch that no slot can hold
 * Blocking  as the files do; progress may stop a copy
 * Errors    an outcome and a fault; nothing unpublished is left behind */
#ifndef ENGINE_COPY_H
#define ENGINE_COPY_H

#include "base/base.h"
#include "engine/job.h"
#include "engine/ranges.h"
#include "engine/settings.h"
#include "fs/alias.h"
#include "fs/data.h"
#include "fs/dress.h"
#include "fs/fault.h"
#include "fs/stage.h"
#include "fs/traits.h"

/* What stays the same for a worker's whole life. */
struct copy_tools {
	const struct settings *settings;
	struct traits_table traits;     /* of destinations */
	struct traits_table any_traits; /* of either, for flags */
	struct alias_list names;        /* of a destination directory */
	struct xattr_scratch xattrs;
	struct buf link, other_link;
	struct data_io io;
	struct ranges ranges;
};
void copy_tools_release(struct copy_tools *tools);

/* What stays the same within a batch. */
struct copy_dirs {
	int src_fd, dst_fd; /* dst_fd is -1 in a dry run without one */
	bool dst_is_empty;  /* this run made it */
	size_t depth;       /* names between the tree's root and them */
	/* Who else can, or could before this run, put entries into it
	 * (held_writer). */
	uint32_t writer_now, writer_before;
	bool is_closed;     /* nobody else can find anything in it */
	bool dst_is_locked; /* immutable or append-only */
	uint64_t dst_dev;
	struct traits *traits;      /* of dst_fd */
	struct alias_kinds aliases; /* of names in dst_fd */
	struct stage_room room;     /* where files are made, or none */
	bool is_ours; /* nobody else decides what files are born with here */
	bool inherits_acl; /* new files start with an ACL */
	bool knows_new;    /* what a new file here is born with: */
	struct meta new_meta;
	struct flags new_flags;
	bool notes_made;
	struct job_leader made; /* the copy, of an entry with several names */
	/* What was left alone by the update rule is not the source's content:
	 * no other name of the source may be linked to it. */
	bool is_other;
	struct meta shared; /* of the last copy that was left alone and has
				  several names; ino 0: it was none */
	char *note;         /* STAGE_NAME_MAX bytes, survive a death */
};

/* Before a batch: what follows from the destination directory being like that.
 */
void copy_dirs_know(struct copy_tools *tools, struct copy_dirs *dirs,
                    const struct meta *dst);

enum copy_outcome {
	COPY_MADE,      /* made anew or replaced */
	COPY_UNCHANGED, /* left as it is */
	COPY_MENDED,    /* content as it is, metadata put right */
	COPY_LEFT_OUT,  /* a link that leads out of the tree */
	COPY_VANISHED,  /* the source is gone or is something else now */
	COPY_UNSTABLE,  /* made, but the source changed at every try */
	COPY_IN_WAY,    /* with --force: a directory has the name */
	COPY_LINK_FULL, /* the leader takes no more links */
	COPY_NO_PLACE,  /* the target has no place for its kind, counts say */
	COPY_STOPPED,   /* the run is being stopped */
	COPY_FAILED,
};

/* Copies one entry; counts gets what was lost, the caller counts the outcome.
 * fault is set for VANISHED, UNSTABLE and FAILED. */
enum copy_outcome copy_entry(struct copy_tools *tools, struct copy_dirs *dirs,
                             const struct job_entry *entry,
                             struct counts *counts, struct fault *fault);

/* The same for a further name of a file whose first one has been copied: to
 * leader, an entry of leader_fd. Where no link can be made (across file
 * systems, or by some) the entry is copied and *leads says that it is a first
 * name. */
enum copy_outcome copy_link(struct copy_tools *tools, struct copy_dirs *dirs,
                            const struct job_entry *entry, int leader_fd,
                            const char *leader, bool *leads,
                            struct counts *counts, struct fault *fault);

#endif
