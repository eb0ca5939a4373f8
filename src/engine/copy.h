/* SPDX-License-Identifier: MIT */
/* engine/copy.h - one entry: what to do with it, and doing it
 *
 * Model     the rules of an update, then the steps of a copy in the order that
 *           keeps it faithful: data, owner, attributes, permissions, times,
 *           name. Works on the two directories of a batch.
 * Callers   a worker, or the master for a batch that no slot can hold
 * Blocking  as the files do; progress may stop a copy
 * Errors    an outcome and a fault; nothing unpublished is left behind */
#ifndef ENGINE_COPY_H
#define ENGINE_COPY_H

#include "base/base.h"
#include "engine/job.h"
#include "engine/settings.h"
#include "fs/data.h"
#include "fs/fault.h"
#include "fs/traits.h"
#include "fs/xattr.h"

/* What stays the same for a worker's whole life. */
struct copy_tools {
	const struct settings *settings;
	struct traits_table traits;
	struct xattr_scratch xattrs;
	struct buf link, other_link;
	struct data_io io;
};

/* What stays the same within a batch. */
struct copy_dirs {
	int src_fd, dst_fd;    /* dst_fd is -1 in a dry run without one */
	bool dst_is_empty;     /* this run made it */
	struct traits *traits; /* of dst_fd */
	bool inherits_acl;     /* new files start with an ACL */
	bool knows_new_owner;  /* the owner that new files get here */
	uint32_t new_uid, new_gid;
	char *note; /* STAGE_NAME_MAX bytes, survive a death */
};

/* Looks at a destination directory before a batch. */
int copy_dirs_open(struct copy_tools *tools, struct copy_dirs *dirs);

enum copy_outcome {
	COPY_MADE,      /* made anew or replaced */
	COPY_UNCHANGED, /* left as it is */
	COPY_MENDED,    /* content as it is, metadata put right */
	COPY_VANISHED,  /* the source is gone or is something else now */
	COPY_UNSTABLE,  /* made, but the source changed at every try */
	COPY_STOPPED,   /* the run is being stopped */
	COPY_FAILED,
};

/* Copies one entry; counts gets what was lost and the bytes moved, the caller
 * counts the outcome. fault is set for VANISHED, UNSTABLE and FAILED. */
enum copy_outcome copy_entry(struct copy_tools *tools, struct copy_dirs *dirs,
                             const struct job_entry *entry,
                             struct counts *counts, struct fault *fault);

void copy_tools_release(struct copy_tools *tools);

#endif
