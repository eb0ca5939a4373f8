/* SPDX-License-Identifier: MIT */
/* engine/waits.h - has a batch waited for a disk
 *
 * Model     a batch that takes more than twice the processor time it needs,
 *           and puts its process to sleep at least once for every two files,
 *           waits for something that other batches need not wait for: more
 *           workers make that faster. Being preempted on a busy machine is not
 *           sleeping, and a lock of the file system is not held for so long.
 * Callers   a worker, around each batch */
#ifndef ENGINE_WAITS_H
#define ENGINE_WAITS_H

#include "base/base.h"

struct waits {
	int64_t start_ns, busy_ns;
	uint64_t n_sleeps;
};

void waits_begin(struct waits *waits);
bool waits_end(const struct waits *waits, uint32_t n_files);

#endif
