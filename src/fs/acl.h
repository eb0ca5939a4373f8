/* SPDX-License-Identifier: MIT */
/* fs/acl.h - what an access ACL says beyond the mode
 *
 * Model     the group's bits of a file with an ACL are its mask, which is what
 *           all but the owner and the others get at most (acl(5)). Without its
 *           ACL the same mode would let in whom the ACL keeps out. */
#ifndef FS_ACL_H
#define FS_ACL_H

#include "base/base.h"

/* The part of perms that lets nobody do more, when the ACL is not there, than
 * perms do with it. A named user may be of the group, or of nobody's; a member
 * of a named group may be of no other. What is no ACL that can be read here
 * leaves the owner's bits. */
uint32_t acl_perms_alone(const void *acl, size_t len, uint32_t perms);

#endif
