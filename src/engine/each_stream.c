/* SPDX-License-Identifier: MIT */
/* The spool is reset when all that was ever written to it has been shown, so
 * that it stays small where the file system cannot punch holes into it. */
#include "engine/each_stream.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int each_stream_begin(struct each_stream *stream, uint32_t job)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	/* Of our end only: the two are descriptions of their own. */
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	stream->fd = ends[0];
	stream->job = job;
	stream->extent_len = 0;
	stream->len = 0;
	stream->n_read = 0;
	stream->err = 0;
	return ends[1];
}

size_t each_stream_waiting(const struct each_stream *stream)
{
	int n = 0;

	if (stream->fd < 0 || ioctl(stream->fd, FIONREAD, &n) < 0 || n < 0)
		return 0;
	return (size_t)n;
}

static void send_bytes(struct each_stream *stream, const char *bytes,
                       size_t len)
{
	while (len > 0) {
		struct each_reply *reply;
		void *place;
		size_t n = min_size(len, EACH_PIECE_MAX);

		if (mp_worker_reply_reserve(stream->worker, &place) < 0)
			return;
		reply = place;
		*reply = (struct each_reply){
			.kind = EACH_BYTES,
			.stream = stream->index,
			.worker = mp_worker_index(stream->worker),
			.job = stream->job,
		};
		memcpy(reply + 1, bytes, n);
		mp_worker_reply_send(stream->worker, place, sizeof(*reply) + n);
		bytes += n;
		len -= n;
	}
}

static void send_mark(struct each_stream *stream, enum each_reply_kind kind)
{
	const struct each_reply reply = {
		.kind = kind,
		.stream = stream->index,
		.worker = mp_worker_index(stream->worker),
		.job = stream->job,
		.extent = {stream->extent_at, stream->extent_len},
	};

	/* Fails only for a record that is too long. */
	(void)mp_worker_reply(stream->worker, &reply, sizeof(reply));
}

/* Sends the extent and the first len bytes of the memory. */
static void send_first(struct each_stream *stream, size_t len)
{
	if (stream->extent_len > 0)
		send_mark(stream, EACH_EXTENT);
	send_bytes(stream, stream->memory, len);
	stream->extent_len = 0;
	stream->len -= len;
	memmove(stream->memory, stream->memory + len, stream->len);
}

/* Where the next byte of the spool goes. */
static uint64_t spool_end(struct each_stream *stream)
{
	uint64_t written = atomic_load(&stream->cell->written[stream->index]);

	if (stream->extent_len == 0 &&
	    written == atomic_load(&stream->cell->shown[stream->index]) &&
	    ftruncate(stream->spool_fd, 0) == 0)
		stream->extent_at = 0;
	else if (stream->extent_len == 0)
		stream->extent_at =
			(uint64_t)lseek(stream->spool_fd, 0, SEEK_END);
	return stream->extent_at + stream->extent_len;
}

static void spill(struct each_stream *stream)
{
	size_t done = 0;

	if (stream->spool_fd < 0)
		stream->err = stream->spool_fd;
	uint64_t at = stream->err ? 0 : spool_end(stream);
	while (!stream->err && done < stream->len) {
		ssize_t n = pwrite(stream->spool_fd, stream->memory + done,
		                   stream->len - done, (off_t)(at + done));

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			stream->err = n == 0 ? -ENOSPC : -errno;
	}
	/* What was written counts, also where the rest did not go through. */
	stream->extent_len += done;
	atomic_fetch_add(&stream->cell->written[stream->index], done);
	stream->len = 0;
}

void each_stream_read(struct each_stream *stream, size_t max)
{
	while (max > 0 && stream->fd >= 0) {
		if (stream->len == EACH_STREAM_MEMORY)
			spill(stream);
		size_t room = EACH_STREAM_MEMORY - stream->len;
		char *place = stream->memory + stream->len;
		ssize_t n = read(stream->fd, place, min_size(room, max));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			stream->fd = fd_close(stream->fd);
			return;
		}
		max -= (size_t)n;
		stream->n_read += (uint64_t)n;
		if (stream->err)
			continue;
		stream->len += (size_t)n;
		const char *end = stream->is_by_lines
		                          ? memrchr(place, '\n', (size_t)n)
		                          : NULL;
		if (end) {
			send_first(stream, (size_t)(end - stream->memory) + 1);
			send_mark(stream, EACH_FLUSH);
		}
		/* Less than there was room for: nothing is there now. */
		if ((size_t)n < room)
			return;
	}
}

void each_stream_end(struct each_stream *stream)
{
	stream->fd = fd_close(stream->fd);
	send_first(stream, stream->len);
}
