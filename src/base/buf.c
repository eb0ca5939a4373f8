/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include "base/diag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "pcopy: out of memory\n";

	/* The process ends here whether or not the message gets out. */
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(2);
}

void *xrealloc(void *old, size_t size)
{
	void *memory = realloc(old, size ? size : 1);

	if (!memory)
		out_of_memory();
	return memory;
}

void *xmalloc(size_t size)
{
	return xrealloc(NULL, size);
}

void *xcalloc(size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size ? size : 1);

	if (!memory)
		out_of_memory();
	return memory;
}

char *xstrndup(const char *text, size_t len)
{
	char *copy = xmalloc(len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

int buf_try_reserve(struct buf *buf, size_t extra)
{
	size_t need, cap = buf->cap < 64 ? 64 : buf->cap;

	if (__builtin_add_overflow(buf->len, extra, &need) ||
	    __builtin_add_overflow(need, 1u, &need))
		return -ENOMEM;
	if (need <= buf->cap)
		return 0;
	while (cap < need) {
		if (__builtin_add_overflow(cap, cap / 2, &cap))
			return -ENOMEM;
	}
	char *data = realloc(buf->data, cap);
	if (!data)
		return -ENOMEM;
	buf->data = data;
	buf->cap = cap;
	return 0;
}

void buf_reserve(struct buf *buf, size_t extra)
{
	if (buf_try_reserve(buf, extra) < 0)
		out_of_memory();
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
	buf_reserve(buf, len);
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_append_str(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_append_char(struct buf *buf, char c)
{
	buf_append(buf, &c, 1);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int need = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (need < 0)
		bug("bad format: %s", format);
	buf_reserve(buf, (size_t)need);
	vsnprintf(buf->data + buf->len, (size_t)need + 1, format, args);
	buf->len += (size_t)need;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void buf_truncate(struct buf *buf, size_t len)
{
	if (len > buf->len)
		bug("cut to %zu of %zu bytes", len, buf->len);
	buf->len = len;
	if (buf->data)
		buf->data[len] = '\0';
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}
