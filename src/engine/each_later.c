/* SPDX-License-Identifier: MIT */
#include "engine/each_later.h"

#include "base/mono.h"
#include "engine/each_ended.h"

#define DOUBLINGS_MAX 6
#define DELAY_MAX     (INT64_MAX >> 8)

int64_t each_later_pause_ns(int64_t delay_ns, unsigned n_tried, uint64_t number)
{
	unsigned n = n_tried > 1 ? n_tried - 1 : 0;

	if (delay_ns > DELAY_MAX)
		delay_ns = DELAY_MAX;
	delay_ns <<= n < DOUBLINGS_MAX ? n : DOUBLINGS_MAX;
	/* The upper bits of a product with the golden ratio look like chance.
	 */
	int64_t part = (int64_t)((number * 0x9e3779b97f4a7c15u) >> 56);
	return delay_ns + delay_ns / 2048 * part;
}

void each_later_put(struct each_master *master, struct each_task *task)
{
	int64_t delay_ns = master->settings->retry_delay_ns;
	uint32_t *at = &master->first_later;

	if (delay_ns == 0) {
		each_master_let_wait(master, task);
		return;
	}
	task->due_ns =
		mono_now_ns() +
		each_later_pause_ns(delay_ns, task->n_tried, task->number);
	while (*at != master->n_tasks &&
	       master->tasks[*at].due_ns <= task->due_ns)
		at = &master->tasks[*at].next;
	task->next = *at;
	*at = (uint32_t)(task - master->tasks);
}

void each_later_take(struct each_master *master, int64_t now_ns)
{
	if (master->first_later == master->n_tasks)
		return;
	if (now_ns == 0)
		now_ns = mono_now_ns();
	while (each_later_ns(master) <= now_ns &&
	       master->first_later != master->n_tasks) {
		struct each_task *task = &master->tasks[master->first_later];

		master->first_later = task->next;
		each_master_let_wait(master, task);
	}
}

int64_t each_later_ns(const struct each_master *master)
{
	return master->first_later == master->n_tasks
	               ? MONO_NEVER
	               : master->tasks[master->first_later].due_ns;
}
