/* SPDX-License-Identifier: MIT */
/* The slots of a queue and the order of their records. Nothing here sleeps.
 *
 * Truth is in the words alone. A word changes by compare-and-swap; all atomic
 * operations here are sequentially consistent unless they say relaxed, and
 * what an owner wrote into its slot is seen by the next one because the word
 * changed in between. A process may die between any two instructions: what it
 * owns says so, and everything else is a hint.
 *
 * Order. A record gets its sequence number when it is published, so numbers
 * follow the order of publishing, and if one put returned before another began
 * it has the lower number. A taker wants the READY record with the lowest
 * number. A pass over the words is not atomic and may miss a lower one that was
 * published behind its back while it still sees a higher one in front. So
 * passes are repeated until two agree on the first record s: all that was
 * published before s was READY before the first pass ended, and the second
 * would have seen it.
 *
 * The hint saves the passes: order[n] says in which slot record n is, and hint
 * says with which n to begin. Both are checked against the word, so order may
 * be wrong. The rule of the hint: a READY record whose publish or give_back has
 * returned is not before the hint. It is kept so:
 * - A taker moves the hint forward over what it took and over what it saw taken
 *   (or did not see at all in its two passes), with a compare-and-swap that
 *   fails if the version is another than when it began to look.
 * - Who makes READY a record that others may already have passed lowers the
 *   hint to it and changes the version, before it returns. That is give_back,
 *   recover, and a publisher who finds that a later number than its own had
 *   been given out. If there was none, then every later record was published
 *   after this one was READY, and who takes a later one saw this one first.
 * - Who dies in between leaves the rule broken until recover, which lowers the
 *   hint to the first READY record there is. The record is not lost meanwhile:
 *   it is found as soon as the hint does not lead straight to another. */
#include "mp/queue_private.h"

#include "base/diag.h"

#define VERSION_MASK ((UINT64_C(1) << MP_SEQ_SHIFT) - 1)

size_t mp_ring_index(const struct mp_queue *queue, const void *record)
{
	const unsigned char *start = queue->slots + sizeof(struct mp_slot);
	size_t offset = (size_t)((const unsigned char *)record - start);

	if (offset % queue->stride || offset / queue->stride >= queue->n_slots)
		bug("not a record of this queue");
	return offset / queue->stride;
}

void mp_ring_init(struct mp_queue *queue, uint64_t first_seq)
{
	/* No word may look as if record first_seq had been taken already. */
	uint64_t last_seq = (first_seq - 1) & MP_SEQ_MASK;

	for (size_t i = 0; i < queue->n_slots; i++)
		atomic_init(&queue->words[i],
		            mp_word(last_seq, MP_SLOT_FREE, 0));
	atomic_init(&queue->shared->next_seq, first_seq);
	atomic_init(&queue->shared->hint, (first_seq & MP_SEQ_MASK)
	                                          << MP_SEQ_SHIFT);
}

struct mp_scan mp_ring_scan(const struct mp_queue *queue)
{
	struct mp_scan scan = {0};

	for (size_t i = 0; i < queue->n_slots; i++) {
		uint64_t word = atomic_load(&queue->words[i]);

		if (mp_word_state(word) == MP_SLOT_FILLING)
			scan.has_filling = true;
		if (mp_word_state(word) != MP_SLOT_READY)
			continue;
		if (scan.has_ready &&
		    mp_seq_before(mp_word_seq(scan.word), mp_word_seq(word)))
			continue;
		scan.has_ready = true;
		scan.slot = i;
		scan.word = word;
	}
	return scan;
}

size_t mp_ring_count(const struct mp_queue *queue, enum mp_slot_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < queue->n_slots; i++)
		n += mp_word_state(atomic_load(&queue->words[i])) == state;
	return n;
}

bool mp_ring_has(const struct mp_queue *queue, enum mp_slot_state state)
{
	for (size_t i = 0; i < queue->n_slots; i++) {
		if (mp_word_state(atomic_load(&queue->words[i])) == state)
			return true;
	}
	return false;
}

