/* SPDX-License-Identifier: MIT */
/* mp/pipe.h - whole messages between two processes
 *
 * Model     two connected ends; one process uses each. A message of any length,
 *           0 included, arrives whole or not at all, in order. Both directions
 *           of a duplex pipe are independent. Two processes at the same end
 *           would mix their messages: let them share a lock.
 * Lifetime  made before the fork, which gives both ends to both processes: each
 *           closes the one it does not use, or the other's end is never seen
 * Blocking  timeout_ms: -1 for ever, 0 not at all, n at most. A message larger
 *           than what the kernel buffers blocks its sender until the receiver
 *           reads. When time runs out in the middle of a message, the end
 *           remembers how far it got: repeat the call to go on.
 * Death     a closed or dead other end is the end of the pipe (0) after its
 *           last whole message; -ECONNRESET when it died in the middle of one.
 *           Sending to it is -EPIPE, never a signal. What was sent but not
 *           received by the dead is lost.
 * Errors    recv: 1 a message, 0 the end, -EAGAIN none (timeout 0),
 *           -ETIMEDOUT, -EMSGSIZE, -ECONNRESET, -EBADF the wrong direction.
 *           send: 0, -EAGAIN (timeout 0), -ETIMEDOUT, -EPIPE, -EBADF, -EINVAL */
#ifndef MP_PIPE_H
#define MP_PIPE_H

#include "base/base.h"
#include "base/buf.h"

struct mp_pipe; /* one end */

/* Unless it is duplex, ends[0] only receives and ends[1] only sends. */
int mp_pipe_create(bool is_duplex, struct mp_pipe *ends[2]);

/* After -EAGAIN or -ETIMEDOUT with a part sent (mp_pipe_is_sending), the next
 * send must be of the same message and sends the rest; -EINVAL when its length
 * is another. */
int mp_pipe_send(struct mp_pipe *end, const void *data, size_t len,
                 int timeout_ms);

/* True while a message is sent in part. */
bool mp_pipe_is_sending(const struct mp_pipe *end);

/* Receives the next message; *len is its length. With -EMSGSIZE it does not
 * fit into size bytes: it stays, and *len says what it needs. */
int mp_pipe_recv(struct mp_pipe *end, void *data, size_t size, size_t *len,
                 int timeout_ms);

/* Receives a message of any length in place of what buf held. buf grows with
 * what arrives, not with what is announced; -ENOMEM leaves the message. */
int mp_pipe_recv_buf(struct mp_pipe *end, struct buf *buf, int timeout_ms);

/* For poll and epoll; owned by the end. Readable: recv would not block before
 * the first byte. */
int mp_pipe_fd(const struct mp_pipe *end);

/* Closes this process's copy of the end; NULL is fine. */
void mp_pipe_close(struct mp_pipe *end);

#endif
