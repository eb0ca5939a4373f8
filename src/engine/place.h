/* SPDX-License-Identifier: MIT */
/* engine/place.h - the two directories of a batch
 *
 * Model     opened by their paths below the roots, and then found to be those
 *           that the walk saw: a directory that was exchanged for another
 *           meanwhile is neither read from nor written to, since what it allows
 *           whom was not looked at
 * Lifetime  the descriptors belong to the worker's cache
 * Errors    negative errno and a fault */
#ifndef ENGINE_PLACE_H
#define ENGINE_PLACE_H

#include "engine/copy.h"
#include "engine/worker.h"

/* Fills in what struct copy_dirs says of the job's directories. */
int place_open(struct worker *worker, const struct job *job,
               struct copy_dirs *dirs, struct fault *fault);

#endif
