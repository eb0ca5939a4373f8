/* SPDX-License-Identifier: MIT */
/* engine/operand.h - paths that the user wrote
 *
 * Model     the one place where paths are resolved: operands are the user's own
 *           words, so links in them are followed. Below the roots that they
 *           lead to everything goes by descriptors.
 * Errors    negative errno */
#ifndef ENGINE_OPERAND_H
#define ENGINE_OPERAND_H

#include "base/base.h"
#include "fs/meta.h"

/* Opens a directory for reading; -ELOOP or -ENOTDIR when the last component is
 * a link and follows is false. A slash behind a link follows it, too. */
int operand_open_dir(const char *path, bool follows);

/* Of what the path leads to, or of its last component itself. */
int operand_stat(const char *path, bool follows, struct meta *meta);

/* A directory that entries are named from; it need not be readable. */
int operand_hold_dir(const char *path);

bool operand_ends_in_slash(const char *path);

/* Cuts path into the directory it is in and its last component, both to be
 * freed. A slash at the end does not count. */
void operand_split(const char *path, char **dir, char **name);

/* "", "." and "..": there is nothing to call a copy by. */
bool operand_is_no_name(const char *name);

/* The last component, to be freed; "." and ".." have a name of their own,
 * which their parent knows. "" for the root. */
char *operand_own_name(const char *path);

/* The path itself, to be freed: without a slash before it, "." and empty
 * components; by_marker: what stands behind the first /./ in it, if there is
 * one. */
char *operand_path_below(const char *path, bool by_marker);

/* The path of the source of one of the directories in that. */
char *operand_path_of(const char *path, bool by_marker, const char *below);

/* A component is "..". */
bool operand_climbs(const char *path);

/* The path by which a source that is no directory is opened, to be freed: where
 * it leads, if links are followed. */
int operand_path(const char *src, bool follows, char **out);

#endif
