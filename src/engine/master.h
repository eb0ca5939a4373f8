/* SPDX-License-Identifier: MIT */
/* engine/master.h - the state of one run, and what arrives at the master
 *
 * Model     replies and deaths change the tally, let go of directories and
 *           are told to the observer
 * Lifetime  one struct master per run_copy */
#ifndef ENGINE_MASTER_H
#define ENGINE_MASTER_H

#include "base/base.h"
#include "engine/destination.h"
#include "engine/dirs.h"
#include "engine/feed.h"
#include "engine/implied.h"
#include "engine/run.h"
#include "engine/site.h"
#include "engine/twins.h"
#include "engine/watch.h"
#include "engine/worker.h"
#include "mp/workers.h"

/* A file at whose copying this many workers died is given up. */
#define MASTER_DEATHS_MAX 3

struct master {
	struct settings settings;
	const struct observer *observer;
	struct tally *tally;
	struct site site;
	struct shared *shared;
	size_t shared_size;
	struct worker worker; /* the master's own, for the walk */
	struct dirs dirs;
	struct feed feed;
	struct twins twins;
	struct watch watch;
	struct mp_workers *workers;
	unsigned n_workers_max; /* those that wait to be needed included */
	unsigned n_waited;      /* batches, see master_note_waits */
	bool walk_was_last;     /* of the jobs submitted */
	bool is_killing;        /* the second signal came */
	struct buf losses;      /* "KIND DEV\n" of those that were told */
	struct buf path;        /* scratch */
	int epoll_fd, signal_fd, timer_fd;
};

/* Forks them; they know what the master knows at that moment. */
int master_start_workers(struct master *master);

/* Starts those that are only for waiting, when jobs do wait. */
void master_note_waits(struct master *master, const struct job *job);

/* Hooks for dirs, feed and the workers; ctx is the struct master. */
void master_on_reply(void *ctx, const void *reply, size_t len);
enum mp_queue_verdict master_on_death(void *ctx, struct mp_death *death);
struct dirs_observer master_dirs_observer(struct master *master);
struct feed_observer master_feed_observer(struct master *master);

/* A worker was killed and cannot be reaped. */
void master_tell_hung(struct master *master, const struct mp_death *death);

/* What wakes the master: workers, signals, the timer of the progress line. */
int master_open_events(struct master *master);

/* Acts on the signals and the timer, waiting so long for some; ctx is the struct
 * master, and look does not wait. */
void master_look_for(struct master *master, int timeout_ms);
void master_look(void *ctx);

/* Sums the cells up for the observer. */
void master_tick(struct master *master);

#endif
