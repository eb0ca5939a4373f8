/* SPDX-License-Identifier: MIT */
/* A source that has been read is looked at again. */
#include "engine/copy_parts.h"

/* Looks at a source whose metadata moves. */
#define LOOKS 2

/* It has the same content and, perhaps, other metadata. */
static int dress_again(struct copy_tools *tools, int src_fd,
                       const struct meta *now, struct dress *dress,
                       struct fault *fault)
{
	int rc = meta_read(dress->dst.fd, &dress->have);

	if (rc < 0)
		return fault_dst(fault, "cannot stat", rc);
	dress->want = now;
	dress->is_new = dress->is_bare = dress->has_looked = false;
	/* All is put on once more, and what is lost is lost once more. */
	dress->lost = (struct dress_lost){.n_flags = dress->lost.n_flags};
	if (dress->keep & DRESS_FLAGS)
		rc = copy_read_flags(tools, src_fd, now->dev,
		                     &dress->want_flags);
	if (rc < 0)
		return fault_src(fault, "cannot read inode flags", rc);
	return dress_put(dress, fault);
}

/* When ctime alone has moved it is one state: ctime tells of new names and
 * attributes, too, and some file systems invent it at every look. */
int copy_look_again(struct copy_tools *tools, int src_fd, struct meta *meta,
                    bool was_settled, struct dress *dress, struct fault *fault)
{
	for (int i = 0; i < LOOKS; i++) {
		struct meta now;
		int rc = meta_read(src_fd, &now);

		if (rc < 0)
			return fault_src(fault, "cannot stat", rc);
		if (!meta_same_content(meta, &now))
			return 1;
		if (meta_same_ctime(meta, &now))
			return 0;
		if (!was_settled)
			return 1;
		*meta = now;
		rc = dress_again(tools, src_fd, meta, dress, fault);
		if (rc < 0)
			return rc;
	}
	return 0;
}
