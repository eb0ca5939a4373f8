/* SPDX-License-Identifier: MIT */
#include "engine/copy_parts.h"

#include "base/fd.h"
#include "fs/held.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 3

/* Nothing was made, and the source is not to blame: another way is tried. */
#define COPY_AGAIN 2

/* Never waits for a fifo's writer (O_NONBLOCK), follows a link only when told
 * to, and leaves the access time alone where that is allowed. */
static int open_source(const struct settings *settings, int dir_fd,
                       const char *name)
{
	int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;

	if (settings->follow != FOLLOW_ALL)
		flags |= O_NOFOLLOW;
	int fd = openat(dir_fd, name, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = openat(dir_fd, name, flags);
	return fd < 0 ? -errno : fd;
}

/* Opens what the walk saw as a regular file, or sets the outcome. */
static int open_regular(struct copy_tools *tools, const struct copy_dirs *dirs,
                        const char *name, struct meta *meta,
                        enum copy_outcome *outcome, struct fault *fault)
{
	int fd = open_source(tools->settings, dirs->src_fd, name);

	*outcome = COPY_VANISHED;
	if (fd == -ENOENT)
		return fault_src(fault, "vanished", fd);
	if (fd == -ELOOP || fd == -ENXIO)
		return fault_src(fault, "is no longer a regular file", fd);
	*outcome = COPY_FAILED;
	if (fd < 0)
		return fault_src(fault, "cannot open", fd);
	int rc = meta_read(fd, meta);
	if (rc == 0 && meta_is(meta, S_IFREG))
		return fd;
	(void)fd_close(fd);
	if (rc < 0)
		return fault_src(fault, "cannot stat", rc);
	*outcome = COPY_VANISHED;
	(void)fault_src(fault, "is no longer a regular file", 0);
	return -EINVAL;
}

/* One copy in the making. */
struct copying {
	struct copy_tools *tools;
	struct copy_dirs *dirs;
	int src_fd;
	struct meta meta; /* of the source, before its first byte was read */
	bool was_settled; /* then */
	const char *name; /* at the destination */
	bool is_inplace;
	const struct meta *replaced;
	struct dress dress;
	struct fault *fault;
};

/* What a new file is born with here is asked once a batch, in a directory of
 * our own. */
static int learn_new(struct copying *copying, int fd)
{
	struct copy_dirs *dirs = copying->dirs;

	if (dirs->knows_new)
		return 0;
	int rc = meta_read(fd, &dirs->new_meta);
	if (rc == 0 && (copying->dress.keep & DRESS_FLAGS))
		rc = flags_read_as(fd, dirs->traits->flags_form,
		                   &dirs->new_flags);
	if (rc < 0)
		return fault_dst(copying->fault, "cannot stat", rc);
	dirs->knows_new = dirs->is_ours && !dirs->traits->is_doubtful;
	return 0;
}

/* fd is a new file of ours, and what it has is known. */
static int begin_new(struct copying *copying, int fd, bool has_perms)
{
	struct copy_dirs *dirs = copying->dirs;
	struct dress *dress = &copying->dress;
	int rc = learn_new(copying, fd);

	dress->have = dirs->new_meta;
	if (dirs->knows_new)
		dress->have.mode = has_perms && !dirs->inherits_acl
		                           ? S_IFREG | dress_birth_perms(dress)
		                           : S_IFREG | 0600;
	dress->have_flags = dirs->new_flags;
	dress->is_bare = !dirs->inherits_acl;
	return rc;
}

/* What it inherits may let in whom its source keeps out. */
static uint32_t birth_perms(const struct copying *copying)
{
	if (copying->dirs->inherits_acl)
		return 0600;
	return dress_birth_perms(&copying->dress);
}

/* The file exists and is empty: everything up to its name. */
static int fill(struct copying *copying, int fd)
{
	struct dress *dress = &copying->dress;
	struct fault *fault = copying->fault;
	int rc = 0;

	dress->dst.fd = fd;
	if (dress->keep & DRESS_FLAGS) {
		rc = copy_read_flags(copying->tools, copying->src_fd,
		                     copying->meta.dev, &dress->want_flags);
		if (rc < 0)
			return fault_src(fault, "cannot read inode flags", rc);
		dress->lost.n_flags += rc == FLAGS_HIDDEN;
		rc = flags_set_early(fd, &dress->want_flags, &dress->have_flags,
		                     &dress->lost.n_flags, fault);
	}
	if (rc == 0)
		rc = ranges_copy(&copying->tools->ranges, &copying->tools->io,
		                 copying->src_fd, fd, &copying->meta,
		                 copying->dirs->dst_dev, fault);
	if (rc == 0)
		rc = dress_put(dress, fault);
	return rc < 0 ? rc : 0;
}

/* 1 when the bytes read may not be one state of the source. */
static int has_changed(struct copying *copying)
{
	return copy_look_again(copying->tools, copying->src_fd, &copying->meta,
	                       copying->was_settled, &copying->dress,
	                       copying->fault);
}

/* What is not sure to be on the disk is not to be taken for it by the next
 * run: it gets a time that is neither the source's nor later. */
static void mark_failed(const struct copying *copying)
{
	const struct copy_dirs *dirs = copying->dirs;
	const int64_t year_s = INT64_C(365) * 86400;
	const struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = copying->meta.mtime_s > year_s
	                           ? 0
	                           : copying->meta.mtime_s - year_s}};
	int fd = node_open_path(dirs->dst_fd, copying->name);

	/* If that fails, too, the message is all there is. */
	if (fd >= 0 && (dirs->writer_now == 0 ||
	                held_only_name(fd, dirs->dst_fd, copying->name) == 1))
		(void)utimensat(fd, "", times, AT_EMPTY_PATH);
	(void)fd_close(fd);
}

