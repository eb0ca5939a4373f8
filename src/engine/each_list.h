/* SPDX-License-Identifier: MIT */
/* engine/each_list.h - the records of a list, as they come
 *
 * Model     a file or pipe is read block by block and cut at newlines or NULs;
 *           the last record need not end with one. Empty records are left out,
 *           as there is nothing to run a command for.
 * Lifetime  open takes the descriptor; close gives all back
 * Blocking  one read when no whole record is at hand: the caller asks only
 *           when the descriptor is readable, or -EAGAIN comes back
 * Memory    one record, and of that no more than EACH_RECORD_MAX: the rest of
 *           a longer one is read and dropped, and next says -E2BIG for it.
 *           One block, where blocks are asked for.
 * Errors    negative errno of the read */
#ifndef ENGINE_EACH_LIST_H
#define ENGINE_EACH_LIST_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each_csv.h"
#include "engine/each_item.h"

/* One argument of a program has at most 128 KiB with its NUL (execve(2)). */
#define EACH_RECORD_MAX ((size_t)131071)

struct each_list {
	int fd;
	char separator;
	bool has_ended;
	bool is_long;   /* the rest of the present record is dropped */
	bool may_read;  /* a read will not block, as far as known */
	bool is_polled; /* a pipe or the like: may_read needs to be set */
	uint64_t n_records;
	bool is_csv; /* set before the first record is asked for */
	char csv_separator;
	enum each_csv_state csv_state;
	bool has_begun;   /* behind the byte order mark, if there was one */
	size_t n_scanned; /* bytes behind at that end no record or block */
	struct buf data;
	size_t at; /* bytes of data handed out */
};

void each_list_open(struct each_list *list, int fd, char separator);
void each_list_close(struct each_list *list);

/* 1 a record, 0 the end, -EAGAIN not before the descriptor is readable,
 * -E2BIG a record that is too long to be an argument, -EBADMSG a quote without
 * its end. */
int each_list_next(struct each_list *list, struct each_item *item);

/* Instead of single records: as many as have size bytes at most, with their
 * separators, or one that has more. Valid until the next call. */
int each_list_block(struct each_list *list, size_t size,
                    struct each_text *block);

#endif
