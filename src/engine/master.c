/* SPDX-License-Identifier: MIT */
#include "engine/master.h"

#include "base/mono.h"
#include "base/num.h"
#include "engine/rooms.h"
#include "fs/node.h"
#include "fs/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void tell_fault(struct master *master, const char *path,
                       const char *what, int err)
{
	const struct observer *observer = master->observer;

	observer->on_fault(observer->ctx, path, what, err);
}

static void tell_entry(struct master *master, const char *action,
                       const char *path)
{
	const struct observer *observer = master->observer;

	if (master->settings.lists_entries && observer->on_entry)
		observer->on_entry(observer->ctx, action, path);
}

static const char *path_of(struct master *master, const struct dir *dir,
                           const char *name, bool is_at_dst)
{
	const struct pair *pair = &master->site.pairs[dir->operand];
	const struct buf *path = dirs_path(&master->dirs, dir);

	worker_path(&master->path, is_at_dst ? pair->dst : pair->src,
	            path->data, path->len, name);
	return master->path.data;
}

static void add_counts(struct tally *tally, const struct counts *counts)
{
	tally->n_copied += counts->n_copied;
	tally->n_unchanged += counts->n_unchanged;
	tally->n_mended += counts->n_mended;
	tally->n_failed += counts->n_failed;
	tally->n_changed += counts->n_changed;
	tally->n_unsafe += counts->n_unsafe;
	for (size_t i = 0; i < N_LOST; i++)
		tally->lost[i] += counts->lost[i];
}

static void on_linked(struct master *master, const struct job *job,
                      const struct job_entry *entry, enum job_result result)
{
	struct link_group *group = (struct link_group *)(uintptr_t)entry->group;
	struct buf path = {0};

	worker_path(&path, "", job_path(job), job->path_len,
	            job_dst_name(entry));
	if (result == JOB_LEADER_THERE)
		links_led_by(group, &entry->leader);
	feed_linked(&master->feed, group, result == JOB_LINK_FAILED ? -EIO : 0,
	            result == JOB_LEADER_THERE || entry->link == JOB_LEADS,
	            job->operand, path.data);
	buf_release(&path);
}

/* Every worker tells of its first ones; the user hears of them once. */
static void on_loss(struct master *master, enum tally_lost what,
                    const char *path, const char *dev)
{
	struct buf line = {0};
	bool is_known;

	/* That only root can give files away is no news: the summary has it. */
	if (what == LOST_OWNERS && geteuid() != 0)
		return;
	buf_printf(&line, "%d %s\n", (int)what, dev);
	is_known = master->losses.len &&
	           memmem(master->losses.data, master->losses.len, line.data,
	                  line.len);
	if (!is_known) {
		buf_append(&master->losses, line.data, line.len);
		tell_fault(master, path, tally_loss_text(what), 0);
	}
	buf_release(&line);
}

/* An inode has as many names as it can: the others get one of their own. */
static void on_link_full(struct master *master, const struct job *job,
                         const struct job_entry *entry)
{
	struct dir *dir = (struct dir *)(uintptr_t)job->owner;
	char dev[NUM_TEXT_MAX];

	if (!feed_link_full(&master->feed, dir, entry))
		return;
	master->tally->lost[LOST_LINKS]++;
	snprintf(dev, sizeof(dev), "%" PRIu64, job->dst_dev);
	on_loss(master, LOST_LINKS,
	        path_of(master, dir, job_dst_name(entry), true), dev);
}

/* With --force: the directory that has the name of something else goes. */
static void on_in_way(struct master *master, const struct job *job,
                      const struct job_entry *entry)
{
	struct dir *dir = (struct dir *)(uintptr_t)job->owner;
	int fd = tree_open(&master->worker.dst_trees[job->operand],
	                   job_path(job), job->path_len);
	int rc = fd < 0 ? fd : node_remove(fd, job_dst_name(entry), true);

	if (rc == 0) {
		feed_again(&master->feed, dir, entry, false);
		return;
	}
	tell_fault(master, path_of(master, dir, job_dst_name(entry), true),
	           "cannot remove directory", -rc);
	master->tally->n_failed++;
	if (entry->link != JOB_NO_LINK)
		on_linked(master, job, entry, JOB_LINK_FAILED);
}

