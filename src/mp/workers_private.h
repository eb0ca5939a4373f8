/* SPDX-License-Identifier: MIT */
/* mp/workers_private.h - what the two sides of mp/workers.h share
 *
 * Model     workers.c and workers_dispatch.c are the master's side, worker.c
 *           is the worker's. A task record starts with a task_head, a reply
 *           record with a reply_head.
 * Callers   those three files only */
#ifndef MP_WORKERS_PRIVATE_H
#define MP_WORKERS_PRIVATE_H

#include "base/base.h"
#include "mp/process.h"
#include "mp/queue.h"
#include "mp/workers.h"

/* Sizes are multiples of 16, so that what follows is aligned like the record. */
struct task_head {
	uint32_t ticket; /* which of the tasks in flight this is */
	uint32_t serial; /* the ticket has had others before */
	uint32_t unused[2];
};

enum reply_kind {
	REPLY_DATA = 1 << 0, /* to be shown to on_reply */
	REPLY_END = 1 << 1,  /* the task of this ticket has ended */
	REPLY_MARK = 1 << 2, /* the master's own: all replies of a dead
	                        worker have been seen */
};

struct reply_head {
	uint32_t kind;
	uint32_t worker;
	uint32_t ticket;
	uint32_t serial;
};

/* What epoll tells besides a worker's index: n_workers and this. */
enum { WATCH_TIMER = 2 }; /* behind both of enum mp_queue_side */

enum slot_state {
	SLOT_VACANT, /* to be started */
	SLOT_SPARE,  /* to be started when mp_workers_grow says so */
	SLOT_RUNNING,
	SLOT_DEAD,   /* seen to be dead, not yet marked */
	SLOT_MARKED, /* its mark is in the reply queue */
	SLOT_GONE,   /* not to be started again */
};

struct worker_slot {
	struct mp_workers *workers; /* constant */
	unsigned index;             /* constant */
	struct mp_process *process;
	enum slot_state state;
	bool has_ended_task; /* this process, as far as seen */
	unsigned n_barren;   /* processes in a row that ended no task */
};

struct mp_workers {
	/* constant after create */
	struct mp_workers_options options;
	struct mp_queue *tasks, *replies;
	int epoll_fd;
	size_t n_tickets;

	/* master only */
	struct worker_slot *slots;
	uint32_t *free_tickets; /* a stack of n_free */
	size_t n_free;
	uint32_t *serials; /* by ticket; 0: it is free */
	uint32_t last_serial;
	bool is_armed[2]; /* by enum mp_queue_side */
	unsigned n_dead;  /* slots in SLOT_DEAD */
	size_t n_taken;   /* records taken by the present dispatch */
	bool is_killed;   /* nothing is tried again */
	unsigned n_limit; /* that may run */
	/* of workers that could not be started */
	int shortage;     /* why, negative; 0: none */
	int64_t retry_ns; /* when to try again */
	int64_t pause_ns; /* the last one */
	int timer_fd;     /* wakes the master then */
};

struct mp_worker {
	struct mp_workers *workers;
	unsigned index;
	struct task_head *task; /* in hand, or NULL */
	struct reply_head *reserved;
	bool has_ended; /* the end of the task in hand was sent */
	bool leaves;
};

/* Forks a worker into a vacant slot. */
int mp_worker_start(struct worker_slot *slot);

/* Forks workers into vacant slots as far as they are wanted and are to be had. */
void mp_workers_fill(struct mp_workers *workers);

/* The function of a worker process; arg is its struct worker_slot. */
int mp_worker_main(void *arg);

#endif
