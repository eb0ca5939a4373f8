/* SPDX-License-Identifier: MIT */
#include "fs/times.h"

#define DAY_S 86400

/* What file systems are known to keep, from ext4 to FAT. */
static const uint32_t steps[] = {
	1,
	100,
	1000,
	(uint32_t)NS_PER_MS,
	10 * (uint32_t)NS_PER_MS,
	(uint32_t)NS_PER_S,
	2 * (uint32_t)NS_PER_S,
};
#define N_STEPS (sizeof(steps) / sizeof(steps[0]))

/* Sets the mtime and reads it back; false when either is refused. */
static bool set_mtime(int fd, int64_t seconds, uint32_t ns, struct meta *got)
{
	const struct meta set = {
		.atime_s = 1000000000, .mtime_s = seconds, .mtime_ns = ns};

	return meta_set_times((struct meta_target){.fd = fd}, &set) == 0 &&
	       meta_read(fd, got) == 0;
}

/* Nanoseconds from the time asked for to the one that was got, up to a day. */
static int64_t error_ns(const struct meta *got, int64_t seconds, uint32_t ns)
{
	int64_t error_s = got->mtime_s - seconds;

	if (error_s > DAY_S || error_s < -DAY_S)
		error_s = error_s < 0 ? -DAY_S : DAY_S;
	return error_s * NS_PER_S + (int64_t)got->mtime_ns - (int64_t)ns;
}

static uint32_t step_from(int64_t least_ns)
{
	for (size_t i = 0; i < N_STEPS; i++) {
		if ((int64_t)steps[i] >= least_ns)
			return steps[i];
	}
	return 0;
}

/* Just below an even second everything that is cut is cut by a whole step, but
 * for the nanosecond. What is not cut shows at a third of a second above. */
static bool learn_step(int fd, struct meta_times *out)
{
	const int64_t even_s = 1000000000;
	const uint32_t third_ns = 333333333;
	struct meta got;

	if (!set_mtime(fd, even_s - 1, (uint32_t)NS_PER_S - 1, &got))
		return false;
	int64_t error = error_ns(&got, even_s - 1, (uint32_t)NS_PER_S - 1);
	if (error <= 0) {
		out->granularity_ns = step_from(1 - error);
		return out->granularity_ns != 0;
	}
	if (!set_mtime(fd, even_s + 1, third_ns, &got))
		return false;
	error = error_ns(&got, even_s + 1, third_ns);
	out->is_rounded = true;
	out->granularity_ns = step_from(2 * (error < 0 ? -error : error));
	return out->granularity_ns != 0;
}

static bool keeps(int fd, int64_t seconds)
{
	struct meta got;

	return set_mtime(fd, seconds, 0, &got) && got.mtime_s - seconds <= 2 &&
	       seconds - got.mtime_s <= 2;
}

/* The last second that is kept on the way from one that is to one that is
 * not. */
static int64_t bisect(int fd, int64_t kept, int64_t lost)
{
	while (kept - lost > 1 || lost - kept > 1) {
		int64_t middle = kept + (lost - kept) / 2;

		if (keeps(fd, middle))
			kept = middle;
		else
			lost = middle;
	}
	return kept;
}

/* How far times are kept in the direction of far: mostly it is what far has
 * become. */
static int64_t learn_end(int fd, int64_t far, bool *is_clamped)
{
	const int64_t sure = 1000000000;
	struct meta got;
	bool was_set = set_mtime(fd, far, 0, &got);

	if (was_set && got.mtime_s == far)
		return far < 0 ? INT64_MIN : INT64_MAX;
	*is_clamped = was_set && (far < 0) == (got.mtime_s < sure);
	if (*is_clamped && keeps(fd, got.mtime_s) &&
	    !keeps(fd, got.mtime_s + (far < 0 ? -DAY_S : DAY_S)))
		return got.mtime_s;
	*is_clamped = false;
	return bisect(fd, sure, far);
}

struct meta_times times_learn(int fd)
{
	const int64_t far = INT64_C(1) << 60;
	struct meta_times times = META_ALL_TIMES;
	bool first_clamps = true, last_clamps = true;

	if (!learn_step(fd, &times))
		return (struct meta_times){.granularity_ns = 1,
		                           .min_s = INT64_MIN,
		                           .max_s = INT64_MAX,
		                           .is_unset = true};
	times.min_s = learn_end(fd, -far, &first_clamps);
	times.max_s = learn_end(fd, far, &last_clamps);
	times.is_lost_beyond = !first_clamps || !last_clamps;
	return times;
}

static bool is_on_step(const struct meta *meta, uint32_t step_ns)
{
	if (step_ns <= NS_PER_S)
		return meta->mtime_ns % step_ns == 0;
	return meta->mtime_ns == 0 && meta->mtime_s % 2 == 0;
}

bool times_explain(const struct meta *src, const struct meta *dst,
                   struct meta_times *times)
{
	struct meta_times guess = *times;

	guess.is_rounded = true;
	for (size_t i = 0; i < N_STEPS; i++) {
		guess.granularity_ns = steps[i];
		if (is_on_step(dst, steps[i]) &&
		    meta_same_mtime(src, dst, guess)) {
			*times = guess;
			return true;
		}
	}
	return false;
}
