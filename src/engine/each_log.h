/* SPDX-License-Identifier: MIT */
/* engine/each_log.h - the log of jobs, and the list of those that failed
 *
 * Model     the job log has the form of GNU parallel's --joblog: a head and a
 *           line of nine columns for each attempt that ended, in the order in
 *           which they ended, written at once. A newline in a command stands
 *           there as a NUL. A job is done when a line with its command says
 *           status 0 and signal 0: commands are compared, not numbers.
 * Lifetime  open .. close
 * Memory    24 to 48 bytes for each command that an old log says is done
 * Errors    negative errno; -EBADMSG: the file is no job log */
#ifndef ENGINE_EACH_LOG_H
#define ENGINE_EACH_LOG_H

#include "base/base.h"
#include "base/buf.h"
#include "base/hash_set.h"
#include "engine/each_job.h"

struct each_log {
	int fd; /* -1: there is no log */
	struct buf line;
	struct hash_set done; /* commands, from an old log */
};

enum each_log_use {
	EACH_LOG_NEW,    /* starts the log anew */
	EACH_LOG_RESUME, /* reads it and goes on at its end */
	EACH_LOG_READ,   /* reads it, if there is one, and closes it */
};

int each_log_open(struct each_log *log, const char *path,
                  enum each_log_use use);
int each_log_close(struct each_log *log);

/* Whether the log it was opened with says that this was done. Each line of the
 * log answers for one job: of equal jobs, as many are done as have a line. */
bool each_log_take(struct each_log *log, const char *command, size_t len);

int each_log_add(struct each_log *log, uint64_t number,
                 const struct each_end *end, const char *command, size_t len);

#endif
