/* SPDX-License-Identifier: MIT */
/* base/diag.h - what is said on stderr, and the one way to stop on a bug
 *
 * Model     every line goes out in one write as "PROGRAM: ..."; a hook runs
 *           first so that a progress line can clear itself
 * Lifetime  process-wide; diag_set_hook and diag_set_program at start-up
 * Callers   src/cli only, apart from bug(), which may be called anywhere: a
 *           worker reports through its queue and never writes to stderr */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include "base/base.h"

/* The name before each message; borrowed, must live as long as the process. */
void diag_set_program(const char *name);

/* hook(arg) runs before each message; NULL takes it away. */
void diag_set_hook(void (*hook)(void *arg), void *arg);

/* "PROGRAM: text" */
void diag_say(const char *format, ...) PRINTF_LIKE(1, 2);

/* "PROGRAM: PATH: what: why"; err is a positive or negative errno, 0 leaves
 * the why out. PATH is quoted when it is not safe to show (base/quote.h). */
void diag_fault(const char *path, const char *what, int err);

/* The text of an errno, of either sign. */
const char *diag_strerror(int err);

/* A broken invariant: says where and aborts. */
#define bug(...) diag_bug(__FILE__, __LINE__, __VA_ARGS__)
NORETURN void diag_bug(const char *file, int line, const char *format, ...)
	PRINTF_LIKE(3, 4);

#endif
