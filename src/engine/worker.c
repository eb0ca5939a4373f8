/* SPDX-License-Identifier: MIT */
#include "engine/worker_parts.h"

#include "base/num.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool worker_is_stopping(const struct worker *worker)
{
	if (worker->look)
		worker->look(worker->reply_ctx);
	return atomic_load_explicit(&worker->shared->is_stopping,
	                            memory_order_relaxed) != 0;
}

/* Called between pieces of a file; false stops the copy. */
bool worker_moved(void *ctx, uint64_t bytes)
{
	struct worker *worker = ctx;
	uint64_t counted =
		min_u64(worker->entry_limit - worker->entry_bytes, bytes);

	worker->entry_bytes += counted;
	atomic_fetch_add_explicit(&worker->cell->bytes, counted,
	                          memory_order_relaxed);
	atomic_fetch_add_explicit(&worker->cell->moved, bytes,
	                          memory_order_relaxed);
	atomic_fetch_add_explicit(&worker->cell->beats, 1,
	                          memory_order_relaxed);
	return !worker_is_stopping(worker);
}

/* Workers that have nothing in hand, less those that are made up for by a
 * helper of another. A look from outside: good enough to decide who helps. */
static int n_idle(void *ctx)
{
	const struct worker *worker = ctx;
	int n = 0;

	for (unsigned i = 0; i < atomic_load(&worker->shared->n_workers); i++) {
		const struct cell *cell = &worker->shared->cells[i];

		n += cell->name[0] == '\0';
		n -= (int)atomic_load_explicit(&cell->has_helper,
		                               memory_order_relaxed);
	}
	return n;
}

static void has_helper(void *ctx, bool has_one)
{
	const struct worker *worker = ctx;

	atomic_store_explicit(&worker->cell->has_helper, has_one,
	                      memory_order_relaxed);
}

static void helper_died(void *ctx, int pid, int signal_number)
{
	struct worker *worker = ctx;
	struct fault fault = {0};
	char what[80];

	snprintf(what, sizeof(what),
	         "a second worker at it (pid %d) died of signal %d, "
	         "trying again",
	         pid, signal_number);
	fault.what = what;
	worker_say_fault(worker, worker->job, worker->entry->name,
	                 job_dst_name(worker->entry), &fault);
}

void worker_init(struct worker *worker)
{
	size_t n = worker->site->n_pairs;

	worker->tools = (struct copy_tools){
		.settings = worker->settings,
		.io = {.buffer = xmalloc(DATA_BUFFER),
	               .progress = worker_moved,
	               .ctx = worker,
	               .reflink = worker->settings->reflink,
	               .sparse = worker->settings->sparse},
		.ranges = {.n_idle = n_idle,
	                   .has_helper = has_helper,
	                   .died = helper_died,
	                   .ctx = worker},
	};
	worker->src_trees = xcalloc(n, sizeof(*worker->src_trees));
	worker->dst_trees = xcalloc(n, sizeof(*worker->dst_trees));
	for (size_t i = 0; i < n; i++) {
		const struct pair *pair = &worker->site->pairs[i];

		tree_init(&worker->src_trees[i], pair->src_fd, O_NOATIME,
		          &worker->cache);
		worker->src_trees[i].follows_links =
			worker->settings->follow == FOLLOW_ALL;
		tree_init(&worker->dst_trees[i], pair->dst_fd, 0,
		          &worker->cache);
	}
}

void worker_release(struct worker *worker)
{
	tree_cache_release(&worker->cache);
	free(worker->src_trees);
	free(worker->dst_trees);
	free(worker->tools.io.buffer);
	copy_tools_release(&worker->tools);
	buf_release(&worker->path);
	buf_release(&worker->names);
	buf_release(&worker->record);
}

void worker_path(struct buf *out, const char *root, const char *dir,
                 size_t dir_len, const char *name)
{
	buf_truncate(out, 0);
	buf_append_str(out, root);
	if (dir_len) {
		if (out->len && out->data[out->len - 1] != '/')
			buf_append_char(out, '/');
		buf_append(out, dir, dir_len);
	}
	if (*name) {
		if (out->len && out->data[out->len - 1] != '/')
			buf_append_char(out, '/');
		buf_append_str(out, name);
	}
}

