/* SPDX-License-Identifier: MIT */
/* base/fd.h - descriptors: whole reads and writes, closing
 *
 * Blocking  as the descriptor does; EINTR is retried
 * Errors    negative errno */
#ifndef BASE_FD_H
#define BASE_FD_H

#include "base/base.h"

#include <sys/epoll.h>
#include <sys/types.h>

/* Reads until size bytes or the end; returns the bytes read. */
ssize_t fd_read_full(int fd, void *data, size_t size);

/* Writes all size bytes or fails. */
int fd_write_full(int fd, const void *data, size_t size);

/* epoll_wait, or where that call is refused epoll_pwait. */
int fd_epoll_wait(int fd, struct epoll_event *events, int n, int timeout_ms);

/* Closes fd if it is not negative; returns -1: fd = fd_close(fd). For
 * descriptors that were only read. */
int fd_close(int fd);

/* Closes a descriptor that was written to; a delayed write error shows here
 * (close(2), NOTES). The descriptor is gone even on failure. */
int fd_close_checked(int fd);

#endif
