/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include "base/buf.h"
#include "base/out.h"
#include "base/quote.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program = "pcopy";
static void (*before_message)(void *arg);
static void *before_message_arg;

void diag_set_program(const char *name)
{
	program = name;
}

void diag_set_hook(void (*hook)(void *arg), void *arg)
{
	before_message = hook;
	before_message_arg = arg;
}

const char *diag_strerror(int err)
{
	const char *text = strerrordesc_np(err < 0 ? -err : err);

	return text ? text : "unknown error";
}

/* One write, so that lines of several processes do not mix. */
static void emit(struct buf *line)
{
	if (before_message)
		before_message(before_message_arg);
	/* Nobody is left to tell when stderr itself fails. */
	(void)out_write(STDERR_FILENO, line->data, line->len);
	buf_release(line);
}

void diag_say(const char *format, ...)
{
	struct buf line = {0};
	va_list args;

	buf_printf(&line, "%s: ", program);
	va_start(args, format);
	buf_vprintf(&line, format, args);
	va_end(args);
	buf_append_char(&line, '\n');
	emit(&line);
}

void diag_fault(const char *path, const char *what, int err)
{
	struct buf line = {0};

	buf_printf(&line, "%s: ", program);
	quote_name(&line, path, strlen(path));
	buf_printf(&line, ": %s", what);
	if (err)
		buf_printf(&line, ": %s", diag_strerror(err));
	buf_append_char(&line, '\n');
	emit(&line);
}

NORETURN void diag_bug(const char *file, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: bug at %s:%d: ", program, file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}
