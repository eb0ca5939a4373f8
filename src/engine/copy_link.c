/* SPDX-License-Identifier: MIT */
#include "engine/copy_parts.h"

#include "base/fd.h"
#include "fs/held.h"
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
	int held; /* the leader itself */
	struct meta leader_meta;
	const struct job_entry *entry;
};

/* Another run that makes the same copy may have put its own there, which is as
 * good: where nobody else could. */
static bool is_as_good(const struct linking *linking)
{
	const struct meta *src = &linking->entry->meta;
	const struct meta *leader = &linking->leader_meta;
	struct meta dir;

	return meta_read(linking->leader_fd, &dir) == 0 &&
	       held_is_private(&dir) && leader->mode == src->mode &&
	       leader->size == src->size &&
	       meta_same_mtime(src, leader, linking->dirs->traits->times);
}

/* 1 when it is the copy that was made; 0 when somebody has put another file in
 * its place, to be linked to where he could not put it himself. */
static int hold_leader(struct linking *linking)
{
	const struct job_leader *made = &linking->entry->leader;
	int dir_fd = linking->leader_fd;

	if (dir_fd < 0)
		return dir_fd;
	linking->held = node_open_path(dir_fd, linking->leader);
	if (linking->held < 0)
		return linking->held;
	int rc = meta_read(linking->held, &linking->leader_meta);
	if (rc < 0)
		return rc;
	if (made->ino && linking->leader_meta.uid != made->uid)
		return 0;
	return held_same(linking->held, made->dev, made->ino) == 0 ||
	       is_as_good(linking);
}

static int make_link(const struct linking *linking, const char *name)
{
	return node_link(linking->held, linking->dirs->dst_fd, name);
}

/* Under the final name, or by way of a temporary one when that is taken; 1 when
 * it is a name of the leader already, which inode numbers need not tell. */
static int publish_link(const struct linking *linking, const char *name,
                        struct fault *fault)
{
	struct copy_dirs *dirs = linking->dirs;
	char *note = dirs->note;
	int rc = make_link(linking, name);

	if (rc == -EEXIST)
		rc = dirs->dst_is_empty
		             ? copy_name_refused(linking->tools, dirs, name, rc,
		                                 fault)
		             : COPY_NAME_OLD;
	if (rc != COPY_NAME_OLD)
		return rc;
	stage_make_name(note);
	rc = make_link(linking, note);
	if (rc < 0) {
		note[0] = '\0';
		return rc;
	}
	return stage_rename_link(copy_stage_dir(dirs), dirs->traits, note,
	                         name);
}

/* A leader whose locks are off, as a worker died here, is to have those of its
 * source. */
static int read_wanted_flags(const struct linking *linking, struct flags have,
                             struct flags *want)
{
	const struct settings *settings = linking->tools->settings;
	struct meta_target source;
	int rc = 0;

	*want = have;
	if (flags_are_locked(have) || !(settings->keep & DRESS_FLAGS))
		return 0;
	if (copy_hold(linking->dirs->src_fd, linking->entry->name,
	              &linking->entry->meta, settings->follow == FOLLOW_ALL,
	              &source) < 0)
		return 0;
	if (!source.is_path)
		rc = flags_read(source.fd, want);
	(void)fd_close(source.fd);
	if (rc == FLAGS_HIDDEN)
		*want = have;
	return rc < 0 ? rc : 0;
}

/* An immutable or append-only file takes no new name and gives none up: its
 * locks are lifted meanwhile. No other worker does the same to it at the same
 * time, see links.h. */
static int publish_locked(const struct linking *linking, const char *name,
                          struct fault *fault)
{
	struct meta_target target;
	struct flags have = {0}, want, now;
	struct fault unsaid;
	unsigned n_lost = 0;
	int rc = copy_hold(linking->leader_fd, linking->leader,
	                   &linking->leader_meta, false, &target);

	if (rc == 0)
		rc = target.is_path ? -EPERM : flags_read(target.fd, &have);
	if (rc == FLAGS_HIDDEN)
		rc = -EPERM;
	if (rc == 0)
		rc = read_wanted_flags(linking, have, &want);
	if (rc == 0 && flags_are_locked(have))
		rc = flags_unlock(target.fd, have);
	if (rc == 0) {
		rc = publish_link(linking, name, fault);
		int locked = flags_read(target.fd, &now);
		if (locked == 0)
			locked = flags_set(target.fd, want, now, &n_lost,
			                   &unsaid);
		if (rc >= 0 && locked < 0)
			rc = locked;
	}
	(void)fd_close(target.fd);
	return rc;
}

static int publish(const struct linking *linking, const char *name,
                   struct fault *fault)
{
	bool keeps_flags = (linking->tools->settings->keep & DRESS_FLAGS) != 0;

	if (linking->leader_meta.is_locked ||
	    (linking->entry->meta.is_locked && keeps_flags))
		return publish_locked(linking, name, fault);
	return publish_link(linking, name, fault);
}

