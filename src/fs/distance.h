/* SPDX-License-Identifier: MIT */
/* fs/distance.h - is a file system so far away that each call is a round trip
 *
 * Model     by its type; one that does not say its type is taken for far */
#ifndef FS_DISTANCE_H
#define FS_DISTANCE_H

#include "base/base.h"

bool distance_is_far(int fd);

#endif
