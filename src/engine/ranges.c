/* SPDX-License-Identifier: MIT */
/* Why every range is copied. A range is taken by moving next over it, once. The
 * worker does what it takes, or the copy fails. The helper writes down the
 * range it is about to take before it moves next, and strikes it out when it
 * is done; so when it has ended, however, what is written down is the one range
 * that may be missing. It may also be one that it has not taken, and that the
 * worker has done: doing it twice does no harm.
 *
 * Nobody writes to the file any more when it gets its name: the worker has
 * waited for the helper's end by then. */
#include "engine/ranges.h"

#include "mp/shm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_RANGE UINT64_MAX

/* Between a worker and its helper: of this worker only, so that nothing that a
 * predecessor's helper does in its last moment shows here. */
struct ranges_shared {
	_Atomic uint64_t next;    /* the first byte that nobody has taken */
	_Atomic uint64_t in_hand; /* range of the helper, or NO_RANGE */
	_Atomic uint64_t moved;   /* by the helper, and not yet counted */
	_Atomic uint32_t is_over; /* the helper is to leave */
};

struct filling {
	struct ranges *ranges;
	struct ranges_shared *shared;
	struct data_file file;
	uint64_t size;
	uint64_t end;   /* of the file, if it is shorter than it was */
	pid_t helper;   /* 0: none */
	bool may_share; /* with a helper, if there is a worker to spare */
};

static int copy_one(struct filling *filling, uint64_t from)
{
	uint64_t to = min_u64(from + RANGES_SIZE, filling->size);
	int rc = data_part(&filling->file, (off_t)from, (off_t)to);

	if (rc > 0)
		filling->end =
			min_u64(filling->end, (uint64_t)filling->file.at);
	return rc;
}

/* ---- in the helper ---- */

struct helper_io {
	struct ranges_shared *shared;
	const struct data_io *io; /* of the worker, as it was */
};

/* The worker's own progress is told of no bytes, but gives a sign of life and
 * says whether the run is being stopped. */
static bool helper_moved(void *ctx, uint64_t bytes)
{
	const struct helper_io *helper = ctx;
	const struct data_io *io = helper->io;

	atomic_fetch_add(&helper->shared->moved, bytes);
	if (atomic_load(&helper->shared->is_over))
		return false;
	return !io->progress || io->progress(io->ctx, 0);
}

/* False when there are no more. */
static bool helper_takes(const struct filling *filling, uint64_t *from)
{
	struct ranges_shared *shared = filling->shared;
	uint64_t next = atomic_load(&shared->next);

	do {
		if (next >= filling->size) {
			atomic_store(&shared->in_hand, NO_RANGE);
			return false;
		}
		atomic_store(&shared->in_hand, next);
	} while (!atomic_compare_exchange_strong(&shared->next, &next,
	                                         next + RANGES_SIZE));
	*from = next;
	return true;
}

static int help(const struct filling *filling)
{
	const struct ranges *ranges = filling->ranges;
	struct data_io io = *filling->file.io;
	struct helper_io helper = {filling->shared, filling->file.io};
	struct filling own = *filling;
	uint64_t from;

	io.progress = helper_moved;
	io.ctx = &helper;
	own.file.io = &io;
	while (helper_takes(&own, &from)) {
		if (copy_one(&own, from) != 0)
			return 1;
		atomic_store(&own.shared->in_hand, NO_RANGE);
		if (ranges->n_idle(ranges->ctx) < 0)
			break;
	}
	return 0;
}

/* ---- in the worker ---- */

static int map_shared(struct ranges *ranges)
{
	void *memory;

	if (ranges->shared)
		return 0;
	int rc = mp_shm_map(sizeof(*ranges->shared), &memory);
	if (rc == 0)
		ranges->shared = memory;
	return rc;
}

static void start_helper(struct filling *filling)
{
	const struct ranges *ranges = filling->ranges;
	pid_t worker = getpid();

	if (data_share(&filling->file) < 0) {
		filling->may_share = false;
		return;
	}
	ranges->has_helper(ranges->ctx, true);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The worker may have died before it was watched. */
		_exit(getppid() == worker ? help(filling) : 1);
	}
	if (pid > 0) {
		filling->helper = pid;
		return;
	}
	filling->may_share = false;
	filling->file.is_alone = true;
	ranges->has_helper(ranges->ctx, false);
}

static int count_moved(const struct filling *filling)
{
	const struct data_io *io = filling->file.io;
	uint64_t bytes = atomic_exchange(&filling->shared->moved, 0);

	if (bytes && io->progress && !io->progress(io->ctx, bytes))
		return fault_src(filling->file.fault, "interrupted",
		                 -ECANCELED);
	return 0;
}

