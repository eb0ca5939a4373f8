/* SPDX-License-Identifier: MIT */
/* engine/each_output.h - what jobs print, shown by the master
 *
 * Model     of each job and stream: an extent of its worker's spool, and the
 *           bytes that come behind it. To show them is to hand them to whoever
 *           takes them and to give the extent's room back.
 * Lifetime  each_spools_open before the fork; two files without a name for
 *           each worker, in $TMPDIR
 * Errors    of reading the spool or of whoever takes it: negative errno. A spool
 *           that cannot be made has the errno as its number: who needs it
 *           fails, and says so. */
#ifndef ENGINE_EACH_OUTPUT_H
#define ENGINE_EACH_OUTPUT_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each_job.h"

struct each_printed {
	unsigned worker;
	struct {
		struct buf bytes;
		uint64_t at, len; /* in the spool */
		bool in_line;     /* the last byte shown was no newline */
	} streams[N_EACH_STREAMS];
};

struct each_screen {
	/* Where it goes to; 0 or a negative errno. */
	int (*write)(void *ctx, bool is_stderr, const void *data, size_t len);
	void *ctx;
	struct each_shared *shared;
	const int *spool_fds;
	struct buf scratch;
};

/* n_workers * N_EACH_STREAMS descriptors, or errnos; open makes those of one
 * worker, unless they are there. */
int *each_spools_make(unsigned n_workers);
void each_spools_open(int *fds, unsigned worker);
void each_spools_close(int *fds, unsigned n_workers);

/* Shows one stream and empties it; each line gets the tag if there is one. */
int each_screen_show(struct each_screen *screen, struct each_printed *printed,
                     enum each_stream_index stream, const struct buf *tag);

/* Empties both without showing them. */
void each_screen_drop(struct each_screen *screen, struct each_printed *printed);

/* Bytes in memory. */
size_t each_printed_size(const struct each_printed *printed);
void each_printed_release(struct each_printed *printed);

#endif
