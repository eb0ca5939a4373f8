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

/* Whether the log says that it was done before. */
bool each_master_is_done(struct each_master *master, struct each_task *task);

/* There is nothing more to do for it but to show what it printed. */
void each_master_settle(struct each_master *master, struct each_task *task);

/* Puts it behind all that are waiting to be submitted. */
void each_master_let_wait(struct each_master *master, struct each_task *task);

/* Whether what a job prints can be kept; if not, it fails without having run. */
bool each_master_has_place(struct each_master *master, struct each_task *task);

#endif
