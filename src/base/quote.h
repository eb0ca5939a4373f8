/* SPDX-License-Identifier: MIT */
/* base/quote.h - names that are safe to show
 *
 * Model     a name of valid UTF-8 without control characters is shown as it
 *           is; any other becomes $'...' with \n, \t, \\, \' and \xHH, which
 *           bash reads back to the same bytes */
#ifndef BASE_QUOTE_H
#define BASE_QUOTE_H

#include "base/base.h"
#include "base/buf.h"

/* Appends the name of len bytes, quoted if it has to be. */
void quote_name(struct buf *out, const char *name, size_t len);

/* True when the name may be shown raw. */
bool quote_is_plain(const char *name, size_t len);

/* Bytes of the UTF-8 sequence at text (1 to 4), 0 when it is not valid. */
size_t quote_utf8_len(const char *text, size_t len);

#endif
