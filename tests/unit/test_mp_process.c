/* SPDX-License-Identifier: MIT */
#include "together.h"

#include "base/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>

struct shared {
	int fds[2]; /* a pipe whose writers are the processes of the case */
	stage stage;
	struct mp_process *sibling;
	_Atomic int n_done;
};

static struct shared *make(void)
{
	struct shared *shared = shared_memory(sizeof(*shared));

	CHECK_INT(pipe2(shared->fds, O_CLOEXEC), 0);
	return shared;
}

static void close_writer(struct shared *shared)
{
	shared->fds[1] = fd_close(shared->fds[1]);
}

/* Everything the writers wrote; comes back when the last one is gone. */
static void expect_written(struct shared *shared, const char *want)
{
	char text[200];

	close_writer(shared);
	ssize_t n = fd_read_full(shared->fds[0], text, sizeof(text) - 1);
	CHECK(n >= 0);
	text[n] = '\0';
	CHECK_STR(text, want);
}

static void write_text(struct shared *shared, const char *text)
{
	CHECK_INT(fd_write_full(shared->fds[1], text, strlen(text)), 0);
}

static void expect_no_child(void)
{
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(errno, ECHILD);
}

static void start_daemon(mp_process_fn *fn, void *arg, struct mp_process **out)
{
	const struct mp_process_options options = {.is_daemon = true};

	CHECK_INT(mp_process_start(fn, arg, &options, out), 0);
}

static int give(void *arg)
{
	return *(int *)arg;
}

static int do_stay(void *arg)
{
	struct shared *shared = arg;

	stage_reach(&shared->stage);
	stay();
}

CASE(exit_code_is_what_the_function_returned)
{
	for (int want = 0; want < 256; want++)
		expect_exit(start(give, &want), want);
	int large = 0x1203;
	expect_exit(start(give, &large), 3);
	expect_no_child();
}

static int raise_it(void *arg)
{
	(void)raise(*(int *)arg);
	return 0;
}

CASE(exit_code_is_minus_the_signal_that_ended_it)
{
	int numbers[] = {SIGKILL, SIGTERM, SIGUSR1, SIGHUP, SIGALRM};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		expect_exit(start(raise_it, &numbers[i]), -numbers[i]);
}

CASE(running_process_is_alive_and_has_no_exit_code)
{
	struct shared *shared = make();
	struct mp_process *process = start(do_stay, shared);
	int code = 77;

	CHECK(mp_process_is_alive(process));
	CHECK_INT(mp_process_join(process, 0), -ETIMEDOUT);
	CHECK_INT(mp_process_join(process, 20), -ETIMEDOUT);
	CHECK_INT(mp_process_exit_code(process, &code), -EBUSY);
	CHECK_INT(code, 77);
	CHECK_INT(mp_process_signal(process, 10000), -EINVAL);

	kill_now(process);
}

CASE(stopped_process_is_alive)
{
	struct shared *shared = make();
	struct mp_process *process = start(do_stay, shared);

	CHECK_INT(mp_process_signal(process, SIGSTOP), 0);
	CHECK_INT(mp_process_join(process, 20), -ETIMEDOUT);
	CHECK(mp_process_is_alive(process));
	kill_now(process);
}

CASE(ended_process_can_be_asked_again_and_again)
{
	struct shared *shared = make();
	struct mp_process *process = start(do_stay, shared);
	int code = 0;

	stage_await(&shared->stage, 1);
	CHECK_INT(mp_process_terminate(process), 0);
	CHECK_INT(mp_process_join(process, -1), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(mp_process_join(process, -1), 0);
		CHECK(!mp_process_is_alive(process));
		CHECK_INT(mp_process_exit_code(process, &code), 0);
		CHECK_INT(code, -SIGTERM);
		CHECK_INT(mp_process_kill(process), 0);
		CHECK_INT(mp_process_terminate(process), 0);
	}
	expect_no_child();
	mp_process_destroy(process);
}

CASE(ended_but_not_joined_process_takes_signals)
{
	int code = 5;
	struct mp_process *process = start(give, &code);
	struct pollfd ended = {.fd = mp_process_fd(process), .events = POLLIN};

	CHECK_INT(poll(&ended, 1, -1), 1);
	CHECK_INT(mp_process_kill(process), 0);
	expect_exit(process, 5);
}

static int ignore_term(void *arg)
{
	CHECK(signal(SIGTERM, SIG_IGN) != SIG_ERR);
	return do_stay(arg);
}

CASE(kill_ends_what_terminate_does_not)
{
	struct shared *shared = make();
	struct mp_process *process = start(ignore_term, shared);

	stage_await(&shared->stage, 1);
	CHECK_INT(mp_process_terminate(process), 0);
	CHECK_INT(mp_process_join(process, 20), -ETIMEDOUT);
	kill_now(process);
}

CASE(destroy_kills_and_reaps_a_running_process)
{
	struct shared *shared = make();
	struct mp_process *process = start(ignore_term, shared);

	stage_await(&shared->stage, 1);
	mp_process_destroy(process);
	expect_no_child();
	expect_written(shared, "");
	mp_process_destroy(NULL);
}

