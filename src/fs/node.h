/* SPDX-License-Identifier: MIT */
/* fs/node.h - entries without content: symlinks, directories, special files
 *
 * Model     made by name in a directory descriptor, never through a link
 * Errors    negative errno */
#ifndef FS_NODE_H
#define FS_NODE_H

#include "base/base.h"
#include "base/buf.h"
#include "fs/meta.h"

/* The target of a link, of any length, replacing what is in *out. */
int node_read_link(int dir_fd, const char *name, struct buf *out);

/* Gives what fd holds, which may be a file without a name or an O_PATH
 * descriptor, a name. */
int node_link(int fd, int dir_fd, const char *name);

/* An O_PATH descriptor of the entry itself; the caller closes it. */
int node_open_path(int dir_fd, const char *name);

/* Makes a directory that only we may enter, or opens the existing one, which
 * is made u+rwx if that is needed to work in it. 1 made, 0 was there;
 * -ENOTDIR when something else has the name. *meta is the directory's, as it
 * was before. */
int node_make_dir(int dir_fd, const char *name, struct meta *meta);

/* Removes an entry and, if it is a directory, all below it, without following
 * a link anywhere, or entering what is mounted there (-EBUSY). With forced,
 * locked entries (chattr) are unlocked first. Stops at the first failure. */
int node_remove(int dir_fd, const char *name, bool forced);

/* Takes the immutable and append-only flags off a file or directory. */
int node_unlock(int dir_fd, const char *name);

#endif
