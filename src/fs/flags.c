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
/* Only an empty file or a directory can change this one. */
#define EARLY ((uint32_t)FS_NOCOW_FL)

static bool is_unsupported(int err)
{
	return err == ENOTTY || err == EOPNOTSUPP || err == EINVAL ||
	       err == ENOSYS;
}

/* What reading them comes to when it fails. */
static int unread(int rc)
{
	if (is_unsupported(-rc))
		return 0;
	return fault_is_trouble(rc) ? rc : FLAGS_HIDDEN;
}

/* As the kernel itself translates them (fileattr_fill_xflags). */
static uint32_t bits_of_extended(uint32_t xflags)
{
	static const struct {
		uint32_t xflag, bit;
	} pairs[] = {
		{FS_XFLAG_IMMUTABLE, FS_IMMUTABLE_FL},
		{FS_XFLAG_APPEND, FS_APPEND_FL},
		{FS_XFLAG_SYNC, FS_SYNC_FL},
		{FS_XFLAG_NOATIME, FS_NOATIME_FL},
		{FS_XFLAG_NODUMP, FS_NODUMP_FL},
		{FS_XFLAG_PROJINHERIT, FS_PROJINHERIT_FL},
	};
	uint32_t bits = 0;

	for (size_t i = 0; xflags && i < ARRAY_LEN(pairs); i++) {
		if (xflags & pairs[i].xflag)
			bits |= pairs[i].bit;
	}
	return bits;
}

int flags_read_as(int fd, enum flags_form form, struct flags *out)
{
	struct fsxattr extended;
	int bits = 0;

	*out = (struct flags){0};
	if (form != FLAGS_IN_EXTENDED) {
		if (ioctl(fd, FS_IOC_GETFLAGS, &bits) < 0)
			return unread(-errno);
		out->bits = (uint32_t)bits & KEPT;
	}
	if (form == FLAGS_IN_BITS)
		return 0;
	if (ioctl(fd, FS_IOC_FSGETXATTR, &extended) == 0) {
		out->project = extended.fsx_projid;
		if (form == FLAGS_IN_EXTENDED)
			out->bits = bits_of_extended(extended.fsx_xflags);
		return 0;
	}
	return unread(-errno);
}

int flags_read(int fd, struct flags *out)
{
	return flags_read_as(fd, FLAGS_IN_BOTH, out);
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
	return rc < 0 && !fault_is_trouble(rc);
}

int flags_set_early(int fd, struct flags *want, struct flags *have,
                    unsigned *n_lost, struct fault *fault)
{
	if (!((want->bits ^ have->bits) & EARLY))
		return 0;
	uint32_t bits = (have->bits & ~EARLY) | (want->bits & EARLY);
	int rc = write_bits(fd, bits);
	if (rc == 0) {
		have->bits = bits;
		return 0;
	}
	if (!is_refusal(rc))
		return fault_dst(fault, "cannot set inode flags", rc);
	(*n_lost)++;
	want->bits = (want->bits & ~EARLY) | (have->bits & EARLY);
	return 0;
}

/* One by one, as the target may know some of them only; those that lock last.
 * 1 when it took some and refused others, or what it said to the last. */
static int write_singly(int fd, uint32_t want, uint32_t have)
{
	const uint32_t classes[] = {~LOCKS, LOCKS};
	bool took_some = false;
	int refused = 0;

	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		uint32_t left = (want ^ have) & classes[i];

		while (left) {
			uint32_t bit = left & -left;
			int rc = write_bits(fd, have ^ bit);

			left ^= bit;
			if (rc == 0) {
				have ^= bit;
				took_some = true;
			} else if (is_refusal(rc)) {
				refused = rc;
			} else {
				return rc;
			}
		}
	}
	return refused && took_some ? 1 : refused;
}

static int put_project(int fd, struct flags want, struct flags have,
                       unsigned *n_lost, struct fault *fault)
{
	if (want.project == have.project)
		return 0;
	int rc = write_project(fd, want.project);
	if (rc == 0)
		return 1;
	if (!is_refusal(rc))
		return fault_dst(fault, "cannot set project", rc);
	(*n_lost)++;
	return 0;
}

/* btrfs takes the early flag of a file with content, and ignores it. */
static bool is_ignored(int fd, struct flags want, struct flags have)
{
	struct flags now;

	return ((want.bits ^ have.bits) & EARLY) && flags_read(fd, &now) == 0 &&
	       ((want.bits ^ now.bits) & EARLY);
}

int flags_set(int fd, struct flags want, struct flags have, unsigned *n_lost,
              struct fault *fault)
{
	int changed = put_project(fd, want, have, n_lost, fault);

	if (changed < 0 || want.bits == have.bits)
		return changed;
	int rc = write_bits(fd, want.bits);
	if (is_refusal(rc))
		rc = write_singly(fd, want.bits, have.bits);
	if (rc < 0 && !is_refusal(rc))
		return fault_dst(fault, "cannot set inode flags", rc);
	if (rc != 0)
		(*n_lost)++;
	if (rc == 0 && is_ignored(fd, want, have))
		return FLAGS_NEED_NEW;
	return rc >= 0 ? 1 : changed;
}

bool flags_pass_project(struct flags flags)
{
	return (flags.bits & FS_PROJINHERIT_FL) != 0;
}

int flags_stop_project(int fd, struct flags have)
{
	return write_bits(fd, have.bits & ~(uint32_t)FS_PROJINHERIT_FL);
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
