/* SPDX-License-Identifier: MIT */
#include "engine/copy.h"

#include "base/fd.h"
#include "engine/bounds.h"
#include "engine/copy_parts.h"
#include "fs/held.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void copy_dirs_know(struct copy_tools *tools, struct copy_dirs *dirs,
                    const struct meta *dst)
{
	dirs->dst_dev = dst->dev;
	dirs->dst_is_locked = dst->is_locked;
	dirs->traits = traits_of(&tools->traits, dst->dev, dirs->dst_fd);
	/* Another user's directory may get a default ACL or a group for new
	 * files at any moment. */
	dirs->is_ours = dst->uid == geteuid() || dst->uid == 0;
	dirs->writer_now = held_writer(dst);
	dirs->is_closed = held_is_closed(dst);
	dirs->inherits_acl = !dirs->is_ours || xattr_is_inherited(dirs->dst_fd);
}

int copy_read_flags(struct copy_tools *tools, int fd, uint64_t dev,
                    struct flags *out)
{
	enum flags_form form =
		traits_of(&tools->any_traits, dev, fd)->flags_form;

	return flags_read_as(fd, form, out);
}

void copy_note_made(struct copy_dirs *dirs, int fd)
{
	struct meta made;

	if (dirs->notes_made && meta_read(fd, &made) == 0)
		dirs->made = (struct job_leader){
			.dev = made.dev, .ino = made.ino, .uid = made.uid};
}

struct stage_dir copy_stage_dir(const struct copy_dirs *dirs)
{
	return (struct stage_dir){.fd = dirs->dst_fd,
	                          .is_private = dirs->writer_now == 0,
	                          .is_closed = dirs->is_closed,
	                          .is_new = dirs->dst_is_empty,
	                          .room = dirs->room};
}

void copy_tools_release(struct copy_tools *tools)
{
	xattr_scratch_release(&tools->xattrs);
	buf_release(&tools->link);
	buf_release(&tools->other_link);
	ranges_release(&tools->ranges);
	alias_list_release(&tools->names);
}

bool copy_leads_out(struct copy_tools *tools, const struct copy_dirs *dirs,
                    int dir_fd, const char *name)
{
	return tools->settings->drops_unsafe &&
	       node_read_link(dir_fd, name, &tools->link) == 0 &&
	       bounds_are_left(tools->link.data, dirs->depth);
}

static bool is_older(const struct meta *dst, const struct meta *src)
{
	return dst->mtime_s < src->mtime_s ||
	       (dst->mtime_s == src->mtime_s && dst->mtime_ns < src->mtime_ns);
}

/* Of a link that may not be read its length is known, and its time. */
static bool looks_same(const struct copy_dirs *dirs, const struct meta *src,
                       const struct meta *dst)
{
	return src->size == dst->size &&
	       (!is_older(dst, src) ||
	        meta_same_mtime(src, dst, dirs->traits->times));
}

/* 1 when both links lead to the same text. */
static int has_same_target(struct copy_tools *tools,
                           const struct copy_dirs *dirs,
                           const struct job_entry *entry,
                           const struct meta *dst, struct fault *fault)
{
	int rc = node_read_link(dirs->src_fd, entry->name, &tools->link);

	if (rc < 0)
		return fault_src(fault, "cannot read link", rc);
	rc = node_read_link(dirs->dst_fd, job_dst_name(entry),
	                    &tools->other_link);
	if (rc < 0 && !fault_is_trouble(rc))
		return looks_same(dirs, &entry->meta, dst);
	if (rc < 0)
		return fault_dst(fault, "cannot read link", rc);
	return tools->link.len == tools->other_link.len &&
	       memcmp(tools->link.data, tools->other_link.data,
	              tools->link.len) == 0;
}

/* 1 when the destination has the source's content as far as size and time
 * tell; 0 when it has not; negative with a fault. */
static int is_current(struct copy_tools *tools, const struct copy_dirs *dirs,
                      const struct job_entry *entry, const struct meta *dst,
                      struct fault *fault)
{
	const struct meta *src = &entry->meta;

