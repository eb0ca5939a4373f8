/* SPDX-License-Identifier: MIT */
/* engine/run.h - one whole copy: the master's side
 *
 * Model     forks the workers, walks the sources, feeds and drains the queues
 *           in one epoll loop, finishes directories bottom-up. Prints nothing:
 *           the observer is told what there is to say.
 * Blocking  until the run has ended
 * Signals   SIGINT, SIGTERM and SIGHUP stop the run: workers discard what is
 *           unpublished; a second one kills them at once. The caller finds the
 *           number in the tally and re-raises it when it has said its last.
 * Death     see docs/architecture.md, "What happens when something dies"
 * Errors    entries that fail are told to the observer and counted; only what
 *           keeps the run from starting is returned */
#ifndef ENGINE_RUN_H
#define ENGINE_RUN_H

#include "base/base.h"
#include "engine/settings.h"
#include "engine/tally.h"

/* Where the copies go. */
struct destination {
	const char *copy; /* the one copy's path; NULL: of several sources */
	const char *dst;  /* as the user wrote it */
	bool goes_in;     /* a copy has a name below dst */
	bool is_dir;      /* the one copy is a directory */
	bool was_there;   /* dst was a directory before */
};

/* Called in the master, one at a time; all may be NULL but on_fault. Names
 * are raw bytes, valid during the call. */
struct observer {
	/* Once, when all is looked at and before anything is copied. */
	void (*on_start)(void *ctx, const struct destination *to);
	/* An entry failed, or lost something: "PATH: what: why". err is a
	 * positive errno, or 0 when what says it all. */
	void (*on_fault)(void *ctx, const char *path, const char *what,
	                 int err);
	/* With settings.lists_entries: what was (or would be) done to the
	 * destination entry, such as "copied", "unchanged", "directory". */
	void (*on_entry)(void *ctx, const char *action, const char *path);
	/* At most ten times a second, from the master's timer. current is a
	 * source path in hand, or "". */
	void (*on_tick)(void *ctx, const struct tally *tally,
	                const char *current);
	void *ctx;
};

/* Runs the copy; *tally is filled in any case. Returns the exit status;
 * EXIT_NOT_STARTED and EXIT_REFUSED only before anything was changed. */
enum exit_status run_copy(const struct settings *settings,
                          const struct operands *operands,
                          const struct observer *observer, struct tally *tally);

#endif
