/* SPDX-License-Identifier: MIT */
/* fs/flags.h - inode flags (chattr) and project ids
 *
 * Model     the flags of FS_IOC_GETFLAGS that a user can set, and the project
 *           id of FS_IOC_FSGETXATTR; both 0 where there is no such thing. An
 *           immutable or append-only file can be neither linked nor replaced
 *           nor changed, so those two are set last of all, after the name.
 * Errors    negative errno for trouble (fs/fault.h); what is refused is counted
 *           as lost */
#ifndef FS_FLAGS_H
#define FS_FLAGS_H

#include "base/base.h"
#include "fs/fault.h"

struct flags {
	uint32_t bits; /* FS_*_FL */
	uint32_t project;
};

/* Which calls tell all that a file system keeps of them. */
enum flags_form {
	FLAGS_IN_BOTH,     /* not known, so both: ext4, f2fs, ... */
	FLAGS_IN_BITS,     /* FS_IOC_GETFLAGS: it has no projects */
	FLAGS_IN_EXTENDED, /* FS_IOC_FSGETXATTR: no other flags than that has */
};

/* Regular files and directories only; anything else has none. FLAGS_HIDDEN, and
 * none, when they may not be asked for. */
enum { FLAGS_HIDDEN = 1 };
int flags_read(int fd, struct flags *out);
int flags_read_as(int fd, enum flags_form form, struct flags *out);

/* Sets or clears the flag that only an empty file can change (no copy on
 * write). have is brought up to date; what is refused is no longer wanted. */
int flags_set_early(int fd, struct flags *want, struct flags *have,
                    unsigned *n_lost, struct fault *fault);

/* Makes fd's flags and project id the wanted ones, have being what it has now.
 * 1 when something was changed; FLAGS_NEED_NEW when a file with content cannot
 * become what a new one could. Counts one loss at most for the flags, and one
 * for the project. */
enum { FLAGS_NEED_NEW = 2 };
int flags_set(int fd, struct flags want, struct flags have, unsigned *n_lost,
              struct fault *fault);

/* True for a directory whose project goes on to what is made in it. Nothing of
 * another project can be linked into it (XFS). */
bool flags_pass_project(struct flags flags);

/* Takes that flag away. */
int flags_stop_project(int fd, struct flags have);

bool flags_are_same(struct flags a, struct flags b);

/* True when the flags keep others from linking, replacing or writing. */
bool flags_are_locked(struct flags flags);

/* Takes the immutable and append-only flags away. */
int flags_unlock(int fd, struct flags have);

#endif
