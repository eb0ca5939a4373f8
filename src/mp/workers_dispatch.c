/* SPDX-License-Identifier: MIT */
/* The master's side, second half: replies and deaths.
 *
 * Tickets. A task in flight has one of n_tickets numbers, as many as the reply
 * queue has slots. It gets it from submit and gives it back when its end is
 * seen: an END reply, or a verdict that gives it up. That is the credit. A
 * serial number tells the task from others that have the ticket later, while
 * this one is still in the slot of a dead worker.
 *
 * Why nothing deadlocks. The master waits on no queue: submit and the marks
 * below are tried, not waited for. So it always comes round to take replies,
 * every worker that waits for room for a reply gets it, and every task ends.
 *
 * A death. The pidfd says so; the process stays a zombie until it is buried,
 * so no new worker can have its pid. What it was filling in the reply queue is
 * freed at once. What it had published may still be there, and whether its last task has ended is
 * known only when all that was seen. So the master puts a mark of its own into
 * the reply queue: replies leave in order, so when the mark arrives, however
 * many the living put meanwhile, the dead worker's last reply has. Only then is the task it had in hand judged: an end
 * was seen, so it is dropped silently; or not, and on_death decides. Thus a
 * task whose end was sent is never run again, and one without is never lost.
 *
 * No wakeup is lost: the eventfds of the queues are armed by prepare_sleep and
 * looked at again after that (mp/queue.h), and a pidfd stays readable. A mark
 * that finds the reply queue full is tried again after each reply taken. */
#include "mp/workers_private.h"

#include "base/diag.h"
#include "base/fd.h"

#include "base/mono.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Processes in a row that ended no task before an index is given up. */
#define BARREN_MAX 3
#define N_EVENTS   16

static bool is_in_flight(const struct mp_workers *workers, uint32_t ticket,
                         uint32_t serial)
{
	return ticket < workers->n_tickets &&
	       workers->serials[ticket] == serial;
}

static void end_task(struct mp_workers *workers, uint32_t ticket,
                     uint32_t serial)
{
	if (!is_in_flight(workers, ticket, serial))
		bug("task %u of ticket %u is not in flight", serial, ticket);
	workers->serials[ticket] = 0;
	workers->free_tickets[workers->n_free++] = ticket;
}

/* A dead worker, for judge. */
struct burial {
	struct mp_workers *workers;
	struct mp_death death;
	bool was_working; /* it had a task in hand that had not ended */
};

static enum mp_queue_verdict judge(void *ctx, void *record, size_t *len,
                                   unsigned n_takes)
{
	struct burial *burial = ctx;
	struct mp_workers *workers = burial->workers;
	struct task_head *head = record;
	struct mp_death death = burial->death;
	enum mp_queue_verdict verdict = MP_QUEUE_RETRY;

	if (!is_in_flight(workers, head->ticket, head->serial))
		return MP_QUEUE_DROP;
	burial->was_working = true;
	death.task = head + 1;
	death.len = *len - sizeof(*head);
	death.n_takes = n_takes;
	if (workers->options.on_death)
		verdict =
			workers->options.on_death(workers->options.ctx, &death);
	if (death.len > workers->options.task_max)
		bug("a task of %zu bytes", death.len);
	*len = sizeof(*head) + death.len;
	if (verdict == MP_QUEUE_DROP || workers->is_killed) {
		end_task(workers, head->ticket, head->serial);
		return MP_QUEUE_DROP;
	}
	return verdict;
}