/* The copy was left alone; true when it is the copy of another source, too, so
 * that it has to be made anew. */
static bool on_shared(struct master *master, const struct job *job,
                      const struct job_entry *entry)
{
	const struct twin_inode dst = {entry->shared_dev, entry->shared_ino};
	const struct link_group *group = (void *)(uintptr_t)entry->group;
	/* Numbers of sources are not unique everywhere, those of groups are. */
	const struct twin_inode src =
		group ? (struct twin_inode){UINT64_MAX, links_number(group)}
		      : (struct twin_inode){entry->meta.dev, entry->meta.ino};

	if (master->settings.is_dry_run ||
	    !twins_conflict(&master->twins, dst, src))
		return false;
	master->tally->n_unchanged--;
	feed_again(&master->feed, (struct dir *)(uintptr_t)job->owner, entry,
	           true);
	return true;
}

static void act_on_results(struct master *master, const struct job *job)
{
	const struct job_entry *entry = job_first(job);

	for (uint32_t i = 0; i < job->next; i++) {
		enum job_result result = (enum job_result)entry->result;

		if (entry->shared_ino && on_shared(master, job, entry))
			result = JOB_NOTHING;
		if (result == JOB_IN_WAY)
			on_in_way(master, job, entry);
		else if (result == JOB_LINK_FULL)
			on_link_full(master, job, entry);
		else if (result != JOB_NOTHING)
			on_linked(master, job, entry, result);
		entry = job_next(entry);
	}
}

static void on_copied(struct master *master, const struct job *job)
{
	if (job->has_results)
		act_on_results(master, job);
	master->tally->n_done += job->next;
	master_note_waits(master, job);
	/* A directory that is not complete must not look as if it were. */
	if (job->is_stopped)
		return;
	master->tally->bytes_done += job->bytes;
	dirs_let_go(&master->dirs, (struct dir *)(uintptr_t)job->owner);
}

/* Comes exactly once for each job, however many workers died at it. */
static void on_done(struct master *master, const struct job *job)
{
	add_counts(master->tally, &job->counts);
	switch ((enum job_kind)job->kind) {
	case JOB_COPY:
		on_copied(master, job);
		break;
	case JOB_LIST:
		far_on_listed(&master->feed, job);
		break;
	case JOB_LOOK:
		far_on_looked(&master->feed, job);
		break;
	case JOB_FINISH:
		far_on_finished(&master->feed, job);
		break;
	}
}

static void on_names(struct master *master, const char *reply, size_t len)
{
	const size_t head_len =
		sizeof(struct reply) + sizeof(struct reply_names);

	far_on_names(&master->feed,
	             (const void *)(reply + sizeof(struct reply)),
	             reply + head_len, len - head_len);
}

void master_on_reply(void *ctx, const void *reply, size_t len)
{
	struct master *master = ctx;
	const struct reply *head = reply;
	const char *path = (const char *)(head + 1);

	switch ((enum reply_kind)head->kind) {
	case REPLY_DONE:
		if (len >= sizeof(*head) + sizeof(struct job))
			on_done(master, (const struct job *)(head + 1));
		break;
	case REPLY_FAULT:
		tell_fault(master, path, path + strlen(path) + 1, head->err);
		break;
	case REPLY_LOSS:
		on_loss(master, (enum tally_lost)head->err, path,
		        path + strlen(path) + 1);
		break;
	case REPLY_NAMES:
		on_names(master, reply, len);
		break;
	case REPLY_ENTRY:
		tell_entry(master, path + strlen(path) + 1, path);
		break;
	}
}

/* What the dead worker left unpublished; whoever goes on could not know that
 * nobody will when the run is over. */
static void sweep(struct master *master, struct job *job)
{
	int fd = tree_open(&master->worker.dst_trees[job->operand],
	                   job_path(job), job->path_len);

	if (fd >= 0)
		rooms_sweep(&master->site.pairs[job->operand], fd, job->note);
}

/* What it had done is done. */
static void end_killed(struct master *master, struct job *job, bool is_hung)
{
	if (job->note[0] && !is_hung)
		sweep(master, job);
	add_counts(master->tally, &job->counts);
	if (job->kind == JOB_COPY)
		master->tally->n_done += job->next;
}

