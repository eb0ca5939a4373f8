/* SPDX-License-Identifier: MIT */
/* engine/each_show.h - what of a job is shown, and where
 *
 * Model     what a job printed goes to the observer, each line behind a tag if
 *           that is asked for, or into files of its own (engine/each_results.h)
 * Errors    of the observer stop the run, with a message; those of the files
 *           are the job's */
#ifndef ENGINE_EACH_SHOW_H
#define ENGINE_EACH_SHOW_H

#include "base/base.h"
#include "engine/each_master.h"

/* The first item of the job; valid until the next call. */
const char *each_show_name(struct each_master *master,
                           const struct each_task *task);

/* The command, with the number of its slot, on stdout or stderr. */
void each_show_command(struct each_master *master, const struct each_task *task,
                       unsigned slot, bool is_stderr);

/* What it has printed on a stream so far. */
void each_show_stream(struct each_master *master, struct each_task *task,
                      enum each_stream_index stream);

/* Puts it all into the files. Nothing is left to be shown then; 0 or a
 * negative errno. */
int each_show_keep(struct each_master *master, struct each_task *task);

/* Whether it will be possible, before the job runs: 0, or why not (see
 * engine/each_results.h). */
int each_show_may_keep(struct each_master *master,
                       const struct each_task *task);

#endif
