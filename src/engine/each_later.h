/* SPDX-License-Identifier: MIT */
/* engine/each_later.h - failed jobs that wait for their next try
 *
 * Model     the pause before the second try is settings.retry_delay_ns, and
 *           twice the last one before each further try, up to 64 times as
 *           long. To each is added a part of up to an eighth that differs from
 *           job to job: what failed together does not come back together.
 *           Waiting jobs keep their place in the table, so that there are
 *           only so many; they stand in a list, first in time first.
 * Callers   the master */
#ifndef ENGINE_EACH_LATER_H
#define ENGINE_EACH_LATER_H

#include "engine/each_master.h"

/* Lets it wait for its next try, which may be at once. */
void each_later_put(struct each_master *master, struct each_task *task);

/* Hands on those whose time has come, at now_ns or at the present, if that is
 * 0. */
void each_later_take(struct each_master *master, int64_t now_ns);

/* When the first of them is due, or MONO_NEVER. */
int64_t each_later_ns(const struct each_master *master);

/* The pause before the next try of the job of that number. */
int64_t each_later_pause_ns(int64_t delay_ns, unsigned n_tried,
                            uint64_t number);

#endif
