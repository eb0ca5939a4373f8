/* SPDX-License-Identifier: MIT */
/* engine/map_record.h - which output was made from what
 *
 * Model     a ledger (fs/ledger.h) with, for each output, what its source and
 *           it were like; of several about one output the last counts. An
 *           entry is written after its output has got its name. It counts when
 *           the machine has not been started anew since, or when a mark says
 *           that all up to it was on the disk: after a power cut, what cannot
 *           be relied on is made again.
 * Lifetime  open .. close. Names that find and next hand out are the ledger's,
 *           as it was when opened; what is added later is not found.
 * Memory    16 bytes for each output, half of the table being free
 * Errors    negative errno; -EBADMSG: not such a file */
#ifndef ENGINE_MAP_RECORD_H
#define ENGINE_MAP_RECORD_H

#include "base/base.h"
#include "base/buf.h"
#include "fs/hash.h"
#include "fs/ledger.h"
#include "fs/meta.h"

/* How it was made. */
enum map_kind {
	MAP_MADE, /* by the command */
	MAP_COPIED,
	MAP_LINKED,
};

struct map_facts {
	uint64_t size;
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint32_t is_hashed;
	struct hash hash;
};

struct map_entry {
	enum map_kind kind;
	bool is_adopted; /* was there before; not ours to delete */
	uint32_t command;
	struct map_facts src, out;
	const char *src_name, *out_name; /* below SRC and DST, with NUL */
};

struct map_slot {
	uint64_t hash, at; /* at 0: free */
};

struct map_record {
	struct ledger ledger;
	int dir_fd;         /* borrowed */
	uint64_t boot;      /* which start of the machine this is */
	uint64_t n_covered; /* bytes that are sure to be on the disk */
	bool is_covered;    /* and that is all there are */
	struct map_slot *slots;
	size_t n_slots, cap_slots;
	uint64_t *commands; /* where they are, by number */
	bool *is_current;   /* is it the present one */
	uint32_t n_commands;
	struct buf command; /* the present one */
	struct buf scratch;
	bool needs_command; /* is not in the ledger */
	uint32_t current;   /* its number */
};

/* The words of a command are one text, with a NUL behind each. */
int map_record_open(struct map_record *record, int dir_fd,
                    const char *const *words, size_t n_words);

/* The same to look only: -ENOENT if there is none. */
int map_record_open_to_read(struct map_record *record, int dir_fd,
                            const char *const *words, size_t n_words);
void map_record_close(struct map_record *record);

/* 1 and the entry, or 0. */
int map_record_find(const struct map_record *record, const char *out_name,
                    struct map_entry *entry);

/* All that count, in no order; *i starts at 0. */
int map_record_next(const struct map_record *record, size_t *i,
                    struct map_entry *entry);

/* Whether that command is the present one. */
bool map_record_is_same_command(const struct map_record *record,
                                uint32_t command);

/* Adds one with the present command. */
int map_record_add(struct map_record *record, const struct map_entry *entry);

/* The output is gone. */
int map_record_forget(struct map_record *record, const char *out_name);

/* All that was added when the file had n_bytes is on the disk. */
int map_record_cover(struct map_record *record, uint64_t n_bytes);

/* Writes it anew if most of it is out of date. The caller has made sure that
 * the outputs are on the disk. */
bool map_record_is_sparse(const struct map_record *record);
int map_record_compact(struct map_record *record, const char *const *words,
                       size_t n_words);

void map_facts_of(const struct meta *meta, struct map_facts *facts);
bool map_facts_match(const struct map_facts *facts, const struct meta *meta);

#endif
