/* SPDX-License-Identifier: MIT */
/* tests/unit/workers_fixture.h - what the tests of mp/workers.h have in common
 *
 * Model     a task is a struct task; the one function of the workers does what
 *           its kind says. Counters live in shared memory (what workers see)
 *           and in the struct fixture (what the master saw). */
#ifndef TESTS_WORKERS_FIXTURE_H
#define TESTS_WORKERS_FIXTURE_H

#include "check.h"
#include "mp/shm.h"
#include "mp/workers.h"

#include <dirent.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/time.h>

#define N_MAX 10000

enum kind {
	ECHO,          /* one reply */
	ECHO_LAST,     /* one reply, with the end */
	SILENT,        /* no reply */
	CHATTY,        /* n replies */
	WAIT,          /* one reply after a byte from the gate */
	DIE,           /* always */
	DIE_ONCE,      /* at the first try, else one reply */
	DIE_TORN,      /* at the first try with a reply half written */
	DIE_LAST,      /* after its last reply */
	DIE_LEAVING,   /* at the first try, having written to the task */
	MORTAL,        /* replies twice; the worker's life ends any moment */
	LEAVE_RESERVE, /* leaves a reply reserved */
	MASK           /* replies whether SIGINT is blocked */
};

struct task {
	enum kind kind;
	unsigned number;
	unsigned n;
};

struct reply {
	unsigned number;
	unsigned value;
	pid_t pid;
};

struct shared {
	_Atomic unsigned n_starts, n_stops, n_runs, n_waiting;
};

struct fixture {
	struct mp_workers_options options;
	struct mp_workers *workers;
	struct shared *shared;
	int gate[2];
	int start_value;
	/* what the master saw */
	unsigned n_replies, n_deaths, n_idle_deaths;
	unsigned count[N_MAX];
	unsigned order[N_MAX];
	struct reply last_reply;
	struct mp_death last_death;
	struct task last_task;
	unsigned max_takes;   /* then on_death gives up; 0: never */
	unsigned change_n_to; /* on_death writes it to the task */
	size_t in_flight_at_reply;
};

static struct fixture fixture;

static void send_number(struct mp_worker *self, const struct task *task,
                        unsigned value)
{
	struct reply reply = {task->number, value, getpid()};

	CHECK_INT(mp_worker_reply(self, &reply, sizeof(reply)), 0);
}

static void send_number_last(struct mp_worker *self, const struct task *task)
{
	struct reply reply = {task->number, task->n, getpid()};

	CHECK_INT(mp_worker_reply_last(self, &reply, sizeof(reply)), 0);
}

static _Noreturn void die(void)
{
	(void)raise(SIGKILL);
	abort();
}

static void tear(struct mp_worker *self)
{
	void *place;

	CHECK_INT(mp_worker_reply_reserve(self, &place), 0);
	memset(place, 0xff, sizeof(struct reply) / 2);
}

/* The process ends at some moment of the next milliseconds, wherever it is. */
static void start_to_age(void)
{
	static bool is_ageing;
	struct itimerval end = {.it_value.tv_usec = 1 + getpid() * 7919 % 3000};

	if (!is_ageing)
		CHECK_INT(setitimer(ITIMER_REAL, &end, NULL), 0);
	is_ageing = true;
}

static void run_mortal(struct mp_worker *self, const struct task *task)
{
	struct task passing = {.number = N_MAX - 1};

	start_to_age();
	send_number(self, &passing, 0);
	send_number_last(self, task);
}

static void run_deadly(struct mp_worker *self, struct task *task)
{
	bool is_first = mp_worker_n_takes(self) == 1;

	if (task->kind == DIE_LAST)
		send_number_last(self, task);
	if (task->kind == DIE_TORN && is_first)
		tear(self);
	if (task->kind == DIE_LEAVING && is_first)
		task->n = 77;
	if (is_first || task->kind == DIE)
		die();
	send_number(self, task, task->n);
}

