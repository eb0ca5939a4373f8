/* SPDX-License-Identifier: MIT */
/* engine/share.h - how much of the trees the walk has seen
 *
 * Model     every operand is an equal share of all, and a directory's share is
 *           divided equally among its subdirectories and, if it has any, its
 *           own files. It is divided once all its entries are known; what is
 *           walked below it before that counts from then on. The sum of the
 *           shares that have been walked is tally.walked.
 * Cost      a few additions for each directory, on its way up to its root */
#ifndef ENGINE_SHARE_H
#define ENGINE_SHARE_H

#include "engine/dirs.h"
#include "engine/tally.h"

/* All entries of dir are known now: dir->n_subdirs and dir->has_files. Its own
 * files count as walked. No more than once for each directory. */
void share_divide(struct dir *dir, struct tally *tally);

/* Whether that has been called. */
bool share_is_divided(const struct dir *dir);

/* An operand was passed over. */
void share_pass_over(struct tally *tally);

#endif
