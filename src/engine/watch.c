/* SPDX-License-Identifier: MIT */
#include "engine/watch.h"

#include "base/buf.h"
#include "base/mono.h"

#include <stdlib.h>

void watch_init(struct watch *watch, const struct shared *shared,
                size_t n_cells)
{
	*watch = (struct watch){
		.shared = shared,
		.n_cells = n_cells,
		.states = xcalloc(n_cells, sizeof(*watch->states)),
	};
	for (size_t i = 0; i < n_cells; i++)
		watch->states[i].since_ns = mono_now_ns();
}

void watch_release(struct watch *watch)
{
	free(watch->states);
	*watch = (struct watch){0};
}

uint64_t watch_bytes(const struct watch *watch)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < watch->n_cells; i++)
		sum += atomic_load_explicit(&watch->shared->cells[i].bytes,
		                            memory_order_relaxed);
	return sum;
}

uint64_t watch_entries(const struct watch *watch)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < watch->n_cells; i++)
		sum += atomic_load_explicit(&watch->shared->cells[i].entries,
		                            memory_order_relaxed);
	return sum;
}

uint64_t watch_moved(const struct watch *watch)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < watch->n_cells; i++)
		sum += atomic_load_explicit(&watch->shared->cells[i].moved,
		                            memory_order_relaxed);
	return sum;
}

const char *watch_current(const struct watch *watch)
{
	for (size_t i = 0; i < watch->n_cells; i++) {
		if (watch->shared->cells[i].name[0])
			return watch->shared->cells[i].name;
	}
	return "";
}

const struct cell *watch_stuck(struct watch *watch, int64_t now_ns)
{
	for (size_t i = 0; i < watch->n_cells; i++) {
		const struct cell *cell = &watch->shared->cells[i];
		struct watch_state *state = &watch->states[i];
		uint64_t beats = atomic_load_explicit(&cell->beats,
		                                      memory_order_relaxed);

		if (beats != state->beats || !cell->name[0]) {
			*state = (struct watch_state){beats, now_ns, false};
		} else if (!state->was_told &&
		           now_ns - state->since_ns > WATCH_STUCK_NS) {
			state->was_told = true;
			return cell;
		}
	}
	return NULL;
}
