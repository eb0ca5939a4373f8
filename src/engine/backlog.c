/* SPDX-License-Identifier: MIT */
#include "engine/backlog.h"

#include <stdlib.h>
#include <string.h>

void backlog_init(struct backlog *backlog)
{
	backlog->last = &backlog->first;
}

void backlog_release(struct backlog *backlog)
{
	struct backlog_job *job;

	while ((job = backlog_take(backlog)))
		free(job);
	buf_release(&backlog->batch);
}

bool backlog_is_full(const struct backlog *backlog)
{
	return backlog->bytes + backlog->set_aside >= BACKLOG_MAX;
}

struct backlog_job *backlog_take(struct backlog *backlog)
{
	struct backlog_job *job = backlog->first;

	if (!job)
		return NULL;
	backlog->first = job->next;
	if (!backlog->first)
		backlog->last = &backlog->first;
	backlog->bytes -= job->len;
	return job;
}

static struct job *batch_head(struct backlog *backlog)
{
	return (struct job *)(void *)backlog->batch.data;
}

static struct backlog_job *new_job(const struct buf *record)
{
	struct backlog_job *job = xmalloc(sizeof(*job) + record->len);

	memcpy(job->record, record->data, record->len);
	job->len = record->len;
	job->next = NULL;
	return job;
}

void backlog_push_front(struct backlog *backlog, const struct buf *record)
{
	struct backlog_job *job = new_job(record);

	job->next = backlog->first;
	if (!backlog->first)
		backlog->last = &job->next;
	backlog->first = job;
	backlog->bytes += job->len;
}

static void push_back(struct backlog *backlog, const struct buf *record)
{
	struct backlog_job *job = new_job(record);

	*backlog->last = job;
	backlog->last = &job->next;
	backlog->bytes += job->len;
}

void backlog_flush(struct backlog *backlog)
{
	if (backlog->batch.len == 0)
		return;
	/* Else one worker may have a big file left when all others are done. */
	if (batch_head(backlog)->bytes >= BACKLOG_BIG)
		backlog_push_front(backlog, &backlog->batch);
	else
		push_back(backlog, &backlog->batch);
	buf_truncate(&backlog->batch, 0);
}

struct buf backlog_put_aside(struct backlog *backlog)
{
	struct buf filling = backlog->batch;

	backlog->batch = (struct buf){0};
	return filling;
}

void backlog_take_up(struct backlog *backlog, struct buf filling)
{
	backlog_flush(backlog);
	buf_release(&backlog->batch);
	backlog->batch = filling;
}

static void batch_begin(struct backlog *backlog, struct dir *dir)
{
	const struct buf *path = dirs_path(backlog->dirs, dir);
	const struct job head = dirs_job(dir, JOB_COPY, path->len);

	job_begin(&backlog->batch, &head, path->data);
	dirs_hold(dir);
}

static bool batch_has_room(struct backlog *backlog, const struct dir *dir,
                           uint64_t bytes, size_t size)
{
	const struct job *head = batch_head(backlog);
	uint32_t n_max =
		dir->flags & DIR_FAR ? JOB_ENTRIES_FAR : JOB_ENTRIES_MAX;

	return backlog->batch.len && head->n_entries < n_max &&
	       head->bytes + bytes <= JOB_BYTES_MAX &&
	       backlog->batch.len + size <= JOB_RECORD_MAX;
}

static uint64_t content_bytes(const struct job_new_entry *entry)
{
	bool has_content =
		meta_is(entry->meta, S_IFREG) && entry->link != JOB_FOLLOWS;

	return has_content ? entry->meta->size : 0;
}

void backlog_add(struct backlog *backlog, struct dir *dir,
                 const struct job_new_entry *entry)
{
	uint64_t bytes = content_bytes(entry);

	if (!batch_has_room(backlog, dir, bytes, job_entry_size(entry))) {
		backlog_flush(backlog);
		batch_begin(backlog, dir);
	}
	job_add(&backlog->batch, entry);
	batch_head(backlog)->bytes += bytes;
	backlog->tally->bytes_total += bytes;
}

void backlog_add_single(struct backlog *backlog, struct dir *dir,
                        const struct job_new_entry *entry)
{
	struct buf filling = backlog_put_aside(backlog);

	backlog_add(backlog, dir, entry);
	backlog_take_up(backlog, filling);
}