	if ((src->mode & S_IFMT) != (dst->mode & S_IFMT))
		return 0;
	if (meta_is(src, S_IFLNK))
		return has_same_target(tools, dirs, entry, dst, fault);
	if (!meta_is(src, S_IFREG))
		return src->rdev == dst->rdev;
	return src->size == dst->size &&
	       meta_same_mtime(src, dst, dirs->traits->times);
}

int copy_is_another(struct copy_tools *tools, struct copy_dirs *dirs,
                    const struct job_entry *entry, const struct meta *dst,
                    struct fault *fault)
{
	const char *name = job_dst_name(entry);

	/* An operand may be given another name. */
	if (name != entry->name ||
	    !alias_folds(&dirs->aliases, dirs->dst_fd, name, dst))
		return 0;
	int rc = alias_is_other(&tools->names, dirs->src_fd, dirs->dst_fd, name,
	                        dst);
	if (rc < 0)
		return fault_dst(fault, "cannot list names", rc);
	if (rc)
		(void)fault_dst(fault, COPY_SAME_NAME, 0);
	return rc;
}

bool copy_is_newer(struct copy_tools *tools, const struct copy_dirs *dirs,
                   const struct job_entry *entry, const struct meta *dst)
{
	struct fault fault;

	return tools->settings->update == UPDATE_OLDER &&
	       !is_older(dst, &entry->meta) &&
	       is_current(tools, dirs, entry, dst, &fault) == 0;
}

enum rule { RULE_COPY, RULE_LEAVE, RULE_MEND, RULE_IN_WAY, RULE_FAIL };

/* The source is reached under both names: numbers alone do not say so. */
static bool is_source(const struct copy_tools *tools,
                      const struct copy_dirs *dirs,
                      const struct job_entry *entry, const struct meta *dst)
{
	const struct held_name src = {dirs->src_fd, entry->name,
	                              tools->settings->follow == FOLLOW_ALL};
	const struct held_name copy = {dirs->dst_fd, job_dst_name(entry),
	                               false};

	return meta_same_inode(&entry->meta, dst) && held_is_one(src, copy);
}

/* What the update rule says of an entry whose name is taken. */
static enum rule judge(struct copy_tools *tools, struct copy_dirs *dirs,
                       const struct job_entry *entry, const struct meta *dst,
                       struct fault *fault)
{
	enum update_rule update = tools->settings->update;

	if (copy_is_another(tools, dirs, entry, dst, fault))
		return RULE_FAIL;
	if (update == UPDATE_NONE || is_source(tools, dirs, entry, dst))
		return RULE_LEAVE;
	if (meta_is(dst, S_IFDIR) && tools->settings->is_forced)
		return RULE_IN_WAY;
	if (meta_is(dst, S_IFDIR)) {
		(void)fault_dst(fault, "is a directory, its source is not", 0);
		return RULE_FAIL;
	}
	if (update == UPDATE_ALL || entry->is_anew)
		return RULE_COPY;
	int current = is_current(tools, dirs, entry, dst, fault);
	if (current < 0)
		return RULE_FAIL;
	if (current)
		return RULE_MEND;
	if (update == UPDATE_OLDER && !is_older(dst, &entry->meta))
		return RULE_LEAVE;
	return RULE_COPY;
}

static enum copy_outcome do_copy(struct copy_tools *tools,
                                 struct copy_dirs *dirs,
                                 const struct job_entry *entry,
                                 const struct meta *dst, struct counts *counts,
                                 struct fault *fault)
{
	if (dst && copy_make_way(tools, dirs, job_dst_name(entry), dst, fault))
		return COPY_FAILED;
	if (tools->settings->is_dry_run)
		return COPY_MADE;
	if (meta_is(&entry->meta, S_IFREG))
		return copy_file(tools, dirs, entry, dst, counts, fault);
	return copy_node(tools, dirs, entry, dst != NULL, counts, fault);
}

void copy_overlook(const struct traits *traits, struct dress *dress)
{
	bool is_link = meta_is(dress->want, S_IFLNK);

	dress->no_modes = traits->no_modes;
	dress->no_owners = traits->no_owners;
	dress->no_times = is_link && traits->no_link_times;
	if (is_link && traits->knows_links)
		dress->no_owners = traits->no_link_owners;
	dress->reads_back = traits->is_doubtful;
}