/* All that the dead worker ever said has been seen. */
static void bury(struct worker_slot *slot)
{
	struct mp_workers *workers = slot->workers;
	struct burial burial = {.workers = workers};
	struct mp_death *death = &burial.death;

	death->worker = slot->index;
	death->pid = mp_process_pid(slot->process);
	/* Who was killed runs none of our code any more, even if it cannot be
	 * reaped because it hangs in the kernel. */
	death->is_hung = mp_process_join(slot->process,
	                                 workers->is_killed ? 0 : -1) != 0;
	/* It stays 0 when the code is lost: SIGCHLD is ignored. */
	if (death->is_hung)
		death->exit_code = -SIGKILL;
	else
		(void)mp_process_exit_code(slot->process, &death->exit_code);
	/* No fork comes before this, so the pid is still its own. */
	(void)mp_queue_recover(workers->tasks, death->pid, judge, &burial);
	if (!burial.was_working && death->exit_code != 0 &&
	    workers->options.on_death)
		(void)workers->options.on_death(workers->options.ctx, death);
	mp_process_abandon(slot->process);
	slot->process = NULL;
	slot->state = workers->is_killed ? SLOT_GONE : SLOT_VACANT;
	if (burial.was_working || slot->has_ended_task)
		slot->n_barren = 0;
	else if (!mp_queue_is_closed(workers->tasks) || death->exit_code != 0)
		slot->n_barren++;
	if (slot->n_barren > BARREN_MAX)
		slot->state = SLOT_GONE;
}

