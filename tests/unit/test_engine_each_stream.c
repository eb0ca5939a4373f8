/* SPDX-License-Identifier: MIT */
/* A worker reads what it has itself written into the pipe; the master puts
 * together what arrives. */
#include "base/buf.h"
#include "base/fd.h"
#include "check.h"
#include "engine/each_stream.h"
#include "mp/shm.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

struct piece {
	size_t len;
	char fill;
	bool has_newline; /* behind it */
};

/* What a worker is to do. */
struct story {
	bool is_by_lines;
	int spool_fd;
	size_t n_pieces;
	struct piece pieces[8];
};

static struct {
	struct each_cell *cell;
	struct buf bytes;
	uint64_t extent_len;
	unsigned n_marks;
	size_t len_at_mark; /* of the last one */
	int err;
	uint64_t n_read;
} seen;

static char block[1 << 20];

static void feed(struct each_stream *stream, int fd, const struct piece *piece)
{
	/* A pipe may hold less than the piece. */
	for (size_t at = 0; at < piece->len;) {
		size_t n = min_size(piece->len - at, 32 << 10);

		memset(block, piece->fill, n);
		CHECK_INT(fd_write_full(fd, block, n), 0);
		each_stream_read(stream, EACH_STREAM_MEMORY);
		at += n;
	}
	if (piece->has_newline) {
		CHECK_INT(fd_write_full(fd, "\n", 1), 0);
		each_stream_read(stream, EACH_STREAM_MEMORY);
	}
}

static void run(struct mp_worker *self, void *ctx UNUSED, void *task,
                size_t len UNUSED)
{
	const struct story *story = task;
	struct each_stream stream = {.index = EACH_STDOUT,
	                             .cell = seen.cell,
	                             .worker = self,
	                             .spool_fd = story->spool_fd,
	                             .is_by_lines = story->is_by_lines,
	                             .memory = malloc(EACH_STREAM_MEMORY)};
	int fd = each_stream_begin(&stream, 0);

	CHECK(fd >= 0);
	for (size_t i = 0; i < story->n_pieces; i++)
		feed(&stream, fd, &story->pieces[i]);
	CHECK_INT(each_stream_waiting(&stream), 0);
	(void)close(fd);
	each_stream_end(&stream);

	struct each_reply reply = {
		.kind = EACH_ENDED,
		.end = {.err = stream.err, .n_printed = stream.n_read}};
	free(stream.memory);
	(void)mp_worker_reply_last(self, &reply, sizeof(reply));
}

static int spool_fd = -1;

static void take_extent(const struct each_reply *reply)
{
	char *bytes = malloc(reply->extent.len + 1);

	CHECK_INT(pread(spool_fd, bytes, reply->extent.len,
	                (off_t)reply->extent.at),
	          reply->extent.len);
	buf_append(&seen.bytes, bytes, reply->extent.len);
	seen.extent_len += reply->extent.len;
	free(bytes);
	atomic_fetch_add(&seen.cell->shown[EACH_STDOUT], reply->extent.len);
}

static void on_reply(void *ctx UNUSED, const void *data, size_t len)
{
	const struct each_reply *reply = data;

	switch ((enum each_reply_kind)reply->kind) {
	case EACH_BYTES:
		buf_append(&seen.bytes, reply + 1, len - sizeof(*reply));
		break;
	case EACH_EXTENT:
		take_extent(reply);
		break;
	case EACH_FLUSH:
		seen.n_marks++;
		seen.len_at_mark = seen.bytes.len;
		break;
	case EACH_ENDED:
		seen.err = reply->end.err;
		seen.n_read = reply->end.n_printed;
		break;
	case EACH_HALTED:
	case EACH_STARTED:
	case EACH_NOTE:
		CHECK(false);
		break;
	}
}

