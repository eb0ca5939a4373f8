/* SPDX-License-Identifier: MIT */
/* Workers that live: order, credit, ends, close, join, kill. Those that die are
 * in test_mp_workers_death.c. */
#include "workers_fixture.h"

CASE(every_task_has_its_reply)
{
	struct fixture *f = make(3, 6);

	for (unsigned i = 0; i < 1000; i++)
		feed(f, i % 2 ? ECHO : ECHO_LAST, i, 0);
	close_and_join(f);

	CHECK_INT(f->n_replies, 1000);
	for (unsigned i = 0; i < 1000; i++)
		CHECK_INT(f->count[i], 1);
	CHECK_INT(f->n_deaths, 0);
	finish(f);
}

CASE(those_that_are_not_first_start_when_more_are_wanted)
{
	struct fixture *f = prepare(5, 10);

	f->options.n_first = 2;
	launch(f);
	CHECK_INT(mp_workers_n_alive(f->workers), 2);
	for (unsigned i = 0; i < 100; i++)
		feed(f, ECHO, i, 0);
	CHECK_INT(mp_workers_n_alive(f->workers), 2);
	mp_workers_grow(f->workers);
	(void)mp_workers_dispatch(f->workers);
	CHECK_INT(mp_workers_n_alive(f->workers), 5);
	for (unsigned i = 100; i < 200; i++)
		feed(f, ECHO, i, 0);
	close_and_join(f);

	CHECK_INT(f->n_replies, 200);
	finish(f);
}

CASE(those_that_never_start_are_not_waited_for)
{
	struct fixture *f = prepare(5, 10);

	f->options.n_first = 2;
	launch(f);
	for (unsigned i = 0; i < 100; i++)
		feed(f, ECHO, i, 0);
	close_and_join(f);

	CHECK_INT(f->n_replies, 100);
	finish(f);
}

CASE(kill_does_not_wait_for_those_that_never_started)
{
	struct fixture *f = prepare(5, 10);

	f->options.n_first = 2;
	launch(f);
	mp_workers_kill(f->workers, -1);
	CHECK_INT(mp_workers_n_alive(f->workers), 0);
	finish(f);
}

CASE(one_worker_takes_tasks_in_order)
{
	struct fixture *f = make(1, 10);

	for (unsigned i = 0; i < 100; i++)
		feed(f, ECHO, i, 0);
	close_and_join(f);

	for (unsigned i = 0; i < 100; i++)
		CHECK_INT(f->order[i], i);
	finish(f);
}

CASE(a_task_may_send_no_reply_or_many)
{
	struct fixture *f = make(2, 2);

	for (unsigned i = 0; i < 100; i++)
		feed(f, i % 2 ? SILENT : CHATTY, i, 9);
	settle(f);

	CHECK_INT(f->n_replies, 50 * 9);
	for (unsigned i = 0; i < 100; i++)
		CHECK_INT(f->count[i], i % 2 ? 0 : 9);
	close_and_join(f);
	finish(f);
}

static void run_through(unsigned n_workers, size_t n_waiting, size_t n_replies)
{
	struct fixture *f = prepare(n_workers, n_waiting);

	f->options.n_replies = n_replies;
	launch(f);
	for (unsigned i = 0; i < 500; i++)
		feed(f, CHATTY, i, 3);
	close_and_join(f);

	CHECK_INT(f->n_replies, 1500);
	finish(f);
}

CASE(rings_of_one_slot_do_not_deadlock)
{
	run_through(1, 0, 1);
}

CASE(many_workers_share_one_reply_slot)
{
	run_through(8, 8, 1);
}

CASE(many_tasks_wait_behind_few_reply_slots)
{
	run_through(2, 64, 2);
}

CASE(submit_says_eagain_when_the_ring_is_full)
{
	struct fixture *f = make(1, 1);

	CHECK_INT(submit(f, WAIT, 0, 0), 0);
	CHECK_INT(submit(f, ECHO, 1, 0), 0);
	CHECK(!mp_workers_has_room(f->workers));
	CHECK_INT(submit(f, ECHO, 2, 0), -EAGAIN);
	CHECK_INT(mp_workers_n_in_flight(f->workers), 2);
	open_gate(f, 1);
	feed(f, ECHO, 2, 0);
	close_and_join(f);

	CHECK_INT(f->n_replies, 3);
	finish(f);
}

CASE(submit_says_eagain_without_credit)
{
	struct fixture *f = prepare(2, 4);

	f->options.n_replies = 1;
	launch(f);
	CHECK_INT(submit(f, WAIT, 0, 0), 0);
	CHECK(!mp_workers_has_room(f->workers));
	CHECK_INT(submit(f, ECHO, 1, 0), -EAGAIN);
	open_gate(f, 1);
	feed(f, ECHO, 1, 0);
	close_and_join(f);

	CHECK_INT(f->n_replies, 2);
	finish(f);
}

CASE(submit_refuses_what_is_too_long_or_too_late)
{
	struct fixture *f = make(1, 1);
	char big[sizeof(struct task) + 1] = {0};

	CHECK_INT(mp_workers_submit(f->workers, big, sizeof(big)), -EMSGSIZE);
	mp_workers_close(f->workers);
	CHECK_INT(submit(f, ECHO, 0, 0), -EPIPE);
	CHECK_INT(mp_workers_n_in_flight(f->workers), 0);
	CHECK_INT(mp_workers_join(f->workers, -1), 0);
	finish(f);
}

