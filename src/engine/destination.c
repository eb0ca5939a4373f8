/* SPDX-License-Identifier: MIT */
#include "engine/destination.h"

void destination_tell(const struct site *site, const struct operands *operands,
                      const struct observer *observer)
{
	const struct pair *pair = &site->pairs[0];
	bool is_one = operands->n_sources == 1;
	const struct destination to = {
		.copy = is_one ? pair->dst : NULL,
		.dst = operands->dst,
		.goes_in = !is_one || pair->goes_in,
		.is_dir = pair->is_dir,
		.was_there = site->dst_was_dir,
	};

	if (observer->on_start)
		observer->on_start(observer->ctx, &to);
}
