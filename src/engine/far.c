/* SPDX-License-Identifier: MIT */
#include "engine/far.h"

#include "engine/feed.h"
#include "engine/share.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* Has a worker give a directory its metadata. */
static void send_finish(void *ctx, struct dir *dir)
{
	struct feed *feed = ctx;
	const struct buf *path = dirs_path(feed->dirs, dir);
	const struct job head = dirs_job(dir, JOB_FINISH, path->len);
	const struct job_new_entry entry = {.meta = &dir->meta, .name = ""};
	struct buf record = {0};

	job_begin(&record, &head, path->data);
	job_add(&record, &entry);
	backlog_push_front(&feed->backlog, &record);
	buf_release(&record);
}

void far_init(struct feed *feed)
{
	feed->far.to_look_last = &feed->far.to_look;
	feed->dirs->send = send_finish;
	feed->dirs->send_ctx = feed;
}

void far_release(struct feed *feed)
{
	buf_release(&feed->far.record);
}

/* ---- what there is to do ---- */

static bool has_names(const struct far_dir *at)
{
	return at->is_entered && at->names_at < at->names.len;
}

static bool has_subdirs(const struct far_dir *at)
{
	return at->is_entered && at->dir->subdirs_at < at->dir->subdirs.len;
}

static bool wants_listing(const struct far_dir *at)
{
	return !at->is_listing && (!at->is_entered || !at->is_listed);
}

static void end_walk(struct feed *feed, struct far_dir *at)
{
	struct dir *dir = at->dir;

	buf_release(&at->names);
	buf_release(&dir->subdirs);
	dir->subdirs_at = 0;
	dir->far = NULL;
	free(at);
	dirs_let_go(feed->dirs, dir);
}

static bool is_known(const struct far_dir *at)
{
	return !at->is_listing && at->is_entered && at->is_listed &&
	       !has_names(at) && !at->n_looking;
}

/* Puts it into the lists that it belongs into, or ends its walk. */
static void settle(struct feed *feed, struct far_dir *at)
{
	struct far *far = &feed->far;

	if (is_known(at) && !share_is_divided(at->dir))
		share_divide(at->dir, feed->tally);
	if (has_names(at) && !at->is_to_look) {
		at->is_to_look = true;
		at->next_to_look = NULL;
		*far->to_look_last = at;
		far->to_look_last = &at->next_to_look;
	}
	if ((has_subdirs(at) || wants_listing(at)) && !at->is_to_list) {
		at->is_to_list = true;
		at->next_to_list = far->to_list;
		far->to_list = at;
	}
	if (!at->is_to_look && !at->is_to_list && !at->is_listing &&
	    !at->n_looking)
		end_walk(feed, at);
}

static struct far_dir *begin_walk(struct dir *dir)
{
	struct far_dir *at = xcalloc(1, sizeof(*at));

	at->dir = dir;
	dir->far = at;
	dir->flags |= DIR_FAR;
	return at;
}

void far_take(struct feed *feed, struct dir *dir, uint64_t cookie,
              bool is_listed)
{
	struct far_dir *at = begin_walk(dir);

	at->is_entered = true;
	at->is_listed = is_listed;
	at->cookie = cookie;
	settle(feed, at);
}

static bool has_room_to_list(const struct feed *feed)
{
	const struct far *far = &feed->far;
	uint64_t expected = (far->n_listing + 1) * JOB_LIST_BYTES;

	return feed->backlog.bytes + feed->backlog.set_aside +
	               far->names_bytes + expected <=
	       BACKLOG_MAX;
}

bool far_has_next(const struct feed *feed)
{
	const struct far *far = &feed->far;

	if (backlog_is_full(&feed->backlog))
		return false;
	return far->to_look || (far->to_list && has_room_to_list(feed));
}

bool far_is_idle(const struct feed *feed)
{
	const struct far *far = &feed->far;

	return !far->n_in_flight && !far->to_look && !far->to_list;
}

