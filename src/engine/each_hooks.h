/* SPDX-License-Identifier: MIT */
/* engine/each_hooks.h - what else a batch may do with its jobs
 *
 * Model     another mode that runs commands on the same pool puts itself here:
 *           it finds the items, prepares the place a command works in, and
 *           judges what the command made. An item carries bytes of that mode
 *           (each_item.extra) from there into the job's record.
 * Callers   next, on_note and add_text in the master; the others in a worker
 * Errors    begin and finish put theirs into the end of the job */
#ifndef ENGINE_EACH_HOOKS_H
#define ENGINE_EACH_HOOKS_H

#include "base/base.h"
#include "base/buf.h"

struct each_end;
struct each_item;
struct each_record;
struct each_source;
struct each_worker;

struct each_hooks {
	/* As each_source_next. */
	int (*next)(void *ctx, struct each_source *source,
	            struct each_item *item);
	/* What a worker sent by each_worker_note. */
	void (*on_note)(void *ctx, const struct each_record *record,
	                const void *note, size_t len);
	/* The command as the log has it. */
	void (*add_text)(void *ctx, const struct each_record *record,
	                 unsigned slot, struct buf *out);
	/* Why a job has failed that ended with EACH_REJECTED. */
	const char *(*reason)(uint32_t reason);
	/* Before the command: sets worker->in_fd and out_fd if they are not to
	 * be the usual ones. True when there is nothing to run, as it is done
	 * or, according to end, has failed. */
	bool (*begin)(void *ctx, struct each_worker *worker,
	              const struct each_record *record, struct each_end *end);
	/* After it, however it ended. */
	void (*finish)(void *ctx, struct each_worker *worker,
	               const struct each_record *record, struct each_end *end);
	void *ctx;
};

#endif
