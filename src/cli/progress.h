/* SPDX-License-Identifier: MIT */
/* cli/progress.h - one line that says how far a run is
 *
 * Model     draws a tally: percent, bytes, files, rate, time left, a name. On
 *           a terminal the line is overwritten in place by a carriage return
 *           and blanks, no escape codes, so that any terminal does; elsewhere
 *           it is a plain line for each whole percent, or each 5 seconds.
 *           The percentage never goes back. It reads 100.00 once, at the end
 *           of a run that got there. While the totals grow the line says "at
 *           least", and the percentage is an estimate (cli/percent.h). Where
 *           there is no room for all, parts are left out, never cut.
 * Lifetime  init, any number of ticks and clears, end; release
 * Blocking  as writing to the descriptor does
 * Errors    a line that cannot be written is lost, and nothing else */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "base/base.h"
#include "base/buf.h"
#include "cli/line.h"
#include "cli/options.h"
#include "cli/percent.h"
#include "cli/rate.h"
#include "engine/tally.h"

enum progress_style {
	PROGRESS_OFF,
	PROGRESS_LINE,  /* in place, on a terminal */
	PROGRESS_PLAIN, /* line after line */
};

struct progress;

typedef void progress_render_fn(const struct progress *progress,
                                const struct tally *tally, const char *current,
                                size_t columns, struct buf *out);

struct progress {
	/* constant after init */
	int fd;
	enum progress_style style;
	bool in_foreground_only;
	progress_render_fn *render; /* progress_render, unless replaced */
	/* what was shown */
	bool was_shown; /* anything */
	struct percent percent;
	uint64_t bytes_done, n_done; /* at the last tick */
	size_t n_columns; /* of the line on the terminal, 0: none is there */
	int64_t next_ns;  /* no redraw before */
	unsigned last_percent; /* PLAIN: of the last line */
	int64_t deadline_ns;   /* PLAIN: a line is due then in any case */
	/* how fast it goes */
	struct rate bytes; /* really moved */
	struct rate work;  /* as the percentage counts it */
};

/* For a run that starts now and talks on fd, standard error. */
void progress_init(struct progress *progress, enum progress_mode mode, int fd);

/* To be called often: draws if it is time to. current is a raw name or "". */
void progress_tick(struct progress *progress, const struct tally *tally,
                   const char *current);

/* Takes the line off the terminal; the next tick draws it again. */
void progress_clear(struct progress *progress);

/* The run has ended: shows 100.00 % if that is true, and if it was interrupted
 * how far it got; then clears. The percentage stays for a summary. */
void progress_end(struct progress *progress, const struct tally *tally);

/* Appends the line, no wider than columns (SIZE_MAX: as long as it gets). */
void progress_render(const struct progress *progress, const struct tally *tally,
                     const char *current, size_t columns, struct buf *out);

/* Its parts, for lines of another kind; what: "files". */
void progress_add_percent(struct line *line, const struct progress *progress);
void progress_add_count(struct line *line, const struct tally *tally,
                        const char *what);
void progress_add_bytes(struct line *line, const struct tally *tally);
void progress_add_left(struct line *line, const struct progress *progress,
                       const struct tally *tally);

/* Nanoseconds until all is done at the present speed; -1: nobody knows. */
int64_t progress_left_ns(const struct progress *progress,
                         const struct tally *tally);

#endif
