/* SPDX-License-Identifier: MIT */
/* base/out.h - writing to somebody who reads: a terminal, a pipe, a pager
 *
 * Model     a descriptor that would block, set so by whoever shares it or with
 *           a reader that does not read, is waited for, and stop signals are
 *           heard meanwhile (base/signals.h): once one has come, what is not
 *           taken within OUT_GRACE_MS is dropped
 * Errors    negative errno; -EINTR: dropped because of a signal */
#ifndef BASE_OUT_H
#define BASE_OUT_H

#include "base/base.h"

#define OUT_GRACE_MS 1000

/* Writes all size bytes, few ones (PIPE_BUF) in one piece. */
int out_write(int fd, const void *data, size_t size);

#endif
