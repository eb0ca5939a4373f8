/* SPDX-License-Identifier: MIT */
/* tests/unit/check.h - each case is a child process with a time limit
 *
 *     CASE(get_returns_zero_after_close_when_empty)
 *     {
 *             ...
 *             CHECK_INT(mp_queue_get(q, data, sizeof(data), 0), 0);
 *     }
 *     int main(int argc, char **argv)
 *     {
 *             return check_main(argc, argv);
 *     }
 *
 * A case passes when its child ends with 0. A failed check says where and ends
 * the child at once; a deadlock is a failed test after CHECK_LIMIT_S seconds
 * (environment CHECK_SCALE multiplies it on slow machines). Output is TAP.
 * With arguments, only the cases of those names run. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include "base/base.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK_LIMIT_S   240
#define CHECK_CASES_MAX 200
#define CHECK_SKIP      77

#if defined(__SANITIZE_ADDRESS__)
#define CHECK_LEAKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECK_LEAKS 1
#endif
#endif
#ifdef CHECK_LEAKS
#include <sanitizer/lsan_interface.h>
#endif

struct check_case {
	const char *name;
	void (*run)(void);
};

static struct check_case check_cases[CHECK_CASES_MAX];
static size_t check_n_cases;

#define CASE(name)                                                     \
	static void name(void);                                        \
	__attribute__((constructor)) static void name##_register(void) \
	{                                                              \
		check_cases[check_n_cases++] =                         \
			(struct check_case){#name, name};              \
	}                                                              \
	static void name(void)

#define CHECK(condition)                                            \
	do {                                                        \
		if (!(condition))                                   \
			check_fail(__FILE__, __LINE__, #condition); \
	} while (0)

#define CHECK_INT(got, want) \
	check_int(__FILE__, __LINE__, #got, (int64_t)(got), (int64_t)(want))

#define CHECK_STR(got, want) check_str(__FILE__, __LINE__, #got, got, want)

#define SKIP(why)                                        \
	do {                                             \
		fprintf(stderr, "# skipped: %s\n", why); \
		_exit(CHECK_SKIP);                       \
	} while (0)

UNUSED NORETURN static void check_fail(const char *file, int line,
                                       const char *what)
{
	fprintf(stderr, "# %s:%d: not true: %s\n", file, line, what);
	_exit(1);
}

UNUSED static void check_int(const char *file, int line, const char *what,
                             int64_t got, int64_t want)
{
	if (got == want)
		return;
	fprintf(stderr, "# %s:%d: %s is %" PRId64 ", not %" PRId64 "\n", file,
	        line, what, got, want);
	_exit(1);
}

UNUSED static void check_str(const char *file, int line, const char *what,
                             const char *got, const char *want)
{
	if (strcmp(got, want) == 0)
		return;
	fprintf(stderr, "# %s:%d: %s is \"%s\", not \"%s\"\n", file, line, what,
	        got, want);
	_exit(1);
}

static _Noreturn void check_child(const struct check_case *test)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setpgid(0, 0);
	const char *scale = getenv("CHECK_SCALE");
	(void)alarm(CHECK_LIMIT_S * (unsigned)(scale ? atoi(scale) : 1));
	test->run();
#ifdef CHECK_LEAKS
	if (__lsan_do_recoverable_leak_check())
		_exit(1);
#endif
	_exit(0);
}

static bool check_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return true;
	}
	return argc < 2;
}

static int check_main(int argc, char **argv)
{
	size_t n_run = 0, n_failed = 0;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", check_n_cases);
	for (size_t i = 0; i < check_n_cases; i++) {
		const struct check_case *test = &check_cases[i];
		int status;

		if (!check_wanted(test->name, argc, argv))
			continue;
		n_run++;
		pid_t pid = fork();
		if (pid == 0)
			check_child(test);
		if (pid < 0 || waitpid(pid, &status, 0) != pid) {
			perror("fork");
			return 1;
		}
		/* Whatever the case left behind in its group. */
		(void)kill(-pid, SIGKILL);
		bool skipped =
			WIFEXITED(status) && WEXITSTATUS(status) == CHECK_SKIP;
		bool ok = skipped ||
		          (WIFEXITED(status) && WEXITSTATUS(status) == 0);
		n_failed += !ok;
		printf("%sok %zu - %s%s%s\n", ok ? "" : "not ", i + 1,
		       test->name, skipped ? " # SKIP" : "",
		       WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM
		               ? " # out of time"
		               : "");
	}
	if (n_run == 0)
		fprintf(stderr, "# no such case\n");
	return n_failed || n_run == 0;
}

#endif
