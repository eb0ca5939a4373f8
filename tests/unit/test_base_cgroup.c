/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "files.h"

#include "base/cgroup.h"

#include <limits.h>

static char root[PATH_MAX];

/* A file of the made-up system, with the directories it is in. */
static void put(const char *path, const char *text)
{
	char full[2 * PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *at = strchr(full + strlen(root) + 1, '/'); at;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		CHECK(mkdir(full, 0777) == 0 || errno == EEXIST);
		*at = '/';
	}
	FILE *file = fopen(full, "w");
	CHECK(file);
	CHECK(fputs(text, file) >= 0);
	CHECK_INT(fclose(file), 0);
}

static void begin(void)
{
	close(enter_work_dir());
	CHECK(getcwd(root, sizeof(root)));
}

/* Version 2, as a service has it. */
static void begin_v2(const char *path)
{
	char line[PATH_MAX];

	begin();
	snprintf(line, sizeof(line), "0::%s\n", path);
	put("/proc/self/cgroup", line);
	put("/proc/self/mountinfo",
	    "21 1 0:5 / /proc rw - proc proc rw\n"
	    "30 21 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 "
	    "rw,nsdelegate\n");
}

static void begin_v1(void)
{
	begin();
	put("/proc/self/cgroup", "4:memory:/a/b\n"
	                         "3:cpuset:/elsewhere\n"
	                         "2:cpu,cpuacct:/a/b\n"
	                         "0::/\n");
	put("/proc/self/mountinfo",
	    "31 1 0:27 / /cg/cpuset rw - cgroup cgroup rw,cpuset\n"
	    "32 1 0:28 / /cg/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
	    "33 1 0:29 / /cg/memory rw - cgroup cgroup rw,memory\n");
}

CASE(without_any_group_there_is_no_limit)
{
	begin();

	CHECK_INT(cgroup_n_cpus(root), 0);
	CHECK_INT(cgroup_memory_left(root), -1);
}

CASE(a_quota_is_worth_processors_rounded_up)
{
	begin_v2("/svc");

	put("/sys/fs/cgroup/svc/cpu.max", "150000 100000\n");
	CHECK_INT(cgroup_n_cpus(root), 2);
	put("/sys/fs/cgroup/svc/cpu.max", "200000 100000\n");
	CHECK_INT(cgroup_n_cpus(root), 2);
	put("/sys/fs/cgroup/svc/cpu.max", "1000 100000\n");
	CHECK_INT(cgroup_n_cpus(root), 1);
	put("/sys/fs/cgroup/svc/cpu.max", "max 100000\n");
	CHECK_INT(cgroup_n_cpus(root), 0);
	put("/sys/fs/cgroup/svc/cpu.max", "400000 50000\n");
	CHECK_INT(cgroup_n_cpus(root), 8);
	put("/sys/fs/cgroup/svc/cpu.max", "nonsense\n");
	CHECK_INT(cgroup_n_cpus(root), 0);
}

CASE(groups_above_limit_as_well)
{
	begin_v2("/a.slice/b.slice/c.scope");

	put("/sys/fs/cgroup/a.slice/b.slice/c.scope/cpu.max", "max 100000\n");
	put("/sys/fs/cgroup/a.slice/b.slice/cpu.max", "700000 100000\n");
	put("/sys/fs/cgroup/a.slice/cpu.max", "300000 100000\n");
	CHECK_INT(cgroup_n_cpus(root), 3);
	put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
	CHECK_INT(cgroup_n_cpus(root), 2);
	put("/sys/fs/cgroup/z.slice/cpu.max", "100000 100000\n");
	CHECK_INT(cgroup_n_cpus(root), 2);
}

