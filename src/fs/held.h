/* SPDX-License-Identifier: MIT */
/* fs/held.h - is what a descriptor holds what was looked at before
 *
 * Model     between a look at a name and the use of what is opened under it,
 *           somebody else may have put something else there. What is held by
 *           a descriptor stays what it is; these tell whether that is meant.
 * Errors    -ESTALE when it is another one, else a negative errno */
#ifndef FS_HELD_H
#define FS_HELD_H

#include "base/base.h"
#include "fs/meta.h"

/* 0 when fd holds the inode that was seen; ino 0: was not seen. On file systems
 * that number inodes anew while nobody looks (FUSE, SMB, overlay, FAT, and those
 * that are seen to), any inode passes. */
int held_same(int fd, uint64_t dev, uint64_t ino);

/* The same, and what it is now. */
int held_read(int fd, uint64_t dev, uint64_t ino, struct meta *out);

/* Two looks at what was meant to be one inode, on the file system of fd. */
bool held_matches(int fd, const struct meta *now, const struct meta *seen);

/* A name in a directory. */
struct held_name {
	int dir_fd;
	const char *name;
	bool follows; /* what it leads to is meant */
};

/* True when two names that have one device and number are one inode. Numbers
 * that are not unique are known by what else the inodes are; what moves while
 * it is looked at, as it is written to, is no proof of two. */
bool held_is_one(struct held_name a, struct held_name b);

/* The same of two directories, which also hold the same names then. */
bool held_is_one_dir(int a_fd, int b_fd);

/* 1 when the inode that fd holds has, all at one moment, this name and no
 * other; 0 when it has others, too. */
int held_only_name(int fd, int dir_fd, const char *name);

/* True when dir_fd, or one of the directories above it, is that directory, which
 * held_fd holds; with -1 its device and number decide. */
bool held_is_below(int dir_fd, const struct meta *dir, int held_fd);

/* Nobody but us and root can find entries in the directory, even by name. An
 * ACL does not say otherwise: the group's bits limit what it allows. */
bool held_is_closed(const struct meta *dir);

/* Nobody but us and root can put entries into the directory. */
bool held_is_private(const struct meta *dir);

/* Who else can: 0 nobody, the one user who owns it, or HELD_MANY. */
#define HELD_MANY UINT32_MAX
uint32_t held_writer(const struct meta *dir);

#endif
