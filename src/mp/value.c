/* SPDX-License-Identifier: MIT */
#include "mp/value.h"

#include "base/diag.h"
#include "mp/lock.h"
#include "mp/shm.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

struct mp_value {
	struct mp_lock lock;
	bool is_double; /* constant after create */
	_Atomic uint64_t bits;
};

struct mp_array {
	struct mp_lock lock;
	/* constant after create */
	enum mp_array_type type;
	size_t n;
	_Alignas(MP_CACHE_LINE) unsigned char data[];
};

static uint64_t bits_of(double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

static double double_of(uint64_t bits)
{
	double number;

	memcpy(&number, &bits, sizeof(number));
	return number;
}

static int create_value(bool is_double, uint64_t bits, struct mp_value **out)
{
	struct mp_value *value;
	void *memory;
	int rc = mp_shm_map(sizeof(*value), &memory);

	if (rc < 0)
		return rc;
	value = memory;
	mp_lock_init(&value->lock, true);
	value->is_double = is_double;
	value->bits = bits;
	*out = value;
	return 0;
}

int mp_value_create_int(int64_t initial, struct mp_value **out)
{
	return create_value(false, (uint64_t)initial, out);
}

int mp_value_create_double(double initial, struct mp_value **out)
{
	return create_value(true, bits_of(initial), out);
}

static void expect(const struct mp_value *value, bool is_double)
{
	if (value->is_double != is_double)
		bug("a shared %s used as %s", is_double ? "integer" : "double",
		    is_double ? "double" : "integer");
}

int64_t mp_value_get(const struct mp_value *value)
{
	expect(value, false);
	return (int64_t)value->bits;
}

void mp_value_set(struct mp_value *value, int64_t number)
{
	expect(value, false);
	value->bits = (uint64_t)number;
}

int64_t mp_value_add(struct mp_value *value, int64_t number)
{
	uint64_t add = (uint64_t)number;

	expect(value, false);
	return (int64_t)(atomic_fetch_add(&value->bits, add) + add);
}

bool mp_value_cas(struct mp_value *value, int64_t *expected, int64_t wanted)
{
	uint64_t bits = (uint64_t)*expected;

	expect(value, false);
	bool done = atomic_compare_exchange_strong(&value->bits, &bits,
	                                           (uint64_t)wanted);
	*expected = (int64_t)bits;
	return done;
}

double mp_value_get_double(const struct mp_value *value)
{
	expect(value, true);
	return double_of(value->bits);
}

void mp_value_set_double(struct mp_value *value, double number)
{
	expect(value, true);
	value->bits = bits_of(number);
}

double mp_value_add_double(struct mp_value *value, double number)
{
	expect(value, true);
	uint64_t old = value->bits;
	double sum = double_of(old) + number;

	while (!atomic_compare_exchange_weak(&value->bits, &old, bits_of(sum)))
		sum = double_of(old) + number;
	return sum;
}

int mp_value_lock(struct mp_value *value, int timeout_ms)
{
	return mp_lock_acquire(&value->lock, timeout_ms);
}

void mp_value_unlock(struct mp_value *value)
{
	mp_lock_release(&value->lock);
}

/* The kernel's list of locks we own must not point to memory that is gone. */
static void expect_unlocked(struct mp_lock *lock)
{
	if (mp_lock_is_owned(lock))
		bug("destroying a shared value or array that is locked");
}

void mp_value_destroy(struct mp_value *value)
{
	if (!value)
		return;
	expect_unlocked(&value->lock);
	mp_shm_unmap(value, sizeof(*value));
}

static size_t element_size(enum mp_array_type type)
{
	return type == MP_ARRAY_BYTE ? 1 : sizeof(int64_t);
}

/* False when there is no such number. */
static bool array_size(enum mp_array_type type, size_t n, size_t *size)
{
	size_t bytes;

	return !__builtin_mul_overflow(n, element_size(type), &bytes) &&
	       !__builtin_add_overflow(bytes, sizeof(struct mp_array), size);
}

int mp_array_create(enum mp_array_type type, size_t n, struct mp_array **out)
{
	struct mp_array *array;
	void *memory;
	size_t size;

	if (!array_size(type, n, &size))
		return -ENOMEM;
	int rc = mp_shm_map(size, &memory);
	if (rc < 0)
		return rc;
	array = memory;
	mp_lock_init(&array->lock, true);
	array->type = type;
	array->n = n;
	*out = array;
	return 0;
}

static void *elements(struct mp_array *array, enum mp_array_type type)
{
	if (array->type != type)
		bug("a shared array used as another type");
	return array->data;
}

int64_t *mp_array_ints(struct mp_array *array)
{
	return elements(array, MP_ARRAY_INT);
}

double *mp_array_doubles(struct mp_array *array)
{
	return elements(array, MP_ARRAY_DOUBLE);
}

unsigned char *mp_array_bytes(struct mp_array *array)
{
	return elements(array, MP_ARRAY_BYTE);
}

size_t mp_array_len(const struct mp_array *array)
{
	return array->n;
}

int mp_array_lock(struct mp_array *array, int timeout_ms)
{
	return mp_lock_acquire(&array->lock, timeout_ms);
}

void mp_array_unlock(struct mp_array *array)
{
	mp_lock_release(&array->lock);
}

void mp_array_destroy(struct mp_array *array)
{
	size_t size;

	if (!array || !array_size(array->type, array->n, &size))
		return;
	expect_unlocked(&array->lock);
	mp_shm_unmap(array, size);
}
