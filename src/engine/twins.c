/* SPDX-License-Identifier: MIT */
#include "engine/twins.h"

#include "base/buf.h"

#include <stdlib.h>

/* The finalizer of splitmix64: every bit of the result depends on every bit of
 * the number. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t hash(struct twin_inode inode)
{
	uint64_t value = mix(inode.ino + mix(inode.dev + 1));

	return value ? value : 1;
}

/* Where dst is, or would be put. */
static struct twin *find(const struct twins *twins, uint64_t dst)
{
	size_t at = dst & (twins->size - 1);

	while (twins->table[at].dst && twins->table[at].dst != dst)
		at = (at + 1) & (twins->size - 1);
	return &twins->table[at];
}

static void grow(struct twins *twins)
{
	struct twins larger = {.size = twins->size ? 2 * twins->size : 1024,
	                       .n_used = twins->n_used};

	larger.table = xcalloc(larger.size, sizeof(*larger.table));
	for (size_t i = 0; i < twins->size; i++) {
		if (twins->table[i].dst)
			*find(&larger, twins->table[i].dst) = twins->table[i];
	}
	free(twins->table);
	*twins = larger;
}

bool twins_conflict(struct twins *twins, struct twin_inode dst,
                    struct twin_inode src)
{
	const struct twin twin = {.dst = hash(dst), .src = hash(src)};

	if (4 * (twins->n_used + 1) > 3 * twins->size)
		grow(twins);
	struct twin *found = find(twins, twin.dst);
	if (found->dst)
		return found->src != twin.src;
	*found = twin;
	twins->n_used++;
	return false;
}

void twins_release(struct twins *twins)
{
	free(twins->table);
	*twins = (struct twins){0};
}
