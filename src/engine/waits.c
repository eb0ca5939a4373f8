/* SPDX-License-Identifier: MIT */
#include "engine/waits.h"

#include "base/mono.h"

#include <sys/resource.h>

static int64_t in_ns(struct timeval time)
{
	return time.tv_sec * NS_PER_S + time.tv_usec * 1000;
}

void waits_begin(struct waits *waits)
{
	struct rusage usage = {0};

	(void)getrusage(RUSAGE_SELF, &usage); /* cannot fail */
	*waits = (struct waits){
		.start_ns = mono_now_ns(),
		.busy_ns = in_ns(usage.ru_utime) + in_ns(usage.ru_stime),
		.n_sleeps = (uint64_t)usage.ru_nvcsw,
	};
}

bool waits_end(const struct waits *waits, uint32_t n_files)
{
	struct waits now;

	waits_begin(&now);
	return now.start_ns - waits->start_ns >
	               2 * (now.busy_ns - waits->busy_ns) &&
	       2 * (now.n_sleeps - waits->n_sleeps) >= n_files;
}
