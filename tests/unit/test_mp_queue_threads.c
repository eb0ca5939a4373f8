/* SPDX-License-Identifier: MIT */
/* Many producers and consumers as threads, so that the thread sanitizer can
 * see them. A thread is its own owner of slots (mp_shm_self). */
#include "queue_kit.h"

#include <poll.h>
#include <pthread.h>

#define N_PRODUCERS  3
#define N_CONSUMERS  3
#define N_EACH       6000
#define NUMBER(p, i) ((uint64_t)(p) << 32 | (i))

struct crowd {
	struct mp_queue *queue;
	/* relaxed: a lock here could hide that the queue lacks order */
	_Atomic unsigned n_seen[N_PRODUCERS][N_EACH];
	bool is_ordered; /* nobody gives back */
};

struct member {
	struct crowd *crowd;
	unsigned index;
	pthread_t thread;
	void *(*run)(void *);
	uint64_t last[N_PRODUCERS]; /* seen of each, plus one */
};

static void *put_copies(void *arg)
{
	const struct member *self = arg;

	for (uint64_t i = 0; i < N_EACH; i++)
		kit_put(self->crowd->queue, NUMBER(self->index, i));
	return NULL;
}

/* In place; now and then it thinks better of it, and some come in pairs. */
static void *put_in_place(void *arg)
{
	const struct member *self = arg;
	struct mp_queue *queue = self->crowd->queue;
	void *record;

	for (uint64_t i = 0; i < N_EACH; i++) {
		CHECK_INT(mp_queue_reserve(queue, &record, -1), 0);
		if (i % 16 == 5) {
			mp_queue_cancel(queue, record);
			CHECK_INT(mp_queue_reserve(queue, &record, -1), 0);
		}
		*(uint64_t *)record = NUMBER(self->index, i);
		mp_queue_publish(queue, record, sizeof(uint64_t));
	}
	return NULL;
}

static void *put_from_poll(void *arg)
{
	const struct member *self = arg;
	struct mp_queue *queue = self->crowd->queue;
	struct pollfd bell = {.fd = mp_queue_fd(queue, MP_QUEUE_WRITER),
	                      .events = POLLIN};

	for (uint64_t i = 0; i < N_EACH; i++) {
		uint64_t number = NUMBER(self->index, i);

		while (mp_queue_put(queue, &number, sizeof(number), 0) ==
		       -EAGAIN) {
			if (mp_queue_arm(queue, MP_QUEUE_WRITER, 1))
				continue;
			CHECK_INT(poll(&bell, 1, -1), 1);
			mp_queue_disarm(queue, MP_QUEUE_WRITER);
		}
	}
	return NULL;
}

static void note(struct member *self, uint64_t number)
{
	uint64_t producer = number >> 32, i = number & UINT32_MAX;

	CHECK(producer < N_PRODUCERS && i < N_EACH);
	if (self->crowd->is_ordered)
		CHECK(i >= self->last[producer]);
	self->last[producer] = i + 1;
	(void)atomic_fetch_add_explicit(&self->crowd->n_seen[producer][i], 1,
	                                memory_order_relaxed);
}

static void *get_copies(void *arg)
{
	struct member *self = arg;

	for (;;) {
		uint64_t number = kit_get(self->crowd->queue);
		if (number == UINT64_MAX)
			return NULL;
		note(self, number);
	}
}

/* In place; gives some back, which the next taker sees. */
static void *take_and_give(void *arg)
{
	struct member *self = arg;
	struct mp_queue *queue = self->crowd->queue;
	void *record;
	size_t len;

	for (unsigned n = 0;; n++) {
		int result = mp_queue_take(queue, &record, &len, -1);

		if (result == 0)
			return NULL;
		CHECK_INT(result, 1);
		if (!self->crowd->is_ordered && n % 8 == 3) {
			mp_queue_give_back(queue, record);
			continue;
		}
		note(self, *(uint64_t *)record);
		mp_queue_done(queue, record);
	}
}

static void *get_from_poll(void *arg)
{
	struct member *self = arg;
	struct mp_queue *queue = self->crowd->queue;
	struct pollfd bell = {.fd = mp_queue_fd(queue, MP_QUEUE_READER),
	                      .events = POLLIN};
	void *record;
	size_t len;

	for (;;) {
		int result = mp_queue_take(queue, &record, &len, 0);

		if (result == 0)
			return NULL;
		if (result == 1) {
			note(self, *(uint64_t *)record);
			mp_queue_done(queue, record);
		} else if (!mp_queue_arm(queue, MP_QUEUE_READER, 1)) {
			CHECK_INT(poll(&bell, 1, -1), 1);
			mp_queue_disarm(queue, MP_QUEUE_READER);
		}
	}
}

static void start(struct crowd *crowd, struct member *members, unsigned n,
                  void *(*const run[])(void *))
{
	for (unsigned i = 0; i < n; i++) {
		members[i] = (struct member){
			.crowd = crowd, .index = i, .run = run[i]};
		CHECK_INT(pthread_create(&members[i].thread, NULL,
		                         members[i].run, &members[i]),
		          0);
	}
}

static void join(const struct member *members, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		CHECK_INT(pthread_join(members[i].thread, NULL), 0);
}

static void run_crowd(size_t n_slots, bool is_ordered,
                      void *(*const producers[])(void *),
                      void *(*const consumers[])(void *))
{
	struct member producing[N_PRODUCERS], consuming[N_CONSUMERS];
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	CHECK(crowd);
	kit_sleep_for_ever();
	crowd->is_ordered = is_ordered;
	/* The numbers of the records wrap around on the way. */
	CHECK_INT(mp_queue_create_at(n_slots, KIT_RECORD_MAX, MP_SEQ_MASK - 999,
	                             &crowd->queue),
	          0);
	start(crowd, producing, N_PRODUCERS, producers);
	start(crowd, consuming, N_CONSUMERS, consumers);
	join(producing, N_PRODUCERS);
	mp_queue_close(crowd->queue);
	join(consuming, N_CONSUMERS);

	for (size_t p = 0; p < N_PRODUCERS; p++) {
		for (size_t i = 0; i < N_EACH; i++)
			CHECK_INT(crowd->n_seen[p][i], 1);
	}
	mp_queue_destroy(crowd->queue);
	free(crowd);
}

static void *(*const plain_producers[])(void *) = {put_copies, put_in_place,
                                                   put_copies};
static void *(*const plain_consumers[])(void *) = {get_copies, take_and_give,
                                                   get_copies};
static void *(*const polling_producers[])(void *) = {put_copies, put_from_poll,
                                                     put_in_place};
static void *(*const polling_consumers[])(void *) = {get_copies, get_from_poll,
                                                     take_and_give};

CASE(all_arrives_once_and_in_order_through_one_slot)
{
	run_crowd(1, true, plain_producers, plain_consumers);
}

CASE(all_arrives_once_and_in_order_through_two_slots)
{
	run_crowd(2, true, plain_producers, plain_consumers);
}

CASE(all_arrives_once_and_in_order_through_64_slots)
{
	run_crowd(64, true, plain_producers, plain_consumers);
}

CASE(all_arrives_once_although_some_is_given_back)
{
	run_crowd(1, false, plain_producers, plain_consumers);
	run_crowd(3, false, plain_producers, plain_consumers);
	run_crowd(64, false, plain_producers, plain_consumers);
}

CASE(all_arrives_once_and_in_order_when_some_sleep_in_poll)
{
	run_crowd(1, true, polling_producers, polling_consumers);
	run_crowd(2, true, polling_producers, polling_consumers);
	run_crowd(64, true, polling_producers, polling_consumers);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
