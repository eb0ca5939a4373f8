/* SPDX-License-Identifier: MIT */
#include "engine/each_worker.h"

#include "base/fd.h"
#include "base/mono.h"
#include "engine/each_drain.h"
#include "engine/each_kin.h"
#include "engine/each_running.h"
#include "engine/each_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors that a worker opens, generously. */
#define N_OWN_FILES 64

/* What the handler below needs. */
static const struct each_worker *own_worker;

/* SIGTERM: the master is dead, or somebody wants this worker to go. */
static void leave(int signal_number)
{
	pid_t pid = atomic_load(&own_worker->cell->pid);

	(void)signal_number;
	if (pid > 0)
		(void)kill(-pid, SIGKILL);
	if (getppid() != own_worker->master)
		each_tokens_rescue(own_worker->tokens_fd,
		                   &own_worker->shared->tokens);
	/* Whoever calls setsid has left the group: level by level. Only calls
	 * that a signal handler may make. */
	each_kin_kill(each_kin_is_left, own_worker->cell);
	_exit(1);
}

static int watch_signals(struct each_worker *worker)
{
	struct sigaction action = {.sa_handler = leave};
	sigset_t set;

	own_worker = worker;
	(void)signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	worker->signals_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (worker->signals_fd < 0)
		return -errno;
	if (sigaction(SIGTERM, &action, NULL) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return -errno;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_UNBLOCK, &set, NULL) < 0)
		return -errno;
	return getppid() == worker->master ? 0 : -ESRCH;
}

/* The master may have more descriptors open than the limit was that the commands
 * are to have; then they have its own. */
static void restore_n_files(const struct each_worker *worker)
{
	int fd = fcntl(worker->null_fd, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0 && worker->n_files.rlim_cur > (rlim_t)fd + N_OWN_FILES)
		(void)setrlimit(RLIMIT_NOFILE, &worker->n_files);
	(void)fd_close(fd);
}

int each_worker_start(struct each_worker *worker, struct mp_worker *self)
{
	unsigned index = mp_worker_index(self);
	struct each_cell *cell = &worker->shared->cells[index];

	worker->self = self;
	worker->in_fd = worker->out_fd = -1;
	worker->cell = cell;
	worker->has_terminal =
		worker->terminal.fd >= 0 || !each_terminal_leave();
	/* The cell was a dead worker's, whose children are gone from here. */
	atomic_store(&cell->pid, 0);
	atomic_store(&cell->job_up, 0);
	atomic_store(&cell->n_left, 0);
	for (unsigned i = 0; i < N_EACH_STREAMS; i++) {
		const int *fds = worker->spool_fds;

		worker->streams[i] = (struct each_stream){
			.index = i,
			.cell = cell,
			.worker = self,
			.spool_fd =
				fds ? fds[index * N_EACH_STREAMS + i] : -ENOENT,
			.is_by_lines = worker->settings->output == EACH_LINES,
			.fd = -1,
			.memory = xmalloc(EACH_STREAM_MEMORY),
		};
	}
	restore_n_files(worker);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -errno;
	return watch_signals(worker);
}

void each_worker_stop(struct each_worker *worker)
{
	for (unsigned i = 0; i < N_EACH_STREAMS; i++)
		free(worker->streams[i].memory);
	worker->signals_fd = fd_close(worker->signals_fd);
	buf_release(&worker->bytes);
	free(worker->argv);
}

static void look_at_streams(struct each_running *job, const struct pollfd *fds)
{
	for (unsigned i = 0; i < N_EACH_STREAMS; i++) {
		struct each_stream *stream = &job->worker->streams[i];

		if (fds[i].revents)
			each_stream_read(stream, EACH_STREAM_MEMORY);
		if (stream->err)
			each_running_terminate(job, EACH_SPOOL);
	}
}

/* Where poll is refused: looks at everything now and then; 0 when the time of the
 * phase is over. */
