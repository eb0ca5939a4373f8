/* SPDX-License-Identifier: MIT */
/* What a worker does of the walk, where each call is far away. */
#include "engine/worker_parts.h"

#include "base/fd.h"
#include "engine/dirs.h"
#include "engine/enter.h"
#include "engine/finish.h"
#include "fs/held.h"
#include "fs/scan.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

/* Names that one reply brings, and one job. The directory is opened again for
 * the next job, and some file systems then read all of it once more. */
#define PIECE_BYTES ((size_t)60 << 10)
#define JOB_PIECES  8
_Static_assert(sizeof(struct reply) + sizeof(struct reply_names) + PIECE_BYTES +
                               NAME_MAX + 2 <=
                       REPLY_MAX,
               "a piece of a listing fits a reply");
_Static_assert(PIECE_BYTES *JOB_PIECES <= JOB_LIST_BYTES, "as is allowed");

/* About the job's directory itself. */
static void say_dir_fault(struct worker *worker, const struct job *job,
                          const struct fault *fault)
{
	worker_say_fault(worker, job, "", "", fault);
}

static bool is_loop(struct worker *worker, const struct job *job,
                    const struct enter_dir *dir)
{
	const struct job_inode *up = job_up(job);
	size_t len = dir->path_len;

	for (uint32_t i = 0; i < job->n_up; i++) {
		len = enter_upper_len(dir, len);
		if (up[i].dev == dir->meta.dev && up[i].ino == dir->meta.ino &&
		    enter_is_upper(worker, dir, len))
			return true;
	}
	return false;
}

/* Gone since it was listed, and what was in it. */
static void say_vanished(struct worker *worker, struct job *job,
                         const char *name)
{
	struct fault fault;

	(void)fault_src(&fault, "vanished", -ENOENT);
	job->counts.n_changed++;
	worker_say_fault(worker, job, name, name, &fault);
}

/* Nothing is made for it. */
static void leave_out(struct worker *worker, struct job *job,
                      const struct fault *fault)
{
	if (fault->err == ENOENT && !fault->is_at_dst) {
		say_vanished(worker, job, "");
		return;
	}
	say_dir_fault(worker, job, fault);
	job->counts.n_failed++;
}

static void note_entered(struct job *job, struct job_entry *entry,
                         const struct enter_dir *dir)
{
	entry->meta = dir->meta;
	job->src_dev = dir->meta.dev;
	job->src_ino = dir->meta.ino;
	job->dst_dev = dir->dst_dev;
	job->dst_ino = dir->dst_ino;
	job->dst_writer = dir->dst_writer;
	job->flags |= dir->flags & DIRS_JOB_FLAGS;
	if (dir->is_elsewhere)
		job->flags |= JOB_NO_NAMES;
	job_note_result(job, entry, JOB_FOUND);
	/* Who takes over after a death believes the above. */
	atomic_signal_fence(memory_order_release);
	job->flags |= JOB_ENTERED;
}

static void enter(struct worker *worker, struct job *job,
                  struct job_entry *entry)
{
	struct enter_dir dir = {
		.operand = job->operand,
		.path = job_path(job),
		.path_len = job->path_len,
		.up_flags = job->up_flags,
	};
	struct fault fault, dst_fault;
	int fd = enter_open_src(worker, &dir, &fault);

	if (fd >= 0 && is_loop(worker, job, &dir))
		fd = enter_refuse_loop(&fault);
	if (fd < 0 && !dir.is_elsewhere &&
	    (fault.err != EACCES || enter_read_unreadable(worker, &dir) < 0)) {
		leave_out(worker, job, &fault);
		return;
	}
	int rc = enter_make_dst(worker, &dir, fd, &dst_fault);
	if (rc < 0 && (dir.flags & DIR_IN_WAY)) {
		job_note_result(job, entry, JOB_IN_WAY);
		return;
	}
	if (fd < 0 && !dir.is_elsewhere) {
		say_dir_fault(worker, job, &fault);
		job->counts.n_failed++;
		job->flags |= JOB_NO_NAMES;
	}
	if (rc < 0)
		leave_out(worker, job, &dst_fault);
	else
		note_entered(job, entry, &dir);
}

static void begin_piece(struct worker *worker)
{
	const struct reply_names head = {0};

	reply_begin(&worker->names, REPLY_NAMES, 0);
	buf_append(&worker->names, &head, sizeof(head));
}

static bool piece_is_empty(const struct worker *worker)
{
	return worker->names.len ==
	       sizeof(struct reply) + sizeof(struct reply_names);
}

/* The master believes the cookie of the last piece it has, should this worker
 * die. */
static void send_piece(struct worker *worker, const struct job *job,
                       uint64_t cookie)
{
	const struct reply_names head = {job->owner, cookie};

	if (piece_is_empty(worker))
		return;
	memcpy(worker->names.data + sizeof(struct reply), &head, sizeof(head));
	/* A closed queue means that nobody listens any more. */
	(void)worker->reply(worker->reply_ctx, worker->names.data,
	                    worker->names.len, false);
	begin_piece(worker);
}

