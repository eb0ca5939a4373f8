/* SPDX-License-Identifier: MIT */
/* fs/bytes.h - bytes at an offset, also of files that cannot seek
 *
 * Model     pread(2) and pwrite(2); where they say ESPIPE (files of FUSE and
 *           of the kernel), read(2) and write(2), as long as what is asked for
 *           begins where the last call ended. *passed is where that is: the
 *           caller's, 0 in the beginning, and still 0 for a file that seeks.
 * Errors    negative errno; -ESPIPE for another offset */
#ifndef FS_BYTES_H
#define FS_BYTES_H

#include "base/base.h"

#include <sys/types.h>

/* Returns the bytes read, 0 at the end. */
ssize_t bytes_read(int fd, char *buffer, size_t size, off_t at, off_t *passed);

/* Writes all of it; what lies between *passed and at becomes zeros. */
int bytes_write(int fd, const char *data, size_t size, off_t at, off_t *passed);

#endif
