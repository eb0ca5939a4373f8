/* SPDX-License-Identifier: MIT */
#include "engine/copy_parts.h"

#include "base/fd.h"
#include "fs/held.h"

#include <errno.h>
#include <fcntl.h>

struct dress copy_dress(struct copy_tools *tools, const struct copy_dirs *dirs,
                        const struct meta *want)
{
	const struct settings *settings = tools->settings;

	struct dress dress = {
		.keep = settings->keep,
		.umask = settings->umask,
		.src = {.fd = -1},
		.dst = {.fd = -1},
		.want = want,
		.times = dirs->traits->times,
		.only_looks = settings->is_dry_run,
		.scratch = &tools->xattrs,
	};

	copy_overlook(dirs->traits, &dress);
	return dress;
}

void copy_count_lost(struct counts *counts, const struct dress_lost *lost)
{
	counts->lost[LOST_OWNERS] += lost->n_owners;
	counts->lost[LOST_MODES] += lost->n_modes;
	counts->lost[LOST_TIMES] += lost->n_times;
	counts->lost[LOST_XATTRS] += lost->n_xattrs;
	counts->lost[LOST_ACLS] += lost->n_acls;
	counts->lost[LOST_FLAGS] += lost->n_flags;
}

/* What has the name now. A regular file that may not be opened is held as a
 * path: the errno that said so, positive. */
static int open_entry(int dir_fd, const char *name, const struct meta *seen,
                      bool follows, struct meta_target *out)
{
	const int flags = O_NONBLOCK | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW);

	int refused = 0;

	*out = (struct meta_target){.fd = -1, .dir_fd = dir_fd, .name = name};
	if (meta_is(seen, S_IFREG)) {
		out->fd = openat(dir_fd, name, O_RDONLY | O_NOATIME | flags);
		if (out->fd < 0 && errno == EPERM)
			out->fd = openat(dir_fd, name, O_RDONLY | flags);
	}
	if (out->fd < 0) {
		refused = meta_is(seen, S_IFREG) ? errno : 0;
		if (fault_is_trouble(-refused))
			return -refused;
		out->is_path = true;
		out->fd = openat(dir_fd, name, O_PATH | flags);
	}
	return out->fd < 0 ? -errno : refused;
}

static int check_held(const struct meta_target *held, const struct meta *seen)
{
	struct meta now;
	int rc = meta_read(held->fd, &now);

	return rc == 0 && !held_matches(held->fd, &now, seen) ? -ESTALE : rc;
}

int copy_hold(int dir_fd, const char *name, const struct meta *seen,
              bool follows, struct meta_target *out)
{
	int rc = open_entry(dir_fd, name, seen, follows, out);

	if (rc >= 0)
		rc = check_held(out, seen);
	if (rc < 0)
		out->fd = fd_close(out->fd);
	return rc;
}

/* Whoever writes to the directory can harm himself, but no one else. */
static bool harms_only(uint32_t writer, const struct meta *dst)
{
	return writer == 0 || (writer != HELD_MANY && writer == dst->uid);
}

int copy_is_own(const struct copy_dirs *dirs, int fd, const struct meta *dst,
                const char *name)
{
	if (harms_only(dirs->writer_now, dst) &&
	    harms_only(dirs->writer_before, dst))
		return 1;
	return held_only_name(fd, dirs->dst_fd, name);
}

int copy_unlock(struct copy_tools *tools, const struct copy_dirs *dirs,
                const char *name, const struct meta *dst, struct fault *fault)
{
	struct meta_target target;
	struct flags flags;

	if (!tools->settings->is_forced)
		return fault_dst(fault, COPY_LOCKED, -EPERM);
	if (tools->settings->is_dry_run)
		return 0;
	int rc = copy_hold(dirs->dst_fd, name, dst, false, &target);
	if (rc == 0 && !target.is_path) {
		rc = flags_read(target.fd, &flags);
		if (rc == 0)
			rc = flags_unlock(target.fd, flags);
	}
	(void)fd_close(target.fd);
	return rc < 0 ? fault_dst(fault, "cannot unlock", rc) : 0;
}

