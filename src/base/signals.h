/* SPDX-License-Identifier: MIT */
/* base/signals.h - stop signals as a descriptor
 *
 * Model     SIGINT, SIGTERM and SIGHUP are blocked in the master and read from
 *           a signalfd; one that was ignored at start (nohup) stays ignored.
 *           Children keep them blocked and obey their master instead.
 * Lifetime  signals_open once, before the first fork */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include "base/base.h"

/* Blocks the stop signals and returns a close-on-exec, non-blocking signalfd
 * or a negative errno. SIGPIPE and SIGXFSZ are ignored, so that a closed stdout
 * is EPIPE and a file beyond the limit of its size EFBIG. */
int signals_open(void);

/* The next stop signal that arrived, 0 when there is none. */
int signals_read(int fd);

/* Gives the signal its default action and raises it in this process, so that
 * the shell sees how the run ended. Returns only if that fails. */
void signals_reraise(int signal_number);

/* For a child that becomes another program: everything unblocked and default. */
void signals_reset(void);

#endif
