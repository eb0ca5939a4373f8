/* SPDX-License-Identifier: MIT */
#include "engine/each_output.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK ((size_t)65536)

static int open_spool(void)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes it */
	const char *dir = getenv("TMPDIR");
	struct buf path = {0};

	dir = dir && *dir ? dir : "/tmp";
	/* lint: path, the directory for temporary files */
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) { /* file systems refuse it in many ways */
		buf_printf(&path, "%s/pcopy-spool.XXXXXX", dir);
		fd = mkostemp(path.data, O_CLOEXEC);
		if (fd >= 0)
			/* lint: path, just made; nobody shall see it */
			(void)unlink(path.data);
	}
	int rc = fd < 0 ? -errno : fd;
	buf_release(&path);
	return rc;
}

int *each_spools_make(unsigned n_workers)
{
	size_t n = (size_t)n_workers * N_EACH_STREAMS;
	int *fds = xcalloc(n, sizeof(*fds));

	for (size_t i = 0; i < n; i++)
		fds[i] = -ENOENT;
	return fds;
}

void each_spools_open(int *fds, unsigned worker)
{
	for (size_t i = 0; i < N_EACH_STREAMS; i++) {
		int *fd = &fds[(size_t)worker * N_EACH_STREAMS + i];

		if (*fd < 0)
			*fd = open_spool();
	}
}

void each_spools_close(int *fds, unsigned n_workers)
{
	for (size_t i = 0; fds && i < (size_t)n_workers * N_EACH_STREAMS; i++)
		(void)fd_close(fds[i]);
	free(fds);
}

static void with_tags(struct buf *out, const char *bytes, size_t len,
                      const struct buf *tag, bool *in_line)
{
	while (len > 0) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end ? (size_t)(end - bytes) + 1 : len;

		if (!*in_line) {
			buf_append(out, tag->data, tag->len);
			buf_append_char(out, '\t');
		}
		buf_append(out, bytes, n);
		*in_line = !end;
		bytes += n;
		len -= n;
	}
}

static int show_bytes(struct each_screen *screen, bool is_stderr,
                      const char *bytes, size_t len, const struct buf *tag,
                      bool *in_line)
{
	if (!tag)
		return screen->write(screen->ctx, is_stderr, bytes, len);
	/* By blocks: tags in front of empty lines could be many. */
	while (len > 0) {
		size_t n = min_size(len, BLOCK);

		buf_truncate(&screen->scratch, 0);
		with_tags(&screen->scratch, bytes, n, tag, in_line);
		int rc = screen->write(screen->ctx, is_stderr,
		                       screen->scratch.data,
		                       screen->scratch.len);
		if (rc < 0)
			return rc;
		bytes += n;
		len -= n;
	}
	return 0;
}

/* Gives the room back; a file system that cannot keeps it until the worker
 * starts the file anew. */
static void free_extent(struct each_screen *screen,
                        const struct each_printed *printed,
                        enum each_stream_index stream)
{
	size_t i = (size_t)printed->worker * N_EACH_STREAMS + stream;
	uint64_t at = printed->streams[stream].at;
	uint64_t len = printed->streams[stream].len;

	(void)fallocate(screen->spool_fds[i],
	                FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at,
	                (off_t)len);
	atomic_fetch_add(&screen->shared->cells[printed->worker].shown[stream],
	                 len);
}

static int show_extent(struct each_screen *screen, struct each_printed *printed,
                       enum each_stream_index stream, const struct buf *tag)
{
	size_t i = (size_t)printed->worker * N_EACH_STREAMS + stream;
	uint64_t at = printed->streams[stream].at;
	uint64_t left = printed->streams[stream].len;
	char *block = left ? xmalloc(BLOCK) : NULL;
	int rc = 0;

	while (rc == 0 && left > 0) {
		size_t wanted = (size_t)min_u64(left, BLOCK);
		ssize_t n =
			pread(screen->spool_fds[i], block, wanted, (off_t)at);

		if (n > 0) {
			rc = show_bytes(screen, stream == EACH_STDERR, block,
			                (size_t)n, tag,
			                &printed->streams[stream].in_line);
			at += (uint64_t)n;
			left -= (uint64_t)n;
		} else if (n == 0 || errno != EINTR) {
			rc = n == 0 ? -EIO : -errno;
		}
	}
	free(block);
	return rc;
}

int each_screen_show(struct each_screen *screen, struct each_printed *printed,
                     enum each_stream_index stream, const struct buf *tag)
{
	struct buf *bytes = &printed->streams[stream].bytes;
	int rc = 0;

	if (printed->streams[stream].len > 0) {
		rc = show_extent(screen, printed, stream, tag);
		free_extent(screen, printed, stream);
		printed->streams[stream].len = 0;
	}
	if (rc == 0 && bytes->len > 0)
		rc = show_bytes(screen, stream == EACH_STDERR, bytes->data,
		                bytes->len, tag,
		                &printed->streams[stream].in_line);
	buf_truncate(bytes, 0);
	return rc;
}

void each_screen_drop(struct each_screen *screen, struct each_printed *printed)
{
	for (unsigned i = 0; i < N_EACH_STREAMS; i++) {
		if (printed->streams[i].len > 0)
			free_extent(screen, printed, i);
		printed->streams[i].len = 0;
		printed->streams[i].in_line = false;
		buf_truncate(&printed->streams[i].bytes, 0);
	}
}

size_t each_printed_size(const struct each_printed *printed)
{
	size_t size = 0;

	for (unsigned i = 0; i < N_EACH_STREAMS; i++)
		size += printed->streams[i].bytes.len;
	return size;
}

void each_printed_release(struct each_printed *printed)
{
	for (unsigned i = 0; i < N_EACH_STREAMS; i++)
		buf_release(&printed->streams[i].bytes);
}
