/* SPDX-License-Identifier: MIT */
/* engine/copy_file.h - the steps of copying one regular file */
#ifndef ENGINE_COPY_FILE_H
#define ENGINE_COPY_FILE_H

#include "engine/copy.h"

/* Copies a file that is known to be one; dst is the existing entry's metadata
 * or NULL. A source that changes meanwhile is copied again, twice at most. */
enum copy_outcome copy_file(struct copy_tools *tools, struct copy_dirs *dirs,
                            const struct job_entry *entry,
                            const struct meta *dst, struct counts *counts,
                            struct fault *fault);

#endif
