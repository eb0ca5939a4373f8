/* SPDX-License-Identifier: MIT */
/* The master's side, first half: create, submit, sleep, wait. The other half,
 * workers_dispatch.c, takes replies and buries the dead; it has the argument
 * why nothing is lost and nothing deadlocks. */
#include "mp/workers.h"

#include "base/diag.h"
#include "base/fd.h"
#include "base/mono.h"
#include "mp/workers_private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#define NAME_TEXT_MAX 32
#define PAUSE_MIN_NS  (10 * NS_PER_MS)
#define PAUSE_MAX_NS  NS_PER_S
#define HANG_MS       2000

/* what: the index of a worker, or n_workers + side of a queue, or the number
 * behind those for the timer. */
static int watch(struct mp_workers *workers, int fd, uint32_t what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = what};

	return epoll_ctl(workers->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno
	                                                               : 0;
}

int mp_worker_start(struct worker_slot *slot)
{
	char name[NAME_TEXT_MAX];
	struct mp_process_options options = {.name = name, .is_daemon = true};
	struct mp_process *process;
	int err;

	if (slot->workers->options.prepare)
		slot->workers->options.prepare(slot->workers->options.ctx,
		                               slot->index);
	(void)snprintf(name, sizeof(name), "worker-%u", slot->index);
	err = mp_process_start(mp_worker_main, slot, &options, &process);
	if (err)
		return err;
	err = watch(slot->workers, mp_process_fd(process), slot->index);
	if (err) {
		mp_process_destroy(process);
		return err;
	}
	slot->process = process;
	slot->state = SLOT_RUNNING;
	slot->has_ended_task = false;
	return 0;
}

static void set_timer(struct mp_workers *workers)
{
	const struct itimerspec once = {
		.it_value = mono_timespec(workers->pause_ns)};

	/* Cannot fail: the descriptor and the time are right. */
	(void)timerfd_settime(workers->timer_fd, 0, &once, NULL);
}

static void note_shortage(struct mp_workers *workers, int err)
{
	int64_t pause_ns = 2 * workers->pause_ns;

	if (!workers->shortage || pause_ns < PAUSE_MIN_NS)
		pause_ns = PAUSE_MIN_NS;
	workers->pause_ns = pause_ns < PAUSE_MAX_NS ? pause_ns : PAUSE_MAX_NS;
	workers->shortage = err;
	workers->retry_ns = mono_now_ns() + workers->pause_ns;
	set_timer(workers);
}

static unsigned n_wanted(const struct mp_workers *workers)
{
	size_t n = workers->n_limit;

	if (workers->options.as_needed)
		n = min_size(n, mp_workers_n_in_flight(workers));
	return (unsigned)n;
}

void mp_workers_fill(struct mp_workers *workers)
{
	unsigned n_alive = mp_workers_n_alive(workers);
	unsigned n_most = n_wanted(workers);

	if (workers->shortage && mono_now_ns() < workers->retry_ns)
		return;
	for (unsigned i = 0; n_alive < n_most && i < workers->options.n_workers;
	     i++) {
		if (workers->slots[i].state != SLOT_VACANT)
			continue;
		int err = mp_worker_start(&workers->slots[i]);
		if (err) {
			note_shortage(workers, err);
			return;
		}
		n_alive++;
	}
	workers->shortage = 0;
}

static int create_tables(struct mp_workers *workers)
{
	const struct mp_workers_options *options = &workers->options;
	unsigned n_workers = options->n_workers;

	workers->slots = calloc(n_workers, sizeof(*workers->slots));
	workers->free_tickets =
		calloc(workers->n_tickets, sizeof(*workers->free_tickets));
	workers->serials =
		calloc(workers->n_tickets, sizeof(*workers->serials));
	if (!workers->slots || !workers->free_tickets || !workers->serials)
		return -ENOMEM;
	for (unsigned i = 0; i < n_workers; i++) {
		bool is_first = !options->n_first || i < options->n_first;

		workers->slots[i] = (struct worker_slot){
			.workers = workers,
			.index = i,
			.state = is_first ? SLOT_VACANT : SLOT_SPARE,
		};
	}
	while (workers->n_free < workers->n_tickets) {
		workers->free_tickets[workers->n_free] =
			(uint32_t)workers->n_free;
		workers->n_free++;
	}
	return 0;
}

