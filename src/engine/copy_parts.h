/* SPDX-License-Identifier: MIT */
/* engine/copy_parts.h - what copy.c is made of; for the copy_*.c files only
 *
 *   copy.c       the rules
 *   copy_file.c  the steps of a regular file
 *   copy_again.c a file's source, when it has been read
 *   copy_name.c  names that cannot be taken
 *   copy_node.c  symlinks and special files
 *   copy_mend.c  metadata of entries whose content is as it should be
 *   copy_link.c  further names of a file */
#ifndef ENGINE_COPY_PARTS_H
#define ENGINE_COPY_PARTS_H

#include "engine/copy.h"

/* Copies a file that is known to be one; dst is the existing entry's metadata
 * or NULL. A source that changes meanwhile is copied again, twice at most. */
enum copy_outcome copy_file(struct copy_tools *tools, struct copy_dirs *dirs,
                            const struct job_entry *entry,
                            const struct meta *dst, struct counts *counts,
                            struct fault *fault);

enum copy_outcome copy_node(struct copy_tools *tools, struct copy_dirs *dirs,
                            const struct job_entry *entry, bool dst_exists,
                            struct counts *counts, struct fault *fault);

/* Content is as it should be: the rest is compared and put right. */
enum copy_outcome copy_mend(struct copy_tools *tools, struct copy_dirs *dirs,
                            const struct job_entry *entry,
                            const struct meta *dst, struct counts *counts,
                            struct fault *fault);

/* 1 when the inode that fd holds is dst's and nobody else's: its other names,
 * if any, were not given to it by somebody who wants another one's file changed
 * under the name dst has here. 0 when they may have been; -ESTALE when dst has
 * become another inode. */
int copy_is_own(const struct copy_dirs *dirs, int fd, const struct meta *dst,
                const char *name);

/* With --safe-links: the link leads out of the tree. */
bool copy_leads_out(struct copy_tools *tools, const struct copy_dirs *dirs,
                    int dir_fd, const char *name);

/* How names are taken in the destination directory. */
struct stage_dir copy_stage_dir(const struct copy_dirs *dirs);

/* An entry could not take its name (rc of stage_publish or the like): the fault
 * says why, and what helps. Returns rc, or COPY_NAME_OLD when what has the name
 * is the same entry after all, made by another run, and can be replaced: dirs
 * know it then. */
#define COPY_NAME_OLD 2
int copy_name_refused(struct copy_tools *tools, struct copy_dirs *dirs,
                      const char *name, int rc, struct fault *fault);

/* With --inplace, where nothing is renamed over what has the name (rc of that):
 * takes it away, if it has no content that could be written over. */
bool copy_gives_way(const struct copy_tools *tools,
                    const struct copy_dirs *dirs, const char *name, int rc);

/* An entry could not be made under its name: says of the name what it can. */
int copy_not_created(struct fault *fault, const char *what, int rc);

/* 1, and a fault, when dst, which has the entry's name here, is the copy of
 * another one. For directories that were there before. */
int copy_is_another(struct copy_tools *tools, struct copy_dirs *dirs,
                    const struct job_entry *entry, const struct meta *dst,
                    struct fault *fault);

#define COPY_SAME_NAME                                                  \
	"has the name of another entry here: the target takes the two " \
	"for one (it folds case, or Unicode)"

/* Keeps in mind which inode the copy is, if that will be asked. */
void copy_note_made(struct copy_dirs *dirs, int fd);

/* A source that was like *meta before it was read: 1 when its bytes may not be
 * one state of it. When only its metadata has changed, the copy, dressed
 * already, gets that, and *meta is it. was_settled: meta_is_settled. */
int copy_look_again(struct copy_tools *tools, int src_fd, struct meta *meta,
                    bool was_settled, struct dress *dress, struct fault *fault);

/* The flags of either side; fd is on the file system dev. */
int copy_read_flags(struct copy_tools *tools, int fd, uint64_t dev,
                    struct flags *out);

/* What the target does not keep, whatever is set, is lost untried. */
void copy_overlook(const struct traits *traits, struct dress *dress);

/* What the settings keep, nothing else filled in. */
struct dress copy_dress(struct copy_tools *tools, const struct copy_dirs *dirs,
                        const struct meta *want);
void copy_count_lost(struct counts *counts, const struct dress_lost *lost);

/* Holds the very inode that was looked at: what may have been put in its place
 * meanwhile is not touched. A regular file is opened for reading if that is
 * allowed, anything else as a path. -ESTALE when it is another one. */
int copy_hold(int dir_fd, const char *name, const struct meta *seen,
              bool follows, struct meta_target *out);

/* With -u: dst is not older than the source, and not its copy either. */
bool copy_is_newer(struct copy_tools *tools, const struct copy_dirs *dirs,
                   const struct job_entry *entry, const struct meta *dst);

#define COPY_LOCKED "is immutable or append-only (see --force)"

/* Takes the locks off an existing entry that is in the way of a change (in a dry
 * run it only says whether it would); -EPERM
 * unless --force is given. */
int copy_unlock(struct copy_tools *tools, const struct copy_dirs *dirs,
                const char *name, const struct meta *dst, struct fault *fault);

/* What has to be so before an existing entry is replaced: the same of its
 * directory, and of itself. */
int copy_make_way(struct copy_tools *tools, const struct copy_dirs *dirs,
                  const char *name, const struct meta *dst,
                  struct fault *fault);

#endif
