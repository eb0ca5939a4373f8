/* SPDX-License-Identifier: MIT */
/* engine/each_gate.h - whether one more job may start now
 *
 * Model     what the user and make allow: so much time between two starts, so
 *           many tasks running on the machine, so much memory available, a
 *           token of make's jobserver for each job but the first. Where none
 *           is asked for the gate is open and costs nothing.
 * Lifetime  open .. close
 * Blocking  never: when the gate is closed, look again at look_ns, or when the
 *           descriptor of the tokens is readable, or when a job has ended
 * Errors    of open: negative errno, and the name it is about */
#ifndef ENGINE_EACH_GATE_H
#define ENGINE_EACH_GATE_H

#include "base/base.h"
#include "engine/each_tokens.h"

struct each_limits {
	int64_t delay_ns;      /* 0: none */
	unsigned load_max;     /* tasks that run; 0: any */
	uint64_t memory_min;   /* bytes available; 0: any */
	const char *makeflags; /* NULL: no jobserver is asked */
};

struct each_gate {
	const struct each_limits *limits;
	unsigned n_max; /* jobs at a time */
	struct each_tokens tokens;
	bool is_used;
	/* of the last look */
	bool is_closed;
	bool wants_token;
	int64_t look_ns; /* MONO_NEVER: time does not open it */
	/* of the last starts */
	int64_t next_ns;
	int64_t recent_ns;
	unsigned n_recent;
};

/* On failure *name is what could not be read. A jobserver that cannot be used
 * is no failure: *name is set, and the result is 1. */
int each_gate_open(struct each_gate *gate, const struct each_limits *limits,
                   unsigned n_max, struct each_held *held, const char **name);
void each_gate_close(struct each_gate *gate);

/* True when a job may start besides n_running ones: then it is to start. */
bool each_gate_pass(struct each_gate *gate, size_t n_running);

/* Says that so many are left. */
void each_gate_leave(struct each_gate *gate, size_t n_running);

/* For tests: what the kernel's files say, -1 for nothing. */
int64_t each_gate_parse_load(const char *text);
int64_t each_gate_parse_memory(const char *text);

#endif
