/* SPDX-License-Identifier: MIT */
/* map, starmap and the iterators: all are one struct mp_imap, which keeps the
 * results that came and not yet were given. */
#include "base/mono.h"
#include "mp/pool_private.h"

#include <errno.h>
#include <stdlib.h>

struct mp_imap {
	/* constant after create */
	struct mp_pool *pool;
	struct request request; /* args: of all calls */
	size_t n;
	bool is_ordered;

	size_t n_submitted, n_settled, n_given;
	struct mp_result *results; /* by index of the call */
	bool *is_settled;
	size_t *order; /* the indices settled, as they came */
};

void mp_imap_settle(struct mp_imap *imap, size_t index, struct mp_result result)
{
	imap->results[index] = result;
	imap->is_settled[index] = true;
	imap->order[imap->n_settled++] = index;
}

/* Queues what there is room for. A call that cannot be queued at all has its
 * error as its result. */
static void feed(struct mp_imap *imap)
{
	for (; imap->n_submitted < imap->n; imap->n_submitted++) {
		struct request request = imap->request;
		struct call call = {.imap = imap, .index = imap->n_submitted};
		int err;

		request.args += imap->n_submitted * request.n_args;
		err = mp_pool_submit(imap->pool, &request, &call);
		if (err == -EAGAIN)
			return;
		if (err)
			mp_imap_settle(imap, call.index,
			               (struct mp_result){.error = err});
	}
}

static void free_imap(struct mp_imap *imap)
{
	free(imap->results);
	free(imap->is_settled);
	free(imap->order);
	free(imap);
}

static int create(struct mp_pool *pool, const struct request *request, size_t n,
                  bool is_ordered, struct mp_imap **out)
{
	struct mp_imap *imap;
	size_t n_places = n ? n : 1;

	if (pool->is_closed)
		return -EPIPE;
	imap = calloc(1, sizeof(*imap));
	if (!imap)
		return -ENOMEM;
	imap->pool = pool;
	imap->request = *request;
	imap->n = n;
	imap->is_ordered = is_ordered;
	imap->results = calloc(n_places, sizeof(*imap->results));
	imap->is_settled = calloc(n_places, sizeof(*imap->is_settled));
	imap->order = calloc(n_places, sizeof(*imap->order));
	if (!imap->results || !imap->is_settled || !imap->order) {
		free_imap(imap);
		return -ENOMEM;
	}
	feed(imap);
	*out = imap;
	return 0;
}

int mp_pool_imap(struct mp_pool *pool, mp_pool_fn *fn,
                 const struct mp_bytes *args, size_t n, struct mp_imap **out)
{
	struct request request = {
		.fn = mp_pool_offset(fn),
		.args = args,
		.n_args = 1,
	};

	return create(pool, &request, n, true, out);
}

int mp_pool_imap_unordered(struct mp_pool *pool, mp_pool_fn *fn,
                           const struct mp_bytes *args, size_t n,
                           struct mp_imap **out)
{
	struct request request = {
		.fn = mp_pool_offset(fn),
		.args = args,
		.n_args = 1,
	};

	return create(pool, &request, n, false, out);
}

/* True when the next result to be given is there. */
static bool has_next(const struct mp_imap *imap)
{
	return imap->is_ordered ? imap->is_settled[imap->n_given]
	                        : imap->n_given < imap->n_settled;
}

int mp_imap_next(struct mp_imap *imap, struct mp_result *result, size_t *index,
                 int timeout_ms)
{
	int64_t deadline_ns = mono_deadline_ns(timeout_ms);
	size_t next;

	if (imap->n_given == imap->n)
		return 0;
	for (;;) {
		feed(imap);
		if (has_next(imap))
			break;
		/* With -ECHILD all that is left has that as its result. */
		if (mp_pool_turn(imap->pool, imap->n_submitted < imap->n,
		                 deadline_ns) == -ETIMEDOUT)
			return -ETIMEDOUT;
	}
	next = imap->is_ordered ? imap->n_given : imap->order[imap->n_given];
	imap->n_given++;
	*result = imap->results[next];
	imap->results[next] = (struct mp_result){0};
	if (index)
		*index = next;
	return 1;
}

void mp_imap_destroy(struct mp_imap *imap)
{
	if (!imap)
		return;
	for (size_t i = 0; i < imap->pool->n_calls_max; i++) {
		struct call *call = imap->pool->calls[i];

		if (call && call->imap == imap)
			call->imap = NULL;
	}
	mp_results_release(imap->results, imap->n);
	free_imap(imap);
}

static int map(struct mp_pool *pool, const struct request *request, size_t n,
               struct mp_result *results)
{
	struct mp_imap *imap;
	struct mp_result result;
	size_t index;
	int n_failed = 0;
	int err = create(pool, request, n, false, &imap);

	if (err)
		return err;
	while (mp_imap_next(imap, &result, &index, -1) == 1) {
		results[index] = result;
		n_failed += result.error != 0;
	}
	mp_imap_destroy(imap);
	return n_failed;
}

int mp_pool_map(struct mp_pool *pool, mp_pool_fn *fn,
                const struct mp_bytes *args, size_t n,
                struct mp_result *results)
{
	struct request request = {
		.fn = mp_pool_offset(fn),
		.args = args,
		.n_args = 1,
	};

	return map(pool, &request, n, results);
}

int mp_pool_starmap(struct mp_pool *pool, mp_pool_star_fn *fn,
                    const struct mp_bytes *args, size_t n_args, size_t n,
                    struct mp_result *results)
{
	struct request request = {
		.fn = mp_pool_star_offset(fn),
		.is_star = true,
		.args = args,
		.n_args = n_args,
	};

	return map(pool, &request, n, results);
}

int mp_pool_apply(struct mp_pool *pool, mp_pool_fn *fn, const void *arg,
                  size_t len, struct mp_result *result)
{
	struct mp_bytes bytes = {arg, len};
	int rc = mp_pool_map(pool, fn, &bytes, 1, result);

	return rc < 0 ? rc : 0;
}
