/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "engine/each_kin.h"

#include <fcntl.h>

static struct each_cell cell;

static void be_subreaper(void)
{
	pid_t pid;

	CHECK_INT(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	/* Some kernels do not list children. */
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	pid_t seen = 0;
	size_t n = each_kin_list(&seen, 1);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	if (n == 0)
		SKIP("the kernel does not list children");
	CHECK_INT(seen, pid);
}

/* A child that waits for a signal. */
static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	CHECK(pid > 0);
	return pid;
}

/* The end of a pipe that is at its end when all that hold it are gone. */
static int start_family(int n_levels)
{
	int ends[2];
	char byte;

	CHECK_INT(pipe(ends), 0);
	if (fork() == 0) {
		(void)close(ends[0]);
		while (n_levels-- > 0 && fork() == 0)
			(void)setsid();
		/* The last says that all are there. */
		if (n_levels < 0)
			(void)!write(ends[1], "x", 1);
		for (;;)
			pause();
	}
	(void)close(ends[1]);
	CHECK_INT(read(ends[0], &byte, 1), 1);
	return ends[0];
}

static bool spares_none(void *ctx UNUSED, pid_t pid UNUSED)
{
	return false;
}

static bool spares_one(void *ctx, pid_t pid)
{
	return pid == *(pid_t *)ctx;
}

CASE(children_are_listed_and_no_more_than_asked_for)
{
	pid_t pids[8];

	be_subreaper();
	pid_t first = start_child(), second = start_child();

	CHECK_INT(each_kin_list(pids, ARRAY_LEN(pids)), 2);
	CHECK(pids[0] == first || pids[1] == first);
	CHECK(pids[0] == second || pids[1] == second);
	CHECK_INT(each_kin_list(pids, 1), 1);
	each_kin_kill(spares_none, NULL);
	CHECK_INT(each_kin_list(pids, ARRAY_LEN(pids)), 0);
}

CASE(killing_reaches_what_called_setsid_level_by_level)
{
	char byte;

	be_subreaper();
	int end = start_family(5);

	each_kin_kill(spares_none, NULL);

	CHECK_INT(read(end, &byte, 1), 0);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

CASE(what_is_spared_lives)
{
	be_subreaper();
	pid_t spared = start_child();
	(void)start_child();

	CHECK_INT(each_kin_signal(SIGTERM, spares_one, &spared), 1);
	each_kin_kill(spares_one, &spared);

	CHECK_INT(waitpid(spared, NULL, WNOHANG), 0);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), 0);
	each_kin_kill(spares_none, NULL);
}

CASE(what_a_job_leaves_is_known_until_it_ends)
{
	be_subreaper();
	pid_t left = start_child();

	CHECK(!each_kin_is_left(&cell, left));
	each_kin_leave(&cell);
	CHECK(each_kin_is_left(&cell, left));
	pid_t later = start_child();
	CHECK(!each_kin_is_left(&cell, later));
	each_kin_kill(each_kin_is_left, &cell);
	CHECK_INT(waitpid(left, NULL, WNOHANG), 0);

	CHECK_INT(kill(left, SIGKILL), 0);
	CHECK_INT(waitid(P_PID, (id_t)left, NULL, WEXITED | WNOWAIT), 0);
	each_kin_leave(&cell);
	CHECK(!each_kin_is_left(&cell, left));
}

/* Then strays cannot be told from what is left alone, so nothing is killed. */
CASE(more_than_there_is_place_for_are_all_left_alone)
{
	be_subreaper();
	for (int i = 0; i <= EACH_LEFT_MAX; i++)
		(void)start_child();
	each_kin_leave(&cell);
	pid_t stray = start_child();

	CHECK(each_kin_is_left(&cell, stray));
	each_kin_kill(spares_none, NULL);
	each_kin_leave(&cell);
	CHECK_INT(atomic_load(&cell.n_left), 0);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
