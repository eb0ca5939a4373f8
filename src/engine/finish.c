/* SPDX-License-Identifier: MIT */
#include "engine/finish.h"

#include "base/fd.h"
#include "engine/copy_parts.h"
#include "fs/dress.h"
#include "fs/held.h"
#include "fs/tree.h"

#include <errno.h>
#include <fcntl.h>

/* What the directory has, and what flags it is to have. */
static int read_held(struct copy_tools *tools, const struct finish *dir,
                     struct dress *dress)
{
	int rc = held_read(dress->dst.fd, dir->dst_dev, dir->dst_ino,
	                   &dress->have);

	if (dress->dst.is_path) /* they cannot be asked for, nor set */
		dress->keep &= ~(unsigned)DRESS_FLAGS;
	if (rc < 0 || !(dress->keep & DRESS_FLAGS))
		return rc;
	rc = copy_read_flags(tools, dress->dst.fd, dress->have.dev,
	                     &dress->have_flags);
	dress->want_flags = dress->have_flags;
	if (rc == 0 && dress->src.fd >= 0 && !dress->src.is_path)
		rc = copy_read_flags(tools, dress->src.fd, dir->want->dev,
		                     &dress->want_flags);
	return rc;
}

static void learn_times(struct worker *worker, struct dress *dress)
{
	struct traits *traits = traits_of(&worker->tools.traits,
	                                  dress->have.dev, dress->dst.fd);

	if (dress->keep & DRESS_TIMES)
		traits_learn_times(traits, dress->dst.fd, NULL, dress->want,
		                   &dress->have);
	dress->times = traits->times;
}

static int dress_held(struct worker *worker, const struct finish *dir,
                      struct dress *dress, struct fault *fault)
{
	int rc = read_held(&worker->tools, dir, dress);

	if (rc < 0)
		return fault_dst(fault,
		                 rc == -ESTALE ? "was replaced meanwhile"
		                               : "cannot stat",
		                 rc);
	learn_times(worker, dress);
	dress->is_new = dir->is_new;
	/* Without --force it still is; then it has to be right already. */
	dress->only_looks = dress->have.is_locked;
	/* Some attributes exclude it (btrfs: compression). */
	if ((dress->keep & DRESS_FLAGS) && !dress->only_looks)
		rc = flags_set_early(dress->dst.fd, &dress->want_flags,
		                     &dress->have_flags, &dress->lost.n_flags,
		                     fault);
	if (rc == 0)
		rc = dress_put(dress, fault);
	int locked = rc < 0 ? rc : dress_lock(dress, fault);
	if (dress->only_looks && (rc > 0 || locked > 0))
		return fault_dst(fault, COPY_LOCKED, -EPERM);
	return locked < 0 ? locked : rc || locked;
}

/* That it cannot be read was reported when it was to be entered; its ACL can,
 * and without that its mode would mean something else. */
static void hold_unreadable(struct worker *worker, const struct finish *dir,
                            struct meta_target *out)
{
	size_t at = dir->path_len;

	while (at && dir->path[at - 1] != '/')
		at--;
	int fd = tree_open(&worker->src_trees[dir->operand], dir->path,
	                   at ? at - 1 : 0);
	if (fd >= 0)
		(void)copy_hold(fd, dir->path + at, dir->want,
		                worker->settings->follow == FOLLOW_ALL, out);
}

int finish_dir(struct worker *worker, const struct finish *dir,
               struct counts *counts, struct fault *fault)
{
	const struct pair *pair = &worker->site->pairs[dir->operand];
	struct dress dress = {
		.keep = worker->settings->keep,
		.umask = worker->settings->umask,
		.want = dir->want,
		.scratch = &worker->tools.xattrs,
	};

	dress.dst.fd = tree_open(&worker->dst_trees[dir->operand], dir->path,
	                         dir->path_len);
	if (dress.dst.fd < 0)
		return fault_dst(fault, "cannot open directory", dress.dst.fd);
	dress.dst.is_path = dir->path_len == 0 && pair->dst_is_path;
	dress.src.fd = tree_open(&worker->src_trees[dir->operand], dir->path,
	                         dir->path_len);
	/* What took its place has attributes of its own. */
	if (dress.src.fd >= 0 &&
	    held_same(dress.src.fd, dir->want->dev, dir->want->ino) < 0)
		dress.src.fd = -1;
	if (dress.src.fd >= 0 && dir->path_len == 0 && pair->src_is_path)
		dress.src = (struct meta_target){
			.fd = fcntl(dress.src.fd, F_DUPFD_CLOEXEC, 0),
			.is_path = true};
	if (dress.src.fd < 0 && dir->path_len)
		hold_unreadable(worker, dir, &dress.src);
	int rc = dress_held(worker, dir, &dress, fault);
	copy_count_lost(counts, &dress.lost);
	if (dress.src.is_path)
		(void)fd_close(dress.src.fd);
	return rc;
}
