/* SPDX-License-Identifier: MIT */
/* engine/implied.h - directories that were made as parents of copies
 *
 * Model     told when the run begins; they get their sources' metadata when all
 *           else is done, or the run is stopped */
#ifndef ENGINE_IMPLIED_H
#define ENGINE_IMPLIED_H

#include "engine/feed.h"

void implied_begin(struct feed *feed);
void implied_end(struct dirs *dirs);

#endif