bool mp_ring_claim(struct mp_queue *queue, size_t *slot)
{
	size_t i = atomic_load_explicit(&queue->cursor, memory_order_relaxed);

	for (size_t n = 0; n < queue->n_slots; n++, i++) {
		if (i >= queue->n_slots)
			i = 0;
		uint64_t word = atomic_load(&queue->words[i]);
		if (mp_word_state(word) != MP_SLOT_FREE)
			continue;
		uint64_t mine = mp_word(mp_word_seq(word), MP_SLOT_FILLING,
		                        mp_shm_self());
		if (!atomic_compare_exchange_strong(&queue->words[i], &word,
		                                    mine))
			continue;
		atomic_store_explicit(&queue->cursor, (uint32_t)i + 1,
		                      memory_order_relaxed);
		*slot = i;
		return true;
	}
	return false;
}

/* Changes the word of a slot that the caller owns. */
static void change(struct mp_queue *queue, size_t slot, enum mp_slot_state from,
                   enum mp_slot_state to, uint64_t seq)
{
	uint64_t word = atomic_load(&queue->words[slot]);

	if (mp_word_state(word) != from || mp_word_owner(word) != mp_shm_self())
		bug("slot %zu is not the caller's", slot);
	if (!atomic_compare_exchange_strong(&queue->words[slot], &word,
	                                    mp_word(seq, to, 0)))
		bug("slot %zu was changed by another", slot);
}

static uint64_t seq_in(struct mp_queue *queue, size_t slot)
{
	return mp_word_seq(atomic_load(&queue->words[slot]));
}

/* Takers begin no later than at seq, and those that are looking begin anew. */
static void lower_hint(struct mp_queue *queue, uint64_t seq)
{
	uint64_t hint = atomic_load(&queue->shared->hint), lower;

	do {
		lower = mp_word_seq(hint);
		if (mp_seq_before(seq, lower))
			lower = seq;
		lower = lower << MP_SEQ_SHIFT | ((hint + 1) & VERSION_MASK);
	} while (!atomic_compare_exchange_weak(&queue->shared->hint, &hint,
	                                       lower));
}

/* After record seq was taken by who had seen this hint. */
static void advance_hint(struct mp_queue *queue, uint64_t seen, uint64_t seq)
{
	uint64_t next = (seq + 1) & MP_SEQ_MASK;
	uint64_t version = seen & VERSION_MASK;
	uint64_t hint = seen;

	while ((hint & VERSION_MASK) == version &&
	       mp_seq_before(mp_word_seq(hint), next)) {
		if (atomic_compare_exchange_weak(&queue->shared->hint, &hint,
		                                 next << MP_SEQ_SHIFT |
		                                         version))
			return;
	}
}

void mp_ring_publish(struct mp_queue *queue, size_t slot, size_t len)
{
	struct mp_slot *head = mp_ring_slot(queue, slot);

	head->len = (uint32_t)len;
	head->n_returns = 0;
	uint64_t n = atomic_fetch_add(&queue->shared->next_seq, 1);
	uint64_t seq = n & MP_SEQ_MASK;
	atomic_store_explicit(&queue->order[seq & queue->order_mask],
	                      (uint32_t)slot, memory_order_relaxed);
	change(queue, slot, MP_SLOT_FILLING, MP_SLOT_READY, seq);
	if (atomic_load(&queue->shared->next_seq) != n + 1)
		lower_hint(queue, seq);
}

void mp_ring_release(struct mp_queue *queue, size_t slot,
                     enum mp_slot_state from)
{
	change(queue, slot, from, MP_SLOT_FREE, seq_in(queue, slot));
}

void mp_ring_return(struct mp_queue *queue, size_t slot)
{
	uint64_t seq = seq_in(queue, slot);

	change(queue, slot, MP_SLOT_TAKEN, MP_SLOT_READY, seq);
	lower_hint(queue, seq);
}

static bool take_word(struct mp_queue *queue, size_t slot, uint64_t word)
{
	uint64_t mine =
		mp_word(mp_word_seq(word), MP_SLOT_TAKEN, mp_shm_self());

	return atomic_compare_exchange_strong(&queue->words[slot], &word, mine);
}

/* Follows the hint. A word that has the number looked for and is not READY
 * says that this record was taken: the next one is the first then. */
static bool take_hinted(struct mp_queue *queue, uint64_t hint, size_t *slot)
{
	uint64_t seq = mp_word_seq(hint);

	for (;; seq = (seq + 1) & MP_SEQ_MASK) {
		size_t i = atomic_load_explicit(
			&queue->order[seq & queue->order_mask],
			memory_order_relaxed);
		uint64_t word = atomic_load(&queue->words[i]);

		if (mp_word_seq(word) != seq)
			return false;
		if (mp_word_state(word) != MP_SLOT_READY)
			continue;
		/* Was one before it published or given back meanwhile? */
		uint64_t now = atomic_load(&queue->shared->hint);
		if (((now ^ hint) & VERSION_MASK) != 0 ||
		    !take_word(queue, i, word))
			return false;
		advance_hint(queue, hint, seq);
		*slot = i;
		return true;
	}
}