static size_t n_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	CHECK(dir != NULL);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

CASE(descriptors_and_children_do_not_pile_up)
{
	size_t before = n_open_fds();
	int code = 0;

	for (int i = 0; i < 20; i++)
		expect_exit(start(give, &code), 0);
	CHECK_INT(n_open_fds(), before);
	expect_no_child();
}

CASE(descriptor_is_close_on_exec)
{
	int code = 0;
	struct mp_process *process = start(give, &code);

	CHECK(fcntl(mp_process_fd(process), F_GETFD) & FD_CLOEXEC);
	expect_exit(process, 0);
}

static int compare_names(void *arg)
{
	char name[16];

	CHECK_STR(mp_process_self_name(), arg);
	CHECK_INT(prctl(PR_GET_NAME, name), 0);
	return strncmp(name, arg, 15) != 0;
}

CASE(process_knows_its_name)
{
	char given[] = "a name of more than fifteen bytes", numbered[20];
	struct mp_process_options options = {.name = given};
	struct mp_process *process;

	CHECK_STR(mp_process_self_name(), "main");
	for (int i = 1; i <= 3; i++) {
		snprintf(numbered, sizeof(numbered), "process-%d", i);
		process = start(compare_names, numbered);
		CHECK_STR(mp_process_name(process), numbered);
		expect_exit(process, 0);
	}
	CHECK_INT(mp_process_start(compare_names, given, &options, &process),
	          0);
	CHECK(mp_process_name(process) != given);
	CHECK_STR(mp_process_name(process), given);
	CHECK(!mp_process_is_daemon(process));
	expect_exit(process, 0);
}

static int use_sibling(void *arg)
{
	struct shared *shared = arg;
	struct mp_process *sibling = shared->sibling;
	int code;

	CHECK_INT(mp_process_fd(sibling), -1);
	CHECK_INT(mp_process_join(sibling, -1), -ECHILD);
	CHECK_INT(mp_process_kill(sibling), -ECHILD);
	CHECK_INT(mp_process_exit_code(sibling, &code), -ECHILD);
	CHECK(!mp_process_is_alive(sibling));
	mp_process_destroy(sibling);
	return 0;
}

CASE(inherited_handle_does_nothing)
{
	struct shared *shared = make();

	shared->sibling = start(do_stay, shared);
	expect_exit(start(use_sibling, shared), 0);
	CHECK(mp_process_is_alive(shared->sibling));
	kill_now(shared->sibling);
}

static int start_child(void *arg)
{
	struct mp_process *process = NULL;
	int rc = mp_process_start(give, arg, NULL, &process);

	CHECK_INT(rc < 0, process == NULL);
	mp_process_destroy(process);
	return -rc;
}

CASE(daemon_may_not_have_children)
{
	struct mp_process *process;
	int code = 0;

	start_daemon(start_child, &code, &process);
	CHECK(mp_process_is_daemon(process));
	expect_exit(process, EPERM);
	expect_exit(start(start_child, &code), 0);
}

static int have_children(void *arg)
{
	struct shared *shared = arg;
	struct mp_process *process;

	start_daemon(ignore_term, shared, &process);
	(void)start(do_stay, shared);
	stay();
}

CASE(children_die_with_a_killed_parent)
{
	struct shared *shared = make();
	struct mp_process *parent = start(have_children, shared);

	stage_await(&shared->stage, 2);
	kill_now(parent);
	expect_written(shared, "");
}

static int have_a_stubborn_child(void *arg)
{
	(void)start(ignore_term, arg);
	stay();
}

CASE(end_is_told_though_a_grandchild_lives_on)
{
	struct shared *shared = make();
	struct mp_process *process = start(have_a_stubborn_child, shared);

	stage_await(&shared->stage, 1);
	kill_now(process);
}

static struct shared *at_exit_shared;

static void tell_exit(void)
{
	write_text(at_exit_shared, "handler,");
}

static int do_exit(void *arg)
{
	(void)arg;
	exit(3);
}

static int exit_with_handler(void *arg)
{
	(void)arg;
	CHECK_INT(atexit(tell_exit), 0);
	exit(4);
}

CASE(child_runs_its_own_exit_handlers_only)
{
	struct shared *shared = make();
	int code = 0;

	at_exit_shared = shared;
	CHECK_INT(atexit(tell_exit), 0);
	expect_exit(start(give, &code), 0);
	expect_exit(start(do_exit, NULL), 3);
	write_text(shared, "now ");
	expect_exit(start(exit_with_handler, NULL), 4);
	expect_written(shared, "now handler,");
}

static int print_child(void *arg)
{
	(void)arg;
	fputs("child,", stdout);
	fputs("flushed,", stdout);
	(void)fflush(stdout);
	fputs("at the end,", stdout);
	return 0;
}

