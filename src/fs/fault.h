/* SPDX-License-Identifier: MIT */
/* fs/fault.h - which operation on an entry failed, and why
 *
 * Functions of this floor that take several steps fill a fault, so that the
 * message names the step: "PATH: cannot set owner: Operation not permitted". */
#ifndef FS_FAULT_H
#define FS_FAULT_H

#include "base/base.h"

#include <errno.h>

struct fault {
	const char *what; /* a string constant, such as "cannot read" */
	int err;          /* positive errno, 0 when what says it all */
	bool is_at_dst;   /* it is the destination's path that is to be named */
};

/* Notes the step that failed on the source, or on the destination, with the
 * negative errno rc; returns rc. */
static inline int fault_src(struct fault *fault, const char *what, int rc)
{
	*fault = (struct fault){.what = what, .err = -rc};
	return rc;
}

static inline int fault_dst(struct fault *fault, const char *what, int rc)
{
	*fault = (struct fault){.what = what, .err = -rc, .is_at_dst = true};
	return rc;
}

/* The disk or the memory is in trouble: there is no other way. */
static inline bool fault_is_disk(int rc)
{
	switch (-rc) {
	case EIO:
	case ENOSPC:
	case EDQUOT:
	case ENOMEM:
	case ESTALE:
	case EROFS:
		return true;
	default:
		return false;
	}
}

/* That, or the process has used up its descriptors: what fails an entry. All
 * else that a step of reading or putting on metadata may say is a refusal: it
 * costs that detail, which is counted, and never the content. */
static inline bool fault_is_trouble(int rc)
{
	return fault_is_disk(rc) || rc == -EMFILE || rc == -ENFILE;
}

#endif