/* ---- jobs ---- */

/* Takes names off as many as fit one job. */
static void add_names(struct far *far, struct far_dir *at)
{
	struct buf *record = &far->record;

	for (int i = 0; i < JOB_ENTRIES_FAR && has_names(at); i++) {
		const char *name = at->names.data + at->names_at;
		const struct meta meta = {
			.mode = DTTOIF((uint32_t)(unsigned char)*name)};
		const struct job_new_entry entry = {
			.meta = &meta,
			.name = name + 1,
			.name_len = strlen(name + 1),
		};

		if (i > 0 &&
		    record->len + job_entry_size(&entry) > JOB_RECORD_MAX)
			break;
		job_add(record, &entry);
		at->names_at += entry.name_len + 2;
		far->names_bytes -= entry.name_len + 2;
	}
}

static void begin_look(struct feed *feed, struct far_dir *at)
{
	struct far *far = &feed->far;
	const struct buf *path = dirs_path(feed->dirs, at->dir);
	const struct job head = dirs_job(at->dir, JOB_LOOK, path->len);

	job_begin(&far->record, &head, path->data);
	add_names(far, at);
	at->n_looking++;
	if (has_names(at))
		return;
	buf_release(&at->names);
	at->names_at = 0;
	at->is_to_look = false;
	far->to_look = at->next_to_look;
	if (!far->to_look)
		far->to_look_last = &far->to_look;
	settle(feed, at);
}

/* A directory may lead back to one that it is in. */
static void add_up(struct feed *feed, const struct dir *dir)
{
	struct buf *record = &feed->far.record;
	uint32_t n = 0;

	for (const struct dir *up = dir->parent; up; up = up->parent, n++) {
		const struct job_inode inode = {up->meta.dev, up->meta.ino};

		buf_append(record, &inode, sizeof(inode));
	}
	((struct job *)(void *)record->data)->n_up = n;
}

static void begin_listing(struct feed *feed, struct far_dir *at)
{
	struct far *far = &feed->far;
	struct dir *dir = at->dir;
	const struct buf *path = dirs_path(feed->dirs, dir);
	struct job head = dirs_job(dir, JOB_LIST, path->len);
	const struct job_new_entry entry = {.meta = &dir->meta, .name = ""};

	if (at->is_entered)
		head.flags |= JOB_ENTERED;
	if (dir->parent)
		head.up_flags = dir->parent->flags & DIRS_JOB_FLAGS;
	head.cookie = at->cookie;
	job_begin(&far->record, &head, path->data);
	job_add(&far->record, &entry);
	if (!at->is_entered)
		add_up(feed, dir);
	at->is_listing = true;
	far->n_listing++;
}

static struct far_dir *next_subdir(struct feed *feed, struct dir *dir)
{
	const char *name = dir->subdirs.data + dir->subdirs_at;
	size_t len = strlen(name);

	dir->subdirs_at += len + 1;
	return begin_walk(dirs_add(feed->dirs, dir, dir->operand, name, len));
}

static void begin_next_listing(struct feed *feed)
{
	struct far *far = &feed->far;
	struct far_dir *at = far->to_list;

	if (wants_listing(at))
		begin_listing(feed, at);
	else
		begin_listing(feed, next_subdir(feed, at->dir));
	if (has_subdirs(at) || wants_listing(at))
		return;
	at->is_to_list = false;
	far->to_list = at->next_to_list;
	settle(feed, at);
}

const struct buf *far_next(struct feed *feed)
{
	struct far *far = &feed->far;

	far->n_in_flight++;
	if (far->to_look)
		begin_look(feed, far->to_look);
	else
		begin_next_listing(feed);
	return &far->record;
}

/* ---- what they bring ---- */

static struct dir *dir_of(const struct job *job)
{
	return (struct dir *)(uintptr_t)job->owner;
}

uint64_t far_cookie(const struct job *job)
{
	return dir_of(job)->far->cookie;
}

