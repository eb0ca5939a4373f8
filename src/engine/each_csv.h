/* SPDX-License-Identifier: MIT */
/* engine/each_csv.h - records and fields of comma-separated values
 *
 * Model     as RFC 4180 has it: a field that starts with a quote ends with
 *           one, and separators and newlines between them are text, as is a
 *           quote that stands twice. More is taken than it allows: a quote
 *           inside a field without is text, and so is what stands behind the
 *           second one of a field.
 * Errors    none: any bytes are records of fields */
#ifndef ENGINE_EACH_CSV_H
#define ENGINE_EACH_CSV_H

#include "base/base.h"
#include "base/buf.h"
#include "engine/each_item.h"

enum each_csv_state {
	EACH_CSV_START, /* of a field */
	EACH_CSV_PLAIN,
	EACH_CSV_QUOTED,
	EACH_CSV_QUOTE, /* behind one in a quoted field */
};

/* Where the record ends that starts or goes on with data: at its newline, or
 * len, and *state is then for what comes behind. */
size_t each_csv_end(enum each_csv_state *state, char separator,
                    const char *data, size_t len);

/* Appends the text of the first field to out, unless that is NULL, and takes it
 * off *record; false if there is none left, which is text NULL. */
bool each_csv_next(struct each_text *record, char separator, struct buf *out);

/* Appends field k, 1 up; nothing behind the last. */
void each_csv_field(struct each_text record, char separator, size_t k,
                    struct buf *out);

size_t each_csv_count(struct each_text record, char separator);

/* How many fields have that text; *k is the first of them. */
size_t each_csv_find(struct each_text record, char separator,
                     struct each_text text, size_t *k);

#endif
