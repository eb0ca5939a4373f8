/* SPDX-License-Identifier: MIT */
/* Two producers and two consumers over a joinable queue. The consumers never
 * return: they are daemons. Nobody has to tell them that the work is over,
 * because the queue knows when every item has been handled, and they are
 * killed when this process leaves. */
#include "must.h"

#include "mp/joinable.h"
#include "mp/process.h"
#include "mp/value.h"

#define N_EACH      5
#define N_ITEMS     10
#define N_CONSUMERS 2

static struct mp_joinable *queue;
static struct mp_array *squares; /* one place for each item */

static int produce(void *arg)
{
	const int *first = arg;

	for (int item = *first; item < *first + N_EACH; item++)
		must(mp_joinable_put(queue, &item, sizeof(item), -1), "put");
	return 0;
}

static int consume(UNUSED void *arg)
{
	int item;
	size_t len;

	while (must(mp_joinable_get(queue, &item, sizeof(item), &len, -1),
	            "get")) {
		mp_array_ints(squares)[item] = (int64_t)item * item;
		/* Only now is the item finished. */
		must(mp_joinable_task_done(queue), "task_done");
	}
	return 0;
}

int main(void)
{
	const struct mp_process_options daemon = {.is_daemon = true};
	struct mp_process *consumer, *producers[2];
	int firsts[2] = {0, N_EACH};

	must(mp_joinable_create(4, sizeof(int), &queue), "queue");
	must(mp_array_create(MP_ARRAY_INT, N_ITEMS, &squares), "array");
	for (int i = 0; i < N_CONSUMERS; i++)
		must(mp_process_start(consume, NULL, &daemon, &consumer),
		     "start");
	for (int i = 0; i < 2; i++)
		must(mp_process_start(produce, &firsts[i], NULL, &producers[i]),
		     "start");

	/* First all has been put, then all has been handled. */
	for (int i = 0; i < 2; i++) {
		must(mp_process_join(producers[i], -1), "join");
		mp_process_destroy(producers[i]);
	}
	must(mp_joinable_join(queue, -1), "join of the queue");
	for (int i = 0; i < N_ITEMS; i++)
		printf("item %d gave %d\n", i, (int)mp_array_ints(squares)[i]);
	printf("unfinished: %zu\n", mp_joinable_n_unfinished(queue));

	mp_array_destroy(squares);
	mp_joinable_destroy(queue);
	return 0;
}
