/* SPDX-License-Identifier: MIT */
#include "fs/traits.h"

#include "base/fd.h"
#include "fs/node.h"
#include "fs/stage.h"
#include "fs/times.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

/* What is set there is there, or refused. */
static bool keeps_its_word(uint32_t type)
{
	return type == EXT4_SUPER_MAGIC || type == XFS_SUPER_MAGIC ||
	       type == TMPFS_MAGIC || type == BTRFS_SUPER_MAGIC ||
	       type == OVERLAYFS_SUPER_MAGIC || type == F2FS_SUPER_MAGIC ||
	       type == 0x2fc12fc1; /* ZFS */
}

/* Some file systems keep coarser times than nanoseconds: a copy there is the
 * same if its time is the source's, cut to this step. FAT keeps two seconds,
 * exFAT 10 ms, NTFS and SMB 100 ns. Where the data is elsewhere, a write that
 * was taken may still be refused at close or fsync (close(2), NOTES). */
static void learn(struct traits *traits, int fd)
{
	struct statfs fs;

	traits->is_doubtful = true;
	if (fstatfs(fd, &fs) < 0)
		return;
	traits->is_doubtful = !keeps_its_word((uint32_t)fs.f_type);
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

/* Before 1901 or after 2038. */
static bool is_beyond_32_bits(int64_t seconds)
{
	return seconds < INT32_MIN || seconds > INT32_MAX;
}

/* A copy that would be right but for its time. A directory's is never right
 * when it is looked at, so it has to look cut. */
static bool looks_off(const struct traits *traits, const struct meta *src,
                      const struct meta *dst)
{
	if (!dst || (src->mode ^ dst->mode) & S_IFMT ||
	    meta_same_mtime(src, dst, traits->times))
		return false;
	if (meta_is(src, S_IFREG))
		return src->size == dst->size;
	struct meta_times guess = traits->times;
	return !meta_is(src, S_IFDIR) || times_explain(src, dst, &guess);
}

/* A new file of ours, named if it has to be. */
static int open_probe(int dir_fd, char *note)
{
	int fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || !note || note[0])
		return fd;
	stage_make_name(note);
	fd = openat(dir_fd, note,
	            O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		note[0] = '\0';
	return fd;
}

void traits_learn_times(struct traits *traits, int dir_fd, char *note,
                        const struct meta *src, const struct meta *dst)
{
	if (traits->knows_times ||
	    !((traits->is_doubtful && note) ||
	      is_beyond_32_bits(src->mtime_s) ||
	      is_beyond_32_bits(src->atime_s) || looks_off(traits, src, dst)))
		return;
	int fd = open_probe(dir_fd, note);
	if (fd >= 0) {
		traits->times = times_learn(fd);
		traits->knows_times = true;
	} else if (dst) {
		(void)times_explain(src, dst, &traits->times);
	}
	(void)fd_close(fd);
	if (note)
		stage_sweep(dir_fd, note);
}

static void try_rights(int fd, struct traits *traits)
{
	const struct meta_target target = {.fd = fd};
	struct meta before, after;
	struct meta_kept kept;

	if (meta_read(fd, &before) < 0)
		return;
	const struct meta other = {.uid = before.uid + 1,
	                           .gid = before.gid + 1};
	int rc = meta_set_perms(target, before.mode & 0200 ? 0400 : 0600);
	if (geteuid() == 0 && !fault_is_trouble(rc))
		rc = meta_set_owner(fd, &other, &before, &kept);
	/* That says nothing of what is kept. */
	if (fault_is_trouble(rc))
		return;
	if (meta_read(fd, &after) < 0)
		return;
	traits->knows_rights = true;
	traits->no_modes = after.mode == before.mode;
	traits->no_owners = geteuid() == 0 && after.uid == before.uid &&
	                    after.gid == before.gid;
}

void traits_learn_rights(struct traits *traits, int dir_fd, char *note,
                         const struct meta *src, const struct meta *dst)
{
	if (traits->knows_rights || !note ||
	    (src->mode == dst->mode && src->uid == dst->uid &&
	     src->gid == dst->gid))
		return;
	int fd = open_probe(dir_fd, note);
	if (fd >= 0)
		try_rights(fd, traits);
	(void)fd_close(fd);
	stage_sweep(dir_fd, note);
}

static void try_link(int fd, struct traits *traits)
{
	const struct meta_target target = {.fd = fd, .is_path = true};
	const struct meta old = {.atime_s = 1000000000, .mtime_s = 1000000000};
	struct meta before, after;
	struct meta_kept kept;

	if (meta_read(fd, &before) < 0)
		return;
	const struct meta other = {.uid = before.uid + 1,
	                           .gid = before.gid + 1};
	bool is_root = geteuid() == 0;
	if (is_root)
		(void)meta_set_owner(fd, &other, &before, &kept);
	(void)meta_set_times(target, &old);
	if (meta_read(fd, &after) < 0)
		return;
	traits->no_link_times = after.mtime_s / 2 != old.mtime_s / 2;
	traits->no_link_owners =
		is_root && after.uid == before.uid && after.gid == before.gid;
}

void traits_learn_links(struct traits *traits, int dir_fd, char *note)
{
	if (traits->knows_links || !traits->is_doubtful || !note)
		return;
	traits->knows_links = true;
	stage_make_name(note);
	/* To itself: whoever follows it gets nowhere. */
	int fd = symlinkat(note, dir_fd, note) < 0
	                 ? -errno
	                 : node_open_path(dir_fd, note);
	if (fd >= 0)
		try_link(fd, traits);
	(void)fd_close(fd);
	stage_sweep(dir_fd, note);
}
