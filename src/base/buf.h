/* SPDX-License-Identifier: MIT */
/* base/buf.h - growable byte buffer for paths, messages and records
 *
 * Model     len bytes of data, always followed by a NUL once anything was
 *           appended; {0} is an empty buffer
 * Lifetime  buf_release frees; releasing an empty buffer is fine
 * Errors    running out of memory stops the process with a message (exit 2):
 *           buffers are used where there is nobody left to tell; memory that
 *           a library caller must survive without is not taken from here */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"

#include <stdarg.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
};

/* Makes room for extra more bytes and a NUL behind len. */
void buf_reserve(struct buf *buf, size_t extra);

/* The same for a caller that can do without: 0 or -ENOMEM. */
int buf_try_reserve(struct buf *buf, size_t extra);

void buf_append(struct buf *buf, const void *data, size_t len);
void buf_append_str(struct buf *buf, const char *text);
void buf_append_char(struct buf *buf, char c);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *buf, const char *format, va_list args)
	PRINTF_LIKE(2, 0);

/* Cuts to len bytes; len must not exceed the present length. */
void buf_truncate(struct buf *buf, size_t len);

void buf_release(struct buf *buf);

/* malloc and friends with the same rule: they return memory or do not return.
 * For the engine and the command line only. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrndup(const char *text, size_t len);

#endif
