/* SPDX-License-Identifier: MIT */
#include "fs/traits.h"

#include "base/fd.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

/* Some file systems keep coarser times than nanoseconds: a copy there is the
 * same if its time is the source's, cut to this step. FAT keeps two seconds,
 * exFAT 10 ms, NTFS and SMB 100 ns. Where the data is elsewhere, a write that
 * was taken may still be refused at close or fsync (close(2), NOTES). */
static void learn(struct traits *traits, int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return;
	switch ((uint32_t)fs.f_type) {
	case XFS_SUPER_MAGIC:
		traits->slow_tmpfile = true;
		traits->flags_form = FLAGS_IN_EXTENDED;
		break;
	case TMPFS_MAGIC:
		traits->flags_form = FLAGS_IN_EXTENDED;
		break;
	case BTRFS_SUPER_MAGIC:
		traits->flags_form = FLAGS_IN_BITS;
		traits->takes_turns = true;
		break;
	case MSDOS_SUPER_MAGIC:
		traits->times.granularity_ns = 2 * (uint32_t)NS_PER_S;
		break;
	case EXFAT_SUPER_MAGIC:
		traits->times.granularity_ns = 10 * (uint32_t)NS_PER_MS;
		break;
	case 0x5346544e: /* NTFS */
	case 0x7366746e: /* ntfs3 */
		traits->times.granularity_ns = 100;
		break;
	case SMB_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
		traits->times.granularity_ns = 100;
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

struct traits *traits_of(struct traits_table *table, uint64_t dev, int fd)
{
	for (size_t i = 0; i < TRAITS_MAX; i++) {
		if (table->entries[i].is_known && table->entries[i].dev == dev)
			return &table->entries[i];
	}
	struct traits *traits = &table->entries[table->next++ % TRAITS_MAX];
	*traits = (struct traits){
		.dev = dev,
		.is_known = true,
		.times = META_ALL_TIMES,
	};
	learn(traits, fd);
	return traits;
}

/* The last digits that stay of 999,999,999 ns. */
static uint32_t granularity_of(uint32_t kept_ns)
{
	return kept_ns ? (uint32_t)NS_PER_S - kept_ns : (uint32_t)NS_PER_S;
}

/* On a file without a name, which goes when it is closed: times beyond all
 * that file systems keep, and the end of some second. */
static int try_times(int fd, struct meta_times *out)
{
	const struct meta_target target = {.fd = fd};
	const int64_t far = INT64_C(1) << 60;
	struct meta set = {.atime_s = -far, .mtime_s = far}, got;
	int rc = meta_set_times(target, &set);

	if (rc == 0)
		rc = meta_read(fd, &got);
	if (rc)
		return rc;
	out->min_s = got.atime_s == -far ? INT64_MIN : got.atime_s;
	out->max_s = got.mtime_s == far ? INT64_MAX : got.mtime_s;
	set = (struct meta){.atime_s = 1000000000,
	                    .mtime_s = 1000000000,
	                    .mtime_ns = (uint32_t)NS_PER_S - 1};
	rc = meta_set_times(target, &set);
	if (rc == 0)
		rc = meta_read(fd, &got);
	if (rc == 0)
		out->granularity_ns = granularity_of(got.mtime_ns);
	return rc;
}

/* Before 1901 or after 2038. */
static bool is_beyond_32_bits(int64_t seconds)
{
	return seconds < INT32_MIN || seconds > INT32_MAX;
}

/* A copy whose time is round, and not the source's. */
static bool looks_cut(const struct meta *src, const struct meta *dst)
{
	return dst && src->mtime_ns != dst->mtime_ns &&
	       dst->mtime_ns % 100 == 0;
}

void traits_learn_times(struct traits *traits, int dir_fd,
                        const struct meta *src, const struct meta *dst)
{
	struct meta_times times = META_ALL_TIMES;

	if (traits->knows_times ||
	    !(is_beyond_32_bits(src->mtime_s) ||
	      is_beyond_32_bits(src->atime_s) || looks_cut(src, dst)))
		return;
	traits->knows_times = true;
	int fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 && try_times(fd, &times) == 0)
		traits->times = times;
	(void)fd_close(fd);
}
