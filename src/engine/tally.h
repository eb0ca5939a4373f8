/* SPDX-License-Identifier: MIT */
/* engine/tally.h - what has been done so far, and the exit status it means
 *
 * Model     plain counters, owned by the master; workers report theirs in
 *           replies. Directories are counted apart from files, which are all
 *           that is not a directory. The totals grow while the walk runs and
 *           are final once is_final; until then walked says what part of the
 *           trees they are the totals of.
 * Callers   the command line gets a const tally to draw and to sum up */
#ifndef ENGINE_TALLY_H
#define ENGINE_TALLY_H

#include "base/base.h"

/* What each entry weighs in the percentage besides its bytes, so that a tree
 * of empty files moves too: about what a small file costs in time, at the
 * speed of memory (20 us at 1.6 GB/s). */
#define TALLY_ENTRY_BYTES UINT64_C(32768)

/* What a copy may lose without failing. */
enum tally_lost {
	LOST_LINKS,  /* hard links that became files of their own */
	LOST_XATTRS, /* entries with extended attributes not kept */
	LOST_ACLS,
	LOST_FLAGS,    /* entries with inode flags not kept */
	LOST_TIMES,    /* entries with a time that is beyond the target's */
	LOST_MODES,    /* entries whose permissions could not be set */
	LOST_OWNERS,   /* entries whose owner could not be set; no failure */
	LOST_SYMLINKS, /* entries left out, as the target has none such */
	LOST_NODES,    /* fifos, sockets and devices */
	N_LOST,
};

struct tally {
	bool is_final;         /* the walk has ended, totals are exact */
	uint64_t n_total;      /* files found */
	uint64_t n_done;       /* files dealt with, failed ones included */
	uint64_t n_dirs_total; /* directories found */
	uint64_t n_dirs_done;  /* directories dealt with, failed ones, too */
	uint64_t bytes_total;
	uint64_t bytes_done; /* of entries dealt with and of those in hand */

	double walked;       /* 0 to 1; engine/share.h */
	uint64_t n_operands; /* that are equal parts of it */

	uint64_t n_copied;     /* files and symlinks made anew or replaced */
	uint64_t n_unchanged;  /* files and symlinks found as they should be */
	uint64_t n_mended;     /* of the unchanged: metadata was put right */
	uint64_t n_dirs;       /* directories finished */
	uint64_t n_unsafe;     /* symlinks that were left out */
	uint64_t bytes_copied; /* really moved, for the rate */

	uint64_t n_failed;  /* entries with an error: exit status 1 */
	uint64_t n_changed; /* sources that vanished or kept changing: 3 */
	uint64_t lost[N_LOST];
	bool demands[N_LOST]; /* a loss is not as asked: 3 */
	uint64_t n_deaths;    /* workers that died and were replaced */
	int signal_number;    /* the signal that stopped the run, or 0 */
};

enum exit_status {
	EXIT_ALL_DONE = 0,
	EXIT_SOME_FAILED = 1,
	EXIT_NOT_STARTED = 2,
	EXIT_NOT_AS_ASKED = 3,
	EXIT_DIFFERENT = 4,
	EXIT_REFUSED = 5,
};

/* The status of a run that ended: the worst of what was counted. */
enum exit_status tally_exit_status(const struct tally *tally);

/* Work, in bytes and what entries cost: done, and found so far. */
double tally_work_done(const struct tally *tally);
double tally_work_found(const struct tally *tally);

/* 0 to 10000, hundredths of a percent; 10000 only when all is done. While the
 * totals grow it is an estimate: what is walked stands for all. */
unsigned tally_permyriad(const struct tally *tally);

/* "special files", "hard links", ... for a count of n. */
const char *tally_lost_text(enum tally_lost what, uint64_t n);

/* What to say of the first loss of a kind on a file system. */
const char *tally_loss_text(enum tally_lost what);

#endif