/* The file has its name: what is left to be done, the closing included. */
static int settle(struct copying *copying, int fd, int changed)
{
	copy_note_made(copying->dirs, fd);
	int rc = dress_lock(&copying->dress, copying->fault);
	int closed = fd_close_checked(fd);
	if (closed < 0) {
		mark_failed(copying);
		rc = fault_dst(copying->fault, "cannot close", closed);
	}
	return rc < 0 ? rc : changed;
}

/* One try into a file of its own: 0 made, 1 the source changed meanwhile, and
 * nothing was made unless this was the last try; or COPY_AGAIN. */
static int copy_staged(struct copying *copying, bool is_last_try)
{
	struct copy_dirs *dirs = copying->dirs;
	struct stage stage;
	bool has_perms;
	int rc = stage_open(&stage, copy_stage_dir(dirs), dirs->traits,
	                    birth_perms(copying), &has_perms, dirs->note);

	if (rc < 0)
		return fault_dst(copying->fault, "cannot create", rc);
	rc = begin_new(copying, stage.fd, has_perms);
	if (rc == 0)
		rc = fill(copying, stage.fd);
	int changed = rc == 0 ? has_changed(copying) : 0;
	if (rc < 0 || changed < 0 || (changed && !is_last_try)) {
		stage_discard(&stage);
		return rc < 0 ? rc : changed;
	}
	rc = stage_publish(&stage, copying->name);
	if (rc < 0 && copy_gives_way(copying->tools, dirs, copying->name, rc)) {
		copying->is_inplace = true;
		return COPY_AGAIN;
	}
	if (rc < 0)
		rc = copy_name_refused(copying->tools, dirs, copying->name, rc,
		                       copying->fault);
	if (rc == STAGE_AGAIN)
		stage_discard(&stage);
	if (rc)
		return rc < 0 ? rc : COPY_AGAIN;
	return settle(copying, stage.fd, changed);
}

/* An existing file can be written into when nobody has more of it now than he
 * will have in the end, as he may have it open; and when its other names are
 * ours, which they may not be where others can put entries. */
static int can_be_reused(struct copying *copying, int fd)
{
	struct dress *dress = &copying->dress;

	dress->dst.fd = fd;
	if (dress_is_wider(dress))
		return 0;
	return copy_is_own(copying->dirs, fd, &dress->have, copying->name);
}

/* Closes the file to others before it gets a byte of the new content. 0 when
 * that is refused, as the file is somebody else's. */
static int empty_it(struct copying *copying, int fd)
{
	struct dress *dress = &copying->dress;
	int rc = 0;

	if ((dress->have.mode & META_PERMS) != 0600)
		rc = meta_set_perms((struct meta_target){.fd = fd}, 0600);
	if (rc < 0 && !fault_is_trouble(rc))
		return 0;
	if (rc == 0 && dress->have.size && ftruncate(fd, 0) < 0)
		rc = -errno;
	if (rc == 0 && (dress->keep & DRESS_FLAGS))
		rc = flags_read(fd, &dress->have_flags);
	dress->have.mode = S_IFREG | 0600;
	return rc < 0 ? rc : 1;
}

/* 1 when the existing file that fd holds can be, and is, written into. */
static int reuse(struct copying *copying, int fd)
{
	struct dress *dress = &copying->dress;
	int rc = meta_read(fd, &dress->have);

	if (rc == 0 && !meta_is(&dress->have, S_IFREG))
		rc = -EEXIST;
	if (rc == 0)
		rc = can_be_reused(copying, fd);
	return rc > 0 ? empty_it(copying, fd) : rc;
}

/* Under the final name. An existing file keeps its inode, and so its other
 * names. Returns 1 with a descriptor, 0 when it has to be replaced. */