/* File systems without links, or with one name a file; links across two of
 * them; what guards a process and lets it make none. */
static bool cannot_be_linked(const struct linking *linking, int rc)
{
	if (rc == -EMLINK)
		return linking->leader_meta.nlink < 2;
	return stage_is_way_refused(rc);
}

/* Whether the leader that a dry run sees would be there by now, or another. */
static bool leader_stays(const struct linking *linking)
{
	const struct settings *settings = linking->tools->settings;
	const struct meta *src = &linking->entry->meta;
	const struct meta *dst = &linking->leader_meta;

	if (!settings->is_dry_run || settings->is_inplace)
		return true;
	return settings->update == UPDATE_OLDER ||
	       (settings->update == UPDATE_CHANGED && src->size == dst->size &&
	        meta_same_mtime(src, dst, linking->dirs->traits->times));
}

/* The name is one of the leader's already. Where numbers are not unique the
 * two differ otherwise. */
static bool is_leader(const struct linking *linking, const char *name,
                      const struct meta *dst)
{
	const struct meta *leader = &linking->leader_meta;

	if (!meta_same_inode(dst, leader))
		return false;
	if (meta_same_content(dst, leader) && meta_same_ctime(dst, leader))
		return true;
	return held_is_one(
		(struct held_name){linking->leader_fd, linking->leader, false},
		(struct held_name){linking->dirs->dst_fd, name, false});
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
	if (copy_is_another(linking->tools, dirs, entry, &dst, fault))
		return 0;
	if ((is_leader(linking, name, &dst) && leader_stays(linking)) ||
	    settings->update == UPDATE_NONE ||
	    copy_is_newer(linking->tools, dirs, entry, &dst)) {
		*outcome = COPY_UNCHANGED;
		return 0;
	}
	if (meta_is(&dst, S_IFDIR)) {
		if (settings->is_forced)
			*outcome =
				settings->is_dry_run ? COPY_MADE : COPY_IN_WAY;
		(void)fault_dst(fault, "is a directory, its source is not", 0);
		return 0;
	}
	if (copy_make_way(linking->tools, dirs, name, &dst, fault) < 0)
		return 0;
	return 1;
}

/* It becomes a file of its own, which others can be linked to. */
static enum copy_outcome copy_instead(const struct linking *linking,
                                      bool *leads, struct counts *counts,
                                      struct fault *fault)
{
	enum copy_outcome outcome = copy_entry(linking->tools, linking->dirs,
	                                       linking->entry, counts, fault);

	*leads = true;
	if (outcome == COPY_MADE || outcome == COPY_UNCHANGED ||
	    outcome == COPY_MENDED || outcome == COPY_UNSTABLE)
		counts->lost[LOST_LINKS]++;
	return outcome;
}

/* The leader is held. */
static enum copy_outcome link_held(const struct linking *linking, bool *leads,
                                   struct counts *counts, struct fault *fault)
{
	const struct job_entry *entry = linking->entry;
	enum copy_outcome outcome;

	/* The leader may be further down, where the same text stays within. */
	if (meta_is(&linking->leader_meta, S_IFLNK) &&
	    copy_leads_out(linking->tools, linking->dirs, linking->leader_fd,
	                   linking->leader))
		return COPY_LEFT_OUT;
	if (!look_at_dst(linking, entry, &outcome, fault))
		return outcome;
	if (linking->tools->settings->is_dry_run)
		return COPY_MADE;
	int rc = publish(linking, job_dst_name(entry), fault);
	if (rc >= 0)
		return rc ? COPY_UNCHANGED : COPY_MADE;
	if (cannot_be_linked(linking, rc))
		return copy_instead(linking, leads, counts, fault);
	if (rc == -EMLINK)
		return COPY_LINK_FULL;
	if (rc != -EEXIST)
		(void)fault_dst(fault, "cannot link", rc);
	return COPY_FAILED;
}

enum copy_outcome copy_link(struct copy_tools *tools, struct copy_dirs *dirs,
                            const struct job_entry *entry, int leader_fd,
                            const char *leader, bool *leads,
                            struct counts *counts, struct fault *fault)
{
	struct linking linking = {.tools = tools,
	                          .dirs = dirs,
	                          .leader_fd = leader_fd,
	                          .leader = leader,
	                          .held = -1,
	                          .entry = entry};
	enum copy_outcome outcome = COPY_FAILED;

	*leads = false;
	if (dirs->dst_fd < 0) /* dry run */
		return COPY_MADE;
	int rc = hold_leader(&linking);
	/* In a dry run it would be made by now: only the name itself tells. */
	if (rc < 0 && !tools->settings->is_dry_run)
		(void)fault_dst(fault, "its first name is gone", rc);
	else if (rc == 0)
		outcome = copy_instead(&linking, leads, counts, fault);
	else
		outcome = link_held(&linking, leads, counts, fault);
	(void)fd_close(linking.held);
	return outcome;
}
