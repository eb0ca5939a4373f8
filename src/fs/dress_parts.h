/* SPDX-License-Identifier: MIT */
/* fs/dress_parts.h - what dress.c is made of; for the dress*.c files only
 *
 *   dress.c        puts on what the source has
 *   dress_close.c  before that: takes away what will not be there */
#ifndef FS_DRESS_PARTS_H
#define FS_DRESS_PARTS_H

#include "fs/dress.h"

/* The permissions in the end, with or without the source's ACL. */
uint32_t dress_final_perms(const struct dress *dress, bool has_acl);

/* 1 when they were changed, 0 when that is refused. */
int dress_set_perms(struct dress *dress, uint32_t perms, struct fault *fault);

/* While an inode changes hands, or ACLs, it allows nobody what it will not
 * allow him in the end. 1 when it was changed. */
int dress_tighten(struct dress *dress, struct fault *fault);

#endif
