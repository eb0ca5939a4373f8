/* SPDX-License-Identifier: MIT */
/* Workers that die, at every step of a task, and masters that do. */
#include "workers_fixture.h"

CASE(a_task_is_tried_again_when_its_worker_dies)
{
	struct fixture *f = make(1, 1);
	pid_t pid = mp_workers_pid(f->workers, 0);

	feed(f, DIE_ONCE, 3, 9);
	settle(f);

	CHECK_INT(f->count[3], 1);
	CHECK_INT(f->last_reply.value, 9);
	CHECK_INT(f->n_deaths, 1);
	CHECK_INT(f->last_death.worker, 0);
	CHECK_INT(f->last_death.pid, pid);
	CHECK_INT(f->last_death.exit_code, -SIGKILL);
	CHECK_INT(f->last_death.n_takes, 1);
	CHECK_INT(f->last_task.number, 3);
	CHECK(f->last_reply.pid != pid);
	CHECK_INT(mp_workers_pid(f->workers, 0), f->last_reply.pid);
	close_and_join(f);
	finish(f);
}

CASE(what_a_worker_wrote_into_its_task_is_there_for_the_next)
{
	struct fixture *f = make(1, 1);

	feed(f, DIE_LEAVING, 0, 1);
	settle(f);

	CHECK_INT(f->last_task.n, 77);
	CHECK_INT(f->last_reply.value, 77);
	close_and_join(f);
	finish(f);
}

CASE(on_death_may_change_the_task)
{
	struct fixture *f = make(1, 1);

	f->change_n_to = 55;
	feed(f, DIE_ONCE, 0, 1);
	settle(f);

	CHECK_INT(f->last_reply.value, 55);
	close_and_join(f);
	finish(f);
}

CASE(a_task_that_always_kills_is_dropped_at_the_third_death)
{
	struct fixture *f = make(2, 4);

	f->max_takes = 3;
	for (unsigned i = 0; i < 50; i++)
		feed(f, i == 10 ? DIE : ECHO, i, 0);
	close_and_join(f);

	CHECK_INT(f->n_deaths, 3);
	CHECK_INT(f->last_death.n_takes, 3);
	CHECK_INT(f->n_replies, 49);
	CHECK_INT(f->count[10], 0);
	CHECK_INT(atomic_load(&f->shared->n_runs), 52);
	finish(f);
}

CASE(a_task_whose_last_reply_was_sent_is_not_run_again)
{
	struct fixture *f = make(1, 1);

	for (unsigned i = 0; i < 20; i++)
		feed(f, DIE_LAST, i, 0);
	close_and_join(f);

	CHECK_INT(f->n_replies, 20);
	for (unsigned i = 0; i < 20; i++)
		CHECK_INT(f->count[i], 1);
	CHECK_INT(f->n_deaths, 20);
	CHECK_INT(f->n_idle_deaths, 20);
	CHECK_INT(atomic_load(&f->shared->n_runs), 20);
	finish(f);
}

CASE(replies_of_the_dead_are_seen_before_their_task_is_judged)
{
	struct fixture *f = make(1, 1);
	siginfo_t info;

	/* Dead before the master looks for the first time. */
	CHECK_INT(submit(f, DIE_LAST, 0, 0), 0);
	CHECK_INT(waitid(P_PID, (id_t)mp_workers_pid(f->workers, 0), &info,
	                 WEXITED | WNOWAIT),
	          0);
	settle(f);
	close_and_join(f);

	CHECK_INT(f->n_replies, 1);
	CHECK_INT(f->n_idle_deaths, 1);
	CHECK_INT(atomic_load(&f->shared->n_runs), 1);
	finish(f);
}

CASE(a_reply_half_written_is_never_seen)
{
	struct fixture *f = prepare(2, 0);

	f->options.n_replies = 1;
	launch(f);
	for (unsigned i = 0; i < 20; i++)
		feed(f, DIE_TORN, i, i);
	close_and_join(f);

	CHECK_INT(f->n_replies, 20);
	CHECK_INT(f->n_deaths, 20);
	for (unsigned i = 0; i < 20; i++)
		CHECK_INT(f->count[i], 1);
	finish(f);
}

