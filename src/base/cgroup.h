/* SPDX-License-Identifier: MIT */
/* base/cgroup.h - what the control groups of this process let it have
 *
 * Model     the kernel's files of the own group and of all groups above it are
 *           read, of version 2 and of version 1; the smallest limit holds. A
 *           group is found by /proc/self/cgroup and /proc/self/mountinfo;
 *           without /proc the groups at the top of /sys/fs/cgroup are read
 * Lifetime  none: each call reads anew
 * Errors    what cannot be read limits nothing */
#ifndef BASE_CGROUP_H
#define BASE_CGROUP_H

#include "base/base.h"

/* How many processors the quota is worth, rounded up; 0: there is no quota.
 * root is put before all paths: "", but for tests. */
unsigned cgroup_n_cpus(const char *root);

/* Bytes of memory that may be had besides what is used and cannot be dropped;
 * -1: there is no limit. */
int64_t cgroup_memory_left(const char *root);

#endif