CASE(child_prints_what_it_wrote_and_nothing_of_its_parent)
{
	struct shared *shared = make();
	static char buffer[1000];
	int out = dup(STDOUT_FILENO);

	(void)fflush(stdout);
	CHECK(dup2(shared->fds[1], STDOUT_FILENO) >= 0);
	CHECK_INT(setvbuf(stdout, buffer, _IOFBF, sizeof(buffer)), 0);
	fputs("parent.", stdout);
	expect_exit(start(print_child, NULL), 0);
	expect_exit(start(do_exit, NULL), 3);
	(void)fflush(stdout);
	CHECK(dup2(out, STDOUT_FILENO) >= 0);

	expect_written(shared, "child,flushed,at the end,parent.");
	close(out);
}

/* Ends only after the case has seen its parent wait. */
static int finish_late(void *arg)
{
	struct shared *shared = arg;

	stage_reach(&shared->stage);
	stage_await(&shared->stage, 3);
	shared->n_done++;
	return 0;
}

static int leave_children(void *arg)
{
	struct shared *shared = arg;
	struct mp_process *process;

	start_daemon(do_stay, shared, &process);
	(void)start(finish_late, shared);
	stage_await(&shared->stage, 2);
	return 7;
}

/* What both ways of leaving owe to the children: the late one finishes, and
 * the daemon is gone. */
static void expect_children_finished(struct shared *shared, pid_t pid)
{
	stage_await(&shared->stage, 2);
	await_sleep_of(pid);
	CHECK_INT(shared->n_done, 0);
	stage_reach(&shared->stage);
	int status;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_INT(WEXITSTATUS(status), 7);
	CHECK_INT(shared->n_done, 1);
	expect_written(shared, "");
}

CASE(exit_kills_daemons_and_joins_the_others)
{
	struct shared *shared = make();

	pid_t pid = fork();
	if (pid == 0)
		exit(leave_children(shared));
	expect_children_finished(shared, pid);
}

CASE(return_kills_daemons_and_joins_the_others)
{
	struct shared *shared = make();
	struct mp_process *process = start(leave_children, shared);

	expect_children_finished(shared, mp_process_pid(process));
	mp_process_destroy(process);
}

CASE(exit_of_a_forked_copy_leaves_the_children_alone)
{
	struct shared *shared = make();
	struct mp_process *process = start(do_stay, shared);
	int status;

	pid_t pid = fork();
	if (pid == 0)
		exit(0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	CHECK(mp_process_is_alive(process));
	kill_now(process);
}

CASE(exit_code_is_unknown_when_another_reaped)
{
	int code = 0;
	struct mp_process *process = start(give, &code);

	CHECK_INT(waitpid(mp_process_pid(process), NULL, 0),
	          mp_process_pid(process));
	CHECK_INT(mp_process_kill(process), 0);
	CHECK_INT(mp_process_join(process, -1), 0);
	CHECK_INT(mp_process_exit_code(process, &code), -ECHILD);
	mp_process_destroy(process);
}

CASE(exit_code_is_unknown_when_sigchld_is_ignored)
{
	struct shared *shared = make();
	int code = 0;

	CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	struct mp_process *process = start(do_stay, shared);
	CHECK_INT(mp_process_kill(process), 0);
	CHECK_INT(mp_process_join(process, -1), 0);
	CHECK_INT(mp_process_exit_code(process, &code), -ECHILD);
	mp_process_destroy(process);
}

CASE(process_that_cannot_be_watched_is_not_left_behind)
{
	struct shared *shared = make();
	struct mp_process *process = NULL;
	struct rlimit none = {.rlim_cur = 0}, old;

	CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
	none.rlim_max = old.rlim_max;
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
	CHECK_INT(mp_process_start(do_stay, shared, NULL, &process), -EMFILE);
	CHECK(process == NULL);
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);

	expect_no_child();
	expect_written(shared, "");
}

static void note_signal(int signal_number)
{
	(void)signal_number;
}

static int interrupt_parent(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		await_sleep_of(getppid());
		CHECK_INT(kill(getppid(), SIGUSR1), 0);
	}
	return 9;
}

CASE(signals_do_not_end_a_join)
{
	struct sigaction action = {.sa_handler = note_signal};

	CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
	expect_exit(start(interrupt_parent, NULL), 9);
}

#ifdef CHECK_LEAKS
static int leak(void *arg)
{
	(void)arg;
	(void)fclose(stderr);
	/* Not to be kept in a register that the checker looks at. */
	for (int i = 0; i < 10; i++) {
		char *volatile lost = malloc(1000);
		lost = NULL;
		(void)lost;
	}
	return 0;
}

CASE(child_that_leaks_is_found)
{
	struct mp_process *process = start(leak, NULL);
	int code = 0;

	CHECK_INT(mp_process_join(process, -1), 0);
	CHECK_INT(mp_process_exit_code(process, &code), 0);
	CHECK(code != 0);
	mp_process_destroy(process);
}
#endif

/* Makes pidfd_open fail as on a system without, for all processes to come. */
static void hide_pidfds(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {ARRAY_LEN(code), code};

	CHECK_INT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		SKIP("no seccomp");
}

int main(int argc, char **argv)
{
	if (getenv("CHECK_WITHOUT_PIDFDS"))
		hide_pidfds();
	return check_main(argc, argv);
}
