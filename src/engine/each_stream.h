/* SPDX-License-Identifier: MIT */
/* engine/each_stream.h - what a command prints, kept by its worker
 *
 * Model     the read end of a pipe; 64 KiB are kept in memory, and what does
 *           not fit goes to the end of the worker's spool, a file without a
 *           name that the master has open too. So a stream is an extent of the
 *           spool (perhaps empty) and behind it the bytes in memory.
 * Lifetime  stream_init once in a worker; begin and end for each job
 * Blocking  read takes what is there; sending blocks until the master has
 *           room for it
 * Errors    a spool that cannot be written is kept in err (negative errno);
 *           from then on what is read is dropped */
#ifndef ENGINE_EACH_STREAM_H
#define ENGINE_EACH_STREAM_H

#include "base/base.h"
#include "engine/each_job.h"
#include "mp/workers.h"

#define EACH_STREAM_MEMORY ((size_t)64 << 10)

struct each_stream {
	/* constant in a worker */
	enum each_stream_index index;
	struct each_cell *cell;
	struct mp_worker *worker;
	int spool_fd; /* negative: there is none, and why */
	bool is_by_lines;
	/* of a job */
	uint32_t job;
	int fd; /* -1: it has ended */
	uint64_t extent_at, extent_len;
	size_t len;
	uint64_t n_read;
	int err;
	char *memory;
};

/* Gets a descriptor for a pipe to the command, or a negative errno. */
int each_stream_begin(struct each_stream *stream, uint32_t job);

/* Takes what can be read without waiting, at most max bytes. */
void each_stream_read(struct each_stream *stream, size_t max);

/* Sends the rest and closes. */
void each_stream_end(struct each_stream *stream);

/* How much is waiting in the pipe now. */
size_t each_stream_waiting(const struct each_stream *stream);

#endif
