/* SPDX-License-Identifier: MIT */
#include "engine/each_list.h"

#include "base/fd.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK ((size_t)65536)

void each_list_open(struct each_list *list, int fd, char separator)
{
	struct stat status;

	*list = (struct each_list){.fd = fd, .separator = separator};
	list->is_polled = fstat(fd, &status) < 0 || !S_ISREG(status.st_mode);
	list->may_read = !list->is_polled;
	/* So that there is something to point to from the start. */
	buf_reserve(&list->data, BLOCK);
}

void each_list_close(struct each_list *list)
{
	list->fd = fd_close(list->fd);
	buf_release(&list->data);
}

/* Reads one block behind what is there. */
static int fill(struct each_list *list)
{
	struct buf *data = &list->data;

	if (list->at > 0) {
		memmove(data->data, data->data + list->at,
		        data->len - list->at);
		buf_truncate(data, data->len - list->at);
		list->at = 0;
	}
	buf_reserve(data, BLOCK);
	ssize_t n = read(list->fd, data->data + data->len, BLOCK);
	list->may_read = !list->is_polled;
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? -EAGAIN : -errno;
	if (n == 0)
		list->has_ended = true;
	data->len += (size_t)n;
	return 0;
}

/* A record of len bytes at list->at; its separator takes another n_end. */
static int hand_out(struct each_list *list, size_t len, size_t n_end,
                    struct each_item *item)
{
	const char *text = list->data.data + list->at;
	bool is_long = list->is_long || len > EACH_RECORD_MAX;

	list->at += len + n_end;
	list->is_long = false;
	if (list->is_csv && n_end && len > 0 && text[len - 1] == '\r')
		len--;
	if (len == 0 && !is_long)
		return 0;
	list->n_records++;
	if (is_long)
		return -E2BIG;
	if (list->is_csv && !n_end && list->csv_state == EACH_CSV_QUOTED)
		return -EBADMSG;
	if (memchr(text, '\0', len))
		return -EILSEQ;
	*item = (struct each_item){.text = text, .len = len};
	return 1;
}

/* Spreadsheets put a byte order mark in front. False if it is not known yet
 * whether there is one. */
static bool pass_mark(struct each_list *list)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t len = list->data.len - list->at;
	const char *start = list->data.data + list->at;

	if (list->has_begun)
		return true;
	if (!list->has_ended && len < 3 && memcmp(start, mark, len) == 0)
		return false;
	list->has_begun = true;
	if (len >= 3 && memcmp(start, mark, 3) == 0)
		list->at += 3;
	return true;
}

/* Where the record ends that starts at list->at, or NULL. */
static const char *find_end(struct each_list *list)
{
	if (list->is_csv && !pass_mark(list))
		return NULL;
	size_t len = list->data.len - list->at;
	const char *start = list->data.data + list->at;
	if (len == 0)
		return NULL;
	if (!list->is_csv)
		return memchr(start, list->separator, len);
	size_t n = list->n_scanned;
	size_t end = n + each_csv_end(&list->csv_state, list->csv_separator,
	                              start + n, len - n);
	list->n_scanned = end < len ? 0 : len;
	return end < len ? start + end : NULL;
}

int each_list_next(struct each_list *list, struct each_item *item)
{
	for (;;) {
		const char *end = find_end(list);
		size_t len = list->data.len - list->at;
		const char *start = list->data.data + list->at;
		int rc = 0;

		if (end)
			rc = hand_out(list, (size_t)(end - start), 1, item);
		else if (list->has_ended && (len > 0 || list->is_long))
			rc = hand_out(list, len, 0, item);
		else if (list->has_ended)
			return 0;
		if (rc != 0)
			return rc;
		if (end || list->has_ended)
			continue;
		if (len > EACH_RECORD_MAX) {
			list->is_long = true;
			list->at = list->data.len;
			list->n_scanned = 0;
		}
		if (!list->may_read)
			return -EAGAIN;
		rc = fill(list);
		if (rc < 0)
			return rc;
	}
}

/* The length of the block at list->at; 0: more has to be read. */
static size_t cut(struct each_list *list, size_t size)
{
	const char *start = list->data.data + list->at, *end;
	size_t len = list->data.len - list->at;
	size_t n = list->n_scanned > size ? list->n_scanned : size;

	if (list->has_ended && len <= size)
		return len;
	if (len < size)
		return 0;
	/* Whether a record ends here with the input, nobody knows yet. */
	if (len == size && start[len - 1] != list->separator)
		return 0;
	end = memrchr(start, list->separator, size);
	if (!end && len > n)
		end = memchr(start + n, list->separator, len - n);
	list->n_scanned = len;
	if (end)
		return (size_t)(end - start) + 1;
	return list->has_ended ? len : 0;
}

int each_list_block(struct each_list *list, size_t size,
                    struct each_text *block)
{
	for (;;) {
		size_t len = cut(list, size);

		if (len > 0) {
			block->text = list->data.data + list->at;
			block->len = len;
			list->at += len;
			list->n_scanned = 0;
			return 1;
		}
		if (list->has_ended)
			return 0;
		if (!list->may_read)
			return -EAGAIN;
		int rc = fill(list);
		if (rc < 0)
			return rc;
	}
}
