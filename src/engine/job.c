/* SPDX-License-Identifier: MIT */
#include "engine/job.h"

#include <string.h>

static void pad(struct buf *record)
{
	static const char zeros[8];

	buf_append(record, zeros, align_up(record->len, 8) - record->len);
}

void job_begin(struct buf *record, const struct job *head, const char *path)
{
	buf_truncate(record, 0);
	buf_append(record, head, sizeof(*head));
	buf_append(record, path, head->path_len);
	buf_append_char(record, '\0');
	pad(record);
}

size_t job_entry_size(const struct job_new_entry *entry)
{
	size_t link_len = entry->link_path ? strlen(entry->link_path) : 0;

	return align_up(offsetof(struct job_entry, name) + entry->name_len +
	                        entry->dst_name_len + link_len + 3,
	                8);
}

static void add_string(struct buf *record, const char *text, size_t len)
{
	buf_append(record, text, len);
	buf_append_char(record, '\0');
}

void job_add(struct buf *record, const struct job_new_entry *entry)
{
	size_t link_len = entry->link_path ? strlen(entry->link_path) : 0;
	const struct job_entry head = {
		.meta = *entry->meta,
		.group = entry->group,
		.size = (uint32_t)job_entry_size(entry),
		.link = entry->link,
		.link_operand = entry->link_operand,
		.leader = entry->leader,
		.is_anew = entry->is_anew,
		.link_len = (uint32_t)link_len,
		.name_len = (uint16_t)entry->name_len,
		.dst_name_len = (uint16_t)entry->dst_name_len,
	};

	buf_append(record, &head, offsetof(struct job_entry, name));
	add_string(record, entry->name, entry->name_len);
	add_string(record, entry->dst_name, entry->dst_name_len);
	add_string(record, entry->link_path, link_len);
	pad(record);
	((struct job *)(void *)record->data)->n_entries++;
}

const char *job_path(const struct job *job)
{
	return (const char *)(job + 1);
}

static size_t first_offset(const struct job *job)
{
	return align_up(sizeof(*job) + job->path_len + 1, 8);
}

struct job_entry *job_entry_after(struct job_entry *entry)
{
	return (void *)((char *)entry + entry->size);
}

struct job_entry *job_in_hand(struct job *job)
{
	struct job_entry *entry = (void *)((char *)job + first_offset(job));

	for (uint32_t i = 0; i < job->next; i++)
		entry = job_entry_after(entry);
	return entry;
}

const struct job_entry *job_first(const struct job *job)
{
	return (const void *)((const char *)job + first_offset(job));
}

const struct job_entry *job_next(const struct job_entry *entry)
{
	return (const void *)((const char *)entry + entry->size);
}

void job_note_result(struct job *job, struct job_entry *entry,
                     enum job_result result)
{
	entry->result = result;
	job->has_results |= result != JOB_NOTHING;
}

void job_note_shared(struct job *job, struct job_entry *entry,
                     const struct meta *dst)
{
	entry->shared_dev = dst->dev;
	entry->shared_ino = dst->ino;
	job->has_results = true;
}

const char *job_dst_name(const struct job_entry *entry)
{
	if (entry->dst_name_len)
		return entry->name + entry->name_len + 1;
	return entry->name;
}

const char *job_link_path(const struct job_entry *entry)
{
	return entry->name + entry->name_len + entry->dst_name_len + 2;
}

uint64_t job_entry_bytes(const struct job_entry *entry)
{
	bool has_content =
		meta_is(&entry->meta, S_IFREG) && entry->link != JOB_FOLLOWS;

	return has_content ? entry->meta.size : 0;
}

void reply_begin(struct buf *out, enum reply_kind kind, int err)
{
	const struct reply head = {.kind = kind, .err = err};

	buf_truncate(out, 0);
	buf_append(out, &head, sizeof(head));
}

static const char *end_of_entries(const struct job *job)
{
	const struct job_entry *entry = job_first(job);

	for (uint32_t i = 0; i < job->n_entries; i++)
		entry = job_next(entry);
	return (const char *)entry;
}

const struct job_inode *job_up(const struct job *job)
{
	return (const void *)end_of_entries(job);
}

static size_t record_size(const struct job *job)
{
	return (size_t)(end_of_entries(job) - (const char *)job);
}

void reply_done(struct buf *out, const struct job *job)
{
	reply_begin(out, REPLY_DONE, 0);
	buf_append(out, job,
	           job->has_results ? record_size(job) : sizeof(*job));
}

void reply_strings(struct buf *out, enum reply_kind kind, int err,
                   const char *path, const char *what)
{
	reply_begin(out, kind, err);
	buf_append(out, path, strlen(path) + 1);
	buf_append(out, what, strlen(what) + 1);
}
