/* SPDX-License-Identifier: MIT */
/* A pool of 3 workers runs 10 tasks. Each result comes back to a callback in
 * this process, in the order of completion; task 7 fails, and that is no
 * trouble to the others. */
#include "mp/pool.h"

#include <stdio.h>
#include <string.h>

#define N_WORKERS 3
#define N_TASKS   10

/* In a worker. */
static int cube(const void *arg, UNUSED size_t len, struct mp_output *output)
{
	int n;

	memcpy(&n, arg, sizeof(n));
	if (n == 7)
		return -n;
	n = n * n * n;
	return mp_output_add(output, &n, sizeof(n));
}

/* In this process. */
static void show(void *ctx, const struct mp_result *result)
{
	const int *task = ctx;
	int value;

	if (result->error) {
		printf("task %d failed with %d\n", *task, result->error);
		return;
	}
	memcpy(&value, result->data, sizeof(value));
	printf("task %d gave %d\n", *task, value);
}

int main(void)
{
	int tasks[N_TASKS];
	struct mp_pool *pool;
	int err = mp_pool_create(N_WORKERS, NULL, &pool);

	if (err) {
		fprintf(stderr, "no pool: %s\n", strerror(-err));
		return 1;
	}
	for (int i = 0; !err && i < N_TASKS; i++) {
		tasks[i] = i + 1;
		err = mp_pool_apply_async(pool, cube, &tasks[i],
		                          sizeof(tasks[i]), show, &tasks[i]);
	}
	mp_pool_close(pool);
	if (!err)
		err = mp_pool_join(pool, -1);
	mp_pool_destroy(pool);
	printf("all %d tasks are done\n", N_TASKS);
	return err != 0;
}
