/* SPDX-License-Identifier: MIT */
/* mp/cpu.h - how many processors this process may keep busy
 *
 * Model     those that its affinity lets it run on, but no more than the quotas
 *           of its control groups are worth, rounded up (base/cgroup.h)
 * Blocking  no; it reads some files of the kernel: ask once
 * Errors    none: at least 1 */
#ifndef MP_CPU_H
#define MP_CPU_H

#include "base/base.h"

unsigned mp_cpu_count(void);

#endif
