/* SPDX-License-Identifier: MIT */
/* cli/percent.h - the percentage that is shown
 *
 * Model     never goes back, and reads 100.00 for a finished run only. While
 *           totals grow it is an estimate, from the part of the trees that is
 *           walked, and is shown with "~". An estimate that is too high for a
 *           moment would stand there until the truth has caught up with it: so
 *           one counts when it has held for some time.
 * Lifetime  percent_init; nothing to release */
#ifndef CLI_PERCENT_H
#define CLI_PERCENT_H

#include "base/base.h"
#include "engine/tally.h"

#define PERCENT_ALL      10000u
#define PERCENT_TEXT_MAX 16

struct percent {
	unsigned permyriad; /* shown */
	bool is_estimate;
	int64_t start_ns;
	int64_t since_ns;         /* of low */
	unsigned low, low_before; /* the least estimate, now and before that */
};

void percent_init(struct percent *percent, int64_t now_ns);

/* The tally stands like that now. */
void percent_note(struct percent *percent, const struct tally *tally,
                  int64_t now_ns);

/* The run has ended like that. */
void percent_end(struct percent *percent, const struct tally *tally);

/* "12.34 %", or "~12.34 %" of an estimate. */
const char *percent_text(char text[PERCENT_TEXT_MAX],
                         const struct percent *percent);

/* The part that is done, 0 to 1; 0 while nothing can be built on it. */
double percent_done(const struct percent *percent, const struct tally *tally);

#endif
