/* SPDX-License-Identifier: MIT */
#include "fs/distance.h"

#include <linux/magic.h>
#include <sys/vfs.h>

/* Those that <linux/magic.h> has no name for. */
#define BEEGFS_MAGIC 0x19830326
#define GPFS_MAGIC   0x47504653
#define LUSTRE_MAGIC 0x0bd00bd0
#define VBOXSF_MAGIC 0x786f4256

/* Behind a network, another process, or the wall of a virtual machine. */
bool distance_is_far(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return true;
	switch ((uint32_t)fs.f_type) {
	case AFS_SUPER_MAGIC:
	case AFS_FS_MAGIC:
	case BEEGFS_MAGIC:
	case CEPH_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case CODA_SUPER_MAGIC:
	case FUSE_SUPER_MAGIC:
	case GPFS_MAGIC:
	case LUSTRE_MAGIC:
	case NCP_SUPER_MAGIC:
	case NFS_SUPER_MAGIC:
	case OCFS2_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case V9FS_MAGIC:
	case VBOXSF_MAGIC:
		return true;
	default:
		return false;
	}
}
