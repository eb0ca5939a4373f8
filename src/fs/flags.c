/* SPDX-License-Identifier: MIT */
#include "fs/flags.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

/* What chattr(1) can set and what says something of the content's handling;
 * the rest (extents, index, inline data, verity, ...) is the file system's. */
#define KEPT                                                              \
	((uint32_t)(FS_SECRM_FL | FS_UNRM_FL | FS_COMPR_FL | FS_SYNC_FL | \
	            FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL |       \
	            FS_NOATIME_FL | FS_NOCOMP_FL | FS_JOURNAL_DATA_FL |   \
	            FS_NOTAIL_FL | FS_DIRSYNC_FL | FS_TOPDIR_FL |         \
	            FS_NOCOW_FL | FS_PROJINHERIT_FL))
#define LOCKS ((uint32_t)(FS_IMMUTABLE_FL | FS_APPEND_FL))

static bool is_unsupported(int err)
{
	return err == ENOTTY || err == EOPNOTSUPP || err == EINVAL ||
	       err == ENOSYS;
}

int flags_read(int fd, struct flags *out)
{
	struct fsxattr extended;
	int bits = 0;

	*out = (struct flags){0};
	if (ioctl(fd, FS_IOC_GETFLAGS, &bits) < 0)
		return is_unsupported(errno) ? 0 : -errno;
	out->bits = (uint32_t)bits & KEPT;
	if (ioctl(fd, FS_IOC_FSGETXATTR, &extended) == 0)
		out->project = extended.fsx_projid;
	return 0;
}

/* Sets the kept bits, leaving the file system's own alone. */
static int write_bits(int fd, uint32_t bits)
{
	int now;

	if (ioctl(fd, FS_IOC_GETFLAGS, &now) < 0)
		return -errno;
	now = (int)(((uint32_t)now & ~KEPT) | bits);
	return ioctl(fd, FS_IOC_SETFLAGS, &now) < 0 ? -errno : 0;
}

static int write_project(int fd, uint32_t project)
{
	struct fsxattr extended;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &extended) < 0)
		return -errno;
	extended.fsx_projid = project;
	return ioctl(fd, FS_IOC_FSSETXATTR, &extended) < 0 ? -errno : 0;
}

/* A target that has no such flag, or a user who may not set it. */
static bool is_refusal(int rc)
{
	return is_unsupported(-rc) || rc == -EPERM || rc == -EACCES;
}

int flags_set_early(int fd, struct flags want, unsigned *n_lost,
                    struct fault *fault)
{
	if (!(want.bits & FS_NOCOW_FL))
		return 0;
	int rc = write_bits(fd, want.bits & (uint32_t)FS_NOCOW_FL);
	if (rc < 0 && is_refusal(rc))
		(*n_lost)++;
	else if (rc < 0)
		return fault_dst(fault, "cannot set inode flags", rc);
	return 0;
}

int flags_set(int fd, struct flags want, struct flags have, unsigned *n_lost,
              struct fault *fault)
{
	/* Only an empty file can change this one; it was done early. */
	const uint32_t late = ~(uint32_t)FS_NOCOW_FL;
	int changed = 0;
	int rc = 0;

	if (want.project != have.project) {
		rc = write_project(fd, want.project);
		changed = rc == 0;
		if (rc < 0 && is_refusal(rc))
			(*n_lost)++;
		else if (rc < 0)
			return fault_dst(fault, "cannot set project", rc);
	}
	if ((want.bits & late) == (have.bits & late))
		return changed;
	rc = write_bits(fd, (want.bits & late) | (have.bits & ~late));
	if (rc == 0)
		return 1;
	if (!is_refusal(rc))
		return fault_dst(fault, "cannot set inode flags", rc);
	(*n_lost)++;
	return changed;
}

bool flags_are_same(struct flags a, struct flags b)
{
	return a.bits == b.bits && a.project == b.project;
}

bool flags_are_locked(struct flags flags)
{
	return (flags.bits & LOCKS) != 0;
}

int flags_unlock(int fd, struct flags have)
{
	return write_bits(fd, have.bits & ~LOCKS);
}