CASE(version_1_has_quota_and_period_in_two_files)
{
	begin_v1();

	put("/cg/cpu/a/b/cpu.cfs_period_us", "100000\n");
	put("/cg/cpu/a/b/cpu.cfs_quota_us", "-1\n");
	CHECK_INT(cgroup_n_cpus(root), 0);
	put("/cg/cpu/a/cpu.cfs_period_us", "50000\n");
	put("/cg/cpu/a/cpu.cfs_quota_us", "125000\n");
	CHECK_INT(cgroup_n_cpus(root), 3);
	put("/cg/cpu/a/b/cpu.cfs_quota_us", "90000\n");
	CHECK_INT(cgroup_n_cpus(root), 1);
}

CASE(a_mount_may_show_a_part_of_the_groups)
{
	begin();
	put("/proc/self/cgroup", "0::/docker/f00/job\n");
	put("/proc/self/mountinfo",
	    "30 21 0:26 /docker/f00 /sys/fs/cg\\040roup ro - cgroup2 x rw\n");

	put("/sys/fs/cg roup/job/cpu.max", "500000 100000\n");
	CHECK_INT(cgroup_n_cpus(root), 5);
	put("/sys/fs/cg roup/cpu.max", "400000 100000\n");
	CHECK_INT(cgroup_n_cpus(root), 4);
}

/* The container sees its own group as the top, and what /proc says is a path
 * of the host, or leads above the top. */
CASE(a_path_of_another_name_space_means_the_top)
{
	begin_v2("/docker/f00");
	put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
	CHECK_INT(cgroup_n_cpus(root), 2);
	put("/proc/self/cgroup", "0::/../../elsewhere\n");
	CHECK_INT(cgroup_n_cpus(root), 2);
	put("/proc/self/mountinfo",
	    "30 21 0:26 /docker/f0 /sys/fs/cgroup ro - cgroup2 x rw\n");
	put("/proc/self/cgroup", "0::/docker/f00\n");
	CHECK_INT(cgroup_n_cpus(root), 2);
}

CASE(without_proc_the_usual_places_are_read)
{
	begin();
	put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n");
	put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	CHECK_INT(cgroup_n_cpus(root), 3);
	put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
	CHECK_INT(cgroup_n_cpus(root), 2);
	put("/sys/fs/cgroup/memory.max", "1000\n");
	CHECK_INT(cgroup_memory_left(root), 1000);
}

CASE(memory_is_what_the_smallest_group_leaves)
{
	begin_v2("/a/b");

	put("/sys/fs/cgroup/a/b/memory.max", "max\n");
	put("/sys/fs/cgroup/a/b/memory.current", "700\n");
	CHECK_INT(cgroup_memory_left(root), -1);
	put("/sys/fs/cgroup/a/b/memory.high", "1000\n");
	CHECK_INT(cgroup_memory_left(root), 300);
	put("/sys/fs/cgroup/a/memory.max", "5000\n");
	put("/sys/fs/cgroup/a/memory.current", "4900\n");
	CHECK_INT(cgroup_memory_left(root), 100);
	put("/sys/fs/cgroup/a/memory.current", "5100\n");
	CHECK_INT(cgroup_memory_left(root), 0);
}

CASE(files_that_can_be_dropped_are_no_use_of_memory)
{
	begin_v2("/a");

	put("/sys/fs/cgroup/a/memory.max", "1000\n");
	put("/sys/fs/cgroup/a/memory.current", "900\n");
	put("/sys/fs/cgroup/a/memory.stat",
	    "anon 5\nfile 500\nactive_inactive_file 1\ninactive_file 400\n");
	CHECK_INT(cgroup_memory_left(root), 500);
}

CASE(memory_of_version_1)
{
	begin_v1();

	put("/cg/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put("/cg/memory/memory.usage_in_bytes", "5000\n");
	put("/cg/memory/a/b/memory.limit_in_bytes", "4000\n");
	put("/cg/memory/a/b/memory.usage_in_bytes", "3500\n");
	put("/cg/memory/a/b/memory.stat",
	    "cache 1\ninactive_file 7\ntotal_inactive_file 1500\n");
	CHECK_INT(cgroup_memory_left(root), 2000);
}

CASE(the_real_system_can_be_asked)
{
	CHECK(cgroup_memory_left("") >= -1);
	(void)cgroup_n_cpus("");
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
