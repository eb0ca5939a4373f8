/* SPDX-License-Identifier: MIT */
#include "fs/scan.h"

#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int scan_open(struct scan *scan, int dir_fd)
{
	char *buffer = malloc(SCAN_BUFFER);

	if (!buffer)
		return -ENOMEM;
	*scan = (struct scan){.fd = dir_fd, .buffer = buffer};
	return 0;
}

void scan_close(struct scan *scan)
{
	if (!scan->buffer)
		return;
	scan->fd = fd_close(scan->fd);
	free(scan->buffer);
	*scan = (struct scan){.fd = -1};
}

bool scan_is_drained(const struct scan *scan)
{
	return scan->at == scan->end;
}

int scan_seek(struct scan *scan, uint64_t cookie)
{
	scan->at = scan->end = 0;
	return lseek(scan->fd, (off_t)cookie, SEEK_SET) < 0 ? -errno : 0;
}

static int refill(struct scan *scan)
{
	ssize_t n;

	do
		n = getdents64(scan->fd, scan->buffer, SCAN_BUFFER);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	scan->at = 0;
	scan->end = (size_t)n;
	return n > 0;
}

static bool is_dot(const char *name)
{
	return name[0] == '.' &&
	       (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

int scan_next(struct scan *scan, struct scan_entry *entry)
{
	for (;;) {
		if (scan_is_drained(scan)) {
			int rc = refill(scan);

			if (rc <= 0)
				return rc;
		}
		const struct dirent64 *dirent =
			(const void *)(scan->buffer + scan->at);
		scan->at += dirent->d_reclen;
		if (is_dot(dirent->d_name))
			continue;
		*entry = (struct scan_entry){
			.name = dirent->d_name,
			.name_len = strlen(dirent->d_name),
			.ino = dirent->d_ino,
			.cookie = (uint64_t)dirent->d_off,
			.type = dirent->d_type,
		};
		return 1;
	}
}
