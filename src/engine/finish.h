/* SPDX-License-Identifier: MIT */
/* engine/finish.h - what a directory gets when nothing more is made in it
 *
 * Model     owner, attributes, permissions, times and flags of its source, as
 *           that was before it was read
 * Callers   the master, or a worker where each call is far away
 * Errors    negative errno and a fault */
#ifndef ENGINE_FINISH_H
#define ENGINE_FINISH_H

#include "base/base.h"
#include "engine/worker.h"
#include "fs/fault.h"

struct finish {
	uint32_t operand;
	const char *path; /* below the roots, "" for them */
	size_t path_len;
	const struct meta *want;
	uint64_t dst_dev, dst_ino; /* as entered; ino 0: not known */
	bool is_new;               /* this run made it */
};

/* 1 when something was changed. */
int finish_dir(struct worker *worker, const struct finish *dir,
               struct counts *counts, struct fault *fault);

#endif
