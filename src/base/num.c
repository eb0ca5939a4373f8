/* SPDX-License-Identifier: MIT */
#include "base/num.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int num_parse_u64(const char *text, uint64_t *value)
{
	uint64_t sum = 0;

	if (!*text)
		return -EINVAL;
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(sum, 10u, &sum) ||
		    __builtin_add_overflow(sum, (unsigned)(*c - '0'), &sum))
			return -ERANGE;
	}
	*value = sum;
	return 0;
}

/* Reads "12" or "1.5" as value / scale; *end is the first byte behind it. */
static int parse_decimal(const char *text, uint64_t *value, uint64_t *scale,
                         const char **end)
{
	uint64_t sum = 0, divisor = 1;
	bool after_point = false, has_digit = false;
	const char *c = text;

	for (; (*c >= '0' && *c <= '9') || (*c == '.' && !after_point); c++) {
		if (*c == '.') {
			after_point = true;
			continue;
		}
		has_digit = true;
		if (__builtin_mul_overflow(sum, 10u, &sum) ||
		    __builtin_add_overflow(sum, (unsigned)(*c - '0'), &sum))
			return -ERANGE;
		if (after_point &&
		    __builtin_mul_overflow(divisor, 10u, &divisor))
			return -ERANGE;
	}
	if (!has_digit)
		return -EINVAL;
	*value = sum;
	*scale = divisor;
	*end = c;
	return 0;
}

__extension__ typedef unsigned __int128 wide;

static int scaled(uint64_t value, uint64_t scale, uint64_t unit, uint64_t *out)
{
	wide product = (wide)value * unit / scale;

	if (product > UINT64_MAX)
		return -ERANGE;
	*out = (uint64_t)product;
	return 0;
}

int num_parse_size(const char *text, uint64_t *bytes)
{
	static const char letters[] = "KMGTPE";
	uint64_t value, scale, unit = 1;
	const char *end;
	int rc = parse_decimal(text, &value, &scale, &end);

	if (rc < 0)
		return rc;
	if (*end && *end != 'B') {
		char upper = *end;
		if (upper == 'k')
			upper = 'K';
		const char *letter = strchr(letters, upper);

		if (!letter)
			return -EINVAL;
		unit = UINT64_C(1) << (10 * (unsigned)(letter - letters + 1));
		end++;
		if (*end == 'i')
			end++;
	}
	if (*end == 'B')
		end++;
	if (*end)
		return -EINVAL;
	return scaled(value, scale, unit, bytes);
}

int num_parse_duration(const char *text, int64_t *ns)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {{"", NS_PER_S},
	             {"s", NS_PER_S},
	             {"ms", NS_PER_MS},
	             {"m", 60 * NS_PER_S},
	             {"h", 3600 * NS_PER_S}};
	uint64_t value, scale, result;
	const char *end;
	int rc = parse_decimal(text, &value, &scale, &end);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		rc = scaled(value, scale, (uint64_t)units[i].ns, &result);
		if (rc < 0 || result > INT64_MAX)
			return -ERANGE;
		*ns = (int64_t)result;
		return 0;
	}
	return -EINVAL;
}

const char *num_size_text(char text[NUM_TEXT_MAX], uint64_t bytes)
{
	static const char *const units[] = {"B",   "KiB", "MiB", "GiB",
	                                    "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(text, NUM_TEXT_MAX, "%" PRIu64 " B", bytes);
		return text;
	}
	while (value >= 999.95 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(text, NUM_TEXT_MAX, "%.1f %s", value, units[unit]);
	return text;
}

const char *num_count_text(char text[NUM_TEXT_MAX], uint64_t count)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	size_t at = 0;

	/* 2^64 needs 20 digits and 6 commas. */
	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

const char *num_clock_text(char text[NUM_TEXT_MAX], int64_t ns)
{
	int64_t s = ns < 0 ? 0 : ns / NS_PER_S;

	if (s < 3600)
		snprintf(text, NUM_TEXT_MAX, "%" PRId64 ":%02d", s / 60,
		         (int)(s % 60));
	else
		snprintf(text, NUM_TEXT_MAX, "%" PRId64 ":%02d:%02d", s / 3600,
		         (int)(s / 60 % 60), (int)(s % 60));
	return text;
}