/* It has ended: what it left undone is done. */
static int succeed_helper(struct filling *filling, int status)
{
	const struct ranges *ranges = filling->ranges;
	pid_t pid = filling->helper;
	uint64_t left = atomic_load(&filling->shared->in_hand);

	filling->helper = 0;
	filling->file.is_alone = true;
	ranges->has_helper(ranges->ctx, false);
	if (status != 0)
		filling->may_share = false;
	if (WIFSIGNALED(status))
		ranges->died(ranges->ctx, pid, WTERMSIG(status));
	int rc = count_moved(filling);
	if (rc < 0 || left == NO_RANGE)
		return rc;
	atomic_store(&filling->shared->in_hand, NO_RANGE);
	return copy_one(filling, left);
}

/* Has it ended? Its status is lost where SIGCHLD is ignored. */
static bool has_ended(const struct filling *filling, int flags, int *status)
{
	pid_t pid;

	*status = 0;
	do
		pid = waitpid(filling->helper, status, flags);
	while (pid < 0 && errno == EINTR);
	return pid != 0;
}

/* Waits until it has ended, and counts meanwhile. */
static int join_helper(struct filling *filling)
{
	struct pollfd event = {.fd = pidfd_open(filling->helper, 0),
	                       .events = POLLIN};
	int status, flags = event.fd < 0 ? 0 : WNOHANG;

	while (!has_ended(filling, flags, &status)) {
		(void)poll(&event, 1, 100);
		if (count_moved(filling) < 0)
			atomic_store(&filling->shared->is_over, 1);
	}
	if (event.fd >= 0)
		(void)close(event.fd);
	return succeed_helper(filling, status);
}

/* Between two ranges: is there a helper to be had, or is it gone? */
static int look_around(struct filling *filling)
{
	const struct ranges *ranges = filling->ranges;
	uint64_t next = atomic_load(&filling->shared->next);
	int status, rc = count_moved(filling);

	if (rc < 0)
		return rc;
	if (filling->helper && has_ended(filling, WNOHANG, &status))
		return succeed_helper(filling, status);
	if (!filling->helper && filling->may_share &&
	    next + 2 * RANGES_SIZE <= filling->size &&
	    ranges->n_idle(ranges->ctx) > 0)
		start_helper(filling);
	return 0;
}

/* 0, 1 when the file ended early, or negative. */
static int copy_ranges(struct filling *filling)
{
	struct ranges_shared *shared = filling->shared;
	int rc = 0;

	while (rc == 0) {
		uint64_t from = atomic_fetch_add(&shared->next, RANGES_SIZE);

		if (from >= filling->size)
			break;
		rc = copy_one(filling, from);
		if (rc == 0)
			rc = look_around(filling);
	}
	if (rc != 0) {
		atomic_store(&shared->next, filling->size);
		atomic_store(&shared->is_over, rc < 0);
	}
	if (!filling->helper)
		return rc;
	struct fault fault = *filling->file.fault;
	int left = join_helper(filling);
	if (rc < 0)
		*filling->file.fault = fault;
	return rc < 0 || left == 0 ? rc : left;
}

/* Also what was appended meanwhile: the end of file ends the copy. */
static int finish(struct filling *filling, bool is_short)
{
	struct data_file *file = &filling->file;
	int rc = 0;

	if (is_short)
		file->at = (off_t)filling->end;
	else
		rc = data_part(file, (off_t)filling->size, INT64_MAX);
	return rc < 0 ? rc : data_end(file);
}

static bool may_split(const struct ranges *ranges, const struct data_file *file)
{
	return ranges->n_idle && file->route->splits &&
	       (uint64_t)file->size >= 3 * RANGES_SIZE;
}

int ranges_copy(struct ranges *ranges, struct data_io *io, int src_fd,
                int dst_fd, const struct meta *src, uint64_t dst_dev,
                struct fault *fault)
{
	struct filling filling = {.ranges = ranges,
	                          .size = src->size,
	                          .end = UINT64_MAX,
	                          .may_share = true};
	struct data_file *file = &filling.file;
	int rc = data_begin(file, io, src_fd, dst_fd, src, dst_dev, fault);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (!may_split(ranges, file) || map_shared(ranges) < 0) {
		rc = data_part(file, 0, INT64_MAX);
		return rc < 0 ? rc : data_end(file);
	}
	filling.shared = ranges->shared;
	atomic_store(&filling.shared->next, 0);
	atomic_store(&filling.shared->in_hand, NO_RANGE);
	atomic_store(&filling.shared->moved, 0);
	atomic_store(&filling.shared->is_over, 0);
	rc = copy_ranges(&filling);
	return rc < 0 ? rc : finish(&filling, rc > 0);
}

void ranges_release(struct ranges *ranges)
{
	if (ranges->shared)
		mp_shm_unmap(ranges->shared, sizeof(*ranges->shared));
	ranges->shared = NULL;
}