static void give_up_entry(struct job *job, struct job_entry *entry)
{
	if (entry->link != JOB_NO_LINK)
		job_note_result(job, entry, JOB_LINK_FAILED);
	job->counts.n_failed++;
	job->n_deaths = 0;
	job->next++;
}

static void tell_death(struct master *master, const char *path,
                       const struct mp_death *death, const char *and)
{
	bool by_signal = death->exit_code < 0;
	char what[80];

	snprintf(what, sizeof(what), "worker %u (pid %d) died of %s %d, %s",
	         death->worker, (int)death->pid,
	         by_signal ? "signal" : "status",
	         by_signal ? -death->exit_code : death->exit_code, and);
	tell_fault(master, path, what, 0);
}

enum mp_queue_verdict master_on_death(void *ctx, struct mp_death *death)
{
	struct master *master = ctx;
	struct job *job = death->task;

	if (master->is_killing) { /* that is no news */
		if (death->is_hung)
			master_tell_hung(master, death);
		if (job)
			end_killed(master, job, death->is_hung);
		return MP_QUEUE_DROP;
	}
	master->tally->n_deaths++;
	if (!job || job->next >= job->n_entries) {
		tell_death(master, "workers", death, "between files");
		return MP_QUEUE_RETRY;
	}
	const struct pair *pair = &master->site.pairs[job->operand];
	struct job_entry *entry = job_in_hand(job);
	worker_path(&master->path, pair->src, job_path(job), job->path_len,
	            pair->is_dir ? entry->name : "");
	job->n_deaths++;
	if (job->kind == JOB_LIST && (job->flags & JOB_ENTERED))
		job->cookie = far_cookie(job);
	bool gives_up = job->n_deaths >= MASTER_DEATHS_MAX;
	tell_death(master, master->path.data, death,
	           gives_up ? "given up" : "trying again");
	if (job->note[0])
		sweep(master, job);
	if (gives_up)
		give_up_entry(job, entry);
	return MP_QUEUE_RETRY;
}

static void on_dir_finished(void *ctx, const struct dir *dir)
{
	struct master *master = ctx;

	(void)dir;
	master->tally->n_dirs++;
	master->tally->n_dirs_done++;
}

static void on_dir_failed(void *ctx, const struct dir *dir,
                          const struct fault *fault)
{
	struct master *master = ctx;

	tell_fault(master, path_of(master, dir, "", fault->is_at_dst),
	           fault->what, fault->err);
	master->tally->n_failed++;
	master->tally->n_dirs_done++;
}

struct dirs_observer master_dirs_observer(struct master *master)
{
	return (struct dirs_observer){.finished = on_dir_finished,
	                              .failed = on_dir_failed,
	                              .ctx = master};
}

static void on_walk_fault(void *ctx, const struct dir *dir, const char *name,
                          const struct fault *fault)
{
	struct master *master = ctx;

	tell_fault(master, path_of(master, dir, name, fault->is_at_dst),
	           fault->what, fault->err);
}

static void on_made_dir(void *ctx, const struct dir *dir)
{
	struct master *master = ctx;

	if (master->settings.lists_entries)
		tell_entry(master, "directory", path_of(master, dir, "", true));
}

struct feed_observer master_feed_observer(struct master *master)
{
	return (struct feed_observer){
		.fault = on_walk_fault, .made_dir = on_made_dir, .ctx = master};
}

void master_tick(struct master *master)
{
	const struct observer *observer = master->observer;
	const struct watch *watch = &master->watch;
	const struct cell *stuck;

	while ((stuck = watch_stuck(&master->watch, mono_now_ns())))
		tell_fault(master, stuck->name, "no progress for 30 seconds",
		           0);
	if (!observer->on_tick)
		return;
	/* What is in hand counts, too. A cell may still show a job whose end
	 * has been seen, so the sums are kept within the totals. */
	struct tally shown = *master->tally;
	shown.bytes_done = min_u64(shown.bytes_done + watch_bytes(watch),
	                           shown.bytes_total);
	shown.n_done =
		min_u64(shown.n_done + watch_entries(watch), shown.n_total);
	shown.bytes_copied = watch_moved(watch);
	observer->on_tick(observer->ctx, &shown, watch_current(watch));
}