static void tell(struct story story, unsigned n_times)
{
	const struct mp_workers_options options = {
		.n_workers = 1,
		.n_waiting = 1,
		.task_max = sizeof(struct story),
		.reply_max = sizeof(struct each_reply) + EACH_PIECE_MAX,
		.run = run,
		.on_reply = on_reply,
	};
	struct mp_workers *workers;
	void *memory;

	CHECK_INT(mp_shm_map(sizeof(struct each_cell), &memory), 0);
	seen.cell = memory;
	if (story.spool_fd == 0)
		story.spool_fd = spool_fd = memfd_create("spool", MFD_CLOEXEC);
	CHECK_INT(mp_workers_create(&options, &workers), 0);
	for (unsigned i = 0; i < n_times; i++) {
		CHECK_INT(mp_workers_submit(workers, &story, sizeof(story)), 0);
		while (mp_workers_n_in_flight(workers) > 0) {
			struct pollfd fd = {mp_workers_fd(workers), POLLIN, 0};

			CHECK(mp_workers_dispatch(workers) >= 0);
			if (mp_workers_n_in_flight(workers) > 0 &&
			    !mp_workers_prepare_sleep(workers, false, 1))
				(void)poll(&fd, 1, -1);
		}
	}
	mp_workers_close(workers);
	CHECK_INT(mp_workers_join(workers, -1), 0);
	mp_workers_destroy(workers);
}

/* All that arrived is this. */
static void is_all(const struct piece *pieces, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < pieces[i].len; k++)
			CHECK(seen.bytes.data[at++] == pieces[i].fill);
		if (pieces[i].has_newline)
			CHECK(seen.bytes.data[at++] == '\n');
	}
	CHECK_INT(seen.bytes.len, at);
	CHECK_INT(seen.n_read, at);
	buf_release(&seen.bytes);
	CHECK_INT(seen.err, 0);
}

CASE(nothing_printed_is_nothing_sent)
{
	tell((struct story){0}, 1);

	CHECK_INT(seen.bytes.len, 0);
	CHECK_INT(seen.n_marks, 0);
}

CASE(up_to_the_memory_there_is_no_spool)
{
	const struct piece pieces[] = {{1000, 'a', true}, {64534, 'b', false}};
	struct story story = {.n_pieces = 2, .spool_fd = -ENOSPC};

	memcpy(story.pieces, pieces, sizeof(pieces));
	tell(story, 1);

	CHECK_INT(seen.extent_len, 0);
	is_all(pieces, 2);
}

CASE(what_is_beyond_it_goes_through_the_spool_in_order)
{
	const struct piece pieces[] = {
		{100000, 'a', true}, {200000, 'b', false}, {7, 'c', true}};
	struct story story = {.n_pieces = 3};

	memcpy(story.pieces, pieces, sizeof(pieces));
	tell(story, 1);

	CHECK(seen.extent_len >= 100000);
	is_all(pieces, 3);
}

CASE(a_spool_that_has_been_shown_starts_anew)
{
	struct story story = {.n_pieces = 1, .pieces = {{300000, 'a', false}}};

	tell(story, 20);

	CHECK_INT(seen.bytes.len, 20 * 300000);
	/* Without a hole punched, it is as long as one job needs. */
	CHECK(lseek(spool_fd, 0, SEEK_END) <= 300000);
	buf_release(&seen.bytes);
}

CASE(without_a_spool_the_error_is_kept_and_the_rest_is_read)
{
	const struct story story = {.n_pieces = 1,
	                            .spool_fd = -EACCES,
	                            .pieces = {{300000, 'a', false}}};

	tell(story, 1);

	CHECK_INT(seen.err, -EACCES);
	CHECK_INT(seen.n_read, 300000);
	buf_release(&seen.bytes);
}

CASE(by_lines_a_line_is_sent_when_it_is_whole)
{
	const struct piece pieces[] = {{10, 'a', true},
	                               {20, 'b', false},
	                               {0, 'c', true},
	                               {5, 'd', false}};
	struct story story = {.is_by_lines = true, .n_pieces = 4};

	memcpy(story.pieces, pieces, sizeof(pieces));
	tell(story, 1);

	CHECK_INT(seen.n_marks, 2);
	CHECK_INT(seen.len_at_mark, 11 + 21);
	is_all(pieces, 4);
}

CASE(by_lines_a_long_line_comes_whole)
{
	const struct piece pieces[] = {{400000, 'a', true}, {3, 'b', true}};
	struct story story = {.is_by_lines = true, .n_pieces = 2};

	memcpy(story.pieces, pieces, sizeof(pieces));
	tell(story, 1);

	CHECK_INT(seen.n_marks, 2);
	is_all(pieces, 2);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
