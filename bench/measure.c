/* SPDX-License-Identifier: MIT */
/* measure - runs a command and says what it cost
 *
 *     measure [-m] [-s DIR] -- COMMAND [ARG]...
 *
 * Prints one line on descriptor 3, or on standard output if that is closed:
 * seconds to prompt, seconds including a syncfs of DIR, user and system seconds
 * of the command and all it started (orphans too: this is their reaper), CPU
 * seconds of the command's first process alone, and of all else on this
 * machine meanwhile (kernel threads, other users, what a host took away). With
 * -m, which looks at /proc every 5 ms and so disturbs the times, the peak KiB
 * of the command itself, of the largest process below it, and of all together
 * (proportional set sizes, so that shared pages count once), else 0.
 * Its status is the command's. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N_TREE 4096

struct cost {
	double own_cpu;            /* of the command without its children */
	long own, below, together; /* peak KiB */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* CPU seconds of the whole machine since it started. */
static double machine_cpu(void)
{
	double user = 0, nice = 0, system = 0, irq = 0, soft = 0, steal = 0;
	FILE *in = fopen("/proc/stat", "re");

	if (in) {
		if (fscanf(in, "cpu %lf %lf %lf %*f %*f %lf %lf %lf", &user,
		           &nice, &system, &irq, &soft, &steal) < 3)
			user = 0;
		fclose(in);
	}
	return (user + nice + system + irq + soft + steal) /
	       (double)sysconf(_SC_CLK_TCK);
}

/* The number behind label in a file of /proc, or 0. */
static long look_up(int pid, const char *file, const char *label)
{
	char path[64], line[256];
	long value = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	FILE *in = fopen(path, "re");
	if (!in)
		return 0;
	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, label, strlen(label)) == 0) {
			value = strtol(line + strlen(label), NULL, 10);
			break;
		}
	}
	fclose(in);
	return value;
}

static bool is_in(const int *pids, size_t n, int pid)
{
	for (size_t i = 0; i < n; i++) {
		if (pids[i] == pid)
			return true;
	}
	return false;
}

/* All that came from us, as far as it is still running; /proc is in the order
 * of pids, so a parent mostly comes before its children. */
static size_t find_tree(int *pids)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	size_t n = 0;

	pids[n++] = getpid();
	while (proc && (entry = readdir(proc)) && n < N_TREE) {
		int pid = (int)strtol(entry->d_name, NULL, 10);

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    pid == getpid())
			continue;
		if (is_in(pids, n, (int)look_up(pid, "status", "PPid:")))
			pids[n++] = pid;
	}
	if (proc)
		closedir(proc);
	return n;
}

static void sample(int child, struct cost *cost)
{
	static int pids[N_TREE];
	size_t n = find_tree(pids);
	long together = 0;

	for (size_t i = 1; i < n; i++) {
		long peak = look_up(pids[i], "status", "VmHWM:");
		long *to = pids[i] == child ? &cost->own : &cost->below;

		if (peak > *to)
			*to = peak;
		together += look_up(pids[i], "smaps_rollup", "Pss:");
	}
	if (together > cost->together)
		cost->together = together;
}

static int start(char **argv)
{
	int pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		fprintf(stderr, "measure: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	return pid;
}

/* A zombie still tells what it used itself, in ticks. */
static double cpu_of(int pid)
{
	char path[64], line[1024] = "";
	long user = 0, sys = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *in = fopen(path, "re");
	if (in) {
		if (fgets(line, sizeof(line), in))
			sscanf(strrchr(line, ')') + 1,
			       " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			       "%ld %ld",
			       &user, &sys);
		fclose(in);
	}
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

/* Ends when the command and every orphan of it has ended. */
static int wait_all(int child, bool has_samples, struct cost *cost)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	int status = 0, result = 0, pid;

	for (;;) {
		if (has_samples)
			sample(child, cost);
		siginfo_t info = {0};
		if (waitid(P_ALL, 0, &info,
		           WEXITED | WNOWAIT | (has_samples ? WNOHANG : 0)) <
		            0 &&
		    errno == ECHILD)
			return result;
		pid = info.si_pid;
		if (pid == child)
			cost->own_cpu = cpu_of(pid);
		if (pid > 0)
			waitpid(pid, &status, 0);
		if (pid == child)
			result = WIFEXITED(status) ? WEXITSTATUS(status)
			                           : 128 + WTERMSIG(status);
		if (pid == 0)
			nanosleep(&pause, NULL);
	}
}

static void print(FILE *out, double to_prompt, double to_disk, double machine,
                  const struct rusage *usage, const struct cost *cost)
{
	double user = seconds(usage->ru_utime);
	double sys = seconds(usage->ru_stime);
	double others = machine - user - sys;

	fprintf(out, "%.4f %.4f %.4f %.4f %.2f %.2f %ld %ld %ld\n", to_prompt,
	        to_disk, user, sys, cost->own_cpu, others > 0 ? others : 0,
	        cost->own, cost->below, cost->together);
	fflush(out);
}

int main(int argc, char **argv)
{
	struct cost cost = {0};
	struct rusage usage;
	bool has_samples = false;
	FILE *out = fdopen(3, "w");
	int fd = -1, opt;

	while ((opt = getopt(argc, argv, "+ms:")) != -1) {
		if (opt == 'm')
			has_samples = true;
		else if (opt == 's')
			fd = open(optarg, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		else
			return 2;
	}
	if (optind == argc)
		return 2;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (out)
		fcntl(3, F_SETFD, FD_CLOEXEC);
	double machine = machine_cpu(), begin = now();
	int child = start(argv + optind);
	if (child < 0)
		return 2;
	int status = wait_all(child, has_samples, &cost);
	double to_prompt = now() - begin;
	machine = machine_cpu() - machine;
	if (fd >= 0)
		syncfs(fd);
	double to_disk = now() - begin;
	getrusage(RUSAGE_CHILDREN, &usage);
	print(out ? out : stdout, to_prompt, to_disk, machine, &usage, &cost);
	return status;
}
