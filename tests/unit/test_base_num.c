/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/num.h"

static void expect_u64(const char *text, uint64_t want)
{
	uint64_t value = 1;

	CHECK_INT(num_parse_u64(text, &value), 0);
	CHECK(value == want);
}

static void refuse_u64(const char *text, int want)
{
	uint64_t value = 77;

	CHECK_INT(num_parse_u64(text, &value), want);
	CHECK_INT(value, 77);
}

CASE(whole_numbers)
{
	expect_u64("0", 0);
	expect_u64("007", 7);
	expect_u64("18446744073709551615", UINT64_MAX);
	refuse_u64("18446744073709551616", -ERANGE);
	refuse_u64("99999999999999999999999", -ERANGE);
	refuse_u64("", -EINVAL);
	refuse_u64("-1", -EINVAL);
	refuse_u64("+1", -EINVAL);
	refuse_u64(" 1", -EINVAL);
	refuse_u64("1 ", -EINVAL);
	refuse_u64("0x10", -EINVAL);
	refuse_u64("1.0", -EINVAL);
}

static void expect_size(const char *text, uint64_t want)
{
	uint64_t bytes = 1;

	CHECK_INT(num_parse_size(text, &bytes), 0);
	CHECK_INT(bytes, want);
}

static void refuse_size(const char *text, int want)
{
	uint64_t bytes = 77;

	CHECK_INT(num_parse_size(text, &bytes), want);
	CHECK_INT(bytes, 77);
}

CASE(sizes_with_units)
{
	expect_size("0", 0);
	expect_size("123", 123);
	expect_size("123B", 123);
	expect_size("64K", 65536);
	expect_size("64k", 65536);
	expect_size("64Ki", 65536);
	expect_size("64KiB", 65536);
	expect_size("64KB", 65536);
	expect_size("1.5M", 3 << 19);
	expect_size(".5K", 512);
	expect_size("2.K", 2048);
	expect_size("2G", UINT64_C(2) << 30);
	expect_size("3T", UINT64_C(3) << 40);
	expect_size("1P", UINT64_C(1) << 50);
	expect_size("15E", UINT64_C(15) << 60);
	expect_size("0.1", 0);
}

CASE(sizes_that_are_none)
{
	refuse_size("", -EINVAL);
	refuse_size("K", -EINVAL);
	refuse_size(".", -EINVAL);
	refuse_size("-1", -EINVAL);
	refuse_size("1m", -EINVAL);
	refuse_size("1X", -EINVAL);
	refuse_size("1KK", -EINVAL);
	refuse_size("1Bi", -EINVAL);
	refuse_size("1 K", -EINVAL);
	refuse_size("1.2.3", -EINVAL);
	refuse_size("1K ", -EINVAL);
	refuse_size("16E", -ERANGE);
	refuse_size("99999999999999999999", -ERANGE);
	refuse_size("0.000000000000000000001K", -ERANGE);
}

static void expect_duration(const char *text, int64_t want)
{
	int64_t ns = 1;

	CHECK_INT(num_parse_duration(text, &ns), 0);
	CHECK_INT(ns, want);
}

static void refuse_duration(const char *text, int want)
{
	int64_t ns = 77;

	CHECK_INT(num_parse_duration(text, &ns), want);
	CHECK_INT(ns, 77);
}

CASE(durations)
{
	expect_duration("0", 0);
	expect_duration("3", 3 * NS_PER_S);
	expect_duration("0.25", NS_PER_S / 4);
	expect_duration("500ms", NS_PER_S / 2);
	expect_duration("10s", 10 * NS_PER_S);
	expect_duration("1.5m", 90 * NS_PER_S);
	expect_duration("2h", 7200 * NS_PER_S);
	refuse_duration("", -EINVAL);
	refuse_duration("s", -EINVAL);
	refuse_duration("1d", -EINVAL);
	refuse_duration("1sec", -EINVAL);
	refuse_duration("-1s", -EINVAL);
	refuse_duration("9999999999", -ERANGE);
	refuse_duration("18446744073709551615h", -ERANGE);
}

static void expect_size_text(uint64_t bytes, const char *want)
{
	char text[NUM_TEXT_MAX];

	CHECK(num_size_text(text, bytes) == text);
	CHECK_STR(text, want);
}

CASE(sizes_as_text)
{
	expect_size_text(0, "0 B");
	expect_size_text(999, "999 B");
	expect_size_text(1000, "1.0 KiB");
	expect_size_text(1536, "1.5 KiB");
	expect_size_text(UINT64_C(10) << 20, "10.0 MiB");
	expect_size_text((UINT64_C(1000) << 20) - 1, "1.0 GiB");
	expect_size_text(UINT64_C(5) << 30, "5.0 GiB");
	expect_size_text(UINT64_MAX, "16.0 EiB");
}

static void expect_count_text(uint64_t count, const char *want)
{
	char text[NUM_TEXT_MAX];

	CHECK(num_count_text(text, count) == text);
	CHECK_STR(text, want);
}

CASE(counts_as_text)
{
	expect_count_text(0, "0");
	expect_count_text(999, "999");
	expect_count_text(1000, "1,000");
	expect_count_text(123456, "123,456");
	expect_count_text(1234567, "1,234,567");
	expect_count_text(UINT64_MAX, "18,446,744,073,709,551,615");
}

static void expect_clock_text(int64_t ns, const char *want)
{
	char text[NUM_TEXT_MAX];

	CHECK(num_clock_text(text, ns) == text);
	CHECK_STR(text, want);
}

CASE(clocks_as_text)
{
	expect_clock_text(-1, "0:00");
	expect_clock_text(NS_PER_S - 1, "0:00");
	expect_clock_text(7 * NS_PER_S, "0:07");
	expect_clock_text(754 * NS_PER_S, "12:34");
	expect_clock_text(3599 * NS_PER_S, "59:59");
	expect_clock_text(3600 * NS_PER_S, "1:00:00");
	expect_clock_text(11045 * NS_PER_S, "3:04:05");
	expect_clock_text(INT64_MAX, "2562047:47:16");
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