CASE(a_worker_killed_while_it_waits_for_room_for_a_reply)
{
	struct fixture *f = prepare(1, 0);

	f->options.n_replies = 1;
	launch(f);
	CHECK_INT(submit(f, CHATTY, 0, 2), 0);
	while (atomic_load(&f->shared->n_runs) == 0)
		(void)sched_yield();
	await_sleep(mp_workers_pid(f->workers, 0));
	CHECK_INT(kill(mp_workers_pid(f->workers, 0), SIGKILL), 0);
	settle(f);

	/* One from the first try, two from the second. */
	CHECK_INT(f->n_replies, 3);
	CHECK_INT(f->n_deaths, 1);
	close_and_join(f);
	finish(f);
}

CASE(a_worker_killed_while_it_waits_for_a_task)
{
	struct fixture *f = make(1, 1);
	pid_t pid = mp_workers_pid(f->workers, 0);

	feed(f, ECHO, 0, 0);
	settle(f);
	await_sleep(pid);
	CHECK_INT(kill(pid, SIGKILL), 0);
	while (f->n_deaths == 0)
		CHECK(turn(f, false) >= 0);
	CHECK(!f->last_death.task);
	feed(f, ECHO, 1, 0);
	close_and_join(f);

	CHECK_INT(f->n_replies, 2);
	CHECK_INT(f->n_idle_deaths, 1);
	finish(f);
}

CASE(a_stopped_worker_holds_nobody_up)
{
	struct fixture *f = make(2, 2);
	pid_t pid;

	feed(f, WAIT, 0, 0);
	feed(f, WAIT, 1, 0);
	await_waiting(f, 2);
	open_gate(f, 1);
	while (f->n_replies == 0)
		CHECK(turn(f, false) >= 0);
	/* The other one stands at the gate still. */
	pid = mp_workers_pid(f->workers, 0);
	if (f->last_reply.pid == pid)
		pid = mp_workers_pid(f->workers, 1);
	CHECK_INT(kill(pid, SIGSTOP), 0);
	for (unsigned i = 2; i < 200; i++)
		feed(f, ECHO, i, 0);
	while (f->n_replies < 199)
		CHECK(turn(f, false) >= 0);
	CHECK_INT(kill(pid, SIGKILL), 0);
	/* Not while it dies, as it would still read. */
	while (f->n_deaths == 0)
		CHECK(turn(f, false) >= 0);
	open_gate(f, 1);
	close_and_join(f);

	CHECK_INT(f->n_replies, 200);
	CHECK_INT(f->n_deaths, 1);
	finish(f);
}

CASE(a_task_given_back_after_close_finds_a_worker)
{
	struct fixture *f = make(3, 3);

	feed(f, DIE_ONCE, 0, 0);
	close_and_join(f);

	CHECK_INT(f->n_replies, 1);
	CHECK_INT(f->n_deaths, 1);
	finish(f);
}

CASE(workers_that_cannot_start_are_given_up)
{
	struct fixture *f = prepare(2, 2);
	int n = 0;

	f->start_value = -ENOMEM;
	launch(f);
	CHECK_INT(submit(f, ECHO, 0, 0), 0);
	while (n >= 0)
		n = turn(f, false);

	CHECK_INT(n, -ECHILD);
	CHECK_INT(f->n_idle_deaths, 8);
	CHECK_INT(f->last_death.exit_code, ENOMEM);
	CHECK_INT(mp_workers_n_alive(f->workers), 0);
	CHECK_INT(mp_workers_pid(f->workers, 0), -ESRCH);
	CHECK_INT(mp_workers_dispatch(f->workers), -ECHILD);
	mp_workers_close(f->workers);
	CHECK_INT(mp_workers_join(f->workers, -1), -ECHILD);
	mp_workers_kill(f->workers, -1);
	CHECK_INT(mp_workers_n_in_flight(f->workers), 0);
	finish(f);
}

/* Each task sends one reply that is not its last, which a death may double, and
 * its end, which it may not. */
