/* SPDX-License-Identifier: MIT */
/* base/base.h - the few definitions every file may use
 *
 * Error rule of the whole project: a function returns 0 or a count on success
 * and a negative errno on failure; objects come back through a last argument
 * that is untouched on failure. Nothing below src/cli prints. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define PRINTF_LIKE(text_arg, first_arg) \
	__attribute__((format(printf, text_arg, first_arg)))
#define NODISCARD __attribute__((warn_unused_result))
#define NORETURN  __attribute__((noreturn))
#define UNUSED    __attribute__((unused))

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

static inline size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Rounds up to a multiple of align, a power of two. */
static inline size_t align_up(size_t value, size_t align)
{
	return (value + align - 1) & ~(align - 1);
}

#endif
