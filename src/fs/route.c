/* SPDX-License-Identifier: MIT */
#include "fs/route.h"

#include <linux/magic.h>
#include <sys/vfs.h>

/* XFS could share blocks when it is asked to copy a range, so it is not; and
 * it makes room for a growing file well enough by itself. On tmpfs and btrfs a
 * second process waits for the first, or for the pages. */
static void learn(struct route *route, int dst_fd)
{
	bool is_same = route->src_dev == route->dst_dev;
	struct statfs fs;

	route->clone_min = 16384;
	if (fstatfs(dst_fd, &fs) < 0)
		return;
	switch ((uint32_t)fs.f_type) {
	case EXT4_SUPER_MAGIC: /* and ext2, ext3 */
		route->ends_short = is_same;
		route->has_kernel_copy = is_same;
		route->allocates = true;
		route->splits = true;
		break;
	case TMPFS_MAGIC:
		route->ends_short = is_same;
		route->has_kernel_copy = is_same;
		break;
	case BTRFS_SUPER_MAGIC:
		route->ends_short = is_same;
		route->clone_min = 1;
		break;
	case XFS_SUPER_MAGIC:
		route->ends_short = is_same;
		route->splits = true;
		break;
	default:
		break;
	}
}

struct route *route_of(struct routes *routes, uint64_t src_dev,
                       uint64_t dst_dev, int dst_fd)
{
	for (size_t i = 0; i < ROUTES_MAX; i++) {
		struct route *route = &routes->entries[i];

		if (route->is_known && route->src_dev == src_dev &&
		    route->dst_dev == dst_dev)
			return route;
	}
	struct route *route = &routes->entries[routes->next++ % ROUTES_MAX];
	*route = (struct route){
		.src_dev = src_dev, .dst_dev = dst_dev, .is_known = true};
	learn(route, dst_fd);
	return route;
}
