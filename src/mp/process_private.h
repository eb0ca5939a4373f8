/* SPDX-License-Identifier: MIT */
/* mp/process_private.h - what process.c and process_end.c share
 *
 * Model     process.c starts children and lets go of them, process_end.c waits
 *           for their ends and sends signals
 * Callers   those two files only */
#ifndef MP_PROCESS_PRIVATE_H
#define MP_PROCESS_PRIVATE_H

#include "base/base.h"
#include "mp/process.h"

struct mp_process {
	/* constant after start */
	struct mp_process *next;
	char *name;
	pid_t owner; /* the process that started it */
	pid_t pid;
	bool is_daemon;
	/* the owner's */
	int watch_fd; /* pidfd, or read end of the child's pipe */
	bool has_ended;
	bool code_is_known;
	int code;
};

/* False where the kernel has none, or refuses them. */
bool mp_process_has_pidfds(void);

#endif