int copy_make_way(struct copy_tools *tools, const struct copy_dirs *dirs,
                  const char *name, const struct meta *dst, struct fault *fault)
{
	bool keeps_its_name =
		tools->settings->is_inplace && meta_is(dst, S_IFREG);

	/* A name in an append-only directory can neither be taken over nor
	 * taken away: a temporary one would stay. */
	if (dirs->dst_is_locked && !keeps_its_name)
		return fault_dst(fault,
		                 "is in a directory that is immutable or "
		                 "append-only (see --force)",
		                 -EPERM);
	return dst->is_locked ? copy_unlock(tools, dirs, name, dst, fault) : 0;
}

/* Of the copy's, when they are hidden, it is only known that there are none of
 * its source. */
static int read_flags(struct copy_tools *tools, struct dress *dress,
                      const struct meta *dst, struct fault *fault)
{
	if (!meta_is(dst, S_IFREG) || !(dress->keep & DRESS_FLAGS) ||
	    dress->src.is_path)
		return 0;
	int rc = copy_read_flags(tools, dress->src.fd, dress->want->dev,
	                         &dress->want_flags);
	if (rc < 0)
		return fault_src(fault, "cannot read inode flags", rc);
	dress->lost.n_flags += rc == FLAGS_HIDDEN;
	if (dress->dst.is_path)
		return 0;
	rc = copy_read_flags(tools, dress->dst.fd, dst->dev,
	                     &dress->have_flags);
	if (rc < 0)
		return fault_dst(fault, "cannot read inode flags", rc);
	return 0;
}

/* Both sides are held and dressed; 1 when something was put right, or
 * FLAGS_NEED_NEW. */
static int mend_held(struct copy_tools *tools, struct dress *dress,
                     const struct meta *dst, struct fault *fault)
{
	dress->have = *dst;
	copy_overlook(traits_of(&tools->traits, dst->dev, dress->dst.fd),
	              dress);
	int rc = read_flags(tools, dress, dst, fault);
	if (rc < 0)
		return rc;
	int changed = dress_put(dress, fault);
	if (changed < 0)
		return changed;
	int locked = dress_lock(dress, fault);
	return locked ? locked : changed;
}

/* Only a new file can have the flags, or is surely no one else's. */
static enum copy_outcome make_anew(struct copy_tools *tools,
                                   struct copy_dirs *dirs,
                                   const struct job_entry *entry,
                                   const struct meta *dst,
                                   struct counts *counts, struct fault *fault)
{
	if (tools->settings->is_dry_run)
		return COPY_MADE;
	if (copy_make_way(tools, dirs, job_dst_name(entry), dst, fault) < 0)
		return COPY_FAILED;
	if (!meta_is(dst, S_IFREG))
		return copy_node(tools, dirs, entry, true, counts, fault);
	return copy_file(tools, dirs, entry, dst, counts, fault);
}

/* 1 when something is to be put right. */
static int look(struct copy_tools *tools, struct dress *dress,
                const struct meta *dst, struct fault *fault)
{
	struct dress only = *dress;

	only.only_looks = true;
	int rc = mend_held(tools, &only, dst, fault);
	if (rc == 0)
		dress->lost = only.lost;
	return rc;
}

/* A look first, as a locked file that is right needs no unlocking. */
static int mend_locked(struct copy_tools *tools, const struct copy_dirs *dirs,
                       const struct job_entry *entry, const struct meta *dst,
                       struct dress *dress, struct fault *fault)
{
	int rc = look(tools, dress, dst, fault);

	if (rc <= 0)
		return rc;
	rc = copy_unlock(tools, dirs, job_dst_name(entry), dst, fault);
	if (rc < 0)
		return rc;
	return dress->only_looks ? 1 : mend_held(tools, dress, dst, fault);
}

/* A file that may be somebody else's is left to him, and a new one made. */
static int mend_dst(struct copy_tools *tools, const struct copy_dirs *dirs,
                    const struct job_entry *entry, const struct meta *dst,
                    struct dress *dress, struct fault *fault)
{
	int own = copy_is_own(dirs, dress->dst.fd, dst, job_dst_name(entry));

