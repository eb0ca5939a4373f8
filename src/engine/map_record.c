/* SPDX-License-Identifier: MIT */
#include "engine/map_stored.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMANDS_MAX 100000
#define GONE         UINT64_MAX /* of a slot: nothing is there any more */

void map_facts_of(const struct meta *meta, struct map_facts *facts)
{
	facts->size = meta->size;
	facts->mtime_s = meta->mtime_s;
	facts->mtime_ns = meta->mtime_ns;
}

bool map_facts_match(const struct map_facts *facts, const struct meta *meta)
{
	return facts->size == meta->size && facts->mtime_s == meta->mtime_s &&
	       facts->mtime_ns == meta->mtime_ns;
}

/* FNV-1a, with the ledger's salt: names cannot be made to collide. */
static uint64_t hash_of(const struct map_record *record, const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ record->ledger.salt;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return hash ^ (hash >> 29);
}

/* The ledger has checked that it is whole; this, that it makes sense. */
static bool read_entry(struct ledger_record from, struct map_entry *entry,
                       uint64_t *boot)
{
	const struct stored_entry *stored = from.data;

	if (from.len < sizeof(*stored) || stored->head.type != STORED_ENTRY)
		return false;
	const char *names = (const char *)(stored + 1);
	uint64_t len = (uint64_t)stored->src_len + stored->out_len + 2;
	if (from.len != sizeof(*stored) + len || names[stored->src_len] ||
	    names[len - 1])
		return false;
	*entry = (struct map_entry){
		.kind = stored->kind,
		.is_adopted = stored->is_adopted,
		.command = stored->head.number,
		.src = stored->src,
		.out = stored->out,
		.src_name = names,
		.out_name = names + stored->src_len + 1,
	};
	*boot = stored->boot;
	return true;
}

static bool counts(const struct map_record *record, uint64_t at, uint64_t boot)
{
	return at < record->n_covered || boot == record->boot;
}

/* The place of a name, or a free one. */
static struct map_slot *find_slot(const struct map_record *record,
                                  const char *name, uint64_t hash)
{
	size_t i = (size_t)hash & (record->cap_slots - 1);

	for (; record->slots[i].at; i = (i + 1) & (record->cap_slots - 1)) {
		struct map_slot *slot = &record->slots[i];
		struct map_entry entry;
		uint64_t boot;

		if (slot->hash == hash && slot->at != GONE &&
		    read_entry(ledger_get(&record->ledger, slot->at), &entry,
		               &boot) &&
		    strcmp(entry.out_name, name) == 0)
			break;
	}
	return &record->slots[i];
}

static void grow(struct map_record *record)
{
	size_t old_cap = record->cap_slots;
	struct map_slot *old = record->slots;

	record->cap_slots = old_cap ? 2 * old_cap : 256;
	record->slots = xcalloc(record->cap_slots, sizeof(*record->slots));
	for (size_t k = 0; k < old_cap; k++) {
		size_t i = (size_t)old[k].hash & (record->cap_slots - 1);

		if (old[k].at == 0 || old[k].at == GONE)
			continue;
		while (record->slots[i].at)
			i = (i + 1) & (record->cap_slots - 1);
		record->slots[i] = old[k];
	}
	free(old);
}

static void load_entry(struct map_record *record, struct ledger_record from)
{
	struct map_entry entry;
	uint64_t boot;

	if (!read_entry(from, &entry, &boot))
		return;
	if (2 * record->n_slots >= record->cap_slots)
		grow(record);
	uint64_t hash = hash_of(record, entry.out_name);
	struct map_slot *slot = find_slot(record, entry.out_name, hash);
	record->n_slots += slot->at == 0;
	*slot = (struct map_slot){hash, from.at};
}

static void load_gone(struct map_record *record, const char *name)
{
	if (record->cap_slots == 0)
		return;
	struct map_slot *slot = find_slot(record, name, hash_of(record, name));
	if (slot->at)
		slot->at = GONE;
}