static int create_queues(struct mp_workers *workers)
{
	const struct mp_workers_options *options = &workers->options;
	size_t n_tasks = options->n_waiting + options->n_workers;
	int err;

	err = mp_queue_create(n_tasks,
	                      sizeof(struct task_head) + options->task_max,
	                      &workers->tasks);
	if (err)
		return err;
	err = mp_queue_create(workers->n_tickets,
	                      sizeof(struct reply_head) + options->reply_max,
	                      &workers->replies);
	if (err)
		return err;
	workers->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	workers->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (workers->epoll_fd < 0 || workers->timer_fd < 0)
		return -errno;
	err = watch(workers, workers->timer_fd,
	            options->n_workers + WATCH_TIMER);
	if (err)
		return err;
	err = watch(workers, mp_queue_fd(workers->replies, MP_QUEUE_READER),
	            options->n_workers + MP_QUEUE_READER);
	if (err)
		return err;
	return watch(workers, mp_queue_fd(workers->tasks, MP_QUEUE_WRITER),
	             options->n_workers + MP_QUEUE_WRITER);
}

static int create_all(struct mp_workers *workers)
{
	int err = create_tables(workers);

	if (!err)
		err = create_queues(workers);
	if (err)
		return err;
	mp_workers_fill(workers);
	if (workers->options.may_start_none || mp_workers_n_alive(workers))
		return 0;
	return workers->shortage;
}

int mp_workers_create(const struct mp_workers_options *options,
                      struct mp_workers **out)
{
	struct mp_workers *workers;
	int err;

	if (options->n_workers == 0 || !options->run ||
	    options->n_waiting + options->n_replies > UINT32_MAX / 2)
		return -EINVAL;
	workers = calloc(1, sizeof(*workers));
	if (!workers)
		return -ENOMEM;
	workers->options = *options;
	workers->n_limit = options->n_workers;
	workers->epoll_fd = workers->timer_fd = -1;
	workers->n_tickets =
		options->n_replies
			? options->n_replies
			: options->n_waiting + 2 * (size_t)options->n_workers;
	err = create_all(workers);
	if (err) {
		mp_workers_destroy(workers);
		return err;
	}
	*out = workers;
	return 0;
}

static void end_processes(struct mp_workers *workers)
{
	int64_t deadline_ns = mono_deadline_ns(HANG_MS);
	unsigned n = workers->options.n_workers;

	for (unsigned i = 0; i < n; i++) {
		if (workers->slots[i].process)
			(void)mp_process_kill(workers->slots[i].process);
	}
	for (unsigned i = 0; i < n; i++) {
		struct mp_process *process = workers->slots[i].process;

		if (process)
			(void)mp_process_join(process,
			                      mono_left_ms(deadline_ns));
		mp_process_abandon(process);
	}
}

void mp_workers_destroy(struct mp_workers *workers)
{
	if (!workers)
		return;
	if (workers->slots)
		end_processes(workers);
	mp_queue_destroy(workers->tasks);
	mp_queue_destroy(workers->replies);
	(void)fd_close(workers->epoll_fd);
	(void)fd_close(workers->timer_fd);
	free(workers->slots);
	free(workers->free_tickets);
	free(workers->serials);
	free(workers);
}

int mp_workers_submit(struct mp_workers *workers, const void *task, size_t len)
{
	struct task_head *head;
	void *record;
	int err;

	if (len > workers->options.task_max)
		return -EMSGSIZE;
	if (mp_queue_is_closed(workers->tasks))
		return -EPIPE;
	if (workers->n_free == 0)
		return -EAGAIN;
	err = mp_queue_reserve(workers->tasks, &record, 0);
	if (err)
		return err;
	if (++workers->last_serial == 0)
		workers->last_serial = 1;
	head = record;
	*head = (struct task_head){
		.ticket = workers->free_tickets[--workers->n_free],
		.serial = workers->last_serial,
	};
	if (len > 0)
		memcpy(head + 1, task, len);
	workers->serials[head->ticket] = head->serial;
	mp_queue_publish(workers->tasks, head, sizeof(*head) + len);
	return 0;
}

