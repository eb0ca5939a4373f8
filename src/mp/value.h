/* SPDX-License-Identifier: MIT */
/* mp/value.h - shared numbers and arrays
 *
 * Model     a value is one 64-bit number, an integer or a double as it was
 *           created, and each function on it is one atomic step. An array is
 *           plain shared memory, zeroed. Both carry a lock for steps that are
 *           more than one; it may be acquired again by its owner.
 * Lifetime  created before the fork; destroyed (unmapped) once in each process
 *           that cares to
 * Blocking  the lock only, timeout_ms as in mp/lock.h
 * Death     a value is never half changed. An array may be: whoever acquires
 *           its lock after an owner's death gets -EOWNERDEAD, with the lock.
 * Errors    as in mp/lock.h. An integer function on a double, or the reverse,
 *           is a bug and ends the process. Integers wrap around. */
#ifndef MP_VALUE_H
#define MP_VALUE_H

#include "base/base.h"

struct mp_value;

int mp_value_create_int(int64_t initial, struct mp_value **out);
int mp_value_create_double(double initial, struct mp_value **out);

int64_t mp_value_get(const struct mp_value *value);
void mp_value_set(struct mp_value *value, int64_t number);

/* Returns the sum. */
int64_t mp_value_add(struct mp_value *value, int64_t number);

/* Sets to wanted if it is *expected, else *expected becomes what it is. */
bool mp_value_cas(struct mp_value *value, int64_t *expected, int64_t wanted);

double mp_value_get_double(const struct mp_value *value);
void mp_value_set_double(struct mp_value *value, double number);
double mp_value_add_double(struct mp_value *value, double number);

/* For several steps that belong together; the functions above do not wait for
 * it. */
int mp_value_lock(struct mp_value *value, int timeout_ms);
void mp_value_unlock(struct mp_value *value);

/* NULL is fine. */
void mp_value_destroy(struct mp_value *value);

struct mp_array;

enum mp_array_type { MP_ARRAY_INT, MP_ARRAY_DOUBLE, MP_ARRAY_BYTE };

/* n elements of 8, 8 or 1 bytes, all zero. -ENOMEM also when n is too large. */
int mp_array_create(enum mp_array_type type, size_t n, struct mp_array **out);

/* The elements, to be used directly. */
int64_t *mp_array_ints(struct mp_array *array);
double *mp_array_doubles(struct mp_array *array);
unsigned char *mp_array_bytes(struct mp_array *array);
size_t mp_array_len(const struct mp_array *array);

int mp_array_lock(struct mp_array *array, int timeout_ms);
void mp_array_unlock(struct mp_array *array);

/* NULL is fine. */
void mp_array_destroy(struct mp_array *array);

#endif
