/* SPDX-License-Identifier: MIT */
#include "engine/each_spawn.h"

#include "base/fd.h"
#include "base/mono.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As a shell ends when it cannot run a command. */
#define STATUS_CANNOT 126
#define STATUS_ABSENT 127

/* Between tries to start a command, and for so long. A program that somebody
 * still writes, and descriptors of our own, need less. */
#define PAUSE_MIN_NS      (5 * NS_PER_MS)
#define PAUSE_MAX_NS      (100 * NS_PER_MS)
#define PATIENCE_NS       (600 * NS_PER_S)
#define PATIENCE_SHORT_NS (10 * NS_PER_S)
#define LEAVE_NS          (300 * NS_PER_MS)

void each_spawn_prepare(struct each_worker *worker,
                        const struct each_record *record)
{
	const uint32_t *marks = (const void *)(record + 1);
	/* execve does not write there, whatever its type says. */
	char *at = (char *)(uintptr_t)(marks + record->n_marks);

	if (record->n_marks > 0) {
		buf_truncate(&worker->bytes, 0);
		each_job_arguments(record, mp_worker_index(worker->self) + 1,
		                   &worker->bytes);
		at = worker->bytes.data;
	}
	if (record->n_arguments >= worker->argv_cap) {
		worker->argv_cap = record->n_arguments + 1;
		worker->argv = xrealloc(
			worker->argv, worker->argv_cap * sizeof(*worker->argv));
	}
	for (size_t i = 0; i < record->n_arguments; i++) {
		worker->argv[i] = at;
		at = strchr(at, '\0') + 1;
	}
	worker->argv[record->n_arguments] = NULL;
}

/* In the foreground before it is anything else. Where the C library cannot do
 * that the worker does it right behind the start, and a job that was stopped
 * meanwhile goes on. */
static int come_to_front(const struct each_worker *worker,
                         posix_spawn_file_actions_t *actions)
{
#if __GLIBC_PREREQ(2, 35)
	return posix_spawn_file_actions_addtcsetpgrp_np(actions,
	                                                worker->terminal.fd);
#else
	(void)worker;
	(void)actions;
	return 0;
#endif
}

static int set_attributes(const struct each_worker *worker, bool is_in_front,
                          posix_spawnattr_t *attributes)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t set;
	int rc;

	flags |= worker->has_terminal && !is_in_front ? POSIX_SPAWN_SETSID
	                                              : POSIX_SPAWN_SETPGROUP;
	sigemptyset(&set);
	rc = posix_spawnattr_setsigmask(attributes, &set);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGXFSZ);
	rc = rc ? rc : posix_spawnattr_setsigdefault(attributes, &set);
	return rc ? rc : posix_spawnattr_setflags(attributes, flags);
}

static int set_stdin(const struct each_worker *worker, bool is_in_front,
                     posix_spawn_file_actions_t *actions)
{
	int fd = is_in_front ? worker->terminal.fd : worker->null_fd;

	if (worker->in_fd >= 0)
		fd = worker->in_fd;
	return posix_spawn_file_actions_adddup2(actions, fd, STDIN_FILENO);
}

