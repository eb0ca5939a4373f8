/* SPDX-License-Identifier: MIT */
/* engine/each_terminal.h - who has the terminal
 *
 * Model     a process that reads or sets its controlling terminal without
 *           being in its foreground group is stopped. A job that may use the
 *           terminal is put there while it runs; any other one has none, so
 *           that opening it fails.
 * Callers   the master opens it; a worker hands it over and takes it back
 * Errors    negative errno */
#ifndef ENGINE_EACH_TERMINAL_H
#define ENGINE_EACH_TERMINAL_H

#include "base/base.h"

#include <sys/types.h>
#include <termios.h>

struct each_terminal {
	int fd;       /* -1: there is none */
	pid_t holder; /* the group it was handed to, or 0 */
	struct termios modes;
	bool has_modes;
};

/* The controlling terminal. SIGTTOU is blocked from then on, so that the
 * foreground can be set from outside of it. */
int each_terminal_open(struct each_terminal *terminal);
void each_terminal_close(struct each_terminal *terminal);

/* Whether this process is in the foreground. */
bool each_terminal_is_ours(const struct each_terminal *terminal);

/* Keeps the modes as they are now. */
void each_terminal_keep(struct each_terminal *terminal);

/* To a group, which may have taken it itself. False when somebody else has
 * it. */
bool each_terminal_hand(struct each_terminal *terminal, pid_t group);

/* From the group it was handed to, if that still has it; resets makes the modes
 * what they were when they were kept. */
void each_terminal_take_back(struct each_terminal *terminal, bool resets);

/* This process and its children will have none. False if that failed. */
bool each_terminal_leave(void);

#endif
