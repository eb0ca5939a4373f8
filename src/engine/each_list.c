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
	if (len == 0 && !is_long)
		return 0;
	list->n_records++;
	if (is_long)
		return -E2BIG;
	if (memchr(text, '\0', len))
		return -EILSEQ;
	*item = (struct each_item){.text = text, .len = len};
	return 1;
}

int each_list_next(struct each_list *list, struct each_item *item)
{
	for (;;) {
		size_t len = list->data.len - list->at;
		const char *start = list->data.data + list->at;
		const char *end =
			len ? memchr(start, list->separator, len) : NULL;
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
		}
		if (!list->may_read)
			return -EAGAIN;
		rc = fill(list);
		if (rc < 0)
			return rc;
	}
}
