/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/diag.h"
#include "base/fd.h"

static int real_stderr, reader;

/* From here to expect_said stderr is a pipe. */
static void listen_to_stderr(void)
{
	int fds[2];

	CHECK_INT(pipe(fds), 0);
	real_stderr = dup(STDERR_FILENO);
	CHECK(dup2(fds[1], STDERR_FILENO) >= 0);
	close(fds[1]);
	reader = fds[0];
}

static void expect_said(const char *want)
{
	char text[500];

	CHECK(dup2(real_stderr, STDERR_FILENO) >= 0);
	ssize_t n = fd_read_full(reader, text, sizeof(text) - 1);
	CHECK(n >= 0);
	text[n] = '\0';
	CHECK_STR(text, want);
	close(reader);
	close(real_stderr);
}

CASE(messages_begin_with_the_program)
{
	listen_to_stderr();
	diag_say("%d of %s", 1, "two");
	diag_set_program("other");
	diag_say("text");
	expect_said("pcopy: 1 of two\nother: text\n");
}

CASE(faults_name_path_what_and_why)
{
	listen_to_stderr();
	diag_fault("a/b", "open", ENOENT);
	diag_fault("a/b", "open", -EACCES);
	diag_fault("a\nb", "skipped", 0);
	expect_said("pcopy: a/b: open: No such file or directory\n"
	            "pcopy: a/b: open: Permission denied\n"
	            "pcopy: $'a\\nb': skipped\n");
}

CASE(unknown_errno_has_a_text)
{
	CHECK_STR(diag_strerror(ENOENT), "No such file or directory");
	CHECK_STR(diag_strerror(-ENOENT), "No such file or directory");
	CHECK_STR(diag_strerror(99999), "unknown error");
}

static void say_cleared(void *arg)
{
	CHECK_INT(write(STDERR_FILENO, arg, strlen(arg)), strlen(arg));
}

CASE(hook_runs_before_each_message)
{
	static char cleared[] = "[cleared]";

	listen_to_stderr();
	diag_set_hook(say_cleared, cleared);
	diag_say("one");
	diag_fault("p", "two", 0);
	diag_set_hook(NULL, NULL);
	diag_say("three");
	expect_said("[cleared]pcopy: one\n[cleared]pcopy: p: two\n"
	            "pcopy: three\n");
}

CASE(bug_says_where_and_aborts)
{
	char want[200];
	int status, line = 0;

	listen_to_stderr();
	line = __LINE__ + 3;
	pid_t pid = fork();
	if (pid == 0)
		bug("%s is %d", "x", 3);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	snprintf(want, sizeof(want), "pcopy: bug at %s:%d: x is 3\n", __FILE__,
	         line);
	expect_said(want);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
