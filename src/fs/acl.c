/* SPDX-License-Identifier: MIT */
#include "fs/acl.h"

#include <endian.h>
#include <string.h>

/* The value of system.posix_acl_access, little endian: a version, then
 * entries. */
#define ACL_VERSION 2
enum { ACL_USER = 2, ACL_GROUP_OBJ = 4, ACL_GROUP = 8, ACL_MASK = 16 };

struct acl_entry {
	uint16_t tag, perms;
	uint32_t id;
};

/* What each class may do, 0 to 7; of several named ones what all may. */
struct classes {
	uint32_t mask, group, users, groups;
	bool has_named;
};

static void add_entry(struct classes *classes, const struct acl_entry *entry)
{
	const uint32_t perms = le16toh(entry->perms);

	switch (le16toh(entry->tag)) {
	case ACL_USER:
		classes->users &= perms;
		classes->has_named = true;
		break;
	case ACL_GROUP:
		classes->groups &= perms;
		classes->has_named = true;
		break;
	case ACL_GROUP_OBJ:
		classes->group = perms;
		break;
	case ACL_MASK:
		classes->mask = perms;
		break;
	default:
		break;
	}
}

uint32_t acl_perms_alone(const void *acl, size_t len, uint32_t perms)
{
	struct classes classes = {7, 0, 7, 7, false};
	struct acl_entry entry;
	uint32_t version, at = sizeof(version);

	if (len < sizeof(version) || (len - at) % sizeof(entry))
		return perms & ~UINT32_C(077);
	memcpy(&version, acl, sizeof(version));
	if (le32toh(version) != ACL_VERSION)
		return perms & ~UINT32_C(077);
	for (; at < len; at += (uint32_t)sizeof(entry)) {
		memcpy(&entry, (const char *)acl + at, sizeof(entry));
		add_entry(&classes, &entry);
	}
	uint32_t group = classes.group & classes.mask & classes.users;
	uint32_t other = 7;
	if (classes.has_named)
		other = classes.mask & classes.users & classes.groups;
	return perms & (~UINT32_C(077) | group << 3 | other);
}