/* The parts cannot fail but for memory, which the spawn would need as well. */
static int spawn(const struct each_worker *worker, bool is_in_front,
                 const int *outs, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc;

	if (posix_spawn_file_actions_init(&actions))
		return -ENOMEM;
	if (posix_spawnattr_init(&attributes)) {
		posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	rc = set_attributes(worker, is_in_front, &attributes);
	if (is_in_front)
		rc = rc ? rc : come_to_front(worker, &actions);
	rc = rc ? rc : set_stdin(worker, is_in_front, &actions);
	for (unsigned i = 0; !rc && i < N_EACH_STREAMS; i++) {
		if (outs[i] >= 0)
			rc = posix_spawn_file_actions_adddup2(
				&actions, outs[i], STDOUT_FILENO + (int)i);
	}
	if (!rc && worker->program)
		rc = posix_spawn(pid, worker->program, &actions, &attributes,
		                 worker->argv, environ);
	else if (!rc)
		rc = posix_spawnp(pid, worker->argv[0], &actions, &attributes,
		                  worker->argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

static int start(struct each_worker *worker, const int *outs, pid_t *pid)
{
	struct each_terminal *terminal = &worker->terminal;
	bool is_in_front = each_terminal_is_ours(terminal);

	if (is_in_front)
		each_terminal_keep(terminal);
	int rc = spawn(worker, is_in_front, outs, pid);
	if (rc == 0 && is_in_front)
		(void)each_terminal_hand(terminal, *pid);
	return rc;
}

static int start_once(struct each_worker *worker, uint32_t job, pid_t *pid)
{
	int pipes[N_EACH_STREAMS] = {-1, -1}, outs[N_EACH_STREAMS];
	bool is_raw = worker->settings->output == EACH_RAW;
	int rc = 0;

	for (unsigned i = 0; !is_raw && rc == 0 && i < N_EACH_STREAMS; i++) {
		if (i == EACH_STDOUT && worker->out_fd >= 0)
			continue;
		pipes[i] = each_stream_begin(&worker->streams[i], job);
		rc = pipes[i] < 0 ? pipes[i] : 0;
	}
	memcpy(outs, pipes, sizeof(outs));
	if (worker->out_fd >= 0)
		outs[EACH_STDOUT] = worker->out_fd;
	if (rc == 0)
		rc = start(worker, outs, pid);
	for (unsigned i = 0; i < N_EACH_STREAMS; i++) {
		(void)fd_close(pipes[i]);
		if (rc < 0)
			worker->streams[i].fd = fd_close(worker->streams[i].fd);
	}
	return rc;
}

static int64_t real_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Why a start fails that may not fail a moment later. */
static bool is_passing(int err)
{
	return err == -EAGAIN || err == -ENOMEM || err == -ENFILE ||
	       err == -EMFILE || err == -ETXTBSY;
}

/* False when the run is stopping. */
static bool pause_for(const struct each_worker *worker, int64_t ns)
{
	struct pollfd stop[] = {{worker->stop_fd, POLLIN, 0},
	                        {worker->kill_fd, POLLIN, 0}};

	return poll(stop, ARRAY_LEN(stop), (int)(ns / NS_PER_MS)) <= 0;
}

/* When there is no process to be had for a command, one worker after the other
 * leaves, the last one first, until there is. */
static bool is_one_too_many(const struct each_worker *worker, int err,
                            int64_t waited_ns)
{
	unsigned n = worker->settings->n_workers;
	unsigned n_before = n - mp_worker_index(worker->self);

	if (err == -ETXTBSY || err == -EMFILE ||
	    atomic_load(&worker->shared->n_limit) <= 1)
		return false;
	return waited_ns > LEAVE_NS + LEAVE_NS * n_before / n;
}

enum each_cause each_spawn_patiently(struct each_worker *worker, uint32_t job,
                                     pid_t *pid, int64_t *start_ns,
                                     struct each_end *end)
{
	int64_t first_ns = mono_now_ns(), pause_ns = PAUSE_MIN_NS;

	for (;;) {
		int64_t now_ns = mono_now_ns();

		end->start_ns = real_now_ns();
		*start_ns = now_ns;
		end->err = start_once(worker, job, pid);
		if (!end->err)
			return EACH_BY_ITSELF;
		bool is_short = end->err == -ETXTBSY || end->err == -EMFILE;
		if (!is_passing(end->err) ||
		    now_ns - first_ns >
		            (is_short ? PATIENCE_SHORT_NS : PATIENCE_NS))
			return EACH_NO_SPAWN;
		if (is_one_too_many(worker, end->err, now_ns - first_ns))
			return EACH_SCARCE;
		if (!pause_for(worker, pause_ns))
			return EACH_NOT_STARTED;
		pause_ns = 2 * pause_ns < PAUSE_MAX_NS ? 2 * pause_ns
		                                       : PAUSE_MAX_NS;
	}
}

/* 0 for a file that may be run. */
static int check_program(const char *path)
{
	struct stat status;

	/* lint: path, as the kernel will look for it */
	if (stat(path, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EACCES;
	/* lint: path, the same */
	return access(path, X_OK) < 0 ? -errno : 0;
}

int each_spawn_find(const char *name, struct buf *out)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes it */
	const char *path = getenv("PATH");
	int rc = -ENOENT;

	buf_truncate(out, 0);
	buf_append_str(out, name);
	if (strchr(name, '/'))
		return check_program(out->data);
	if (!*name)
		return rc;
	for (const char *at = path ? path : "/bin:/usr/bin"; at;) {
		size_t len = strcspn(at, ":");

		buf_truncate(out, 0);
		buf_append(out, at, len);
		buf_printf(out, "%s%s", len ? "/" : "./", name);
		int found = check_program(out->data);
		if (found == 0)
			return 0;
		/* A file that may not be run is said only if none may. */
		if (found == -EACCES)
			rc = found;
		at = at[len] ? at + len + 1 : NULL;
	}
	return rc;
}

int each_spawn_status(int rc)
{
	return rc == -ENOENT || rc == -ENOTDIR ? STATUS_ABSENT : STATUS_CANNOT;
}
