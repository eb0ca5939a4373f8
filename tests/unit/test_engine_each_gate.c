/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/mono.h"
#include "engine/each_gate.h"

static int64_t now;

static int64_t clock_now(void)
{
	return now;
}

static struct each_held held;

static void open_gate(struct each_gate *gate, const struct each_limits *limits,
                      unsigned n_max)
{
	const char *name;

	now = NS_PER_S;
	mono_set_clock(clock_now);
	CHECK_INT(each_gate_open(gate, limits, n_max, &held, &name), 0);
}

CASE(the_load_is_what_runs_besides_the_one_who_reads_it)
{
	CHECK_INT(each_gate_parse_load("0.20 0.18 0.12 3/80 11206\n"), 2);
	CHECK_INT(each_gate_parse_load("0.20 0.18 0.12 1/80 11206\n"), 0);
	CHECK_INT(each_gate_parse_load("12/80"), 11);
	CHECK_INT(each_gate_parse_load("0.20 0.18 0.12 0/80 1"), -1);
	CHECK_INT(each_gate_parse_load("nothing of the kind"), -1);
	CHECK_INT(each_gate_parse_load(""), -1);
}

CASE(memory_is_what_is_available)
{
	CHECK_INT(each_gate_parse_memory("MemTotal:  9 kB\n"
	                                 "MemAvailable:    1024 kB\n"),
	          1 << 20);
	CHECK_INT(each_gate_parse_memory("MemTotal: 9 kB\n"), -1);
}

CASE(a_gate_without_limits_is_open)
{
	const struct each_limits limits = {0};
	struct each_gate gate;

	open_gate(&gate, &limits, 1);
	for (unsigned i = 0; i < 10; i++)
		CHECK(each_gate_pass(&gate, i));
	each_gate_leave(&gate, 0);
	each_gate_close(&gate);
}

CASE(a_delay_closes_it_until_its_time)
{
	const struct each_limits limits = {.delay_ns = 5 * NS_PER_S};
	struct each_gate gate;

	open_gate(&gate, &limits, 9);
	CHECK(each_gate_pass(&gate, 0));
	CHECK(!each_gate_pass(&gate, 1));
	CHECK_INT(gate.look_ns, 6 * NS_PER_S);
	now = 6 * NS_PER_S - 1;
	CHECK(!each_gate_pass(&gate, 1));
	now++;
	CHECK(each_gate_pass(&gate, 1));
	CHECK(!each_gate_pass(&gate, 2));
	each_gate_close(&gate);
}

/* Of those that have passed, none waits for a worker. */
CASE(no_more_pass_than_can_start_at_once)
{
	const struct each_limits limits = {.delay_ns = 1};
	struct each_gate gate;

	open_gate(&gate, &limits, 2);
	now++;
	CHECK(each_gate_pass(&gate, 1));
	now++;
	CHECK(!each_gate_pass(&gate, 2));
	CHECK_INT(gate.look_ns, MONO_NEVER);
	CHECK(each_gate_pass(&gate, 1));
	each_gate_close(&gate);
}

CASE(memory_that_no_machine_has_keeps_it_closed)
{
	const struct each_limits limits = {.memory_min = UINT64_MAX};
	struct each_gate gate;

	open_gate(&gate, &limits, 2);
	CHECK(!each_gate_pass(&gate, 0));
	/* It is looked at again, soon. */
	CHECK(gate.look_ns > now && gate.look_ns <= now + NS_PER_S);
	each_gate_close(&gate);
}

CASE(a_machine_full_of_tasks_is_as_closed)
{
	const struct each_limits limits = {.load_max = 100000};
	struct each_gate gate;

	open_gate(&gate, &limits, UINT32_MAX);
	/* Those just started are not among the kernel's yet. */
	for (unsigned i = 0; i < 99000; i += 3000) {
		gate.n_recent = i;
		gate.recent_ns = now;
		CHECK(each_gate_pass(&gate, 0));
	}
	gate.n_recent = 100000;
	CHECK(!each_gate_pass(&gate, 0));
	/* A while later they are, or have ended. */
	now += NS_PER_S;
	CHECK(each_gate_pass(&gate, 0));
	each_gate_close(&gate);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