/* Another name of the source may be linked to it, if it has its content. */
static enum copy_outcome leave(struct copy_tools *tools, struct copy_dirs *dirs,
                               const struct job_entry *entry,
                               const struct meta *dst)
{
	struct fault fault;

	dirs->made = (struct job_leader){
		.dev = dst->dev, .ino = dst->ino, .uid = dst->uid};
	dirs->is_other = dirs->notes_made &&
	                 !meta_same_inode(&entry->meta, dst) &&
	                 is_current(tools, dirs, entry, dst, &fault) != 1;
	return COPY_UNCHANGED;
}

/* A name that could not be taken away again is not given. */
static char *note_to_learn(const struct copy_tools *tools,
                           const struct copy_dirs *dirs)
{
	return tools->settings->is_dry_run || dirs->dst_is_locked ? NULL
	                                                          : dirs->note;
}

static void learn(const struct copy_tools *tools, const struct copy_dirs *dirs,
                  const struct meta *src, const struct meta *dst)
{
	char *note = note_to_learn(tools, dirs);

	if (tools->settings->keep & DRESS_TIMES)
		traits_learn_times(dirs->traits, dirs->dst_fd, note, src, dst);
	if (meta_is(src, S_IFLNK))
		traits_learn_links(dirs->traits, dirs->dst_fd, note);
}

/* Where numbers may be the same for all, what else is seen of an inode tells it
 * from others. */
static void note_shared(struct copy_dirs *dirs, const struct meta *dst)
{
	const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	const uint64_t seen[] = {dst->ino,
	                         dst->size,
	                         (uint64_t)dst->mtime_s,
	                         dst->mtime_ns,
	                         (uint64_t)dst->ctime_s,
	                         dst->ctime_ns};
	uint64_t hash = 0;

	dirs->shared = *dst;
	if (!dirs->traits->is_doubtful)
		return;
	/* Numbers that follow each other, and small sizes, are spread first. */
	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		hash = (hash ^ seen[i]) * odd;
		hash ^= hash >> 29;
	}
	dirs->shared.ino = hash ? hash : 1;
}

static enum copy_outcome mend(struct copy_tools *tools, struct copy_dirs *dirs,
                              const struct job_entry *entry,
                              const struct meta *dst, struct counts *counts,
                              struct fault *fault)
{
	traits_learn_rights(dirs->traits, dirs->dst_fd,
	                    note_to_learn(tools, dirs), &entry->meta, dst);
	enum copy_outcome outcome =
		copy_mend(tools, dirs, entry, dst, counts, fault);
	bool stays = outcome == COPY_MENDED || outcome == COPY_UNCHANGED;

	if (stays && dst->nlink > 1 && tools->settings->keeps_links &&
	    !tools->settings->is_inplace)
		note_shared(dirs, dst);
	return outcome;
}

enum copy_outcome copy_entry(struct copy_tools *tools, struct copy_dirs *dirs,
                             const struct job_entry *entry,
                             struct counts *counts, struct fault *fault)
{
	struct meta dst;
	int rc = -ENOENT;

	if (meta_is(&entry->meta, S_IFLNK) &&
	    copy_leads_out(tools, dirs, dirs->src_fd, entry->name))
		return COPY_LEFT_OUT;
	if (dirs->dst_fd >= 0 && !dirs->dst_is_empty)
		rc = meta_read_at(dirs->dst_fd, job_dst_name(entry), &dst);
	if (dirs->dst_fd >= 0)
		learn(tools, dirs, &entry->meta, rc == 0 ? &dst : NULL);
	if (rc == -ENOENT)
		return do_copy(tools, dirs, entry, NULL, counts, fault);
	if (rc < 0) {
		(void)fault_dst(fault, "cannot stat", rc);
		return COPY_FAILED;
	}
	switch (judge(tools, dirs, entry, &dst, fault)) {
	case RULE_COPY:
		return do_copy(tools, dirs, entry, &dst, counts, fault);
	case RULE_LEAVE:
		return leave(tools, dirs, entry, &dst);
	case RULE_MEND:
		return mend(tools, dirs, entry, &dst, counts, fault);
	case RULE_IN_WAY:
		return tools->settings->is_dry_run ? COPY_MADE : COPY_IN_WAY;
	case RULE_FAIL:
		break;
	}
	return COPY_FAILED;
}
