/* SPDX-License-Identifier: MIT */
#include "engine/worker_parts.h"

#include "base/num.h"
#include "engine/bounds.h"
#include "engine/place.h"
#include "engine/rooms.h"
#include "engine/waits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Copying more bytes than this takes longer than making the file. */
#define TURN_FILE_BYTES UINT64_C(32768)

static const char *action_text(enum copy_outcome outcome, bool is_dry_run)
{
	switch (outcome) {
	case COPY_MADE:
	case COPY_UNSTABLE:
		return is_dry_run ? "copy" : "copied";
	case COPY_MENDED:
		return is_dry_run ? "mend" : "mended";
	case COPY_UNCHANGED:
		return "unchanged";
	case COPY_LEFT_OUT:
		return "left out";
	case COPY_VANISHED:
	case COPY_IN_WAY:
	case COPY_LINK_FULL:
	case COPY_NO_PLACE:
	case COPY_STOPPED:
	case COPY_FAILED:
		break;
	}
	return NULL;
}

static void count_outcome(struct counts *counts, enum copy_outcome outcome)
{
	switch (outcome) {
	case COPY_UNSTABLE:
		counts->n_changed++;
		counts->n_copied++;
		break;
	case COPY_MADE:
		counts->n_copied++;
		break;
	case COPY_MENDED:
		counts->n_mended++;
		counts->n_unchanged++;
		break;
	case COPY_UNCHANGED:
		counts->n_unchanged++;
		break;
	case COPY_LEFT_OUT:
		counts->n_unsafe++;
		break;
	case COPY_VANISHED:
		counts->n_changed++;
		break;
	case COPY_FAILED:
		counts->n_failed++;
		break;
	case COPY_IN_WAY:
	case COPY_LINK_FULL:
	case COPY_NO_PLACE:
	case COPY_STOPPED:
		break;
	}
}

static void report(struct worker *worker, struct job *job,
                   const struct job_entry *entry, enum copy_outcome outcome,
                   const struct fault *fault)
{
	const struct pair *pair = &worker->site->pairs[job->operand];
	const char *action = action_text(outcome, worker->settings->is_dry_run);

	if (outcome == COPY_FAILED || outcome == COPY_VANISHED ||
	    outcome == COPY_UNSTABLE)
		worker_say_fault(worker, job, entry->name, job_dst_name(entry),
		                 fault);
	if (outcome == COPY_UNCHANGED && !worker->settings->lists_unchanged)
		action = NULL;
	if (action && worker->settings->lists_entries) {
		worker_path(&worker->path, pair->dst, job_path(job),
		            job->path_len,
		            pair->is_dir ? job_dst_name(entry) : "");
		worker_say(worker, REPLY_ENTRY, 0, action);
	}
}

/* The rest of the job when it is clear that no entry can be done. */
static void fail_rest(struct worker *worker, struct job *job,
                      const struct fault *fault)
{
	struct job_entry *entry = job_in_hand(job);

	for (; job->next < job->n_entries; job->next++) {
		worker_say_fault(worker, job, entry->name, job_dst_name(entry),
		                 fault);
		if (entry->link != JOB_NO_LINK)
			job_note_result(job, entry, JOB_LINK_FAILED);
		/* It vanished with its place, or another took that. */
		if ((fault->err == ENOENT || fault->err == ESTALE) &&
		    !fault->is_at_dst)
			job->counts.n_changed++;
		else
			job->counts.n_failed++;
		entry = job_entry_after(entry);
	}
}

/* What progress did not count of an entry that is done, such as its holes. */
static void round_up_progress(struct worker *worker)
{
	atomic_fetch_add_explicit(&worker->cell->entries, 1,
	                          memory_order_relaxed);
	(void)worker_moved(worker, 0);
	atomic_fetch_add_explicit(&worker->cell->bytes,
	                          worker->entry_limit - worker->entry_bytes,
	                          memory_order_relaxed);
}

/* Links an entry to its group's leader, wherever that is. */
static enum copy_outcome follow(struct worker *worker, const struct job *job,
                                struct copy_dirs *dirs,
                                const struct job_entry *entry, bool *leads,
                                struct counts *counts, struct fault *fault)
{
	const char *path = job_link_path(entry);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t dir_len = slash ? (size_t)(slash - path) : 0;
	struct tree *trees = worker->dst_trees;

	/* The batch's own directories are used again first, so that the cache
	 * does not drop them for the leader's. */
	dirs->src_fd = tree_open(&worker->src_trees[job->operand],
	                         job_path(job), job->path_len);
	if (dirs->dst_fd >= 0)
		dirs->dst_fd = tree_open(&trees[job->operand], job_path(job),
		                         job->path_len);
	int leader_fd = tree_open(&trees[entry->link_operand], path, dir_len);
	return copy_link(&worker->tools, dirs, entry, leader_fd, name, leads,
	                 counts, fault);
}

/* The first loss of a kind on a file system is worth a line. */
static void say_losses(struct worker *worker, const struct job *job,
                       const struct copy_dirs *dirs,
                       const struct job_entry *entry,
                       const struct counts *counts)
{
	const struct pair *pair = &worker->site->pairs[job->operand];
	const struct worker_loss loss = {
		.traits = dirs->traits,
		.before = &job->counts,
		.now = counts,
		.operand = job->operand,
		.dir = job_path(job),
		.dir_len = job->path_len,
		.name = pair->is_dir ? job_dst_name(entry) : "",
	};

	worker_say_losses(worker, &loss);
}

