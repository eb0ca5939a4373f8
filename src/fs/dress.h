/* SPDX-License-Identifier: MIT */
/* fs/dress.h - giving an inode all that its source has besides content
 *
 * Model     in the order that keeps it: owner, attributes and ACLs,
 *           permissions, times; since a change of owner clears set-id bits and
 *           capabilities (chown(2)), and every change of anything changes the
 *           times. Inode flags come last, when the inode has its name, since
 *           they may lock it. What is right already is not touched.
 *           What cannot be put on leaves nobody more than the source does:
 *           set-id bits need their owner, and without its ACL a mode is cut to
 *           what that would allow.
 * Errors    negative errno and a fault for trouble (fs/fault.h); every other
 *           refusal is counted in lost */
#ifndef FS_DRESS_H
#define FS_DRESS_H

#include "base/base.h"
#include "fs/fault.h"
#include "fs/flags.h"
#include "fs/meta.h"
#include "fs/xattr.h"

enum dress_what {
	DRESS_MODE = 1 << 0,
	DRESS_OWNER = 1 << 1,
	DRESS_TIMES = 1 << 2,
	DRESS_XATTR = 1 << 3,
	DRESS_ACL = 1 << 4,
	DRESS_FLAGS = 1 << 5,
};

struct dress_lost {
	unsigned n_owners, n_modes, n_times, n_xattrs, n_acls, n_flags;
};

struct dress {
	unsigned keep;          /* enum dress_what */
	uint32_t umask;         /* for permissions that are not kept */
	struct meta_target src; /* fd -1: its attributes cannot be read */
	struct meta_target dst;
	const struct meta *want;
	/* What dst takes the place of; its permissions stay if those of the
	 * source are not kept. NULL: nothing. */
	const struct meta *replaced;
	struct meta have; /* owner, mode and mtime of dst as they are */
	struct flags want_flags, have_flags;
	struct meta_times times; /* that the target keeps */
	/* The target keeps none: lost untried. */
	bool no_modes, no_owners, no_times;
	bool reads_back; /* it may say that it has what it has not */
	bool is_new;     /* made by us: its times say nothing */
	bool is_bare;    /* new, without attributes of its own */
	bool only_looks; /* change nothing, only say whether it would */
	struct xattr_scratch *scratch;
	struct xattr_seen seen; /* of src; all below begin with dress_look */
	bool has_looked;
	struct dress_lost lost; /* counted up */
};

/* Looks once at what src has; what it has is in the scratch until the next
 * look of another. */
int dress_look(struct dress *dress, struct fault *fault);

/* Permissions that a new file may be born with before anything is put on it,
 * which are the ones it ends with if that is nothing. */
uint32_t dress_birth_perms(const struct dress *dress);

/* Takes from an existing inode, before it gets anything new to hold, what it
 * allows others but will not in the end, and takes it away from an owner who
 * will not be its owner in the end: so that who may look into it now may look
 * into what is new only if he may then. Who has a file open already reads on,
 * however. */
int dress_close(struct dress *dress, struct fault *fault);

/* True when somebody may read or write it now who may not in the end. After
 * dress_look. */
bool dress_is_wider(const struct dress *dress);

/* All but the flags. 1 when something was, or would be, changed. */
int dress_put(struct dress *dress, struct fault *fault);

/* The flags. 1 when something was, or would be, changed; FLAGS_NEED_NEW as
 * flags_set says. */
int dress_lock(struct dress *dress, struct fault *fault);

#endif
