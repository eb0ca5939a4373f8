/* SPDX-License-Identifier: MIT */
/* fs/scan.h - the entries of one directory, in the order the kernel gives them
 *
 * Model     getdents64(2) into a buffer of 64 KiB; "." and ".." are left out.
 *           An entry that appears or vanishes meanwhile may or may not be seen.
 * Lifetime  scan_open takes the descriptor and closes it in scan_close
 * Errors    scan_next: 1 an entry, 0 the end, negative errno */
#ifndef FS_SCAN_H
#define FS_SCAN_H

#include "base/base.h"

#define SCAN_BUFFER 65536

struct scan {
	int fd;
	size_t at, end;
	char *buffer;
};

struct scan_entry {
	const char *name; /* in the scan's buffer until the next call */
	size_t name_len;
	uint64_t ino;
	uint64_t cookie;    /* of what follows, for scan_seek */
	unsigned char type; /* DT_*, DT_UNKNOWN when the kernel does not say */
};

int scan_open(struct scan *scan, int dir_fd);

/* Goes on behind the entry whose cookie this is, be it of another scan of the
 * same directory; 0: at the start. */
int scan_seek(struct scan *scan, uint64_t cookie);

int scan_next(struct scan *scan, struct scan_entry *entry);

/* True when the next scan_next needs a system call. */
bool scan_is_drained(const struct scan *scan);

void scan_close(struct scan *scan);

#endif