static void run_under_fire(unsigned n_workers, size_t n_waiting,
                           size_t n_replies, unsigned n, unsigned every)
{
	struct fixture *f = prepare(n_workers, n_waiting);
	unsigned n_kills = 0;

	f->options.n_replies = n_replies;
	srandom(n_workers);
	launch(f);
	for (unsigned i = 0; i < n; i++) {
		feed(f, ECHO_LAST, i, 0);
		if ((unsigned)random() % every > 0)
			continue;
		pid_t pid = mp_workers_pid(f->workers,
		                           (unsigned)random() % n_workers);
		if (pid > 0 && kill(pid, SIGKILL) == 0)
			n_kills++;
	}
	close_and_join(f);

	CHECK(n_kills > 0);
	CHECK_INT(f->n_replies, n);
	for (unsigned i = 0; i < n; i++)
		CHECK_INT(f->count[i], 1);
	CHECK(f->n_deaths > 0 && f->n_deaths <= n_kills);
	CHECK(atomic_load(&f->shared->n_runs) <= n + n_kills);
	finish(f);
}

CASE(nothing_is_lost_or_doubled_under_random_kills)
{
	run_under_fire(4, 8, 0, 10000, 50);
}

CASE(nothing_is_lost_or_doubled_with_rings_of_one_slot)
{
	run_under_fire(1, 0, 1, 1000, 20);
}

CASE(nothing_is_lost_or_doubled_with_one_reply_slot)
{
	run_under_fire(4, 4, 1, 2000, 20);
}

/* Deaths inside every call of the queues, which no test could place by hand. */
static void run_mortals(unsigned n_workers, size_t n_waiting, size_t n_replies)
{
	enum { N = 5000 };
	struct fixture *f = prepare(n_workers, n_waiting);

	f->options.n_replies = n_replies;
	launch(f);
	for (unsigned i = 0; i < N; i++)
		feed(f, MORTAL, i, 0);
	close_and_join(f);

	for (unsigned i = 0; i < N; i++)
		CHECK_INT(f->count[i], 1);
	CHECK(f->n_deaths > 0);
	CHECK(f->count[N_MAX - 1] >= N);
	CHECK(f->count[N_MAX - 1] <= N + f->n_deaths);
	CHECK(atomic_load(&f->shared->n_runs) <= N + f->n_deaths);
	finish(f);
}

CASE(workers_may_die_at_any_moment)
{
	run_mortals(4, 8, 0);
}

CASE(workers_may_die_at_any_moment_with_rings_of_one_slot)
{
	run_mortals(1, 0, 1);
}

CASE(workers_may_die_at_any_moment_with_few_slots)
{
	run_mortals(4, 0, 2);
}

CASE(deaths_leak_no_descriptor)
{
	unsigned before = count_fds();
	struct fixture *f = make(2, 2);
	unsigned with_workers = count_fds();

	for (unsigned i = 0; i < 20; i++)
		feed(f, DIE_ONCE, i, 0);
	settle(f);
	CHECK_INT(count_fds(), with_workers);
	close_and_join(f);
	finish(f);

	CHECK_INT(count_fds(), before);
}

static _Noreturn void be_master(int ready)
{
	struct fixture *f = make(3, 3);

	for (unsigned i = 0; i < 6; i++)
		CHECK_INT(submit(f, WAIT, i, 0), 0);
	await_waiting(f, 3);
	CHECK_INT(write(ready, "", 1), 1);
	for (;;)
		(void)pause();
}

CASE(workers_die_with_their_master)
{
	int alive[2];
	char byte;
	pid_t master;

	CHECK_INT(pipe(alive), 0);
	master = fork();
	CHECK(master >= 0);
	if (master == 0)
		be_master(alive[1]);
	close(alive[1]);
	CHECK_INT(read(alive[0], &byte, 1), 1);
	CHECK_INT(kill(master, SIGKILL), 0);
	CHECK_INT(waitpid(master, NULL, 0), master);

	/* The end of the pipe comes when the last process that has its other
	 * end is gone. */
	CHECK_INT(read(alive[0], &byte, 1), 0);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
