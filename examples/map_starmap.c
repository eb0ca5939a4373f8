/* SPDX-License-Identifier: MIT */
/* One function over many arguments: map for one argument each, starmap for
 * several, imap to have each result as soon as its turn has come. Results are
 * in the order of the arguments, whoever worked them out. */
#include "mp/pool.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the workers. */
static int shout(const void *arg, size_t len, struct mp_output *output)
{
	const char *text = arg;
	int err = 0;

	for (size_t i = 0; !err && i < len; i++) {
		char c = (char)toupper((unsigned char)text[i]);

		err = mp_output_add(output, &c, 1);
	}
	return err;
}

static int power(const struct mp_bytes *args, UNUSED size_t n_args,
                 struct mp_output *output)
{
	int base, exponent, value = 1;

	memcpy(&base, args[0].data, sizeof(base));
	memcpy(&exponent, args[1].data, sizeof(exponent));
	while (exponent-- > 0)
		value *= base;
	return mp_output_add(output, &value, sizeof(value));
}

static struct mp_bytes text(const char *words)
{
	return (struct mp_bytes){words, strlen(words)};
}

static void map_words(struct mp_pool *pool)
{
	const struct mp_bytes words[] = {text("one"), text("two"),
	                                 text("three")};
	struct mp_result results[ARRAY_LEN(words)];

	if (mp_pool_map(pool, shout, words, ARRAY_LEN(words), results) != 0)
		exit(1);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		printf("map: %.*s\n", (int)results[i].len,
		       (const char *)results[i].data);
	mp_results_release(results, ARRAY_LEN(words));
}

static void starmap_numbers(struct mp_pool *pool)
{
	int numbers[][2] = {{2, 10}, {3, 4}, {10, 3}, {7, 0}};
	struct mp_bytes args[ARRAY_LEN(numbers) * 2];
	struct mp_result results[ARRAY_LEN(numbers)];

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = MP_BYTES(numbers[i / 2][i % 2]);
	if (mp_pool_starmap(pool, power, args, 2, ARRAY_LEN(numbers),
	                    results) != 0)
		exit(1);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		int value;

		memcpy(&value, results[i].data, sizeof(value));
		printf("starmap: %d to the power of %d is %d\n", numbers[i][0],
		       numbers[i][1], value);
	}
	mp_results_release(results, ARRAY_LEN(numbers));
}

static void imap_words(struct mp_pool *pool)
{
	const struct mp_bytes words[] = {text("as"), text("they"),
	                                 text("come")};
	struct mp_imap *imap;
	struct mp_result result;

	if (mp_pool_imap(pool, shout, words, ARRAY_LEN(words), &imap) != 0)
		exit(1);
	while (mp_imap_next(imap, &result, NULL, -1) == 1) {
		printf("imap: %.*s\n", (int)result.len,
		       (const char *)result.data);
		mp_result_release(&result);
	}
	mp_imap_destroy(imap);
}

int main(void)
{
	struct mp_pool *pool;

	if (mp_pool_create(2, NULL, &pool) != 0)
		return 1;
	map_words(pool);
	starmap_numbers(pool);
	imap_words(pool);
	mp_pool_close(pool);
	if (mp_pool_join(pool, -1) != 0)
		return 1;
	mp_pool_destroy(pool);
	return 0;
}
