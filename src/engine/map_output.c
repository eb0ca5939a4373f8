/* SPDX-License-Identifier: MIT */
#include "base/fd.h"
#include "base/mono.h"
#include "engine/each_worker.h"
#include "engine/map_work.h"
#include "fs/data.h"
#include "fs/held.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct map_work *work, enum map_reason reason, int rc)
{
	if (rc < 0)
		work->reason = reason;
	return rc;
}

/* Empty, whatever a worker that died here has left. */
static int make_dir(struct map_work *work)
{
	int stage_fd = work->map->stage_fd;

	snprintf(work->dir_name, sizeof(work->dir_name), "%llu",
	         (unsigned long long)work->job->number);
	if (mkdirat(stage_fd, work->dir_name, 0700) < 0) {
		if (errno != EEXIST)
			return -errno;
		int rc = node_remove(stage_fd, work->dir_name, false);
		if (rc < 0)
			return rc;
		if (mkdirat(stage_fd, work->dir_name, 0700) < 0)
			return -errno;
	}
	work->dir_fd = tree_open_child(stage_fd, work->dir_name, 0);
	return work->dir_fd < 0 ? work->dir_fd : 0;
}

/* A source that is written to in the tick of the clock in which it was looked
 * at has the same mtime before and behind. So it is looked at when that is
 * over: what is written to it from then on shows. */
static int look_at_source(struct map_work *work)
{
	static const struct timespec pause = {.tv_nsec = NS_PER_S / 1000};

	for (;;) {
		struct timespec now;

		/* The clock of the kernel's time stamps; it is always there. */
		(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
		int rc = meta_read_at(work->src_dir_fd, work->src_name,
		                      &work->before);
		if (rc < 0 || meta_is_settled(&work->before, now))
			return rc;
		if (!map_work_goes_on(work))
			return -ECANCELED;
		(void)nanosleep(&pause, NULL);
	}
}

int map_work_open(struct map_work *work)
{
	const char *src = map_job_src(work->job);
	int rc;

	work->src_fd = work->out_fd = work->dir_fd = -1;
	work->src_name = map_base(src);
	work->out_name = map_base(map_job_out(work->job));
	work->note = (struct map_note){.told = MAP_TOLD_DONE,
	                               .to_do = work->job->to_do};
	work->src_dir_fd =
		tree_open(&work->map->src_tree, src, map_dir_len(src));
	rc = work->src_dir_fd < 0 ? work->src_dir_fd : look_at_source(work);
	if (rc < 0)
		return fail(work, MAP_NO_SOURCE, rc);
	map_facts_of(&work->before, &work->note.src);
	return fail(work, MAP_NOT_STAGED, make_dir(work));
}

int map_open_quietly(int dir_fd, const char *name)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dir_fd, name, flags | O_NOATIME);

	/* For the owner and CAP_FOWNER only (open(2)). */
	return fd < 0 && errno == EPERM ? openat(dir_fd, name, flags) : fd;
}

int map_work_open_src(struct map_work *work)
{
	struct meta now = {0};

	work->src_fd = map_open_quietly(work->src_dir_fd, work->src_name);
	int rc = work->src_fd < 0 ? -errno : meta_read(work->src_fd, &now);
	if (rc < 0)
		return fail(work, MAP_NOT_READ, rc);
	/* What was opened is what was looked at, and no fifo. */
	if (!held_matches(work->src_fd, &now, &work->before) ||
	    !meta_is(&now, S_IFREG))
		return fail(work, MAP_CHANGED, -ESTALE);
	return 0;
}

int map_work_is_unchanged(struct map_work *work)
{
	struct meta after = {0};
	int rc = meta_read_at(work->src_dir_fd, work->src_name, &after);

	if (rc < 0 && rc != -ENOENT)
		return fail(work, MAP_NOT_READ, rc);
	if (rc == 0 && held_matches(work->src_dir_fd, &after, &work->before) &&
	    meta_same_content(&work->before, &after))
		return 1;
	work->reason = MAP_CHANGED;
	return 0;
}

