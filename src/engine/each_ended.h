/* SPDX-License-Identifier: MIT */
/* engine/each_ended.h - what becomes of a job that has ended
 *
 * Model     it is logged; tried again or counted; its output is shown at once,
 *           or when all before it have been; failures may halt the run
 * Callers   each_master.c and each.c */
#ifndef ENGINE_EACH_ENDED_H
#define ENGINE_EACH_ENDED_H

#include "base/base.h"
#include "engine/each_master.h"

/* A try has ended, in the worker of that index. */
void each_master_end(struct each_master *master, struct each_task *task,
                     unsigned worker, const struct each_end *end);

/* Whether the log says so; the job is then to be skipped. */
bool each_master_is_done(struct each_master *master, struct each_task *task);
void each_master_skip(struct each_master *master, struct each_task *task);

/* Puts it behind all that are waiting to be submitted. */
void each_master_let_wait(struct each_master *master, struct each_task *task);

/* The first item of the job; valid until the next call. */
const char *each_master_name(struct each_master *master,
                             const struct each_task *task);

#endif
