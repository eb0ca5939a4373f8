/* SPDX-License-Identifier: MIT */
/* cli/line.h - a line of parts, of which a terminal shows those that fit
 *
 * Model     parts are offered in the order of their importance, each one in
 *           its long form and in shorter ones; the first form that fits is
 *           added whole, and a part of which none fits is left out
 * Lifetime  line_begin; the buffer is the caller's */
#ifndef CLI_LINE_H
#define CLI_LINE_H

#include "base/base.h"
#include "base/buf.h"

struct line {
	struct buf *out;
	size_t start;   /* of the line in out */
	size_t columns; /* SIZE_MAX: as many as it takes */
};

struct line line_begin(struct buf *out, size_t columns);

/* Adds text, with two blanks before it unless it is the first part; false if it
 * does not fit. */
bool line_add(struct line *line, const char *text);

/* Adds a raw name, quoted, and shortened at its front where that leaves enough
 * of it. */
void line_add_name(struct line *line, const char *name);

#endif
