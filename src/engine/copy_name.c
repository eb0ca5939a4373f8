/* SPDX-License-Identifier: MIT */
#include "engine/copy_parts.h"

#include "fs/stage.h"

#include <errno.h>
#include <unistd.h>

/* In a directory that this run made: 1 when another entry of this run has the
 * name, 0 when another run, say, has put the same one there. */
static int is_taken(struct copy_tools *tools, struct copy_dirs *dirs,
                    const char *name)
{
	struct meta seen;
	int rc = meta_read_at(dirs->dst_fd, name, &seen);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (alias_folds(&dirs->aliases, dirs->dst_fd, name, &seen))
		return 1;
	rc = alias_is_listed(&tools->names, dirs->dst_fd, name);
	return rc < 0 ? rc : !rc;
}

int copy_not_created(struct fault *fault, const char *what, int rc)
{
	if (rc == -EINVAL || rc == -EILSEQ || rc == -ENAMETOOLONG)
		what = "has a name that the target cannot hold";
	return fault_dst(fault, what, rc);
}

/* Such as in a sticky directory. */
static bool is_anothers(const struct copy_dirs *dirs, const char *name, int rc)
{
	struct meta there;

	return (rc == -EPERM || rc == -EACCES) && geteuid() != 0 &&
	       meta_read_at(dirs->dst_fd, name, &there) == 0 &&
	       there.uid != geteuid();
}

bool copy_gives_way(const struct copy_tools *tools,
                    const struct copy_dirs *dirs, const char *name, int rc)
{
	struct meta there;

	return tools->settings->is_inplace && rc != -EISDIR && rc != -EBUSY &&
	       stage_is_way_refused(rc) && !dirs->dst_is_empty &&
	       meta_read_at(dirs->dst_fd, name, &there) == 0 &&
	       !meta_is(&there, S_IFREG) && !meta_is(&there, S_IFDIR) &&
	       unlinkat(dirs->dst_fd, name, 0) == 0;
}

int copy_name_refused(struct copy_tools *tools, struct copy_dirs *dirs,
                      const char *name, int rc, struct fault *fault)
{
	if (rc == -EEXIST && dirs->dst_is_empty) {
		int taken = is_taken(tools, dirs, name);

		if (taken < 0)
			return fault_dst(fault, "cannot stat", taken);
		if (taken) {
			(void)fault_dst(fault, COPY_SAME_NAME, 0);
			return rc;
		}
		dirs->dst_is_empty = false;
		return COPY_NAME_OLD;
	}
	if (rc == -EBUSY || rc == -ETXTBSY)
		return fault_dst(fault,
		                 "is in use and cannot be replaced "
		                 "(--inplace writes into it)",
		                 rc);
	if (rc == -EINVAL || rc == -EILSEQ || rc == -EISDIR ||
	    !stage_is_way_refused(rc))
		return copy_not_created(fault, "cannot publish", rc);
	if (is_anothers(dirs, name, rc))
		return fault_dst(fault,
		                 "belongs to another user and cannot be "
		                 "replaced",
		                 rc);
	if (tools->settings->is_inplace)
		return fault_dst(fault, "cannot be replaced", rc);
	return fault_dst(fault,
	                 "cannot be renamed to its name "
	                 "(--inplace needs no renaming)",
	                 rc);
}
