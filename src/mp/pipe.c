/* SPDX-License-Identifier: MIT */
/* A message is its length, 8 bytes in host order, and its bytes, on a stream
 * socket: packets that the kernel keeps whole (SOCK_SEQPACKET) would be limited
 * by the send buffer. A stream can stop anywhere, so each end remembers how far
 * the message under way has got. A received message is collected in the end's
 * own memory and handed over when it is whole. */
#include "mp/pipe.h"

#include "base/fd.h"
#include "base/mono.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define CHUNK_MIN 4096

struct mp_pipe {
	int fd;
	bool can_send, can_recv;
	/* the message being sent, header included */
	size_t n_sent;
	uint64_t send_len;
	/* the message being received */
	size_t n_header;
	uint64_t recv_len;
	struct buf body;
};

struct limit {
	int64_t deadline_ns;
	int late; /* what to say then */
};

static struct limit limit_of(int timeout_ms)
{
	return (struct limit){mono_deadline_ns(timeout_ms),
	                      timeout_ms == 0 ? -EAGAIN : -ETIMEDOUT};
}

/* 0 or -EINTR when the descriptor may be tried again. */
static int wait_ready(int fd, short events, const struct limit *limit)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	int left_ms = mono_left_ms(limit->deadline_ns);

	if (left_ms == 0)
		return limit->late;
	return poll(&poll_fd, 1, left_ms) < 0 ? -errno : 0;
}

static struct mp_pipe *make_end(bool can_send, bool can_recv)
{
	struct mp_pipe *end = calloc(1, sizeof(*end));

	if (end) {
		end->fd = -1;
		end->can_send = can_send;
		end->can_recv = can_recv;
	}
	return end;
}

int mp_pipe_create(bool is_duplex, struct mp_pipe *ends[2])
{
	struct mp_pipe *receiver = make_end(is_duplex, true);
	struct mp_pipe *sender = make_end(true, is_duplex);
	int fds[2], rc = -ENOMEM;

	if (!receiver || !sender)
		goto out;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		rc = -errno;
		goto out;
	}
	receiver->fd = fds[0];
	sender->fd = fds[1];
	ends[0] = receiver;
	ends[1] = sender;
	return 0;
out:
	free(receiver);
	free(sender);
	return rc;
}

/* Sends once from where the message has got to. */
static int send_some(struct mp_pipe *end, const void *data, size_t len)
{
	size_t at = end->n_sent, in_header = min_size(at, sizeof(uint64_t));
	char *header = (char *)&end->send_len;
	struct iovec parts[2] = {
		{header + in_header, sizeof(uint64_t) - in_header}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	/* sendmsg only reads, but an iovec does not say so. */
	at -= in_header;
	if (at < len)
		parts[1] = (struct iovec){(void *)((uintptr_t)data + at),
		                          len - at};
	ssize_t n = sendmsg(end->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	/* ECONNRESET: it closed just now, with messages of ours unread. */
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	end->n_sent += (size_t)n;
	return 0;
}

int mp_pipe_send(struct mp_pipe *end, const void *data, size_t len,
                 int timeout_ms)
{
	struct limit limit = limit_of(timeout_ms);

	if (!end->can_send)
		return -EBADF;
	if (end->n_sent && end->send_len != len)
		return -EINVAL;
	end->send_len = len;
	while (end->n_sent < sizeof(uint64_t) + len) {
		int rc = send_some(end, data, len);

		if (rc == -EAGAIN)
			rc = wait_ready(end->fd, POLLOUT, &limit);
		if (rc < 0 && rc != -EINTR)
			return rc;
	}
	end->n_sent = 0;
	return 0;
}

bool mp_pipe_is_sending(const struct mp_pipe *end)
{
	return end->n_sent > 0;
}

/* Bytes received, 0 at the end of the stream. */
static ssize_t recv_some(struct mp_pipe *end, void *data, size_t size,
                         const struct limit *limit)
{
	for (;;) {
		ssize_t n = recv(end->fd, data, size, MSG_DONTWAIT);
		int rc = n < 0 ? -errno : 0;

		if (rc == 0)
			return n;
		/* The other end closed without reading all that we sent; what
		 * it sent has been received before this is said. */
		if (rc == -ECONNRESET)
			return 0;
		if (rc == -EAGAIN)
			rc = wait_ready(end->fd, POLLIN, limit);
		if (rc < 0 && rc != -EINTR)
			return rc;
	}
}

/* 1 when recv_len is known, 0 at the end. */
static int fill_header(struct mp_pipe *end, const struct limit *limit)
{
	while (end->n_header < sizeof(end->recv_len)) {
		ssize_t n =
			recv_some(end, (char *)&end->recv_len + end->n_header,
		                  sizeof(end->recv_len) - end->n_header, limit);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return end->n_header ? -ECONNRESET : 0;
		end->n_header += (size_t)n;
	}
	return 1;
}

/* Collects the body. At least half of the memory asked for has arrived, so an
 * announced length alone never costs memory. */
static int fill_body(struct mp_pipe *end, const struct limit *limit)
{
	struct buf *body = &end->body;

	while (body->len < end->recv_len) {
		size_t step = body->len < CHUNK_MIN ? CHUNK_MIN : body->len;

		step = (size_t)min_u64(step, end->recv_len - body->len);
		int rc = buf_try_reserve(body, step);
		if (rc < 0)
			return rc;
		ssize_t n = recv_some(end, body->data + body->len, step, limit);
		if (n <= 0)
			return n < 0 ? (int)n : -ECONNRESET;
		body->len += (size_t)n;
	}
	int rc = buf_try_reserve(body, 0);
	if (rc < 0)
		return rc;
	body->data[body->len] = '\0';
	return 1;
}

int mp_pipe_recv(struct mp_pipe *end, void *data, size_t size, size_t *len,
                 int timeout_ms)
{
	struct limit limit = limit_of(timeout_ms);

	if (!end->can_recv)
		return -EBADF;
	int rc = fill_header(end, &limit);
	if (rc <= 0)
		return rc;
	*len = (size_t)end->recv_len;
	if (end->recv_len > size)
		return -EMSGSIZE;
	rc = fill_body(end, &limit);
	if (rc <= 0)
		return rc;
	if (*len)
		memcpy(data, end->body.data, *len);
	end->body.len = 0;
	end->n_header = 0;
	return 1;
}

int mp_pipe_recv_buf(struct mp_pipe *end, struct buf *buf, int timeout_ms)
{
	struct limit limit = limit_of(timeout_ms);

	if (!end->can_recv)
		return -EBADF;
	int rc = fill_header(end, &limit);
	if (rc > 0)
		rc = fill_body(end, &limit);
	if (rc <= 0)
		return rc;
	/* Swapping spares a copy; the caller's old memory serves again. */
	struct buf received = end->body;
	end->body = *buf;
	end->body.len = 0;
	end->n_header = 0;
	*buf = received;
	return 1;
}

int mp_pipe_fd(const struct mp_pipe *end)
{
	return end->fd;
}

void mp_pipe_close(struct mp_pipe *end)
{
	if (!end)
		return;
	end->fd = fd_close(end->fd);
	buf_release(&end->body);
	free(end);
}
