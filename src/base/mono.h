/* SPDX-License-Identifier: MIT */
/* base/mono.h - the monotonic clock and deadlines
 *
 * Model     nanoseconds since some start; a timeout in milliseconds becomes a
 *           deadline once, and every wait uses what is left of it
 * Timeouts  -1 for ever, 0 not at all, n at most n milliseconds */
#ifndef BASE_MONO_H
#define BASE_MONO_H

#include "base/base.h"

#include <time.h>

#define MONO_NEVER INT64_MAX

int64_t mono_now_ns(void);

/* The deadline of a timeout that starts now; MONO_NEVER for -1. */
int64_t mono_deadline_ns(int timeout_ms);

/* Milliseconds until the deadline, rounded up, for poll(2): -1 for ever. */
int mono_left_ms(int64_t deadline_ns);

struct timespec mono_timespec(int64_t ns);

/* Replaces the clock (tests); NULL gives the real one back. */
void mono_set_clock(int64_t (*now_ns)(void));

#endif
