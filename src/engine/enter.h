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

/* A directory below a root. */
struct enter_dir {
	uint32_t operand;
	const char *path;  /* below the roots */
	size_t path_len;   /* 1 and up */
	uint32_t up_flags; /* enum dir_flags of the directory it is in */
	/* found out here */
	struct meta meta;  /* of the source */
	bool is_elsewhere; /* -x: it is not to be opened */
	uint32_t flags;    /* enum dir_flags */
	uint64_t dst_dev, dst_ino;
	uint32_t dst_writer;
};

/* What an entry that was listed is like. Fails with -ENOENT when it is gone, or
 * when it is a link to be followed that leads nowhere. */
int enter_look(const struct worker *worker, int dir_fd, const char *name,
               struct meta *out, bool *has_vanished);

/* Opens dir's source and notes what it is like. Returns a descriptor that
 * belongs to the worker's cache. With -x what is mounted there is not opened:
 * that fails, is_elsewhere is set, and the note is what could be had. */
int enter_open_src(struct worker *worker, struct enter_dir *dir,
                   struct fault *fault);

/* A descriptor to read the names from, once, of what enter_open_src gave; the
 * caller closes it. The root's is shared by all processes, so is its offset, and
 * it was opened as the user's word: it is opened again, unless it can be read
 * but not entered. */
int enter_open_names(int fd, bool is_root);

/* The same note for a source that may not be read: it still gets its place. */
int enter_read_unreadable(struct worker *worker, struct enter_dir *dir);

/* The length of the path of the directory that path[0..len) is in. */
size_t enter_upper_len(const struct enter_dir *dir, size_t len);

/* True when dir, just opened, is the directory above it whose path is so long
 * and which has the same device and number: by a mount, a link that is followed,
 * or as the file system has it so. */
bool enter_is_upper(struct worker *worker, const struct enter_dir *dir,
                    size_t upper_len);
int enter_refuse_loop(struct fault *fault);

/* Makes or opens dir's destination below its parent's, and sets its flags.
 * src_fd is that of enter_open_src, or negative. -ENOTDIR, and DIR_IN_WAY
 * among the flags: what is in the way has to be removed first. */
int enter_make_dst(struct worker *worker, struct enter_dir *dir, int src_fd,
                   struct fault *fault);

/* In the master: removes what is in the way of dir's destination. */
int enter_clear_way(struct worker *worker, const struct enter_dir *dir,
                    struct fault *fault);

bool enter_is_other_file_system(const struct worker *worker, uint32_t operand,
                                const struct meta *meta);

/* Takes from an existing destination directory what its source does not allow
 * others, or its owner. */
int enter_close_to_others(struct worker *worker, struct meta_target dst_dir,
                          int src_fd, const struct meta *src,
                          const struct meta *dst, struct fault *fault);

/* A directory does not pass a project on until it is finished, as nothing of
 * another project could be linked into it. Sets DIR_HAD_PROJECT. */
void enter_stop_project(const struct worker *worker, uint32_t *dir_flags,
                        int dst_fd);

/* With --force: lets the root of a copy take entries although it is locked. */
void enter_unlock_root(const struct settings *settings, int dst_fd);

#endif
