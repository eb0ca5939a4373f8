/* SPDX-License-Identifier: MIT */
/* fs/meta.h - what an inode says of itself, and putting that on another one
 *
 * Model     struct meta is the part of statx(2) that a copy needs; it is plain
 *           bytes and travels in job records
 * Errors    negative errno; what failed goes into a struct fault */
#ifndef FS_META_H
#define FS_META_H

#include "base/base.h"
#include "fs/fault.h"

#include <sys/stat.h>
#include <time.h>

struct meta {
	uint64_t dev, ino, rdev; /* dev as makedev(3) makes it */
	uint64_t size;           /* bytes */
	uint64_t blocks;         /* of 512 bytes */
	int64_t atime_s, mtime_s, ctime_s;
	uint32_t atime_ns, mtime_ns, ctime_ns;
	uint32_t mode; /* type and permissions, as st_mode */
	uint32_t uid, gid;
	uint32_t nlink;
	uint32_t is_locked; /* immutable or append-only */
};

#define META_PERMS UINT32_C(07777)

static inline bool meta_is(const struct meta *meta, uint32_t type)
{
	return (meta->mode & S_IFMT) == type;
}

int meta_read(int fd, struct meta *out);

/* Of the entry itself, links are not followed. */
int meta_read_at(int dir_fd, const char *name, struct meta *out);

/* Of what the entry leads to. */
int meta_read_target_at(int dir_fd, const char *name, struct meta *out);

/* Of an entry, its file system alone. Automounts are not triggered by this, nor
 * by the others. */
int meta_read_dev(int dir_fd, const char *name, bool follows, uint64_t *out);

/* Of an entry, or with "" of what dir_fd holds, as the file system itself says
 * it, not as it was remembered: some remember a few seconds. */
int meta_read_now(int dir_fd, const char *name, bool follows, struct meta *out);

bool meta_same_inode(const struct meta *a, const struct meta *b);

/* Size and mtime are the same: if it was settled before, what was read in
 * between is one state of the file. */
bool meta_same_content(const struct meta *before, const struct meta *after);

/* Not so: something changed, if only a name, an attribute or the mode. */
bool meta_same_ctime(const struct meta *before, const struct meta *after);

/* Who writes to it after now, a time that CLOCK_REALTIME_COARSE told before it
 * was looked at, gives it another mtime: the step of the clock, or of the file
 * system's times, in which it was written to last is over. */
bool meta_is_settled(const struct meta *meta, struct timespec now);

/* The times that a file system keeps: steps, and the first and last second. */
struct meta_times {
	uint32_t granularity_ns;
	int64_t min_s, max_s;
	bool is_rounded;     /* to a near step, not cut down to it */
	bool is_lost_beyond; /* beyond min_s and max_s no time is set at all */
	bool is_unset;       /* nor anywhere: it is that of the last write */
};
#define META_ALL_TIMES        \
	((struct meta_times){ \
		.granularity_ns = 1, .min_s = INT64_MIN, .max_s = INT64_MAX})

/* Same mtime, as far as the destination keeps it. Where it cannot be set, it is
 * not older. */
bool meta_same_mtime(const struct meta *src, const struct meta *dst,
                     struct meta_times kept);

/* Neither atime nor mtime is before the first or after the last, and they can
 * be set. */
bool meta_times_fit(const struct meta *meta, struct meta_times kept);

/* The inode to change: a descriptor, which may be an O_PATH one, as symlinks
 * and special files have no other. Some calls take none of these without
 * /proc: then it is asked, or changed, by its name in dir_fd. name is NULL when
 * it has to be changed and others can put something else there. */
struct meta_target {
	int fd;
	bool is_path;
	int dir_fd;
	const char *name;
};

/* "/proc/self/fd/N" into path: for calls that take no O_PATH descriptor. The
 * magic link leads to the held inode, not to a name (proc(5)). */
#define META_PROC_PATH 32
const char *meta_proc_path(char path[META_PROC_PATH], int fd);

/* Owner and group, as far as have is of others. Where both together are
 * refused, one alone may be allowed; *kept tells which are now as wanted.
 * Negative only for trouble. */
struct meta_kept {
	bool uid, gid;
};
int meta_set_owner(int fd, const struct meta *want, const struct meta *have,
                   struct meta_kept *kept);

int meta_set_perms(struct meta_target target, uint32_t perms);
int meta_set_times(struct meta_target target, const struct meta *meta);

/* The part of perms to set when the owner was kept as told: set-user-id only
 * with its user, set-group-id only with its group. */
uint32_t meta_safe_perms(uint32_t perms, struct meta_kept kept);

#endif
