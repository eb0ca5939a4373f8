/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/mono.h"

#include <limits.h>

static int64_t fake_now_ns;

static int64_t fake_now(void)
{
	return fake_now_ns;
}

CASE(time_does_not_go_back)
{
	int64_t last = mono_now_ns();

	CHECK(last > 0);
	for (int i = 0; i < 1000; i++) {
		int64_t now = mono_now_ns();

		CHECK(now >= last);
		last = now;
	}
}

CASE(deadline_is_now_and_the_timeout)
{
	mono_set_clock(fake_now);
	fake_now_ns = 1000;

	CHECK_INT(mono_deadline_ns(0), 1000);
	CHECK_INT(mono_deadline_ns(1), 1000 + NS_PER_MS);
	CHECK_INT(mono_deadline_ns(INT_MAX), 1000 + INT_MAX * NS_PER_MS);
	CHECK(mono_deadline_ns(-1) == MONO_NEVER);
}

CASE(what_is_left_is_rounded_up_and_never_negative)
{
	mono_set_clock(fake_now);
	fake_now_ns = 5 * NS_PER_S;

	CHECK_INT(mono_left_ms(fake_now_ns), 0);
	CHECK_INT(mono_left_ms(fake_now_ns - 1), 0);
	CHECK_INT(mono_left_ms(0), 0);
	CHECK_INT(mono_left_ms(fake_now_ns + 1), 1);
	CHECK_INT(mono_left_ms(fake_now_ns + NS_PER_MS), 1);
	CHECK_INT(mono_left_ms(fake_now_ns + NS_PER_MS + 1), 2);
	CHECK_INT(mono_left_ms(MONO_NEVER), -1);
	CHECK_INT(mono_left_ms(MONO_NEVER - 1), INT_MAX);
}

CASE(replaced_clock_can_be_given_back)
{
	mono_set_clock(fake_now);
	fake_now_ns = 7;
	CHECK_INT(mono_now_ns(), 7);
	mono_set_clock(NULL);
	CHECK(mono_now_ns() > 7);
}

CASE(timespec_is_split)
{
	struct timespec time = mono_timespec(3 * NS_PER_S + 5);

	CHECK_INT(time.tv_sec, 3);
	CHECK_INT(time.tv_nsec, 5);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