static int open_inplace(struct copying *copying, int *out)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	struct copy_dirs *dirs = copying->dirs;
	uint32_t perms = dirs->is_closed ? birth_perms(copying) : 0600;
	int fd = openat(dirs->dst_fd, copying->name, flags | O_CREAT | O_EXCL,
	                perms);
	bool is_new = fd >= 0;

	if (!is_new && errno == EEXIST && dirs->dst_is_empty) {
		int rc = copy_name_refused(copying->tools, dirs, copying->name,
		                           -EEXIST, copying->fault);

		if (rc < 0)
			return rc;
		errno = EEXIST;
	}
	if (!is_new && errno == EEXIST)
		fd = openat(dirs->dst_fd, copying->name, flags);
	/* Who may not write to it may replace it; nobody may write to a program
	 * that runs. */
	if (fd < 0 && (errno == EACCES || errno == ETXTBSY))
		return 0;
	if (fd < 0)
		return copy_not_created(copying->fault,
		                        "cannot open for writing", -errno);
	int rc = is_new ? begin_new(copying, fd, dirs->is_closed)
	                : reuse(copying, fd);
	if (rc == 0 && is_new)
		rc = 1;
	if (rc > 0)
		*out = fd;
	else
		(void)fd_close(fd);
	return rc < 0 ? fault_dst(copying->fault, "cannot write in place", rc)
	              : rc;
}

static int copy_inplace(struct copying *copying, int fd)
{
	int rc = fill(copying, fd);
	int changed = rc == 0 ? has_changed(copying) : 0;

	if (rc == 0)
		return settle(copying, fd, changed);
	copy_note_made(copying->dirs, fd);
	(void)fd_close(fd);
	return rc;
}

static bool can_be_overwritten(const struct meta *dst)
{
	return !dst || meta_is(dst, S_IFREG);
}

/* 0 made, 1 made although the source changed, COPY_AGAIN or negative. */
static int copy_once(struct copying *copying, bool is_last)
{
	copying->dress =
		copy_dress(copying->tools, copying->dirs, &copying->meta);
	copying->dress.src.fd = copying->src_fd;
	copying->dress.is_new = true;
	copying->dress.replaced = copying->replaced;
	int looked = dress_look(&copying->dress, copying->fault);
	if (looked < 0)
		return looked;
	if (copying->is_inplace) {
		int fd = -1;
		int rc = open_inplace(copying, &fd);

		if (rc != 0)
			return rc < 0 ? rc : copy_inplace(copying, fd);
	}
	return copy_staged(copying, is_last);
}

/* The permissions of an existing file stay when those of the source are not
 * kept. Without its ACL, the group's are not what they say. */
static const struct meta *look_at_replaced(const struct copying *copying,
                                           const struct meta *dst,
                                           struct meta *out)
{
	struct meta_target target = {.is_path = true};

	if ((copying->tools->settings->keep & DRESS_MODE) || !dst ||
	    !meta_is(dst, S_IFREG))
		return NULL;
	*out = *dst;
	target.fd = node_open_path(copying->dirs->dst_fd, copying->name);
	if (target.fd < 0 || xattr_has_acl(target))
		out->mode &= ~(uint32_t)S_IRWXG;
	(void)fd_close(target.fd);
	return out;
}

enum copy_outcome copy_file(struct copy_tools *tools, struct copy_dirs *dirs,
                            const struct job_entry *entry,
                            const struct meta *dst, struct counts *counts,
                            struct fault *fault)
{
	struct copying copying = {.tools = tools,
	                          .dirs = dirs,
	                          .name = job_dst_name(entry),
	                          .is_inplace = tools->settings->is_inplace &&
	                                        can_be_overwritten(dst),
	                          .fault = fault};
	struct meta replaced;
	int rc = 1;

	copying.replaced = look_at_replaced(&copying, dst, &replaced);
	for (int try = 1; try <= TRIES && rc > 0; try++) {
		enum copy_outcome outcome;
		struct timespec now;

		/* The clock of the kernel's time stamps; it is always there. */
		(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
		copying.src_fd = open_regular(tools, dirs, entry->name,
		                              &copying.meta, &outcome, fault);
		if (copying.src_fd < 0)
			return outcome;
		copying.was_settled = meta_is_settled(&copying.meta, now);
		rc = copy_once(&copying, try == TRIES);
		(void)fd_close(copying.src_fd);
		if (rc == COPY_AGAIN)
			try--;
	}
	if (rc == -ECANCELED)
		return COPY_STOPPED;
	if (rc < 0)
		return COPY_FAILED;
	copy_count_lost(counts, &copying.dress.lost);
	if (rc == 0)
		return COPY_MADE;
	(void)fault_src(fault, "kept changing while it was read", 0);
	return COPY_UNSTABLE;
}
