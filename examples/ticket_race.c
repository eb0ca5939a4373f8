/* SPDX-License-Identifier: MIT */
/* Ten processes want the one ticket that a JSON file still has. To buy is to
 * read the file, to see a ticket, and to write the file with one less. Without
 * a lock all ten can read before any has written, and then all ten buy. It
 * would take luck to see that, so here they wait for each other at the worst
 * moment. With the lock there is no such moment: nobody reads while another is
 * between reading and writing. */
#include "must.h"

#include "mp/lock.h"
#include "mp/process.h"
#include "mp/sem.h"
#include "mp/value.h"

#include <errno.h>
#include <jansson.h>
#include <unistd.h>

#define N_BUYERS 10

struct shop {
	const char *path;
	struct mp_lock *lock; /* NULL: without */
	struct mp_value *n_sold;
	struct mp_sem *arrived, *go;
};

static int read_tickets(const char *path)
{
	json_error_t error;
	json_t *file = json_load_file(path, 0, &error);

	if (!file) {
		fprintf(stderr, "%s: %s\n", path, error.text);
		exit(EXIT_FAILURE);
	}
	int n = (int)json_integer_value(json_object_get(file, "tickets"));
	json_decref(file);
	return n;
}

static void write_tickets(const char *path, int n)
{
	json_t *file = json_pack("{s:i}", "tickets", n);

	must(json_dump_file(file, path, 0) == 0 ? 0 : -EIO, path);
	json_decref(file);
}

/* Comes back when all ten are here. */
static void meet(struct shop *shop)
{
	must(mp_sem_release(shop->arrived), "arrive");
	must(mp_sem_consume(shop->go, -1), "go");
}

static void buy(struct shop *shop)
{
	int n = read_tickets(shop->path);

	if (!shop->lock)
		meet(shop);
	if (n > 0) {
		write_tickets(shop->path, n - 1);
		(void)mp_value_add(shop->n_sold, 1);
	}
}

static int visit(void *arg)
{
	struct shop *shop = arg;

	if (!shop->lock) {
		buy(shop);
		return 0;
	}
	meet(shop);
	must(mp_lock_acquire(shop->lock, -1), "lock");
	buy(shop);
	mp_lock_release(shop->lock);
	return 0;
}

static void sell(struct shop *shop)
{
	struct mp_process *buyers[N_BUYERS];

	write_tickets(shop->path, 1);
	mp_value_set(shop->n_sold, 0);
	for (int i = 0; i < N_BUYERS; i++)
		must(mp_process_start(visit, shop, NULL, &buyers[i]), "start");
	for (int i = 0; i < N_BUYERS; i++)
		must(mp_sem_consume(shop->arrived, -1), "arrive");
	for (int i = 0; i < N_BUYERS; i++)
		must(mp_sem_release(shop->go), "go");
	for (int i = 0; i < N_BUYERS; i++) {
		must(mp_process_join(buyers[i], -1), "join");
		mp_process_destroy(buyers[i]);
	}
	printf("%s the lock: 1 ticket, %d buyers, %d sold, %d left\n",
	       shop->lock ? "with" : "without", N_BUYERS,
	       (int)mp_value_get(shop->n_sold), read_tickets(shop->path));
}

int main(void)
{
	char path[] = "ticket_XXXXXX";
	int fd = mkstemp(path);
	struct shop shop = {.path = path};
	struct mp_lock *lock;

	must(fd < 0 ? -errno : 0, path);
	close(fd);
	must(mp_lock_create(&lock), "lock");
	must(mp_value_create_int(0, &shop.n_sold), "value");
	must(mp_sem_create(0, N_BUYERS, &shop.arrived), "semaphore");
	must(mp_sem_create(0, N_BUYERS, &shop.go), "semaphore");

	sell(&shop);
	shop.lock = lock;
	sell(&shop);

	mp_lock_destroy(lock);
	mp_value_destroy(shop.n_sold);
	mp_sem_destroy(shop.arrived);
	mp_sem_destroy(shop.go);
	must(unlink(path) < 0 ? -errno : 0, path);
	return 0;
}