/* What the master has to know of the entry to act on it. */
static enum job_result result_of(const struct job_entry *entry,
                                 enum copy_outcome outcome, bool leads,
                                 bool is_other)
{
	if (outcome == COPY_IN_WAY)
		return JOB_IN_WAY;
	if (outcome == COPY_LINK_FULL)
		return JOB_LINK_FULL;
	if (entry->link == JOB_NO_LINK)
		return JOB_NOTHING;
	if (outcome == COPY_FAILED || outcome == COPY_VANISHED ||
	    outcome == COPY_LEFT_OUT || outcome == COPY_NO_PLACE || is_other)
		return JOB_LINK_FAILED;
	return leads ? JOB_LEADER_THERE : JOB_LINKED;
}

/* The outcome goes into the record only when the entry is done: who dies in
 * between leaves nothing to be counted twice. */
static enum copy_outcome run_entry(struct worker *worker, struct job *job,
                                   struct copy_dirs *dirs,
                                   struct job_entry *entry)
{
	struct counts counts = job->counts;
	struct fault fault = {.what = "failed"};
	bool leads = entry->link == JOB_LEADS;
	enum copy_outcome outcome;

	dirs->shared.ino = 0;
	dirs->is_other = false;
	dirs->made = (struct job_leader){0};
	dirs->notes_made = entry->link != JOB_NO_LINK;
	if (entry->link == JOB_FOLLOWS)
		outcome = follow(worker, job, dirs, entry, &leads, &counts,
		                 &fault);
	else
		outcome = copy_entry(&worker->tools, dirs, entry, &counts,
		                     &fault);
	if (outcome == COPY_STOPPED)
		return outcome;
	/* In a directory of ours it is what a worker made that died here. */
	if ((job->flags & JOB_DST_EMPTY) &&
	    (outcome == COPY_UNCHANGED || outcome == COPY_MENDED)) {
		outcome = COPY_MADE;
		dirs->shared.ino = 0;
	}
	report(worker, job, entry, outcome, &fault);
	count_outcome(&counts, outcome);
	if (dirs->traits)
		say_losses(worker, job, dirs, entry, &counts);
	job_note_result(job, entry,
	                result_of(entry, outcome, leads, dirs->is_other));
	if (leads)
		entry->leader = dirs->made;
	if (dirs->shared.ino)
		job_note_shared(job, entry, &dirs->shared);
	job->counts = counts;
	return outcome;
}

static void run_entries(struct worker *worker, struct job *job,
                        struct copy_dirs *dirs)
{
	struct job_entry *entry = job_in_hand(job);

	while (job->next < job->n_entries) {
		worker_show(worker, job, entry);
		if (worker_is_stopping(worker) ||
		    run_entry(worker, job, dirs, entry) == COPY_STOPPED) {
			job->is_stopped = 1;
			return;
		}
		round_up_progress(worker);
		job->n_deaths = 0;
		job->next++;
		entry = job_entry_after(entry);
	}
}

/* Small files, or such whose blocks are shared, where making them is what takes
 * the time. */
static bool wants_turn(const struct worker *worker, const struct job *job,
                       const struct copy_dirs *dirs)
{
	const struct settings *settings = worker->settings;
	bool shares = job->src_dev == job->dst_dev &&
	              settings->reflink != REFLINK_NEVER;

	return dirs->traits && dirs->traits->takes_turns &&
	       !worker->waits_for_disk && !settings->is_dry_run &&
	       (shares || job->bytes <= TURN_FILE_BYTES * job->n_entries);
}

static void run_in_turn(struct worker *worker, struct job *job,
                        struct copy_dirs *dirs)
{
	struct shared *shared = worker->shared;
	unsigned n_workers = atomic_load(&shared->n_workers);
	uint32_t n_before = job->next;
	struct waits waits;
	bool has_turn = n_workers > 1 && wants_turn(worker, job, dirs) &&
	                turns_take(&shared->turns, n_workers);

	waits_begin(&waits);
	run_entries(worker, job, dirs);
	/* A dry run waits for whoever reads its list. */
	worker->waits_for_disk = !worker->settings->is_dry_run &&
	                         waits_end(&waits, job->next - n_before);
	if (has_turn)
		turns_give(&shared->turns);
	job->has_waited = worker->waits_for_disk;
}

void worker_copy(struct worker *worker, struct job *job)
{
	const struct pair *pair = &worker->site->pairs[job->operand];
	struct copy_dirs dirs = {
		/* But for what a worker that died here left, complete, it
		 * may be: and locked, so that it cannot be replaced. */
		.dst_is_empty =
			(job->flags & JOB_DST_EMPTY) && job->n_deaths == 0,
		.depth = pair->depth +
	                 bounds_depth(job_path(job), job->path_len),
		.writer_before = job->dst_writer,
		.room = rooms_of(pair, worker->index, worker->room_file),
		.note = job->note,
	};
	struct fault fault;

	if (job->next < job->n_entries) {
		if (place_open(worker, job, &dirs, &fault) < 0) {
			fail_rest(worker, job, &fault);
		} else {
			/* What a worker that died here left behind. */
			rooms_sweep(pair, dirs.dst_fd, job->note);
			run_in_turn(worker, job, &dirs);
		}
	}
}