/* 1 when there is more, 0 at the end. */
static int send_names(struct worker *worker, struct job *job, struct scan *scan)
{
	struct scan_entry entry = {.cookie = job->cookie};
	int rc = scan_seek(scan, job->cookie);
	int n_pieces = 0;

	begin_piece(worker);
	while (rc >= 0 && n_pieces < JOB_PIECES) {
		if (worker_is_stopping(worker)) {
			job->is_stopped = 1;
			break;
		}
		rc = scan_next(scan, &entry);
		if (rc <= 0)
			break;
		buf_append_char(&worker->names, (char)entry.type);
		buf_append(&worker->names, entry.name, entry.name_len + 1);
		(void)worker_moved(worker, 0);
		if (worker->names.len >= PIECE_BYTES) {
			send_piece(worker, job, entry.cookie);
			n_pieces++;
		}
	}
	send_piece(worker, job, entry.cookie);
	return rc;
}

static int open_scan(struct worker *worker, const struct job *job,
                     struct scan *scan)
{
	int fd = tree_open(&worker->src_trees[job->operand], job_path(job),
	                   job->path_len);

	if (fd < 0)
		return fd;
	int rc = held_same(fd, job->src_dev, job->src_ino);
	if (rc < 0)
		return rc;
	fd = enter_open_names(fd, job->path_len == 0);
	rc = fd < 0 ? fd : scan_open(scan, fd);
	if (rc < 0)
		(void)fd_close(fd);
	return rc;
}

/* An entry of the directory, or it itself, cannot be read any more. */
static void say_unreadable(struct worker *worker, struct job *job,
                           const char *what, int rc)
{
	struct fault fault;

	if (rc == -ENOENT) {
		say_vanished(worker, job, "");
		return;
	}
	(void)fault_src(&fault, rc == -ESTALE ? "was replaced meanwhile" : what,
	                rc);
	job->counts.n_failed++;
	say_dir_fault(worker, job, &fault);
}

static void list(struct worker *worker, struct job *job)
{
	struct scan scan = {.fd = -1};
	int rc = open_scan(worker, job, &scan);

	if (rc < 0) {
		say_unreadable(worker, job, "cannot open directory", rc);
		return;
	}
	rc = send_names(worker, job, &scan);
	scan_close(&scan);
	if (rc > 0)
		job->flags |= JOB_HAS_MORE;
	if (rc < 0)
		say_unreadable(worker, job, "cannot read directory", rc);
}

void worker_list(struct worker *worker, struct job *job)
{
	struct job_entry *entry = job_in_hand(job);

	if (!(job->flags & JOB_ENTERED))
		enter(worker, job, entry);
	if ((job->flags & JOB_ENTERED) && !(job->flags & JOB_NO_NAMES))
		list(worker, job);
	job->has_results = 1;
	if (!job->is_stopped)
		job->next++;
}

static void look_at(struct worker *worker, struct job *job, int dir_fd,
                    struct job_entry *entry)
{
	struct fault fault;
	struct meta meta;
	bool has_vanished;
	int rc = enter_look(worker, dir_fd, entry->name, &meta, &has_vanished);

	if (rc == 0) {
		entry->meta = meta;
		job_note_result(job, entry, JOB_FOUND);
	} else if (has_vanished) {
		say_vanished(worker, job, entry->name);
	} else {
		(void)fault_src(&fault, "cannot stat", rc);
		worker_say_fault(worker, job, entry->name, entry->name, &fault);
		job->counts.n_failed++;
	}
}

void worker_look(struct worker *worker, struct job *job)
{
	struct job_entry *entry = job_in_hand(job);
	int fd = tree_open(&worker->src_trees[job->operand], job_path(job),
	                   job->path_len);
	int rc = fd < 0 ? fd : held_same(fd, job->src_dev, job->src_ino);

	if (rc < 0) {
		say_unreadable(worker, job, "cannot open directory", rc);
		job->next = job->n_entries;
	}
	while (job->next < job->n_entries) {
		worker_show(worker, job, entry);
		if (worker_is_stopping(worker)) {
			job->is_stopped = 1;
			return;
		}
		look_at(worker, job, fd, entry);
		(void)worker_moved(worker, 0);
		job->n_deaths = 0;
		job->next++;
		entry = job_entry_after(entry);
	}
}

void worker_finish(struct worker *worker, struct job *job)
{
	struct job_entry *entry = job_in_hand(job);
	struct counts counts = job->counts;
	const struct finish finish = {
		.operand = job->operand,
		.path = job_path(job),
		.path_len = job->path_len,
		.want = &entry->meta,
		.dst_dev = job->dst_dev,
		.dst_ino = job->dst_ino,
		.is_new = (job->flags & JOB_DST_EMPTY) != 0,
	};
	struct fault fault;

	if (finish_dir(worker, &finish, &counts, &fault) >= 0) {
		job_note_result(job, entry, JOB_FINISHED);
	} else {
		say_dir_fault(worker, job, &fault);
		counts.n_failed++;
	}
	job->counts = counts;
	job->next++;
}
