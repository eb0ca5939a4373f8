/* SPDX-License-Identifier: MIT */
#include "engine/copy_parts.h"

#include "base/fd.h"
#include "fs/node.h"
#include "fs/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct linking {
	struct copy_tools *tools;
	struct copy_dirs *dirs;
	int leader_fd;
	const char *leader;
	struct meta leader_meta;
};

static int link_once(const struct linking *linking, const char *name)
{
	int rc = linkat(linking->leader_fd, linking->leader,
	                linking->dirs->dst_fd, name, 0);

	return rc < 0 ? -errno : 0;
}

/* An immutable or append-only file takes no new name: its locks, which it has
 * from us, are lifted for a moment. */
static int link_locked(const struct linking *linking, const char *name)
{
	struct meta_target target;
	struct flags flags;
	int rc = copy_hold(linking->leader_fd, linking->leader,
	                   &linking->leader_meta, false, &target);

	if (rc == 0)
		rc = target.is_path ? -EPERM : flags_read(target.fd, &flags);
	if (rc == 0)
		rc = flags_unlock(target.fd, flags);
	if (rc == 0) {
		unsigned n_lost = 0;
		struct flags open_flags;
		struct fault fault;

		rc = link_once(linking, name);
		int locked = flags_read(target.fd, &open_flags);
		if (locked == 0)
			locked = flags_set(target.fd, flags, open_flags,
			                   &n_lost, &fault);
		if (rc == 0 && locked < 0)
			rc = locked;
	}
	(void)fd_close(target.fd);
	return rc;
}

static int make_link(const struct linking *linking, const char *name)
{
	if (linking->leader_meta.is_locked)
		return link_locked(linking, name);
	return link_once(linking, name);
}

/* Under the final name, or by way of a temporary one when that is taken. */
static int publish_link(const struct linking *linking, const char *name)
{
	char *note = linking->dirs->note;
	int rc = make_link(linking, name);

	if (rc != -EEXIST)
		return rc;
	stage_make_name(note);
	rc = make_link(linking, note);
	if (rc < 0) {
		note[0] = '\0';
		return rc;
	}
	return stage_rename(linking->dirs->dst_fd, note, name);
}

/* The file systems without links, links across two of them, and too many. */
static bool cannot_be_linked(int rc)
{
	return rc == -EMLINK || rc == -EXDEV || rc == -EPERM ||
	       rc == -EOPNOTSUPP || rc == -ENOSYS;
}

/* 1: dst has to be replaced or is not there; 0: the outcome is set. */
static int look_at_dst(const struct linking *linking,
                       const struct job_entry *entry,
                       enum copy_outcome *outcome, struct fault *fault)
{
	const struct settings *settings = linking->tools->settings;
	struct copy_dirs *dirs = linking->dirs;
	const char *name = job_dst_name(entry);
	struct meta dst;
	int rc = dirs->dst_is_empty ? -ENOENT
	                            : meta_read_at(dirs->dst_fd, name, &dst);

	*outcome = COPY_FAILED;
	if (rc == -ENOENT)
		return 1;
	if (rc < 0) {
		(void)fault_dst(fault, "cannot stat", rc);
		return 0;
	}
	if (meta_same_inode(&dst, &linking->leader_meta) ||
	    settings->update == UPDATE_NONE) {
		*outcome = COPY_UNCHANGED;
		return 0;
	}
	if (meta_is(&dst, S_IFDIR)) {
		if (settings->is_forced)
			*outcome = COPY_IN_WAY;
		(void)fault_dst(fault, "is a directory, its source is not", 0);
		return 0;
	}
	if (dst.is_locked && !settings->is_dry_run &&
	    copy_unlock(linking->tools, dirs, name, &dst, fault) < 0)
		return 0;
	return 1;
}

enum copy_outcome copy_link(struct copy_tools *tools, struct copy_dirs *dirs,
                            const struct job_entry *entry, int leader_fd,
                            const char *leader, bool *leads,
                            struct counts *counts, struct fault *fault)
{
	struct linking linking = {.tools = tools,
	                          .dirs = dirs,
	                          .leader_fd = leader_fd,
	                          .leader = leader};
	enum copy_outcome outcome;

	*leads = false;
	if (dirs->dst_fd < 0) /* dry run */
		return COPY_MADE;
	int rc = leader_fd < 0 ? leader_fd
	                       : meta_read_at(leader_fd, leader,
	                                      &linking.leader_meta);
	if (rc == -ENOENT && tools->settings->is_dry_run)
		return COPY_MADE;
	if (rc < 0) {
		(void)fault_dst(fault, "its first name is gone", rc);
		return COPY_FAILED;
	}
	if (!look_at_dst(&linking, entry, &outcome, fault))
		return outcome;
	if (tools->settings->is_dry_run)
		return COPY_MADE;
	rc = publish_link(&linking, job_dst_name(entry));
	if (rc == 0)
		return COPY_MADE;
	if (!cannot_be_linked(rc)) {
		(void)fault_dst(fault, "cannot link", rc);
		return COPY_FAILED;
	}
	counts->lost[LOST_LINKS]++;
	*leads = true;
	return copy_entry(tools, dirs, entry, counts, fault);
}
