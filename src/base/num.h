/* SPDX-License-Identifier: MIT */
/* base/num.h - numbers that people write and read
 *
 * Sizes     123, 64K, 1.5M, 2G, 1T and Ki, Mi, Gi, Ti; all powers of 1024
 *           (K means Ki, as in cp, dd bs= and rsync); an ending B is allowed
 * Durations 500ms, 10s, 5m, 2h; a bare number is seconds
 * Errors    -EINVAL not such a number, -ERANGE too large */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include "base/base.h"

/* A whole decimal number, no sign, no blank, nothing behind it. */
int num_parse_u64(const char *text, uint64_t *value);
int num_parse_size(const char *text, uint64_t *bytes);
int num_parse_duration(const char *text, int64_t *ns);

#define NUM_TEXT_MAX 32

/* "0 B", "999 B", "1.5 KiB", "12.3 GiB" into text, which is returned. */
const char *num_size_text(char text[NUM_TEXT_MAX], uint64_t bytes);

/* "1,234,567" */
const char *num_count_text(char text[NUM_TEXT_MAX], uint64_t count);

/* "0:07", "12:34", "3:04:05" */
const char *num_clock_text(char text[NUM_TEXT_MAX], int64_t ns);

#endif