/* Closing would not do: the descriptor lives on in later workers. */
static void unwatch(struct mp_workers *workers, int fd)
{
	/* It was added, so this cannot fail. */
	(void)epoll_ctl(workers->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* The pidfd is readable, or the process was killed and joined. */
static void note_death(struct worker_slot *slot)
{
	struct mp_workers *workers = slot->workers;

	unwatch(workers, mp_process_fd(slot->process));
	(void)mp_queue_recover(workers->replies, mp_process_pid(slot->process),
	                       NULL, NULL);
	slot->state = SLOT_DEAD;
	workers->n_dead++;
}

static void place_marks(struct mp_workers *workers)
{
	for (unsigned i = 0; i < workers->options.n_workers; i++) {
		struct worker_slot *slot = &workers->slots[i];
		struct reply_head mark = {.kind = REPLY_MARK, .worker = i};

		if (slot->state != SLOT_DEAD)
			continue;
		if (mp_queue_put(workers->replies, &mark, sizeof(mark), 0) != 0)
			return;
		slot->state = SLOT_MARKED;
		workers->n_dead--;
	}
}

static void take_reply(struct mp_workers *workers, void *record, size_t len)
{
	const struct mp_workers_options *options = &workers->options;
	struct reply_head *reply = record;
	struct reply_head head = *reply;

	workers->n_taken++;
	/* First the ticket, so that on_reply may submit in its place. */
	if (head.kind & REPLY_END) {
		end_task(workers, head.ticket, head.serial);
		workers->slots[head.worker].has_ended_task = true;
	}
	if ((head.kind & REPLY_DATA) && options->on_reply)
		options->on_reply(options->ctx, reply + 1,
		                  len - sizeof(*reply));
	mp_queue_done(workers->replies, record);
	if (head.kind & REPLY_MARK)
		bury(&workers->slots[head.worker]);
}

/* At most as many as there are slots, so that fast workers cannot keep the
 * master here for ever. */
static void take_replies(struct mp_workers *workers)
{
	size_t n_max = mp_queue_n_slots(workers->replies);
	void *record;
	size_t len;

	if (workers->n_dead > 0)
		place_marks(workers);
	for (size_t n = 0; n < n_max; n++) {
		if (mp_queue_take(workers->replies, &record, &len, 0) != 1)
			return;
		take_reply(workers, record, len);
		/* At once, before a waiting worker has the slot again. */
		if (workers->n_dead > 0)
			place_marks(workers);
	}
}

static void disarm(struct mp_workers *workers)
{
	if (workers->is_armed[MP_QUEUE_READER])
		mp_queue_disarm(workers->replies, MP_QUEUE_READER);
	if (workers->is_armed[MP_QUEUE_WRITER])
		mp_queue_disarm(workers->tasks, MP_QUEUE_WRITER);
	workers->is_armed[MP_QUEUE_READER] = false;
	workers->is_armed[MP_QUEUE_WRITER] = false;
}

static void look_for_events(struct mp_workers *workers)
{
	struct epoll_event events[N_EVENTS];
	uint64_t n_ticks;
	/* Negative only for a signal: the next dispatch sees what is there. */
	int n = fd_epoll_wait(workers->epoll_fd, events, N_EVENTS, 0);

	for (int i = 0; i < n; i++) {
		unsigned index = events[i].data.u32;

		if (index < workers->options.n_workers)
			note_death(&workers->slots[index]);
		else if (index == workers->options.n_workers + WATCH_TIMER)
			(void)!read(workers->timer_fd, &n_ticks,
			            sizeof(n_ticks));
		else
			/* recover and close ring it unarmed too. */
			workers->is_armed[index - workers->options.n_workers] =
				true;
	}
	disarm(workers);
}

/* After close a worker is only needed for a task that was tried in vain. */
static void fill_vacancies(struct mp_workers *workers)
{
	bool is_over = mp_queue_is_closed(workers->tasks) &&
	               mp_queue_is_empty(workers->tasks);

	if (!is_over) {
		mp_workers_fill(workers);
		return;
	}
	for (unsigned i = 0; i < workers->options.n_workers; i++) {
		struct worker_slot *slot = &workers->slots[i];

		if (slot->state == SLOT_VACANT || slot->state == SLOT_SPARE)
			slot->state = SLOT_GONE;
	}
	workers->shortage = 0;
}

/* Nor is one missed, or waits to be needed. */
static bool none_can_come(const struct mp_workers *workers)
{
	for (unsigned i = 0; i < workers->options.n_workers; i++) {
		enum slot_state state = workers->slots[i].state;

		if (state != SLOT_GONE && state != SLOT_SPARE)
			return false;
	}
	return true;
}

int mp_workers_dispatch(struct mp_workers *workers)
{
	workers->n_taken = 0;
	look_for_events(workers);
	take_replies(workers);
	fill_vacancies(workers);
	if (none_can_come(workers) && (!mp_queue_is_closed(workers->tasks) ||
	                               mp_workers_n_in_flight(workers) > 0))
		return -ECHILD;
	return (int)workers->n_taken;
}

int mp_workers_take_back(struct mp_workers *workers, void *task, size_t *len)
{
	void *record;
	size_t record_len;

	if (mp_queue_take(workers->tasks, &record, &record_len, 0) != 1)
		return 0;
	const struct task_head *head = record;
	*len = record_len - sizeof(*head);
	memcpy(task, head + 1, *len);
	end_task(workers, head->ticket, head->serial);
	mp_queue_done(workers->tasks, record);
	return 1;
}

static void drop_waiting(struct mp_workers *workers)
{
	void *record;
	size_t len;

	while (mp_queue_take(workers->tasks, &record, &len, 0) == 1) {
		const struct task_head *head = record;

		end_task(workers, head->ticket, head->serial);
		mp_queue_done(workers->tasks, record);
	}
}

void mp_workers_kill(struct mp_workers *workers, int timeout_ms)
{
	unsigned n_workers = workers->options.n_workers;
	int64_t deadline_ns = mono_deadline_ns(timeout_ms);

	mp_workers_close(workers);
	workers->is_killed = true;
	for (unsigned i = 0; i < n_workers; i++) {
		if (workers->slots[i].process)
			(void)mp_process_kill(workers->slots[i].process);
	}
	for (unsigned i = 0; i < n_workers; i++) {
		struct worker_slot *slot = &workers->slots[i];

		if (slot->state == SLOT_VACANT || slot->state == SLOT_SPARE)
			slot->state = SLOT_GONE;
		if (slot->state != SLOT_RUNNING)
			continue;
		(void)mp_process_join(slot->process, mono_left_ms(deadline_ns));
		note_death(slot);
	}
	/* Nobody is left to fill a slot, so all marks come through. */
	while (mp_workers_n_alive(workers) > 0)
		take_replies(workers);
	drop_waiting(workers);
}
