/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "engine/watch.h"

#define N 3

static struct shared *shared;
static struct watch watch;

static void begin(void)
{
	shared = aligned_alloc(64, sizeof(*shared) + N * sizeof(struct cell));
	CHECK(shared != NULL);
	memset(shared, 0, sizeof(*shared) + N * sizeof(struct cell));
	watch_init(&watch, shared, N);
}

static void end(void)
{
	watch_release(&watch);
	watch_release(&watch);
	free(shared);
}

static void hold(size_t i, const char *name)
{
	snprintf(shared->cells[i].name, CELL_NAME_MAX, "%s", name);
}

CASE(sums_are_over_all_cells)
{
	begin();
	for (size_t i = 0; i < N; i++) {
		shared->cells[i].bytes = i + 1;
		shared->cells[i].entries = 10 * (i + 1);
		shared->cells[i].moved = 100 * (i + 1);
	}

	CHECK_INT(watch_bytes(&watch), 6);
	CHECK_INT(watch_entries(&watch), 60);
	CHECK_INT(watch_moved(&watch), 600);
	end();
}

CASE(cells_do_not_share_cache_lines)
{
	CHECK_INT(sizeof(struct cell) % 64, 0);
	CHECK_INT(offsetof(struct shared, cells) % 64, 0);
}

CASE(the_current_entry_is_some_entry_in_hand)
{
	begin();
	CHECK_STR(watch_current(&watch), "");
	hold(2, "c");
	CHECK_STR(watch_current(&watch), "c");
	hold(1, "b");
	CHECK_STR(watch_current(&watch), "b");
	hold(1, "");
	CHECK_STR(watch_current(&watch), "c");
	end();
}

CASE(who_gives_no_sign_for_long_is_stuck_and_told_once)
{
	begin();
	hold(1, "slow");
	shared->cells[1].beats = 5;
	int64_t now_ns = 1000;

	CHECK(!watch_stuck(&watch, now_ns));
	now_ns += WATCH_STUCK_NS;
	CHECK(!watch_stuck(&watch, now_ns));
	now_ns += 1;
	CHECK(watch_stuck(&watch, now_ns) == &shared->cells[1]);
	CHECK(!watch_stuck(&watch, now_ns));
	CHECK(!watch_stuck(&watch, now_ns + 10 * WATCH_STUCK_NS));
	/* A sign of life, and silence again. */
	now_ns += 20 * WATCH_STUCK_NS;
	shared->cells[1].beats++;
	CHECK(!watch_stuck(&watch, now_ns));
	CHECK(watch_stuck(&watch, now_ns + WATCH_STUCK_NS + 1) ==
	      &shared->cells[1]);
	end();
}

CASE(all_who_are_stuck_are_told_one_after_the_other)
{
	begin();
	for (size_t i = 0; i < N; i++) {
		hold(i, "slow");
		shared->cells[i].beats = 1;
	}
	CHECK(!watch_stuck(&watch, 0));

	for (size_t i = 0; i < N; i++)
		CHECK(watch_stuck(&watch, WATCH_STUCK_NS + 1) ==
		      &shared->cells[i]);
	CHECK(!watch_stuck(&watch, WATCH_STUCK_NS + 1));
	end();
}

CASE(who_has_nothing_in_hand_is_not_stuck)
{
	begin();

	CHECK(!watch_stuck(&watch, 0));
	CHECK(!watch_stuck(&watch, WATCH_STUCK_NS + 1));
	/* The time before it took up an entry does not count. */
	hold(0, "new");
	CHECK(!watch_stuck(&watch, WATCH_STUCK_NS + 2));
	CHECK(!watch_stuck(&watch, 2 * WATCH_STUCK_NS));
	CHECK(watch_stuck(&watch, 2 * WATCH_STUCK_NS + 2) != NULL);
	end();
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
