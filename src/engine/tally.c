/* SPDX-License-Identifier: MIT */
#include "engine/tally.h"

enum exit_status tally_exit_status(const struct tally *tally)
{
	if (tally->n_failed)
		return EXIT_SOME_FAILED;
	/* What is missing is more than an attribute. */
	if (tally->n_changed || tally->lost[LOST_SYMLINKS] ||
	    tally->lost[LOST_NODES])
		return EXIT_NOT_AS_ASKED;
	for (size_t i = 0; i < N_LOST; i++) {
		if (tally->demands[i] && tally->lost[i])
			return EXIT_NOT_AS_ASKED;
	}
	return EXIT_ALL_DONE;
}

static double work_of(uint64_t bytes, uint64_t n_files, uint64_t n_dirs)
{
	return (double)bytes +
	       ((double)n_files + (double)n_dirs) * (double)TALLY_ENTRY_BYTES;
}

double tally_work_done(const struct tally *tally)
{
	return work_of(tally->bytes_done, tally->n_done, tally->n_dirs_done);
}

double tally_work_found(const struct tally *tally)
{
	return work_of(tally->bytes_total, tally->n_total, tally->n_dirs_total);
}

unsigned tally_permyriad(const struct tally *tally)
{
	double found = tally_work_found(tally);
	double done = tally_work_done(tally);

	if (tally->is_final && tally->n_done >= tally->n_total &&
	    tally->n_dirs_done >= tally->n_dirs_total)
		return 10000;
	if (found <= 0 || done <= 0)
		return 0;
	double part = done / found * (tally->is_final ? 1 : tally->walked);
	return part >= 0.9999 ? 9999 : (unsigned)(part * 10000);
}

const char *tally_lost_text(enum tally_lost what, uint64_t n)
{
	static const char *const one[] = {
		[LOST_LINKS] = "hard link",    [LOST_XATTRS] = "xattr",
		[LOST_ACLS] = "ACL",           [LOST_FLAGS] = "inode flag",
		[LOST_TIMES] = "time",         [LOST_MODES] = "mode",
		[LOST_OWNERS] = "owner",       [LOST_SYMLINKS] = "symlink",
		[LOST_NODES] = "special file",
	};
	static const char *const many[] = {
		[LOST_LINKS] = "hard links",    [LOST_XATTRS] = "xattrs",
		[LOST_ACLS] = "ACLs",           [LOST_FLAGS] = "inode flags",
		[LOST_TIMES] = "times",         [LOST_MODES] = "modes",
		[LOST_OWNERS] = "owners",       [LOST_SYMLINKS] = "symlinks",
		[LOST_NODES] = "special files",
	};

	return n == 1 ? one[what] : many[what];
}

const char *tally_loss_text(enum tally_lost what)
{
	static const char *const texts[] = {
		[LOST_LINKS] = "cannot be a hard link here, copied",
		[LOST_XATTRS] = "extended attributes cannot all be kept here",
		[LOST_ACLS] = "ACLs cannot be kept here",
		[LOST_FLAGS] = "inode flags cannot all be kept here",
		[LOST_TIMES] = "times cannot all be kept here",
		[LOST_MODES] = "permissions cannot be kept here",
		[LOST_OWNERS] = "owners cannot be kept here",
		[LOST_SYMLINKS] = "symlinks cannot be made here, left out",
		[LOST_NODES] = "special files cannot be made here, left out",
	};

	return texts[what];
}
