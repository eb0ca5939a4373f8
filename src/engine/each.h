/* SPDX-License-Identifier: MIT */
/* engine/each.h - a command for every item: the master's side
 *
 * Model     items come from trees or from a list, as they are found; a job is
 *           a command with one or more of them; workers run the jobs; what a
 *           job prints is shown by the master alone, so that no two jobs mix.
 *           Whatever the number of items, memory holds only those in flight
 *           and a backlog of bounded size.
 * Blocking  until all jobs have ended
 * Signals   as a copy (engine/run.h): SIGINT, SIGTERM and SIGHUP terminate the
 *           jobs with all they started, a second one kills them. SIGTSTP stops
 *           the jobs and this process. SIGUSR1 and SIGUSR2: a job more, a job
 *           fewer at a time.
 * Death     a worker that dies costs its job one more try, a second time the
 *           job has failed; what it ran is killed. When the master dies, the
 *           workers kill what they run.
 * Errors    jobs that fail are told to the observer and counted */
#ifndef ENGINE_EACH_H
#define ENGINE_EACH_H

#include "base/base.h"
#include "engine/each_gate.h"
#include "engine/each_hooks.h"
#include "engine/each_tree.h"
#include "engine/tally.h"

enum each_output {
	EACH_GROUPED, /* what a job printed, in one piece when it has ended */
	EACH_LINES,   /* whole lines as they come */
	EACH_RAW,     /* the commands write themselves */
};

struct each_halt {
	enum {
		EACH_HALT_NEVER,
		EACH_HALT_SOON, /* start no more */
		EACH_HALT_NOW,  /* and terminate those that run */
	} when;
	bool counts_ok;  /* jobs that ended with 0, not those that failed */
	uint64_t n;      /* at so many of them .. */
	bool is_percent; /* .. or percent of those that ended, 3 at least */
};

struct each_settings {
	unsigned n_workers;
	size_t queue_depth;
	/* items */
	const char *const *paths;
	size_t n_paths;
	bool are_words;   /* the paths: each is an item as it stands */
	const char *list; /* FILE or "-"; NULL: the paths */
	bool is_null_separated;
	bool is_csv;              /* the list's first record has names */
	bool pipes;               /* blocks of the list into the commands */
	size_t block_size;        /* 0: no blocks */
	struct each_text columns; /* their separator, or empty */
	struct each_filter filter;
	/* jobs */
	const char *const *command;
	size_t n_command;
	size_t n_literal; /* of these, the first ones without placeholders */
	size_t n_items;   /* in a job; 0: as many as fit */
	unsigned n_tries;
	int64_t retry_delay_ns; /* doubled from try to try */
	int64_t timeout_ns;     /* 0: none */
	int64_t kill_after_ns;
	struct each_halt halt;
	struct each_limits limits;
	/* output */
	enum each_output output;
	bool has_terminal; /* one job at a time may use it */
	bool is_ordered;
	bool is_tagged;
	const char *results; /* a directory to print into, or NULL */
	bool lists_commands; /* says what is started, on stderr */
	bool is_dry_run;    /* says what would be, on stdout, and starts none */
	bool reads_ahead;   /* totals are of use to somebody */
	const char *joblog; /* or NULL */
	bool resumes;
	const char *failed;             /* or NULL */
	const struct each_hooks *hooks; /* of another mode, or NULL */
};

struct each_tally {
	struct tally progress; /* items and bytes; only what is known */
	uint64_t n_ok;         /* jobs */
	uint64_t n_failed;
	uint64_t n_skipped; /* done according to the log */
	uint64_t n_stopped; /* killed or not started because the run stopped */
	uint64_t n_deaths;  /* of workers */
	bool is_halted;     /* by settings.halt */
	bool is_enough;     /* .. as so many jobs ended with 0 */
	bool is_broken;     /* pcopy itself could not do its part */
	int exit_status;    /* 126 or 127: the command cannot be run at all */
};

/* Called in the master, one at a time. */
struct each_observer {
	/* Something failed: "PATH: what: why", err 0 or an errno. */
	void (*on_fault)(void *ctx, const char *path, const char *what,
	                 int err);
	/* To be shown on stdout or stderr; 0 or a negative errno, then the
	 * run stops. */
	int (*on_output)(void *ctx, bool is_stderr, const void *data,
	                 size_t len);
	/* Ten times a second; current is the item that has been running for
	 * the longest time, or "". */
	void (*on_tick)(void *ctx, const struct each_tally *tally,
	                const char *current);
	/* The run is about to be stopped by SIGTSTP. */
	void (*on_pause)(void *ctx);
	void *ctx;
};

/* Whether the items are files found in trees. */
static inline bool each_walks(const struct each_settings *settings)
{
	return !settings->list && !settings->are_words && !settings->hooks;
}

/* Runs it all; *tally is filled in any case. Returns the exit status, 126 and
 * 127 included; what ended by a signal is to be raised by the caller. */
int run_each(const struct each_settings *settings,
             const struct each_observer *observer, struct each_tally *tally);

#endif
