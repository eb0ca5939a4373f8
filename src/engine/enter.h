/* SPDX-License-Identifier: MIT */
/* engine/enter.h - the two sides of a directory that the walk comes to
 *
 * Model     its source is opened and looked at before it is read; its
 *           destination is made, or made fit to be worked in: --force removes
 *           what is in the way or locked, and what an existing directory
 *           allows others beyond its source is taken away first
 * Errors    negative errno and a fault */
#ifndef ENGINE_ENTER_H
#define ENGINE_ENTER_H

#include "base/base.h"
#include "engine/dirs.h"
#include "engine/worker.h"
#include "fs/fault.h"

struct enter {
	struct worker *worker; /* trees, settings, site */
	struct dirs *dirs;
};

/* Opens dir's source and notes what it is like. Returns a descriptor that
 * belongs to the worker's cache. */
int enter_open_src(const struct enter *enter, struct dir *dir,
                   struct fault *fault);

/* The same note for a source that may not be read: it still gets its place. */
int enter_read_unreadable(const struct enter *enter, struct dir *dir);

/* Makes or opens dir's destination below its parent's, and sets its flags.
 * src_fd is that of enter_open_src, or negative. */
int enter_make_dst(const struct enter *enter, struct dir *dir, int src_fd,
                   struct fault *fault);

bool enter_is_other_file_system(const struct enter *enter,
                                const struct dir *dir);

/* Takes from an existing destination directory what its source does not allow
 * others, or its owner. */
int enter_close_to_others(struct worker *worker, struct meta_target dst_dir,
                          int src_fd, const struct meta *src,
                          const struct meta *dst, struct fault *fault);

/* A directory does not pass a project on until it is finished, as nothing of
 * another project could be linked into it. */
void enter_stop_project(const struct enter *enter, struct dir *dir, int dst_fd);

/* With --force: lets the root of a copy take entries although it is locked. */
void enter_unlock_root(const struct settings *settings, int dst_fd);

#endif
