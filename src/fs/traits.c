/* SPDX-License-Identifier: MIT */
#include "fs/traits.h"

#include <linux/magic.h>
#include <sys/vfs.h>

/* Some file systems keep coarser times than nanoseconds: a copy there is the
 * same if its time is the source's, cut to this step. FAT keeps two seconds,
 * exFAT 10 ms, NTFS and SMB 100 ns. Where the data is elsewhere, a write that
 * was taken may still be refused at close or fsync (close(2), NOTES). */
static void learn(struct traits *traits, int dir_fd)
{
	struct statfs fs;

	if (fstatfs(dir_fd, &fs) < 0)
		return;
	switch ((uint32_t)fs.f_type) {
	case MSDOS_SUPER_MAGIC:
		traits->time_granularity_ns = 2 * (uint32_t)NS_PER_S;
		break;
	case EXFAT_SUPER_MAGIC:
		traits->time_granularity_ns = 10 * (uint32_t)NS_PER_MS;
		break;
	case 0x5346544e: /* NTFS */
	case 0x7366746e: /* ntfs3 */
		traits->time_granularity_ns = 100;
		break;
	case SMB_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
		traits->time_granularity_ns = 100;
		traits->errs_late = true;
		break;
	case NFS_SUPER_MAGIC:
	case FUSE_SUPER_MAGIC:
		traits->errs_late = true;
		break;
	default:
		break;
	}
}

struct traits *traits_of(struct traits_table *table, uint64_t dev, int dir_fd)
{
	for (size_t i = 0; i < TRAITS_MAX; i++) {
		if (table->entries[i].is_known && table->entries[i].dev == dev)
			return &table->entries[i];
	}
	struct traits *traits = &table->entries[table->next++ % TRAITS_MAX];
	*traits = (struct traits){
		.dev = dev,
		.is_known = true,
		.time_granularity_ns = 1,
	};
	learn(traits, dir_fd);
	return traits;
}
