/* SPDX-License-Identifier: MIT */
/* One process produces, another consumes, and a queue of two slots between them
 * makes the faster one wait for the slower. Closing the queue says that
 * nothing more will come. */
#include "must.h"

#include "mp/process.h"
#include "mp/queue.h"

struct loaf {
	int number;
	char kind[20];
};

static int bake(void *arg)
{
	static const char *const kinds[] = {"rye", "wheat", "spelt"};
	struct mp_queue *shelf = arg;

	for (int i = 1; i <= 7; i++) {
		struct loaf loaf = {.number = i};

		snprintf(loaf.kind, sizeof(loaf.kind), "%s",
		         kinds[(size_t)i % ARRAY_LEN(kinds)]);
		/* Waits while the shelf is full. */
		must(mp_queue_put(shelf, &loaf, sizeof(loaf), -1), "put");
	}
	mp_queue_close(shelf);
	return 0;
}

static int eat(void *arg)
{
	struct mp_queue *shelf = arg;
	struct loaf loaf;
	size_t len;

	/* Waits while the shelf is empty; 0 when it is closed as well. */
	while (must(mp_queue_get(shelf, &loaf, sizeof(loaf), &len, -1), "get"))
		printf("loaf %d, %s\n", loaf.number, loaf.kind);
	printf("no more bread\n");
	return 0;
}

int main(void)
{
	struct mp_queue *shelf;
	struct mp_process *baker, *eater;

	must(mp_queue_create(2, sizeof(struct loaf), &shelf), "queue");
	must(mp_process_start(bake, shelf, NULL, &baker), "start");
	must(mp_process_start(eat, shelf, NULL, &eater), "start");
	must(mp_process_join(baker, -1), "join");
	must(mp_process_join(eater, -1), "join");
	mp_process_destroy(baker);
	mp_process_destroy(eater);
	mp_queue_destroy(shelf);
	return 0;
}
