/* SPDX-License-Identifier: MIT */
#include "base/hash_set.h"

#include "base/buf.h"
#include "base/mono.h"

#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

struct hash_set_slot {
	uint64_t a, b; /* a is odd; 0: free */
	uint64_t n;
};

/* Where getrandom is refused, what differs from run to run has to do. */
static void choose_salt(struct hash_set *set)
{
	uint64_t salt[2];

	if (getrandom(salt, sizeof(salt), 0) != (ssize_t)sizeof(salt)) {
		salt[0] = (uint64_t)mono_now_ns();
		salt[1] = (uint64_t)getpid() ^ (uint64_t)(uintptr_t)set;
	}
	set->salt_a = salt[0] | 1;
	set->salt_b = salt[1];
}

/* FNV-1a and a multiplication, each of 64 bits. */
static struct hash_set_slot hash_of(const struct hash_set *set,
                                    const unsigned char *text, size_t len)
{
	struct hash_set_slot hash = {.a = set->salt_a, .b = set->salt_b};

	for (size_t i = 0; i < len; i++) {
		hash.a = (hash.a ^ text[i]) * UINT64_C(0x100000001b3);
		hash.b = (hash.b + text[i]) * UINT64_C(0xff51afd7ed558ccd);
		hash.b ^= hash.b >> 32;
	}
	hash.a |= 1;
	return hash;
}

/* Where the hash is, or would be put. */
static struct hash_set_slot *find(struct hash_set_slot *slots, size_t n_slots,
                                  const struct hash_set_slot *hash)
{
	size_t i = (size_t)hash->b & (n_slots - 1);

	while (slots[i].a && (slots[i].a != hash->a || slots[i].b != hash->b))
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

static void grow(struct hash_set *set)
{
	size_t n_slots = set->n_slots ? 2 * set->n_slots : 1024;
	struct hash_set_slot *slots = xcalloc(n_slots, sizeof(*slots));

	for (size_t i = 0; i < set->n_slots; i++) {
		if (set->slots[i].a)
			*find(slots, n_slots, &set->slots[i]) = set->slots[i];
	}
	free(set->slots);
	set->slots = slots;
	set->n_slots = n_slots;
}

uint64_t hash_set_add(struct hash_set *set, const void *text, size_t len)
{
	if (!set->salt_a)
		choose_salt(set);
	if (2 * set->n_used >= set->n_slots)
		grow(set);
	struct hash_set_slot hash = hash_of(set, text, len);
	struct hash_set_slot *slot = find(set->slots, set->n_slots, &hash);
	set->n_used += slot->a == 0;
	slot->a = hash.a;
	slot->b = hash.b;
	return ++slot->n;
}

bool hash_set_has(const struct hash_set *set, const void *text, size_t len)
{
	if (set->n_slots == 0)
		return false;
	struct hash_set_slot hash = hash_of(set, text, len);
	return find(set->slots, set->n_slots, &hash)->n > 0;
}

bool hash_set_take(struct hash_set *set, const void *text, size_t len)
{
	if (set->n_slots == 0)
		return false;
	struct hash_set_slot hash = hash_of(set, text, len);
	struct hash_set_slot *slot = find(set->slots, set->n_slots, &hash);
	if (slot->n == 0)
		return false;
	slot->n--;
	return true;
}

void hash_set_release(struct hash_set *set)
{
	free(set->slots);
	*set = (struct hash_set){0};
}