static void load_command(struct map_record *record, uint32_t number,
                         uint64_t at, const char *text, size_t len)
{
	uint32_t n = record->n_commands;

	if (number >= COMMANDS_MAX)
		return;
	if (number >= n) {
		record->n_commands = number + 1;
		record->commands =
			xrealloc(record->commands, (number + 1) * sizeof(at));
		record->is_current = xrealloc(record->is_current,
		                              (number + 1) * sizeof(bool));
		memset(record->commands + n, 0, (number + 1 - n) * sizeof(at));
		memset(record->is_current + n, 0, (number + 1 - n));
	}
	record->commands[number] = at;
	record->is_current[number] =
		len == record->command.len &&
		(len == 0 || memcmp(text, record->command.data, len) == 0);
	if (record->is_current[number]) {
		record->current = number;
		record->needs_command = false;
	}
}

static void load(struct map_record *record, struct ledger_record from)
{
	const struct stored *stored = from.data;
	const char *text = (const char *)(stored + 1);

	if (from.len < sizeof(*stored))
		return;
	size_t len = from.len - sizeof(*stored);
	record->is_covered =
		stored->type == STORED_COVER && stored->n_bytes >= from.at;
	switch ((enum stored_type)stored->type) {
	case STORED_ENTRY:
		load_entry(record, from);
		break;
	case STORED_COMMAND:
		load_command(record, stored->number, from.at, text, len);
		break;
	case STORED_GONE:
		if (len > 0 && text[len - 1] == '\0')
			load_gone(record, text);
		break;
	case STORED_COVER:
		record->n_covered = stored->n_bytes;
		break;
	}
}

/* A number that the next start of the machine will not have. */
static uint64_t boot_number(void)
{
	char text[64] = "";
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	/* lint: path, the kernel's */
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text));

	(void)fd_close(fd);
	for (ssize_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) *
		       UINT64_C(0x100000001b3);
	/* 0: not known, never the same. */
	return len > 0 ? hash | 1 : 0;
}

static void load_all(struct map_record *record)
{
	struct ledger_record from;
	uint64_t at = 0;

	while (ledger_next(&record->ledger, &at, &from))
		load(record, from);
}

static void init(struct map_record *record, int dir_fd,
                 const char *const *words, size_t n_words)
{
	*record = (struct map_record){.dir_fd = dir_fd,
	                              .boot = boot_number(),
	                              .is_covered = true,
	                              .needs_command = true};
	for (size_t i = 0; i < n_words; i++)
		buf_append(&record->command, words[i], strlen(words[i]) + 1);
}

int map_record_open(struct map_record *record, int dir_fd,
                    const char *const *words, size_t n_words)
{
	init(record, dir_fd, words, n_words);
	int rc = ledger_open(&record->ledger, dir_fd, MAP_RECORD_NAME);
	if (rc == 0) {
		load_all(record);
		if (record->ledger.end < record->ledger.size)
			rc = ledger_cut(&record->ledger);
	}
	if (rc < 0)
		map_record_close(record);
	return rc;
}

int map_record_open_to_read(struct map_record *record, int dir_fd,
                            const char *const *words, size_t n_words)
{
	init(record, dir_fd, words, n_words);
	int rc = ledger_open_to_read(&record->ledger, dir_fd, MAP_RECORD_NAME);
	if (rc == 0)
		load_all(record);
	else
		map_record_close(record);
	return rc;
}

void map_record_close(struct map_record *record)
{
	ledger_close(&record->ledger);
	free(record->slots);
	free(record->commands);
	free(record->is_current);
	buf_release(&record->command);
	buf_release(&record->scratch);
	*record = (struct map_record){.ledger = {.fd = -1}};
}

int map_record_find(const struct map_record *record, const char *out_name,
                    struct map_entry *entry)
{
	uint64_t boot;

	if (record->cap_slots == 0)
		return 0;
	const struct map_slot *slot =
		find_slot(record, out_name, hash_of(record, out_name));
	return slot->at &&
	       read_entry(ledger_get(&record->ledger, slot->at), entry,
	                  &boot) &&
	       counts(record, slot->at, boot);
}

int map_record_next(const struct map_record *record, size_t *i,
                    struct map_entry *entry)
{
	uint64_t boot;

	while (*i < record->cap_slots) {
		const struct map_slot *slot = &record->slots[(*i)++];

		if (slot->at && slot->at != GONE &&
		    read_entry(ledger_get(&record->ledger, slot->at), entry,
		               &boot) &&
		    counts(record, slot->at, boot))
			return 1;
	}
	return 0;
}

bool map_record_is_same_command(const struct map_record *record,
                                uint32_t command)
{
	return command < record->n_commands && record->is_current[command];
}
