/* SPDX-License-Identifier: MIT */
/* engine/destination.h - tells the observer where the copies go */
#ifndef ENGINE_DESTINATION_H
#define ENGINE_DESTINATION_H

#include "engine/run.h"
#include "engine/site.h"

void destination_tell(const struct site *site, const struct operands *operands,
                      const struct observer *observer);

#endif
