/* SPDX-License-Identifier: MIT */
/* base/hash_set.h - which texts were seen, and how often
 *
 * Model     a table with open addressing of 128-bit hashes; the texts
 *           themselves are not kept. The hash is salted: nobody can choose
 *           texts that collide.
 * Lifetime  {0} is an empty set; hash_set_release frees it
 * Memory    24 to 48 bytes for each different text */
#ifndef BASE_HASH_SET_H
#define BASE_HASH_SET_H

#include "base/base.h"

struct hash_set {
	uint64_t salt_a, salt_b; /* both 0: not chosen yet */
	struct hash_set_slot *slots;
	size_t n_used, n_slots;
};

/* Adds a text; returns how often it is in the set now, 1 if it is new. */
uint64_t hash_set_add(struct hash_set *set, const void *text, size_t len);

bool hash_set_has(const struct hash_set *set, const void *text, size_t len);

/* Takes a text away once; false if it was not there. */
bool hash_set_take(struct hash_set *set, const void *text, size_t len);

void hash_set_release(struct hash_set *set);

#endif
