/* SPDX-License-Identifier: MIT */
#include "engine/place.h"

#include "fs/held.h"

#include <errno.h>

static const char *what_failed(int rc)
{
	return rc == -ESTALE ? "was replaced meanwhile"
	                     : "cannot open directory";
}

static int open_dir(struct tree *tree, const struct job *job, uint64_t dev,
                    uint64_t ino, struct meta *meta)
{
	int fd = tree_open(tree, job_path(job), job->path_len);

	if (fd < 0)
		return fd;
	int rc = held_read(fd, dev, ino, meta);
	/* Next time, what is there then is looked at again. */
	if (rc == -ESTALE)
		tree_forget(tree, job_path(job), job->path_len);
	return rc < 0 ? rc : fd;
}

int place_open(struct worker *worker, const struct job *job,
               struct copy_dirs *dirs, struct fault *fault)
{
	struct meta meta;
	int fd = open_dir(&worker->src_trees[job->operand], job, job->src_dev,
	                  job->src_ino, &meta);

	if (fd < 0)
		return fault_src(fault,
		                 fd == -ENOENT ? "vanished" : what_failed(fd),
		                 fd);
	dirs->src_fd = fd;
	dirs->dst_fd = -1;
	if (job->flags & JOB_DST_MISSING)
		return 0;
	fd = open_dir(&worker->dst_trees[job->operand], job, job->dst_dev,
	              job->dst_ino, &meta);
	if (fd < 0)
		return fault_dst(fault, what_failed(fd), fd);
	dirs->dst_fd = fd;
	copy_dirs_know(&worker->tools, dirs, &meta);
	return 0;
}