/* A regular file gets a hash, if there are any. */
static int finish_file(struct map_work *work, bool takes_mode)
{
	struct meta_target target = {.fd = work->out_fd};
	uint32_t mode = work->before.mode & 0777;
	struct meta out = {0};
	int rc = meta_read(work->out_fd, &out);

	if (rc < 0)
		return rc;
	if (takes_mode && (out.mode & META_PERMS) != mode)
		rc = meta_set_perms(target, mode);
	if (rc == 0 && takes_mode && work->map->settings->takes_times)
		rc = meta_set_times(target, &work->before);
	struct traits *traits =
		traits_of(&work->tools.traits, out.dev, work->dir_fd);
	if (rc == 0 && traits->errs_late && fsync(work->out_fd) < 0)
		rc = -errno;
	if (rc == 0 && hash_is_there()) {
		rc = hash_fd(&work->io, work->out_fd, &work->note.out.hash);
		work->note.out.is_hashed = rc == 0;
	}
	return rc;
}

/* Its name, in place of whatever had it. */
static int give_name(struct map_work *work)
{
	const char *out = map_job_out(work->job);
	int dst_fd = tree_open(&work->map->dst_tree, out, map_dir_len(out));

	if (dst_fd < 0)
		return fail(work, MAP_NO_PLACE, dst_fd);
	if (renameat(work->dir_fd, work->out_name, dst_fd, work->out_name) < 0)
		return fail(work, MAP_NOT_PUBLISHED, -errno);
	return 0;
}

/* What a command left under the name, if it is a file. */
static int open_output(struct map_work *work)
{
	struct meta meta = {0};
	int rc;

	work->out_fd = openat(work->dir_fd, work->out_name,
	                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (work->out_fd < 0)
		return fail(
			work, errno == ENOENT ? MAP_NO_OUTPUT : MAP_ODD_OUTPUT,
			errno == ENOENT || errno == ELOOP ? -ESTALE : -errno);
	rc = meta_read(work->out_fd, &meta);
	if (rc == 0 && !meta_is(&meta, S_IFREG))
		rc = -ESTALE;
	return fail(work, MAP_ODD_OUTPUT, rc);
}

/* Somebody has outlived the command, and may still write into what it left:
 * what is there now counts, in a file that nobody else has. */
static int take_snapshot(struct map_work *work)
{
	struct meta meta = {0};
	struct fault fault = {0};
	int from_fd = work->out_fd;
	int rc = meta_read(from_fd, &meta);

	work->out_fd = -1;
	if (rc == 0 && unlinkat(work->dir_fd, work->out_name, 0) < 0)
		rc = -errno;
	if (rc == 0) {
		work->out_fd = openat(work->dir_fd, work->out_name,
		                      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
		                              O_CLOEXEC,
		                      0600);
		rc = work->out_fd < 0 ? -errno : 0;
	}
	if (rc == 0)
		rc = data_copy(&work->tools.io, from_fd, work->out_fd, &meta,
		               meta.dev, &fault);
	(void)fd_close(from_fd);
	return fail(work, MAP_NOT_PUBLISHED, rc);
}

/* Through a descriptor whose place in the file nobody shares. */
static int take_output(struct map_work *work)
{
	bool has_writers = work->worker->has_left;

	if (has_writers)
		work->out_fd = fd_close(work->out_fd);
	int rc = work->out_fd < 0 ? open_output(work) : 0;
	return rc == 0 && has_writers ? take_snapshot(work) : rc;
}

int map_work_publish(struct map_work *work, bool takes_mode)
{
	struct meta out = {0};
	bool is_file = takes_mode || meta_is(&work->before, S_IFREG);
	int rc = 0;

	if (takes_mode)
		rc = take_output(work);
	else if (is_file && work->out_fd < 0)
		rc = open_output(work);
	if (rc == 0 && is_file)
		rc = fail(work, MAP_NOT_PUBLISHED,
		          finish_file(work, takes_mode));
	if (rc == 0)
		rc = fail(work, MAP_NO_OUTPUT,
		          meta_read_at(work->dir_fd, work->out_name, &out));
	if (rc < 0)
		return rc;
	/* Write errors that come late come before the name. */
	int closed = fd_close_checked(work->out_fd);
	work->out_fd = -1;
	if (closed < 0)
		return fail(work, MAP_NOT_PUBLISHED, closed);
	map_facts_of(&out, &work->note.out);
	return give_name(work);
}

void map_work_close(struct map_work *work)
{
	int stage_fd = work->map->stage_fd;

	work->src_fd = fd_close(work->src_fd);
	work->out_fd = fd_close(work->out_fd);
	if (work->dir_fd < 0)
		return;
	/* Empty as a rule. What cannot be removed is tried once more, with
	 * all of them, at the end. */
	if (unlinkat(stage_fd, work->dir_name, AT_REMOVEDIR) < 0)
		(void)node_remove(stage_fd, work->dir_name, false);
	work->dir_fd = fd_close(work->dir_fd);
}
