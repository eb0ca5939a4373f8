/* SPDX-License-Identifier: MIT */
#include "engine/finish.h"

#include "base/fd.h"
#include "engine/copy_parts.h"
#include "engine/enter.h"
#include "fs/dress.h"
#include "fs/held.h"
#include "fs/tree.h"

#include <errno.h>
#include <string.h>

/* What the directory has, and what flags it is to have. */
static int read_held(struct copy_tools *tools, const struct finish *dir,
                     struct dress *dress)
{
	int rc = held_read(dress->dst.fd, dir->dst_dev, dir->dst_ino,
	                   &dress->have);

	if (rc < 0 || !(dress->keep & DRESS_FLAGS))
		return rc;
	if (!dress->dst.is_path)
		rc = copy_read_flags(tools, dress->dst.fd, dress->have.dev,
		                     &dress->have_flags);
	dress->want_flags = dress->have_flags;
	if (rc < 0 || dress->src.fd < 0 || dress->src.is_path)
		return rc;
	rc = copy_read_flags(tools, dress->src.fd, dir->want->dev,
	                     &dress->want_flags);
	if (rc != FLAGS_HIDDEN)
		return rc;
	dress->lost.n_flags++;
	dress->want_flags = dress->have_flags;
	return 0;
}

static void know_target(struct worker *worker, struct dress *dress)
{
	struct traits *traits = traits_of(&worker->tools.traits,
	                                  dress->have.dev, dress->dst.fd);

	if (dress->keep & DRESS_TIMES)
		traits_learn_times(traits, dress->dst.fd, NULL, dress->want,
		                   &dress->have);
	dress->times = traits->times;
	copy_overlook(traits, dress);
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
	know_target(worker, dress);
	dress->is_new = dir->is_new;
	/* Without --force it still is; then it has to be right already. */
	dress->only_looks = dress->have.is_locked;
	/* Some attributes exclude it (btrfs: compression). */
	rc = 0;
	if ((dress->keep & DRESS_FLAGS) && !dress->only_looks &&
	    !dress->dst.is_path)
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
static int hold_unreadable(struct worker *worker, const struct finish *dir,
                           struct meta_target *out)
{
	size_t at = dir->path_len;

	while (at && dir->path[at - 1] != '/')
		at--;
	int fd = tree_open(&worker->src_trees[dir->operand], dir->path,
	                   at ? at - 1 : 0);
	if (fd < 0)
		return fd;
	return copy_hold(fd, dir->path + at, dir->want,
	                 worker->settings->follow == FOLLOW_ALL, out);
}

/* What took its place has attributes of its own. */
static int hold_source(struct worker *worker, const struct finish *dir,
                       struct meta_target *out)
{
	const struct pair *pair = &worker->site->pairs[dir->operand];

	*out = (struct meta_target){.fd = -1};
	if (enter_is_other_file_system(worker, dir->operand, dir->want))
		return hold_unreadable(worker, dir, out);
	*out = (struct meta_target){
		.fd = tree_open(&worker->src_trees[dir->operand], dir->path,
	                        dir->path_len),
		.is_path = dir->path_len == 0 && pair->src_is_path};
	int rc = out->fd;

	if (rc >= 0)
		rc = held_same(rc, dir->want->dev, dir->want->ino);
	if (rc >= 0 || (fault_is_trouble(rc) && rc != -ESTALE))
		return rc;
	out->fd = -1;
	return dir->path_len ? hold_unreadable(worker, dir, out) : 0;
}

static void say_losses(struct worker *worker, const struct finish *dir,
                       const struct dress *dress, struct counts *counts)
{
	const struct counts before = *counts;

	copy_count_lost(counts, &dress->lost);
	if (memcmp(&before, counts, sizeof(before)) == 0)
		return;
	worker_say_losses(
		worker,
		&(struct worker_loss){
			.traits = traits_of(&worker->tools.traits,
	                                    dress->have.dev, dress->dst.fd),
			.before = &before,
			.now = counts,
			.operand = dir->operand,
			.dir = dir->path,
			.dir_len = dir->path_len,
			.name = "",
		});
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
	int rc = hold_source(worker, dir, &dress.src);
	/* One that is gone leaves what was known of it. */
	if (rc < 0 && fault_is_trouble(rc) && rc != -ESTALE)
		rc = fault_src(fault, "cannot open directory", rc);
	else
		rc = dress_held(worker, dir, &dress, fault);
	if (dress.dst.fd >= 0)
		say_losses(worker, dir, &dress, counts);
	if (dress.src.is_path && dir->path_len) /* the root's is not ours */
		(void)fd_close(dress.src.fd);
	return rc;
}