/* A path too long for a record keeps its end, which says more. */
static void cut_path(struct buf *path)
{
	const size_t room = JOB_RECORD_MAX / 2;

	if (path->len <= room)
		return;
	memmove(path->data, path->data + path->len - room, room);
	memcpy(path->data, "...", 3);
	buf_truncate(path, room);
}

void worker_say(struct worker *worker, enum reply_kind kind, int err,
                const char *what)
{
	cut_path(&worker->path);
	reply_strings(&worker->record, kind, err, worker->path.data, what);
	/* A closed queue means that nobody listens any more. */
	(void)worker->reply(worker->reply_ctx, worker->record.data,
	                    worker->record.len, false);
}

void worker_say_fault(struct worker *worker, const struct job *job,
                      const char *src_name, const char *dst_name,
                      const struct fault *fault)
{
	const struct pair *pair = &worker->site->pairs[job->operand];
	bool is_file = !pair->is_dir;

	if (fault->is_at_dst)
		worker_path(&worker->path, pair->dst, job_path(job),
		            job->path_len, is_file ? "" : dst_name);
	else
		worker_path(&worker->path, pair->src, job_path(job),
		            job->path_len, is_file ? "" : src_name);
	worker_say(worker, REPLY_FAULT, fault->err, fault->what);
}

void worker_say_losses(struct worker *worker, const struct worker_loss *loss)
{
	const struct pair *pair = &worker->site->pairs[loss->operand];
	char dev[NUM_TEXT_MAX];

	for (unsigned i = 0; i < N_LOST; i++) {
		if (loss->now->lost[i] == loss->before->lost[i] ||
		    (loss->traits->told_losses & (1u << i)))
			continue;
		loss->traits->told_losses |= 1u << i;
		snprintf(dev, sizeof(dev), "%" PRIu64, loss->traits->dev);
		worker_path(&worker->path, pair->dst, loss->dir, loss->dir_len,
		            loss->name);
		worker_say(worker, REPLY_LOSS, (int)i, dev);
	}
}

/* "dir/name", or the name alone when that is too long. */
void worker_show(struct worker *worker, const struct job *job,
                 const struct job_entry *entry)
{
	char *out = worker->cell->name;
	size_t dir_len = job->path_len;

	if (dir_len && dir_len + 1 + entry->name_len < CELL_NAME_MAX) {
		memcpy(out, job_path(job), dir_len);
		out[dir_len] = '/';
		out += dir_len + 1;
	}
	memcpy(out, entry->name,
	       min_size(entry->name_len, CELL_NAME_MAX - 1) + 1);
	worker->cell->name[CELL_NAME_MAX - 1] = '\0';
	worker->job = job;
	worker->entry = entry;
	worker->entry_bytes = 0;
	worker->entry_limit = job_entry_bytes(entry);
}

static void say_done(struct worker *worker, const struct job *job)
{
	atomic_store_explicit(&worker->cell->bytes, 0, memory_order_relaxed);
	atomic_store_explicit(&worker->cell->entries, 0, memory_order_relaxed);
	worker->cell->name[0] = '\0';
	reply_done(&worker->record, job);
	(void)worker->reply(worker->reply_ctx, worker->record.data,
	                    worker->record.len, true);
}

/* Of the kinds that are about a directory itself. */
static void run_for_dir(struct worker *worker, struct job *job)
{
	if (job->next >= job->n_entries) /* given up */
		return;
	worker_show(worker, job, job_in_hand(job));
	if (worker_is_stopping(worker))
		job->is_stopped = 1;
	else if (job->kind == JOB_LIST)
		worker_list(worker, job);
	else
		worker_finish(worker, job);
}

void worker_run(struct worker *worker, struct job *job)
{
	switch ((enum job_kind)job->kind) {
	case JOB_COPY:
		worker_copy(worker, job);
		break;
	case JOB_LOOK:
		worker_look(worker, job);
		break;
	case JOB_LIST:
	case JOB_FINISH:
		run_for_dir(worker, job);
		break;
	}
	say_done(worker, job);
}
