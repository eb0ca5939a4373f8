/* SPDX-License-Identifier: MIT */
#include "engine/each_blocks.h"

#include "base/buf.h"
#include "base/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* Read while all jobs run. */
#define N_AHEAD 2

static int make_file(void)
{
	int fd = memfd_create("pcopy-block", MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int each_blocks_open(struct each_blocks *blocks, uint32_t n_jobs)
{
	uint32_t n = n_jobs + N_AHEAD;

	blocks->fds = xcalloc(n, sizeof(*blocks->fds));
	blocks->is_used = xcalloc(n, sizeof(*blocks->is_used));
	for (; blocks->n < n; blocks->n++) {
		int fd = make_file();

		if (fd < 0)
			return fd;
		blocks->fds[blocks->n] = fd;
	}
	return 0;
}

void each_blocks_close(struct each_blocks *blocks)
{
	for (uint32_t i = 0; i < blocks->n; i++)
		(void)fd_close(blocks->fds[i]);
	free(blocks->fds);
	free(blocks->is_used);
	*blocks = (struct each_blocks){0};
}

bool each_blocks_have_room(const struct each_blocks *blocks, uint32_t n_jobs)
{
	return blocks->n_used < blocks->n && blocks->n_used < n_jobs + N_AHEAD;
}

static int write_block(int fd, struct each_text block)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return fd_write_full(fd, block.text, block.len);
}

int each_blocks_put(struct each_blocks *blocks, struct each_text block,
                    uint32_t *place)
{
	uint32_t i = 0;

	while (i < blocks->n && blocks->is_used[i])
		i++;
	if (i == blocks->n)
		return -EAGAIN;
	int rc = write_block(blocks->fds[i], block);
	if (rc < 0) {
		(void)!ftruncate(blocks->fds[i], 0);
		return rc;
	}
	blocks->is_used[i] = true;
	blocks->n_used++;
	*place = i;
	return 0;
}

void each_blocks_free(struct each_blocks *blocks, uint32_t place)
{
	/* Gives the memory back; what cannot be shorter is written over. */
	(void)!ftruncate(blocks->fds[place], 0);
	blocks->is_used[place] = false;
	blocks->n_used--;
}

void each_blocks_drop(struct each_blocks *blocks, const void *extra)
{
	uint32_t place;

	if (blocks->n == 0)
		return;
	memcpy(&place, extra, sizeof(place));
	each_blocks_free(blocks, place);
}

static int copy_all(int from, int to)
{
	struct stat status;
	off_t at = 0;

	if (fstat(from, &status) < 0)
		return -errno;
	while (at < status.st_size) {
		ssize_t n =
			sendfile(to, from, &at, (size_t)(status.st_size - at));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EIO;
	}
	return lseek(to, 0, SEEK_SET) < 0 ? -errno : 0;
}

int each_blocks_get(const struct each_blocks *blocks, uint32_t place)
{
	int fd = make_file();
	int rc = fd < 0 ? fd : copy_all(blocks->fds[place], fd);

	if (rc == 0)
		return fd;
	(void)fd_close(fd);
	return rc;
}