bool mp_workers_has_room(const struct mp_workers *workers)
{
	/* Nobody else puts tasks, so the snapshot can only get better. */
	return workers->n_free > 0 && !mp_queue_is_full(workers->tasks);
}

size_t mp_workers_n_in_flight(const struct mp_workers *workers)
{
	return workers->n_tickets - workers->n_free;
}

bool mp_workers_prepare_sleep(struct mp_workers *workers, bool want_room,
                              uint32_t n_changes)
{
	bool is_idle = workers->options.as_needed &&
	               mp_workers_n_in_flight(workers) == 0;

	/* Dispatch starts some, or knows that there will be none. */
	if (mp_workers_n_alive(workers) == 0 && !workers->shortage && !is_idle)
		return true;
	workers->is_armed[MP_QUEUE_READER] = true;
	if (mp_queue_arm(workers->replies, MP_QUEUE_READER, n_changes))
		return true;
	/* Without a ticket only a reply can make room. */
	if (!want_room || workers->n_free == 0 ||
	    mp_queue_is_closed(workers->tasks))
		return false;
	workers->is_armed[MP_QUEUE_WRITER] = true;
	return mp_queue_arm(workers->tasks, MP_QUEUE_WRITER, n_changes);
}

void mp_workers_grow(struct mp_workers *workers)
{
	for (unsigned i = 0; i < workers->options.n_workers; i++) {
		if (workers->slots[i].state == SLOT_SPARE)
			workers->slots[i].state = SLOT_VACANT;
	}
}

unsigned mp_workers_add(struct mp_workers *workers)
{
	for (unsigned i = 0; i < workers->options.n_workers; i++) {
		if (workers->slots[i].state == SLOT_SPARE) {
			workers->slots[i].state = SLOT_VACANT;
			return i;
		}
	}
	return UINT_MAX;
}

int mp_workers_shortage(const struct mp_workers *workers)
{
	return workers->shortage;
}

void mp_workers_limit(struct mp_workers *workers, unsigned n)
{
	workers->n_limit = n ? n : 1;
}

int mp_workers_fd(const struct mp_workers *workers)
{
	return workers->epoll_fd;
}

void mp_workers_close(struct mp_workers *workers)
{
	mp_queue_close(workers->tasks);
}

static bool all_gone(const struct mp_workers *workers)
{
	for (unsigned i = 0; i < workers->options.n_workers; i++) {
		if (workers->slots[i].state != SLOT_GONE)
			return false;
	}
	return true;
}

int mp_workers_join(struct mp_workers *workers, int timeout_ms)
{
	int64_t deadline_ns = mono_deadline_ns(timeout_ms);

	if (!mp_queue_is_closed(workers->tasks))
		return -EINVAL;
	for (;;) {
		struct epoll_event event;
		int n = mp_workers_dispatch(workers);

		if (n < 0)
			return n;
		if (all_gone(workers))
			return 0;
		int left_ms = mono_left_ms(deadline_ns);
		if (left_ms == 0)
			return -ETIMEDOUT;
		/* Whatever wakes it, a signal too: look again. */
		if (!mp_workers_prepare_sleep(workers, false, 1))
			(void)fd_epoll_wait(workers->epoll_fd, &event, 1,
			                    left_ms);
	}
}

unsigned mp_workers_n_alive(const struct mp_workers *workers)
{
	unsigned n = 0;

	for (unsigned i = 0; i < workers->options.n_workers; i++) {
		enum slot_state state = workers->slots[i].state;

		n += state != SLOT_VACANT && state != SLOT_SPARE &&
		     state != SLOT_GONE;
	}
	return n;
}

pid_t mp_workers_pid(const struct mp_workers *workers, unsigned index)
{
	const struct mp_process *process = workers->slots[index].process;

	return process ? mp_process_pid(process) : -ESRCH;
}