CASE(create_refuses_no_workers_and_no_function)
{
	struct fixture *f = prepare(0, 1);

	CHECK_INT(mp_workers_create(&f->options, &f->workers), -EINVAL);
	f->options.n_workers = 1;
	f->options.run = NULL;
	CHECK_INT(mp_workers_create(&f->options, &f->workers), -EINVAL);
	CHECK(!f->workers);
	finish(f);
}

CASE(the_last_reply_is_the_end_of_the_task)
{
	struct fixture *f = make(1, 1);

	feed(f, ECHO_LAST, 5, 0);
	settle(f);

	CHECK_INT(f->n_replies, 1);
	CHECK_INT(f->in_flight_at_reply, 0);
	close_and_join(f);
	finish(f);
}

CASE(a_reply_left_reserved_is_taken_back)
{
	struct fixture *f = prepare(1, 0);

	f->options.n_replies = 1;
	launch(f);
	feed(f, LEAVE_RESERVE, 0, 0);
	feed(f, ECHO, 1, 0);
	close_and_join(f);

	CHECK_INT(f->n_replies, 1);
	CHECK_INT(f->n_deaths, 0);
	finish(f);
}

CASE(start_and_stop_run_once_in_each_worker)
{
	struct fixture *f = make(4, 4);

	for (unsigned i = 0; i < 20; i++)
		feed(f, ECHO, i, 0);
	close_and_join(f);

	CHECK_INT(atomic_load(&f->shared->n_starts), 4);
	CHECK_INT(atomic_load(&f->shared->n_stops), 4);
	finish(f);
}

CASE(a_worker_is_replaced_after_max_tasks)
{
	struct fixture *f = prepare(2, 2);
	pid_t pid;

	f->options.max_tasks = 5;
	launch(f);
	pid = mp_workers_pid(f->workers, 0);
	for (unsigned i = 0; i < 100; i++)
		feed(f, ECHO, i, 0);
	settle(f);

	CHECK(pid != mp_workers_pid(f->workers, 0));
	close_and_join(f);
	CHECK_INT(f->n_replies, 100);
	CHECK_INT(f->n_deaths, 0);
	CHECK(atomic_load(&f->shared->n_starts) >= 20);
	CHECK_INT(atomic_load(&f->shared->n_stops),
	          atomic_load(&f->shared->n_starts));
	finish(f);
}

CASE(join_wants_close_first_and_respects_its_timeout)
{
	struct fixture *f = make(1, 1);

	CHECK_INT(mp_workers_join(f->workers, 0), -EINVAL);
	feed(f, WAIT, 0, 0);
	mp_workers_close(f->workers);
	CHECK_INT(mp_workers_join(f->workers, 0), -ETIMEDOUT);
	CHECK_INT(mp_workers_join(f->workers, 10), -ETIMEDOUT);
	open_gate(f, 1);
	CHECK_INT(mp_workers_join(f->workers, -1), 0);
	CHECK_INT(f->n_replies, 1);
	CHECK_INT(mp_workers_dispatch(f->workers), 0);
	finish(f);
}

CASE(kill_shows_what_was_in_hand_and_drops_what_waited)
{
	struct fixture *f = make(2, 4);

	for (unsigned i = 0; i < 6; i++)
		CHECK_INT(submit(f, WAIT, i, 0), 0);
	await_waiting(f, 2);
	mp_workers_kill(f->workers, -1);

	CHECK_INT(f->n_deaths, 2);
	CHECK_INT(f->n_idle_deaths, 0);
	CHECK_INT(f->last_death.exit_code, -SIGKILL);
	CHECK_INT(mp_workers_n_in_flight(f->workers), 0);
	CHECK_INT(mp_workers_n_alive(f->workers), 0);
	CHECK_INT(submit(f, ECHO, 0, 0), -EPIPE);
	CHECK_INT(mp_workers_join(f->workers, 0), 0);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	finish(f);
}

CASE(kill_shows_the_replies_sent_before)
{
	struct fixture *f = prepare(1, 4);

	f->options.n_replies = 2;
	launch(f);
	CHECK_INT(submit(f, ECHO_LAST, 7, 0), 0);
	CHECK_INT(submit(f, WAIT, 8, 0), 0);
	await_waiting(f, 1);
	mp_workers_kill(f->workers, -1);

	CHECK_INT(f->n_replies, 1);
	CHECK_INT(f->count[7], 1);
	CHECK_INT(f->last_task.number, 8);
	finish(f);
}

CASE(destroy_leaves_no_child_and_no_descriptor)
{
	unsigned before = count_fds();
	struct fixture *f = make(4, 4);

	for (unsigned i = 0; i < 8; i++)
		CHECK_INT(submit(f, WAIT, i, 0), 0);
	finish(f);

	CHECK_INT(count_fds(), before);
}

CASE(workers_keep_the_signals_blocked_that_the_master_blocked)
{
	sigset_t stops;
	struct fixture *f;

	CHECK_INT(sigemptyset(&stops), 0);
	CHECK_INT(sigaddset(&stops, SIGINT), 0);
	CHECK_INT(sigprocmask(SIG_BLOCK, &stops, NULL), 0);
	f = make(1, 1);
	feed(f, MASK, 0, 0);
	close_and_join(f);

	CHECK_INT(f->last_reply.value, 1);
	finish(f);
}

CASE(an_idle_worker_sleeps)
{
	struct fixture *f = make(1, 1);

	feed(f, ECHO, 0, 0);
	settle(f);
	await_sleep(mp_workers_pid(f->workers, 0));
	feed(f, ECHO, 1, 0);
	close_and_join(f);

	CHECK_INT(f->n_replies, 2);
	finish(f);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
