/* SPDX-License-Identifier: MIT */
/* base/signals.h - signals as a descriptor
 *
 * Model     SIGINT, SIGTERM and SIGHUP, which stop a run, SIGUSR1 and SIGUSR2,
 *           and where jobs run SIGTSTP, too, are blocked in the master and read
 *           from a signalfd; one that was ignored at start (nohup) stays
 *           ignored. Children keep them blocked and obey their master instead.
 * Lifetime  signals_hold first of all; signals_open once, before the first
 *           fork */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include "base/base.h"

/* Blocks SIGUSR1 and SIGUSR2: one that comes early waits for signals_open. */
void signals_hold(void);

enum signals_use {
	SIGNALS_OF_COPY,
	SIGNALS_OF_JOBS, /* with SIGTSTP */
};

/* Blocks the signals and returns a close-on-exec, non-blocking signalfd or a
 * negative errno. SIGPIPE and SIGXFSZ are ignored, so that a closed stdout is
 * EPIPE and a file beyond the limit of its size EFBIG. */
int signals_open(enum signals_use use);

/* The next signal that arrived, 0 when there is none. */
int signals_read(int fd);

/* Whether it asks the run to end. */
bool signals_is_stop(int signal_number);

/* Does what SIGTSTP does to a process that does not block it: stops this one
 * until SIGCONT, unless nobody could continue it. */
void signals_pause(void);

/* A descriptor that is readable while a signal waits that asks the run to end,
 * -1 before signals_open; when the first of them was read, 0 for never. For who
 * waits and has to hear them meanwhile. */
int signals_stop_fd(void);
int64_t signals_heard_ns(void);

/* The same for who saw that descriptor readable, and leaves the signal to
 * signals_read; returns when the first was seen. */
int64_t signals_note_stop(void);

/* Gives the signal its default action and raises it in this process, so that
 * the shell sees how the run ended. Process 1 of a name space, which no signal
 * ends, exits with 128+n. */
_Noreturn void signals_reraise(int signal_number);

/* The same after so many seconds, if the process is still there; and from now on
 * stop signals have their default action, so that another one ends it at once.
 * Whatever it waits for then: only a signal that kills can end that. */
void signals_end_soon(int signal_number, int seconds);

/* For a child that becomes another program: everything unblocked and default. */
void signals_reset(void);

#endif
