/* SPDX-License-Identifier: MIT */
/* engine/each_running.h - a command that runs
 *
 * Model     it runs; it may be told to terminate, by its time limit or because
 *           the run is stopping; it may be killed, when that has not helped. A
 *           job that is told to terminate has ended when all that it started
 *           has, or has been killed; any other one when its command has.
 *           Besides, it may be stopped: with the whole run, by ^Z, and then its
 *           time stands still; or by somebody else, which is told once. With
 *           the terminal in hand it is like a shell's job: ^Z and ^C there are
 *           meant for the run, too.
 * Callers   each_worker.c, which waits for what look and on_deadline act upon */
#ifndef ENGINE_EACH_RUNNING_H
#define ENGINE_EACH_RUNNING_H

#include "engine/each_job.h"

struct each_worker;

enum each_phase {
	EACH_RUNNING,
	EACH_TERMINATING,
	EACH_KILLED,
};

struct each_running {
	struct each_worker *worker;
	pid_t pid; /* 0: it has ended and was reaped */
	int status;
	enum each_phase phase;
	enum each_cause cause;
	int64_t start_ns;
	int64_t deadline_ns; /* of the phase; it stands still in a pause */
	bool is_paused;      /* with the whole run */
	int64_t paused_ns;   /* since when */
	int64_t stop_ns;     /* then it is stopped in any case */
	bool was_told;       /* that it is stopped */
	bool had_terminal;   /* when it started */
	uint32_t number;
};

/* Tells it to terminate; nothing if it was told before. */
void each_running_terminate(struct each_running *job, enum each_cause cause);
void each_running_kill(struct each_running *job, enum each_cause cause);

/* Acts upon the signals that have come to the worker: of children, and from the
 * master. */
void each_running_look(struct each_running *job);

/* True when there is nothing more to wait for. */
bool each_running_is_over(struct each_running *job);

/* Until on_deadline is to be called; -1: never. */
int each_running_left_ms(const struct each_running *job);
void each_running_on_deadline(struct each_running *job);

#endif
