/* SPDX-License-Identifier: MIT */
#include "mp/cpu.h"

#include "base/cgroup.h"

#include <sched.h>

static unsigned n_by_affinity(void)
{
	unsigned n = 0;

	/* A machine may have more processors than a cpu_set_t has bits, which
	 * the kernel answers with EINVAL. */
	for (size_t n_bits = CPU_SETSIZE; n_bits <= (1u << 20) && !n;
	     n_bits *= 2) {
		cpu_set_t *set = CPU_ALLOC(n_bits);
		size_t size = CPU_ALLOC_SIZE(n_bits);

		if (!set)
			break;
		if (sched_getaffinity(0, size, set) == 0)
			n = (unsigned)CPU_COUNT_S(size, set);
		CPU_FREE(set);
	}
	return n ? n : 1;
}

unsigned mp_cpu_count(void)
{
	unsigned n = n_by_affinity(), quota = n > 1 ? cgroup_n_cpus("") : 0;

	return quota && quota < n ? quota : n;
}
