/* SPDX-License-Identifier: MIT */
/* engine/map_stored.h - how the record is written; for map_record*.c only */
#ifndef ENGINE_MAP_STORED_H
#define ENGINE_MAP_STORED_H

#include "engine/map_record.h"

#define MAP_RECORD_NAME "record"

enum stored_type {
	STORED_ENTRY = 1,
	STORED_COMMAND, /* number, text */
	STORED_GONE,    /* an output's name */
	STORED_COVER,   /* number of bytes */
};

struct stored {
	uint32_t type;
	uint32_t number;
	uint64_t n_bytes;
};

/* Behind it the two names, each with its NUL. */
struct stored_entry {
	struct stored head;
	uint64_t boot;
	uint32_t kind, is_adopted;
	struct map_facts src, out;
	uint32_t src_len, out_len;
};

#endif