	if (own < 0)
		return fault_dst(fault, "was replaced meanwhile", own);
	if (!own) {
		int rc = look(tools, dress, dst, fault);

		return rc > 0 ? FLAGS_NEED_NEW : rc;
	}
	if (dst->is_locked)
		return mend_locked(tools, dirs, entry, dst, dress, fault);
	return mend_held(tools, dress, dst, fault);
}

/* Nothing is to be done, as for most entries: what was looked at is not asked
 * for again then, since nothing is done to it. */
static bool is_right(struct copy_tools *tools, const struct copy_dirs *dirs,
                     const struct meta *dst, struct dress *dress)
{
	const bool only_looks = dress->only_looks;
	struct fault fault;

	/* Who has to know which inode it is does not get by without. */
	if (dirs->notes_made)
		return false;
	dress->only_looks = true;
	if (mend_held(tools, dress, dst, &fault) == 0)
		return true;
	dress->only_looks = only_looks;
	dress->lost = (struct dress_lost){0};
	return false;
}

/* Both sides are open. 1 when something was put right, or FLAGS_NEED_NEW. */
static int mend_opened(struct copy_tools *tools, const struct copy_dirs *dirs,
                       const struct job_entry *entry, const struct meta *dst,
                       struct dress *dress, struct fault *fault)
{
	int rc = check_held(&dress->src, &entry->meta);

	if (rc < 0)
		return fault_src(fault, "was replaced meanwhile", rc);
	rc = check_held(&dress->dst, dst);
	if (rc < 0)
		return fault_dst(fault, "was replaced meanwhile", rc);
	return mend_dst(tools, dirs, entry, dst, dress, fault);
}

static bool is_gone(int rc)
{
	return rc == -ENOENT || rc == -ESTALE || rc == -ELOOP;
}

static const char *what_failed(int rc)
{
	return is_gone(rc) ? "was replaced meanwhile" : "cannot open";
}

/* -ESTALE when the source is gone or another one. One that may not be read may
 * have other attributes than its copy, and other content. */
static int open_source(struct copy_tools *tools, const struct copy_dirs *dirs,
                       const struct job_entry *entry, struct meta_target *out,
                       struct fault *fault)
{
	bool follows = tools->settings->follow == FOLLOW_ALL;
	int rc = open_entry(dirs->src_fd, entry->name, &entry->meta, follows,
	                    out);

	if (rc > 0) {
		int held = check_held(out, &entry->meta);

		rc = held < 0 ? held : -rc;
	}
	if (rc < 0) {
		(void)fault_src(fault, what_failed(rc), rc);
		rc = is_gone(rc) ? -ESTALE : rc;
	}
	return rc;
}

enum copy_outcome copy_mend(struct copy_tools *tools, struct copy_dirs *dirs,
                            const struct job_entry *entry,
                            const struct meta *dst, struct counts *counts,
                            struct fault *fault)
{
	struct dress dress = copy_dress(tools, dirs, &entry->meta);
	int rc = open_source(tools, dirs, entry, &dress.src, fault);

	if (rc < 0) {
		(void)fd_close(dress.src.fd);
		return rc == -ESTALE ? COPY_VANISHED : COPY_FAILED;
	}
	rc = open_entry(dirs->dst_fd, job_dst_name(entry), dst, false,
	                &dress.dst);
	/* Others could put something else there to be changed. */
	if (dirs->writer_now != 0)
		dress.dst.name = NULL;
	if (rc < 0)
		rc = fault_dst(fault, what_failed(rc), rc);
	else if (is_right(tools, dirs, dst, &dress))
		rc = 0;
	else
		rc = mend_opened(tools, dirs, entry, dst, &dress, fault);
	copy_note_made(dirs, dress.dst.fd);
	(void)fd_close(dress.src.fd);
	(void)fd_close(dress.dst.fd);
	if (rc == -ESTALE && !fault->is_at_dst)
		return COPY_VANISHED;
	if (rc < 0)
		return COPY_FAILED;
	if (rc == FLAGS_NEED_NEW)
		return make_anew(tools, dirs, entry, dst, counts, fault);
	copy_count_lost(counts, &dress.lost);
	return rc ? COPY_MENDED : COPY_UNCHANGED;
}