void far_on_names(struct feed *feed, const struct reply_names *head,
                  const char *names, size_t len)
{
	struct dir *dir = (struct dir *)(uintptr_t)head->owner;
	struct far_dir *at = dir->far;
	const char *end = names + len;

	at->cookie = head->cookie;
	while (names < end) {
		size_t n = strlen(names + 1) + 2;

		if (*names == DT_DIR) {
			feed_found_dir(feed, dir, names + 1, n - 2);
		} else {
			buf_append(&at->names, names, n);
			feed->far.names_bytes += n;
		}
		names += n;
	}
	settle(feed, at);
}

static void leave_out(struct feed *feed, struct far_dir *at)
{
	at->dir->flags |= DIR_NO_FINISH;
	at->is_entered = at->is_listed = true;
	feed->tally->n_dirs_done++;
}

static void clear_way(struct feed *feed, struct far_dir *at)
{
	const struct buf *path = dirs_path(feed->dirs, at->dir);
	const struct enter_dir dir = {.operand = at->dir->operand,
	                              .path = path->data,
	                              .path_len = path->len};
	struct fault fault;

	if (enter_clear_way(feed->worker, &dir, &fault) == 0)
		return; /* to be entered again */
	feed->tally->n_failed++;
	feed->observer.fault(feed->observer.ctx, at->dir, "", &fault);
	leave_out(feed, at);
}

static void on_entered(struct feed *feed, struct far_dir *at,
                       const struct job *job)
{
	struct dir *dir = at->dir;

	dir->meta = job_first(job)->meta;
	dir->flags |= job->flags & DIRS_JOB_FLAGS;
	dir->dst_dev = job->dst_dev;
	dir->dst_ino = job->dst_ino;
	dir->dst_writer = job->dst_writer;
	at->is_entered = true;
	if (dir->flags & (DIR_DST_EMPTY | DIR_DST_MISSING))
		feed->observer.made_dir(feed->observer.ctx, dir);
}

static void on_entering(struct feed *feed, struct far_dir *at,
                        const struct job *job)
{
	enum job_result result = (enum job_result)job_first(job)->result;

	if (result == JOB_IN_WAY) {
		clear_way(feed, at);
	} else if (result == JOB_FOUND) {
		on_entered(feed, at, job);
	} else {
		leave_out(feed, at);
	}
}

void far_on_listed(struct feed *feed, const struct job *job)
{
	struct far_dir *at = dir_of(job)->far;

	feed->far.n_in_flight--;
	feed->far.n_listing--;
	if (job->is_stopped)
		return;
	at->is_listing = false;
	if (!at->is_entered)
		on_entering(feed, at, job);
	if (at->is_entered && !(job->flags & JOB_HAS_MORE))
		at->is_listed = true;
	settle(feed, at);
}

void far_on_looked(struct feed *feed, const struct job *job)
{
	const struct job_entry *entry = job_first(job);
	struct dir *dir = dir_of(job);
	struct buf filling = backlog_put_aside(&feed->backlog);

	feed->far.n_in_flight--;
	for (uint32_t i = 0; i < job->next && job->has_results; i++) {
		if (entry->result == JOB_FOUND)
			feed_found(feed, dir, &entry->meta, entry->name,
			           entry->name_len);
		entry = job_next(entry);
	}
	backlog_take_up(&feed->backlog, filling);
	if (job->is_stopped)
		return;
	dir->far->n_looking--;
	settle(feed, dir->far);
}

void far_on_finished(struct feed *feed, const struct job *job)
{
	struct dir *dir = dir_of(job);
	bool is_finished =
		job->has_results && job_first(job)->result == JOB_FINISHED;

	if (job->is_stopped)
		return;
	if (!is_finished) /* that was said and counted */
		feed->tally->n_dirs_done++;
	dir->flags |= is_finished ? DIR_DRESSED : DIR_NO_FINISH;
	dirs_let_go(feed->dirs, dir);
}
