/* SPDX-License-Identifier: MIT */
/* refuse - runs a command whose kernel refuses some system calls
 *
 *     refuse CALL[,ARGUMENT,BITS]=ERRNO... -- COMMAND [ARG]...
 *
 * Each such call of the command and its children fails with ERRNO; with
 * ARGUMENT (0 up) and BITS only if all the BITS are set in that argument.
 * Unlike strace it needs no ptrace, and LeakSanitizer works under it.
 *
 *     refuse openat2=ENOSYS openat,2,O_TMPFILE=EOPNOTSUPP -- pcopy src dst */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct word {
	const char *text;
	unsigned value;
};

static const struct word calls[] = {
	{"openat", SYS_openat},
	{"waitid", SYS_waitid},
	{"pidfd_send_signal", SYS_pidfd_send_signal},
#ifdef SYS_poll
	{"poll", SYS_poll},
#endif
#ifdef SYS_epoll_wait
	{"epoll_wait", SYS_epoll_wait},
#endif
	{"openat2", SYS_openat2},
	{"linkat", SYS_linkat},
	{"fchownat", SYS_fchownat},
	{"fchmod", SYS_fchmod},
	{"utimensat", SYS_utimensat},
	{"mkdirat", SYS_mkdirat},
	{"mknodat", SYS_mknodat},
	{"symlinkat", SYS_symlinkat},
	{"renameat", SYS_renameat},
	{"statx", SYS_statx},
	{"fstatfs", SYS_fstatfs},
	{"fsetxattr", SYS_fsetxattr},
	{"flistxattr", SYS_flistxattr},
	{"copy_file_range", SYS_copy_file_range},
	{"ioctl", SYS_ioctl},
	{"lseek", SYS_lseek},
	{"pidfd_open", SYS_pidfd_open},
};

static const struct word errors[] = {
	{"EPERM", EPERM},   {"ENOENT", ENOENT}, {"EIO", EIO},
	{"EACCES", EACCES}, {"EXDEV", EXDEV},   {"EINVAL", EINVAL},
	{"ENOSPC", ENOSPC}, {"ENOSYS", ENOSYS}, {"EOPNOTSUPP", EOPNOTSUPP},
	{"ENOTTY", ENOTTY},
};

static const struct word bits[] = {
	{"O_TMPFILE", O_TMPFILE & ~O_DIRECTORY},
	{"O_NOATIME", O_NOATIME},
	{"O_CREAT", O_CREAT},
	{"AT_EMPTY_PATH", AT_EMPTY_PATH},
};

static _Noreturn void fail(const char *what, const char *which)
{
	fprintf(stderr, "refuse: %s: %s\n", what, which);
	exit(2);
}

static unsigned look_up(const struct word *words, size_t n, const char *text)
{
	char *end;

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(words[i].text, text))
			return words[i].value;
	}
	unsigned long value = strtoul(text, &end, 0);
	if (!*text || *end)
		fail("unknown word", text);
	return (unsigned)value;
}

struct rule {
	unsigned call, argument, mask, error;
};

static struct rule parse_rule(char *text)
{
	char *error = strchr(text, '=');
	struct rule rule = {0};

	if (!error)
		fail("no error named", text);
	*error++ = '\0';
	char *call = strsep(&text, ","), *argument = strsep(&text, ",");
	rule.call = look_up(calls, ARRAY_LEN(calls), call);
	rule.error = look_up(errors, ARRAY_LEN(errors), error);
	if (argument && text) {
		rule.argument = (unsigned)strtoul(argument, NULL, 10);
		rule.mask = look_up(bits, ARRAY_LEN(bits), text);
	}
	return rule;
}

/* If the call is this one and all bits are set: the error; else go on. The
 * lower half of an argument comes first on little-endian machines. */
static size_t add_rule(struct sock_filter *code, const struct rule *rule)
{
	const unsigned at = (unsigned)offsetof(struct seccomp_data, args) +
	                    8 * rule->argument;
	const struct sock_filter part[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule->call, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, rule->mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rule->mask, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | rule->error),
	};

	memcpy(code, part, sizeof(part));
	return ARRAY_LEN(part);
}

static void install(const struct rule *rules, size_t n)
{
	struct sock_filter code[128];
	size_t len = 0;

	if (n > ARRAY_LEN(code) / 6 - 1)
		fail("too many", "rules");
	for (size_t i = 0; i < n; i++)
		len += add_rule(code + len, &rules[i]);
	code[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	                                           SECCOMP_RET_ALLOW);
	const struct sock_fprog program = {(unsigned short)len, code};
	/* A process that cannot gain privileges may have a filter. As root it
	 * is not needed, and without it set-id programs still work. */
	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail("no new privileges", strerrordesc_np(errno));
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		fail("seccomp", strerrordesc_np(errno));
}

int main(int argc, char **argv)
{
	struct rule rules[32];
	size_t n = 0;
	int at = 1;

	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		if (n == ARRAY_LEN(rules))
			fail("too many", "rules");
		rules[n++] = parse_rule(argv[at]);
	}
	if (n == 0 || at + 1 >= argc)
		fail("usage", "refuse CALL[,ARGUMENT,BITS]=ERRNO... -- "
		              "COMMAND [ARG]...");
	install(rules, n);
	execvp(argv[at + 1], argv + at + 1);
	fail(argv[at + 1], strerrordesc_np(errno));
}
