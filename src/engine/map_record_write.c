/* SPDX-License-Identifier: MIT */
#include "engine/map_stored.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NEW_NAME   "record.new"
#define SPARSE_MIN ((uint64_t)64 << 10)

static int add_stored(struct map_record *record, struct stored stored,
                      const void *data, size_t len)
{
	record->is_covered = stored.type == STORED_COVER &&
	                     stored.n_bytes >= record->ledger.end;
	buf_truncate(&record->scratch, 0);
	buf_append(&record->scratch, &stored, sizeof(stored));
	buf_append(&record->scratch, data, len);
	return ledger_append(&record->ledger, record->scratch.data,
	                     record->scratch.len);
}

static int add_command(struct map_record *record)
{
	const struct stored stored = {.type = STORED_COMMAND,
	                              .number = record->n_commands};
	int rc = add_stored(record, stored, record->command.data,
	                    record->command.len);

	if (rc < 0)
		return rc;
	record->current = record->n_commands;
	record->needs_command = false;
	return 0;
}

int map_record_add(struct map_record *record, const struct map_entry *entry)
{
	int rc = record->needs_command ? add_command(record) : 0;
	const struct stored_entry stored = {
		.head = {.type = STORED_ENTRY, .number = record->current},
		.boot = record->boot,
		.kind = entry->kind,
		.is_adopted = entry->is_adopted,
		.src = entry->src,
		.out = entry->out,
		.src_len = (uint32_t)strlen(entry->src_name),
		.out_len = (uint32_t)strlen(entry->out_name),
	};

	if (rc < 0)
		return rc;
	record->is_covered = false;
	buf_truncate(&record->scratch, 0);
	buf_append(&record->scratch, &stored, sizeof(stored));
	buf_append(&record->scratch, entry->src_name,
	           (size_t)stored.src_len + 1);
	buf_append(&record->scratch, entry->out_name,
	           (size_t)stored.out_len + 1);
	return ledger_append(&record->ledger, record->scratch.data,
	                     record->scratch.len);
}

int map_record_forget(struct map_record *record, const char *out_name)
{
	return add_stored(record, (struct stored){.type = STORED_GONE},
	                  out_name, strlen(out_name) + 1);
}

int map_record_cover(struct map_record *record, uint64_t n_bytes)
{
	return add_stored(
		record,
		(struct stored){.type = STORED_COVER, .n_bytes = n_bytes}, NULL,
		0);
}

static uint64_t n_live_bytes(const struct map_record *record)
{
	struct map_entry entry;
	uint64_t n = 0;

	for (size_t i = 0; map_record_next(record, &i, &entry);)
		n += sizeof(struct stored_entry) + strlen(entry.src_name) +
		     strlen(entry.out_name);
	return n;
}

bool map_record_is_sparse(const struct map_record *record)
{
	return record->ledger.end > SPARSE_MIN &&
	       n_live_bytes(record) < record->ledger.end / 2;
}

/* Entries that count, and all commands, go over as they are. */
static int copy_live(const struct map_record *record, struct ledger *into)
{
	struct map_entry entry;
	int rc = 0;

	for (uint32_t k = 0; rc == 0 && k < record->n_commands; k++) {
		uint64_t at = record->commands[k];
		struct ledger_record from;

		if (at == 0)
			continue;
		from = ledger_get(&record->ledger, at);
		rc = ledger_append(into, from.data, from.len);
	}
	for (size_t i = 0; rc == 0 && map_record_next(record, &i, &entry);) {
		struct ledger_record from =
			ledger_get(&record->ledger, record->slots[i - 1].at);

		rc = ledger_append(into, from.data, from.len);
	}
	if (rc < 0)
		return rc;
	const struct stored cover = {.type = STORED_COVER,
	                             .n_bytes = into->end};
	return ledger_append(into, &cover, sizeof(cover));
}

int map_record_compact(struct map_record *record, const char *const *words,
                       size_t n_words)
{
	int dir_fd = record->dir_fd;
	struct ledger into;

	/* Of a run that was killed while it did the same. */
	if (unlinkat(dir_fd, NEW_NAME, 0) < 0 && errno != ENOENT)
		return -errno;
	int rc = ledger_open(&into, dir_fd, NEW_NAME);
	if (rc < 0)
		return rc;
	rc = copy_live(record, &into);
	if (rc == 0 && fdatasync(into.fd) < 0)
		rc = -errno;
	ledger_close(&into);
	if (rc == 0 && renameat(dir_fd, NEW_NAME, dir_fd, MAP_RECORD_NAME) < 0)
		rc = -errno;
	if (rc < 0)
		return rc;
	map_record_close(record);
	return map_record_open(record, dir_fd, words, n_words);
}