static int look_without_poll(const struct each_worker *worker,
                             const struct each_running *job,
                             struct pollfd fds[5])
{
	const struct timespec pause = {.tv_nsec = 5 * NS_PER_MS};
	enum each_stop stop = atomic_load(&worker->shared->stop);

	(void)nanosleep(&pause, NULL);
	for (size_t i = 0; i < 3; i++)
		fds[i].revents = fds[i].fd >= 0 ? POLLIN : 0;
	fds[3].revents = stop >= EACH_TERMINATE ? POLLIN : 0;
	fds[4].revents = stop >= EACH_KILL ? POLLIN : 0;
	return mono_now_ns() < job->deadline_ns;
}

/* Waits until the command has ended. */
static void wait_for(struct each_running *job)
{
	struct each_worker *worker = job->worker;

	while (!each_running_is_over(job)) {
		struct pollfd fds[] = {
			{worker->streams[EACH_STDOUT].fd, POLLIN, 0},
			{worker->streams[EACH_STDERR].fd, POLLIN, 0},
			{worker->signals_fd, POLLIN, 0},
			{job->phase == EACH_RUNNING ? worker->stop_fd : -1,
		         POLLIN, 0},
			{job->phase != EACH_KILLED ? worker->kill_fd : -1,
		         POLLIN, 0},
		};
		int n = poll(fds, ARRAY_LEN(fds), each_running_left_ms(job));

		if (n < 0 && errno != EINTR)
			n = look_without_poll(worker, job, fds);
		if (n > 0) {
			look_at_streams(job, fds);
			if (fds[2].revents)
				each_running_look(job);
			if (fds[3].revents)
				each_running_terminate(job, EACH_STOPPED);
			if (fds[4].revents)
				each_running_kill(job, EACH_STOPPED);
		}
		if (n == 0)
			each_running_on_deadline(job);
	}
}

/* Those whose other end somebody has. */
static size_t open_pipes(const struct each_worker *worker, int *fds)
{
	size_t n = 0;

	for (unsigned i = 0; i < N_EACH_STREAMS; i++) {
		struct pollfd pipe = {worker->streams[i].fd, POLLIN, 0};

		if (pipe.fd >= 0 && poll(&pipe, 1, 0) >= 0 &&
		    !(pipe.revents & POLLHUP))
			fds[n++] = pipe.fd;
	}
	return n;
}

/* Of what has outlived the job. If nobody can be had to read what it writes
 * from now on, it is told by SIGPIPE. */
static void let_go(const struct each_running *job)
{
	struct each_worker *worker = job->worker;
	int fds[N_EACH_STREAMS];

	worker->has_left = each_kin_leave(worker->cell);
	if (!worker->has_left || job->phase != EACH_RUNNING)
		return;
	size_t n = open_pipes(worker, fds);
	if (n > 0 && each_drain_start(fds, n) == 0)
		(void)each_kin_leave(worker->cell);
}

/* What is in the pipes when the command has ended is its own. What others
 * write there later is not waited for. */
static void finish_streams(struct each_running *job)
{
	struct each_worker *worker = job->worker;

	for (unsigned i = 0; i < N_EACH_STREAMS; i++) {
		struct each_stream *stream = &worker->streams[i];

		each_stream_read(stream, each_stream_waiting(stream));
		if (stream->err && job->phase == EACH_RUNNING)
			job->cause = EACH_SPOOL;
	}
	let_go(job);
	for (unsigned i = 0; i < N_EACH_STREAMS; i++)
		each_stream_end(&worker->streams[i]);
}

static void say_end(struct each_worker *worker, uint32_t job,
                    const struct each_end *end)
{
	const struct each_reply reply = {
		.kind = EACH_ENDED,
		.worker = mp_worker_index(worker->self),
		.job = job,
		.end = *end,
	};

	/* Fails only for a record that is too long. */
	(void)mp_worker_reply_last(worker->self, &reply, sizeof(reply));
}