static void run(struct mp_worker *self, void *ctx, void *bytes, size_t len)
{
	struct fixture *f = ctx;
	struct task *task = bytes;
	sigset_t blocked;
	char byte;

	CHECK_INT(len, sizeof(*task));
	(void)atomic_fetch_add(&f->shared->n_runs, 1);
	switch (task->kind) {
	case ECHO:
		send_number(self, task, task->n);
		break;
	case ECHO_LAST:
		send_number_last(self, task);
		break;
	case SILENT:
		break;
	case CHATTY:
		for (unsigned i = 0; i < task->n; i++)
			send_number(self, task, i);
		break;
	case WAIT:
		(void)atomic_fetch_add(&f->shared->n_waiting, 1);
		CHECK_INT(read(f->gate[0], &byte, 1), 1);
		send_number(self, task, task->n);
		break;
	case LEAVE_RESERVE:
		tear(self);
		break;
	case MORTAL:
		run_mortal(self, task);
		break;
	case MASK:
		CHECK_INT(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
		send_number(self, task,
		            (unsigned)sigismember(&blocked, SIGINT));
		break;
	case DIE:
	case DIE_ONCE:
	case DIE_TORN:
	case DIE_LAST:
	case DIE_LEAVING:
		run_deadly(self, task);
		break;
	}
}

static int start(UNUSED struct mp_worker *self, void *ctx)
{
	struct fixture *f = ctx;

	(void)atomic_fetch_add(&f->shared->n_starts, 1);
	return f->start_value;
}

static void stop(UNUSED struct mp_worker *self, void *ctx)
{
	struct fixture *f = ctx;

	(void)atomic_fetch_add(&f->shared->n_stops, 1);
}

static void on_reply(void *ctx, const void *bytes, size_t len)
{
	struct fixture *f = ctx;

	CHECK_INT(len, sizeof(f->last_reply));
	memcpy(&f->last_reply, bytes, len);
	CHECK(f->last_reply.number < N_MAX);
	f->order[f->n_replies++ % N_MAX] = f->last_reply.number;
	f->count[f->last_reply.number]++;
	f->in_flight_at_reply = mp_workers_n_in_flight(f->workers);
}

static enum mp_queue_verdict on_death(void *ctx, struct mp_death *death)
{
	struct fixture *f = ctx;

	f->last_death = *death;
	f->n_deaths++;
	if (!death->task) {
		f->n_idle_deaths++;
		return MP_QUEUE_RETRY;
	}
	CHECK_INT(death->len, sizeof(f->last_task));
	memcpy(&f->last_task, death->task, death->len);
	if (f->change_n_to)
		((struct task *)death->task)->n = f->change_n_to;
	return f->max_takes && death->n_takes >= f->max_takes ? MP_QUEUE_DROP
	                                                      : MP_QUEUE_RETRY;
}

static struct fixture *prepare(unsigned n_workers, size_t n_waiting)
{
	struct fixture *f = &fixture;
	void *memory;

	CHECK_INT(mp_shm_map(sizeof(*f->shared), &memory), 0);
	f->shared = memory;
	CHECK_INT(pipe(f->gate), 0);
	f->options = (struct mp_workers_options){
		.n_workers = n_workers,
		.n_waiting = n_waiting,
		.task_max = sizeof(struct task),
		.reply_max = sizeof(struct reply),
		.run = run,
		.start = start,
		.stop = stop,
		.on_reply = on_reply,
		.on_death = on_death,
		.ctx = f,
	};
	return f;
}

static void launch(struct fixture *f)
{
	CHECK_INT(mp_workers_create(&f->options, &f->workers), 0);
}

static struct fixture *make(unsigned n_workers, size_t n_waiting)
{
	struct fixture *f = prepare(n_workers, n_waiting);

	launch(f);
	return f;
}

static void finish(struct fixture *f)
{
	mp_workers_destroy(f->workers);
	mp_shm_unmap(f->shared, sizeof(*f->shared));
	close(f->gate[0]);
	close(f->gate[1]);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(errno, ECHILD);
}

/* One dispatch, then a sleep if there is nothing to do. */
static int turn(struct fixture *f, bool want_room)
{
	int n = mp_workers_dispatch(f->workers);
	struct pollfd wait = {mp_workers_fd(f->workers), POLLIN, 0};

	if (n == 0 && !mp_workers_prepare_sleep(f->workers, want_room, 1))
		CHECK_INT(poll(&wait, 1, -1), 1);
	return n;
}

static int submit(struct fixture *f, enum kind kind, unsigned number,
                  unsigned n)
{
	struct task task = {kind, number, n};

	return mp_workers_submit(f->workers, &task, sizeof(task));
}

static void feed(struct fixture *f, enum kind kind, unsigned number, unsigned n)
{
	int err;

	while ((err = submit(f, kind, number, n)) == -EAGAIN)
		CHECK(turn(f, true) >= 0);
	CHECK_INT(err, 0);
}

/* Until every task has ended. */
UNUSED static void settle(struct fixture *f)
{
	while (mp_workers_n_in_flight(f->workers) > 0)
		CHECK(turn(f, false) >= 0);
}

static void close_and_join(struct fixture *f)
{
	mp_workers_close(f->workers);
	CHECK_INT(mp_workers_join(f->workers, -1), 0);
	CHECK_INT(mp_workers_n_in_flight(f->workers), 0);
	CHECK_INT(mp_workers_n_alive(f->workers), 0);
}

UNUSED static void open_gate(struct fixture *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		CHECK_INT(write(f->gate[1], "", 1), 1);
}

/* Until n tasks stand at the gate. */
UNUSED static void await_waiting(struct fixture *f, unsigned n)
{
	while (atomic_load(&f->shared->n_waiting) < n)
		(void)sched_yield();
}

/* Until the kernel says that the process sleeps. */
UNUSED static void await_sleep(pid_t pid)
{
	char path[64], text[256];
	const char *state = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	do {
		FILE *file = fopen(path, "re");

		CHECK(file);
		CHECK(fgets(text, sizeof(text), file));
		fclose(file);
		state = strrchr(text, ')');
		CHECK(state);
		(void)sched_yield();
	} while (state[2] != 'S');
}

UNUSED static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	CHECK(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

#endif
