/* SPDX-License-Identifier: MIT */
#include "cli/percent.h"

#include <stdio.h>

/* How long an estimate has to hold: this, or a part of the time passed. */
#define HOLD_NS       (100 * NS_PER_MS)
#define HOLD_FRACTION 10

/* What little is walked says little about the rest. */
#define WALKED_MIN    0.02
#define PERMYRIAD_MIN 100

void percent_init(struct percent *percent, int64_t now_ns)
{
	*percent = (struct percent){
		.start_ns = now_ns,
		.since_ns = now_ns,
	};
}

/* The least of the last one or two spans of time. */
static unsigned held(struct percent *percent, unsigned estimate, int64_t now_ns)
{
	int64_t hold_ns = (now_ns - percent->start_ns) / HOLD_FRACTION;

	if (hold_ns < HOLD_NS)
		hold_ns = HOLD_NS;
	if (estimate < percent->low)
		percent->low = estimate;
	if (now_ns - percent->since_ns >= hold_ns) {
		percent->low_before = percent->low;
		percent->low = estimate;
		percent->since_ns = now_ns;
	}
	return percent->low < percent->low_before ? percent->low
	                                          : percent->low_before;
}

static void raise_to(struct percent *percent, unsigned permyriad)
{
	if (permyriad >= PERCENT_ALL)
		permyriad = PERCENT_ALL - 1;
	if (permyriad > percent->permyriad)
		percent->permyriad = permyriad;
}

void percent_note(struct percent *percent, const struct tally *tally,
                  int64_t now_ns)
{
	unsigned permyriad = tally_permyriad(tally);

	percent->is_estimate = !tally->is_final;
	if (percent->is_estimate)
		permyriad = held(percent, permyriad, now_ns);
	raise_to(percent, permyriad);
}

void percent_end(struct percent *percent, const struct tally *tally)
{
	unsigned permyriad = tally_permyriad(tally);

	percent->is_estimate = !tally->is_final;
	if (permyriad == PERCENT_ALL && tally->signal_number == 0)
		percent->permyriad = PERCENT_ALL;
	else
		raise_to(percent, permyriad);
}

const char *percent_text(char text[PERCENT_TEXT_MAX],
                         const struct percent *percent)
{
	unsigned whole = percent->permyriad / 100;
	unsigned rest = percent->permyriad % 100;

	snprintf(text, PERCENT_TEXT_MAX, "%s%u.%02u %%",
	         percent->is_estimate ? "~" : "", whole, rest);
	return text;
}

double percent_done(const struct percent *percent, const struct tally *tally)
{
	double found = tally_work_found(tally);

	if (tally->is_final)
		return found > 0 ? tally_work_done(tally) / found : 0;
	if (tally->walked < WALKED_MIN || percent->permyriad < PERMYRIAD_MIN)
		return 0;
	return percent->permyriad / (double)PERCENT_ALL;
}
