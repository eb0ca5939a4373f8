/* SPDX-License-Identifier: MIT */
/* cli/columns.h - how wide a text is on a terminal
 *
 * Model     in a UTF-8 locale what wcwidth says, and one column for what it
 *           does not know to be wider than its guess; elsewhere one column
 *           for each byte, which no terminal exceeds
 * Needs     setlocale(LC_CTYPE, "") at start-up; without it every byte counts */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include "base/base.h"
#include "base/buf.h"

/* Columns of text, which is safe to show (base/quote.h). */
size_t columns_of(const char *text, size_t len);

/* Appends text, cut at its front to "...end" if it is wider than columns;
 * no character is cut in the middle. With fewer than 4 columns a text that is
 * too wide is left out. */
void columns_fit(struct buf *out, const char *text, size_t len, size_t columns);

#endif