static int spool_error(const struct each_worker *worker)
{
	int err = worker->streams[EACH_STDOUT].err;

	return err ? err : worker->streams[EACH_STDERR].err;
}

static void send_reply(struct each_worker *worker, enum each_reply_kind kind,
                       uint32_t job, const void *note, size_t len)
{
	struct each_reply *reply;
	void *place;

	if (mp_worker_reply_reserve(worker->self, &place) < 0)
		return;
	reply = place;
	*reply = (struct each_reply){
		.kind = kind,
		.worker = mp_worker_index(worker->self),
		.job = job,
	};
	if (len > 0)
		memcpy(reply + 1, note, len);
	mp_worker_reply_send(worker->self, place, sizeof(*reply) + len);
}

static void run_command(struct each_worker *worker, struct each_running *job,
                        uint32_t number, struct each_end *end)
{
	struct each_cell *cell = worker->cell;

	atomic_store(&cell->since_ns, mono_now_ns());
	atomic_store(&cell->job_up, number + 1);
	if (worker->settings->lists_commands)
		send_reply(worker, EACH_STARTED, number, NULL, 0);
	job->number = number;
	end->cause = each_spawn_patiently(worker, number, &job->pid,
	                                  &job->start_ns, end);
	job->had_terminal = worker->terminal.holder != 0;
	if (end->cause == EACH_SCARCE)
		mp_worker_leave(worker->self);
	if (!end->err) {
		job->deadline_ns =
			worker->settings->timeout_ns
				? job->start_ns + worker->settings->timeout_ns
				: MONO_NEVER;
		atomic_store(&cell->pid, job->pid);
		wait_for(job);
		finish_streams(job);
		end->cause = job->cause;
		end->err = spool_error(worker);
		end->n_printed = worker->streams[EACH_STDOUT].n_read;
	}
	end->runtime_ns = mono_now_ns() - job->start_ns;
	if (WIFEXITED(job->status))
		end->exit_code = WEXITSTATUS(job->status);
	else if (WIFSIGNALED(job->status))
		end->signal_number = WTERMSIG(job->status);
	atomic_store(&cell->job_up, 0);
}

/* What the job reads, if the items are blocks. */
static bool take_block(struct each_worker *worker,
                       const struct each_record *record, struct each_end *end)
{
	if (!worker->blocks)
		return true;
	const uint32_t *place = each_job_extra(record);
	worker->in_fd = each_blocks_get(worker->blocks, *place);
	if (worker->in_fd >= 0)
		return true;
	end->cause = EACH_NO_SPAWN;
	end->err = worker->in_fd;
	return false;
}

static void run_job(struct each_worker *worker, struct each_running *job,
                    const struct each_record *record, struct each_end *end)
{
	const struct each_hooks *hooks = worker->settings->hooks;

	if (hooks && hooks->begin(hooks->ctx, worker, record, end))
		return;
	if (!take_block(worker, record, end))
		return;
	each_spawn_prepare(worker, record);
	run_command(worker, job, record->job, end);
	if (worker->blocks)
		worker->in_fd = fd_close(worker->in_fd);
	if (hooks)
		hooks->finish(hooks->ctx, worker, record, end);
}

void each_worker_note(struct each_worker *worker, uint32_t job,
                      const void *note, size_t len)
{
	send_reply(worker, EACH_NOTE, job, note, len);
}

void each_worker_run(struct each_worker *worker,
                     const struct each_record *record)
{
	struct each_running job = {.worker = worker};
	struct each_end end = {.cause = EACH_NOT_STARTED};
	struct each_turns *turns = &worker->shared->turns;
	unsigned index = mp_worker_index(worker->self);

	if (each_turns_take(turns, index, worker->stop_fd) &&
	    atomic_load(&worker->shared->stop) == EACH_GO_ON)
		run_job(worker, &job, record, &end);
	each_turns_give(turns, index);
	say_end(worker, record->job, &end);
}
