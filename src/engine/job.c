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

void job_add(struct buf *record, const struct meta *meta, const char *name,
             size_t name_len, const char *dst_name, size_t dst_name_len)
{
	size_t size = offsetof(struct job_entry, name) + name_len + 1 +
	              dst_name_len + 1;
	const struct job_entry entry = {
		.meta = *meta,
		.size = (uint32_t)align_up(size, 8),
		.name_len = (uint16_t)name_len,
		.dst_name_len = (uint16_t)dst_name_len,
	};

	buf_append(record, &entry, offsetof(struct job_entry, name));
	buf_append(record, name, name_len);
	buf_append_char(record, '\0');
	buf_append(record, dst_name, dst_name_len);
	buf_append_char(record, '\0');
	pad(record);
	((struct job *)(void *)record->data)->n_entries++;
}

const char *job_path(const struct job *job)
{
	return (const char *)(job + 1);
}

const struct job_entry *job_entry_after(const struct job_entry *entry)
{
	return (const void *)((const char *)entry + entry->size);
}

const struct job_entry *job_in_hand(const struct job *job)
{
	size_t first = align_up(sizeof(*job) + job->path_len + 1, 8);
	const struct job_entry *entry =
		(const void *)((const char *)job + first);

	for (uint32_t i = 0; i < job->next; i++)
		entry = job_entry_after(entry);
	return entry;
}

const char *job_dst_name(const struct job_entry *entry)
{
	if (entry->dst_name_len)
		return entry->name + entry->name_len + 1;
	return entry->name;
}

void reply_strings(struct buf *out, enum reply_kind kind, int err,
                   const char *path, const char *what)
{
	const struct reply head = {.kind = kind, .err = err};

	buf_truncate(out, 0);
	buf_append(out, &head, sizeof(head));
	buf_append(out, path, strlen(path) + 1);
	buf_append(out, what, strlen(what) + 1);
}
