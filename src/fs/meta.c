/* SPDX-License-Identifier: MIT */
#include "fs/meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void from_statx(const struct statx *stx, struct meta *out)
{
	*out = (struct meta){
		.dev = makedev(stx->stx_dev_major, stx->stx_dev_minor),
		.ino = stx->stx_ino,
		.rdev = makedev(stx->stx_rdev_major, stx->stx_rdev_minor),
		.size = stx->stx_size,
		.blocks = stx->stx_blocks,
		.atime_s = stx->stx_atime.tv_sec,
		.mtime_s = stx->stx_mtime.tv_sec,
		.ctime_s = stx->stx_ctime.tv_sec,
		.atime_ns = stx->stx_atime.tv_nsec,
		.mtime_ns = stx->stx_mtime.tv_nsec,
		.ctime_ns = stx->stx_ctime.tv_nsec,
		.mode = stx->stx_mode,
		.uid = stx->stx_uid,
		.gid = stx->stx_gid,
		.nlink = stx->stx_nlink,
		.is_locked = (stx->stx_attributes &
	                      (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0,
	};
}

static int read_statx(int fd, const char *name, int flags, struct meta *out)
{
	struct statx stx;

	if (statx(fd, name, flags | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &stx) <
	    0)
		return -errno;
	from_statx(&stx, out);
	return 0;
}

int meta_read(int fd, struct meta *out)
{
	return read_statx(fd, "", AT_EMPTY_PATH, out);
}

int meta_read_at(int dir_fd, const char *name, struct meta *out)
{
	return read_statx(dir_fd, name, AT_SYMLINK_NOFOLLOW, out);
}

int meta_read_target_at(int dir_fd, const char *name, struct meta *out)
{
	return read_statx(dir_fd, name, 0, out);
}

int meta_read_dev(int dir_fd, const char *name, bool follows, uint64_t *out)
{
	int flags = AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC |
	            (follows ? 0 : AT_SYMLINK_NOFOLLOW);
	struct statx stx;

	if (statx(dir_fd, name, flags, 0, &stx) < 0)
		return -errno;
	*out = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	return 0;
}

int meta_read_now(int dir_fd, const char *name, bool follows, struct meta *out)
{
	int flags = AT_STATX_FORCE_SYNC | AT_EMPTY_PATH;

	return read_statx(dir_fd, name,
	                  follows ? flags : flags | AT_SYMLINK_NOFOLLOW, out);
}

bool meta_same_inode(const struct meta *a, const struct meta *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

bool meta_same_content(const struct meta *before, const struct meta *after)
{
	return before->size == after->size &&
	       before->mtime_s == after->mtime_s &&
	       before->mtime_ns == after->mtime_ns;
}

bool meta_same_ctime(const struct meta *before, const struct meta *after)
{
	return before->ctime_s == after->ctime_s &&
	       before->ctime_ns == after->ctime_ns;
}

/* The widest step that such a time can come from: FAT keeps even seconds, exFAT
 * hundredths, others whole seconds, milli- or microseconds. */
static int64_t widest_step_ns(const struct meta *meta)
{
	static const uint32_t steps[] = {10 * NS_PER_MS, NS_PER_MS};

	if (meta->mtime_ns == 0)
		return meta->mtime_s % 2 ? NS_PER_S : 2 * NS_PER_S;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (meta->mtime_ns % steps[i] == 0)
			return steps[i];
	}
	return NS_PER_MS / 1000;
}

bool meta_is_settled(const struct meta *meta, struct timespec now)
{
	int64_t seconds = now.tv_sec - meta->mtime_s;

	/* Beyond what clocks differ by, it is no time of writing. */
	if (seconds > 2 || seconds < -2)
		return true;
	return seconds * NS_PER_S + now.tv_nsec - meta->mtime_ns >=
	       widest_step_ns(meta);
}

/* Times before 1970 are cut downwards, too. */
static int64_t step_of(int64_t seconds, int64_t step)
{
	return seconds / step - (seconds % step < 0);
}

/* The kernel sets the first or last second instead of one beyond. */
static int64_t clamp(int64_t seconds, struct meta_times kept)
{
	if (seconds < kept.min_s)
		return kept.min_s;
	return seconds > kept.max_s ? kept.max_s : seconds;
}

/* In the file system's own time, which is not the source's. */
static bool is_not_older(const struct meta *dst, const struct meta *src)
{
	return dst->mtime_s > src->mtime_s ||
	       (dst->mtime_s == src->mtime_s && dst->mtime_ns >= src->mtime_ns);
}

static bool is_within(const struct meta *src, const struct meta *dst,
                      int64_t step_ns)
{
	int64_t seconds = dst->mtime_s - src->mtime_s;

	if (seconds > 3 || seconds < -3)
		return false;
	int64_t ns = seconds * NS_PER_S + (int64_t)dst->mtime_ns -
	             (int64_t)src->mtime_ns;
	return ns < step_ns && ns > -step_ns;
}

bool meta_same_mtime(const struct meta *src, const struct meta *dst,
                     struct meta_times kept)
{
	const uint32_t granularity_ns = kept.granularity_ns;
	int64_t seconds = clamp(src->mtime_s, kept);

	if (kept.is_unset)
		return is_not_older(dst, src);
	if (kept.is_lost_beyond && seconds != src->mtime_s)
		return true;
	if (kept.is_rounded && seconds == src->mtime_s)
		return is_within(src, dst, granularity_ns);
	if (granularity_ns >= NS_PER_S) {
		int64_t step = granularity_ns / NS_PER_S;

		return step_of(seconds, step) == step_of(dst->mtime_s, step);
	}
	/* It sets no nanoseconds then (nor with the last second itself). */
	if (seconds == kept.min_s || seconds == kept.max_s)
		return seconds == dst->mtime_s;
	return seconds == dst->mtime_s &&
	       src->mtime_ns / granularity_ns == dst->mtime_ns / granularity_ns;
}

bool meta_times_fit(const struct meta *meta, struct meta_times kept)
{
	return !kept.is_unset && clamp(meta->mtime_s, kept) == meta->mtime_s &&
	       clamp(meta->atime_s, kept) == meta->atime_s;
}

static int set_owner(int fd, uid_t uid, gid_t gid)
{
	/* Unlike fchown this takes O_PATH descriptors, too (openat(2)). */
	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* An id that is as it should be need not have a mapping. */
static int set_some(int fd, const struct meta *want, struct meta_kept sets)
{
	if (!sets.uid && !sets.gid)
		return 0;
	return set_owner(fd, sets.uid ? want->uid : (uid_t)-1,
	                 sets.gid ? want->gid : (gid_t)-1);
}

int meta_set_owner(int fd, const struct meta *want, const struct meta *have,
                   struct meta_kept *kept)
{
	const struct meta_kept other = {want->uid != have->uid,
	                                want->gid != have->gid};
	int rc = set_some(fd, want, other);

	*kept = (struct meta_kept){!other.uid || rc == 0,
	                           !other.gid || rc == 0};
	if (rc == 0 || fault_is_trouble(rc))
		return rc;
	if (!other.uid || !other.gid)
		return 0;
	/* An id may have no mapping in this user namespace; and who may not
	 * give files away may still give them to groups he is in. */
	int gid = set_some(fd, want, (struct meta_kept){.gid = true});
	int uid = -EPERM;
	if (geteuid() == 0)
		uid = set_some(fd, want, (struct meta_kept){.uid = true});
	*kept = (struct meta_kept){uid == 0, gid == 0};
	if (fault_is_trouble(gid))
		return gid;
	return fault_is_trouble(uid) ? uid : 0;
}

const char *meta_proc_path(char path[META_PROC_PATH], int fd)
{
	snprintf(path, META_PROC_PATH, "/proc/self/fd/%d", fd);
	return path;
}

/* Linux 6.6; the C library does not know it yet. */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* fchmod refuses O_PATH (open(2)). */
static int set_perms_of_path(struct meta_target target, uint32_t perms)
{
	static bool has_no_proc;
	char path[META_PROC_PATH];

	if (!has_no_proc) {
		if (chmod(meta_proc_path(path, target.fd), perms) == 0)
			return 0;
		if (errno != ENOENT && errno != ENOTDIR)
			return -errno;
		has_no_proc = true;
	}
	if (syscall(SYS_fchmodat2, target.fd, "", perms, AT_EMPTY_PATH) == 0)
		return 0;
	/* EPERM: also what old filters say to new calls. */
	if (errno != ENOSYS && errno != EPERM)
		return -errno;
	/* A directory has a name within itself. */
	if (fchmodat(target.name ? target.dir_fd : target.fd,
	             target.name ? target.name : ".", perms, 0) == 0)
		return 0;
	return errno == ENOTDIR ? -EBADF : -errno;
}

int meta_set_perms(struct meta_target target, uint32_t perms)
{
	if (target.is_path)
		return set_perms_of_path(target, perms);
	return fchmod(target.fd, perms) < 0 ? -errno : 0;
}

/* Before Linux 5.8 an empty path was none. */
static int set_times_of_path(int fd, const struct timespec times[2])
{
	char path[META_PROC_PATH];

	if (utimensat(fd, "", times, AT_EMPTY_PATH) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOENT)
		return -errno;
	if (utimensat(AT_FDCWD, meta_proc_path(path, fd), times, 0) == 0)
		return 0;
	return errno == ENOENT ? -EBADF : -errno;
}

int meta_set_times(struct meta_target target, const struct meta *meta)
{
	const struct timespec times[2] = {
		{.tv_sec = meta->atime_s, .tv_nsec = meta->atime_ns},
		{.tv_sec = meta->mtime_s, .tv_nsec = meta->mtime_ns},
	};

	if (target.is_path)
		return set_times_of_path(target.fd, times);
	return futimens(target.fd, times) < 0 ? -errno : 0;
}

uint32_t meta_safe_perms(uint32_t perms, struct meta_kept kept)
{
	if (!kept.uid)
		perms &= ~(uint32_t)S_ISUID;
	if (!kept.gid)
		perms &= ~(uint32_t)S_ISGID;
	return perms;
}