/* The READY record that is first in the order, seen twice. */
static bool find_first(const struct mp_queue *queue, struct mp_scan *first)
{
	struct mp_scan again = mp_ring_scan(queue);

	do {
		*first = again;
		if (!first->has_ready)
			return false;
		again = mp_ring_scan(queue);
	} while (!again.has_ready || again.word != first->word);
	return true;
}

bool mp_ring_take(struct mp_queue *queue, size_t *slot)
{
	struct mp_scan first;

	for (;;) {
		uint64_t hint = atomic_load(&queue->shared->hint);

		if (take_hinted(queue, hint, slot))
			return true;
		if (!find_first(queue, &first))
			return false;
		if (!take_word(queue, first.slot, first.word))
			continue;
		advance_hint(queue, hint, mp_word_seq(first.word));
		*slot = first.slot;
		return true;
	}
}

bool mp_ring_find_taken(const struct mp_queue *queue, size_t *slot)
{
	uint64_t first = 0, seq;
	bool found = false;

	for (size_t i = 0; i < queue->n_slots; i++) {
		uint64_t word = atomic_load(&queue->words[i]);

		seq = mp_word_seq(word);
		if (mp_word_state(word) != MP_SLOT_TAKEN ||
		    mp_word_owner(word) != mp_shm_self() ||
		    (found && mp_seq_before(first, seq)))
			continue;
		found = true;
		first = seq;
		*slot = i;
	}
	return found;
}

/* A record whose taker died. */
static void judge_slot(struct mp_queue *queue, size_t slot, uint64_t word,
                       mp_queue_judge_fn *judge, void *ctx)
{
	struct mp_slot *head = mp_ring_slot(queue, slot);
	enum mp_queue_verdict verdict = MP_QUEUE_RETRY;
	enum mp_slot_state to = MP_SLOT_FREE;
	size_t len = head->len;

	if (judge)
		verdict = judge(ctx, head + 1, &len, head->n_returns + 1);
	if (len > queue->record_max)
		bug("a record of %zu bytes in a slot of %zu", len,
		    queue->record_max);
	if (verdict == MP_QUEUE_RETRY) {
		head->len = (uint32_t)len;
		head->n_returns++;
		to = MP_SLOT_READY;
	}
	if (!atomic_compare_exchange_strong(&queue->words[slot], &word,
	                                    mp_word(mp_word_seq(word), to, 0)))
		bug("slot %zu was changed by another", slot);
}

size_t mp_ring_recover(struct mp_queue *queue, uint32_t owner,
                       mp_queue_judge_fn *judge, void *ctx)
{
	size_t n_in_hand = 0;

	if (owner == 0)
		bug("nobody has no slots");
	for (size_t i = 0; i < queue->n_slots; i++) {
		uint64_t word = atomic_load(&queue->words[i]);

		if (mp_word_owner(word) != owner)
			continue;
		if (mp_word_state(word) == MP_SLOT_TAKEN) {
			judge_slot(queue, i, word, judge, ctx);
			n_in_hand++;
		} else if (!atomic_compare_exchange_strong(
				   &queue->words[i], &word,
				   mp_word(mp_word_seq(word), MP_SLOT_FREE,
		                           0))) {
			bug("slot %zu was changed by another", i);
		}
	}
	/* Also for what the dead one made READY itself just before its end. */
	struct mp_scan scan = mp_ring_scan(queue);
	if (scan.has_ready)
		lower_hint(queue, mp_word_seq(scan.word));
	return n_in_hand;
}

bool mp_ring_was_idle(const struct mp_queue *queue)
{
	/* A record that arrives behind the back of this pass was claimed after
	 * its slot was looked at, so it changes next_seq before it is READY;
	 * and who holds a record while it puts another still owns its slot
	 * until after that. */
	uint64_t before = atomic_load(&queue->shared->next_seq);

	return mp_ring_count(queue, MP_SLOT_FREE) == queue->n_slots &&
	       atomic_load(&queue->shared->next_seq) == before;
}
