/* SPDX-License-Identifier: MIT */
#include "engine/each_pack.h"

#include "engine/each_job.h"
#include "engine/each_list.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* What is left for the kernel's own use and that of others. */
#define HEADROOM ((size_t)2048)

struct stored {
	size_t len, root_len, out_len, extra_len;
	uint64_t bytes;
};

void each_queue_put(struct each_queue *queue, const struct each_item *item)
{
	const struct stored stored = {
		item->len,       item->root_len, item->out.len,
		item->extra.len, item->bytes,
	};

	/* Move what is left to the front when that is less than what is gone.
	 */
	if (queue->at > queue->data.len / 2) {
		size_t left = queue->data.len - queue->at;

		memmove(queue->data.data, queue->data.data + queue->at, left);
		buf_truncate(&queue->data, left);
		queue->at = 0;
	}
	buf_append(&queue->data, &stored, sizeof(stored));
	buf_append(&queue->data, item->text, item->len);
	buf_append_char(&queue->data, '\0');
	buf_append(&queue->data, item->out.text, item->out.len);
	buf_append(&queue->data, item->extra.text, item->extra.len);
	queue->n++;
}

bool each_queue_first(const struct each_queue *queue, struct each_item *item)
{
	struct stored stored;

	if (queue->n == 0)
		return false;
	const char *at = queue->data.data + queue->at;
	memcpy(&stored, at, sizeof(stored));
	at += sizeof(stored);
	const char *out = at + stored.len + 1;
	*item = (struct each_item){
		.text = at,
		.len = stored.len,
		.root_len = stored.root_len,
		.bytes = stored.bytes,
		.out = {out, stored.out_len},
		.extra = {out + stored.out_len, stored.extra_len},
	};
	return true;
}

void each_queue_drop_first(struct each_queue *queue)
{
	struct each_item item;

	if (!each_queue_first(queue, &item))
		return;
	queue->at += sizeof(struct stored) + item.len + 1 + item.out.len +
	             item.extra.len;
	queue->n--;
}

size_t each_queue_size(const struct each_queue *queue)
{
	return queue->data.len - queue->at;
}

void each_queue_release(struct each_queue *queue)
{
	buf_release(&queue->data);
	*queue = (struct each_queue){0};
}

static size_t environment_size(void)
{
	size_t size = 0;

	for (char **at = environ; at && *at; at++)
		size += strlen(*at) + 1 + sizeof(char *);
	return size;
}

/* Size of the arguments that repeat, or that do not; 0 if one of them is
 * longer than the kernel takes. */
static size_t measure(struct each_pack *pack, bool repeats,
                      const struct each_item *item)
{
	size_t size = 1;

	for (size_t i = 0; i < pack->template->n_arguments; i++) {
		if (each_template_repeats(pack->template, i) != repeats)
			continue;
		buf_truncate(&pack->scratch, 0);
		buf_truncate(&pack->marks, 0);
		each_template_expand(pack->template, i, item, UINT64_MAX,
		                     &pack->scratch, &pack->marks);
		/* A slot has four digits at most. */
		if (pack->scratch.len + pack->marks.len > EACH_RECORD_MAX + 1)
			return 0;
		size += pack->scratch.len + 2 * pack->marks.len +
		        sizeof(char *);
	}
	return size;
}

void each_pack_init(struct each_pack *pack,
                    const struct each_template *template, size_t n_max)
{
	long arg_max = sysconf(_SC_ARG_MAX);
	size_t taken = environment_size() + HEADROOM;

	*pack = (struct each_pack){.template = template, .n_max = n_max};
	pack->size_max = EACH_ARGUMENTS_MAX;
	if (arg_max > 0 && (size_t)arg_max < pack->size_max + taken)
		pack->size_max =
			(size_t)arg_max > taken ? (size_t)arg_max - taken : 0;
	pack->fixed = measure(pack, false, NULL);
	if (pack->fixed == 0)
		pack->fixed = SIZE_MAX / 2;
}

void each_pack_release(struct each_pack *pack)
{
	each_queue_release(&pack->items);
	buf_release(&pack->scratch);
	buf_release(&pack->marks);
}

int each_pack_add(struct each_pack *pack, const struct each_item *item)
{
	size_t size = measure(pack, true, item);

	if (size == 0 || pack->fixed + size > pack->size_max)
		return -E2BIG;
	if (pack->fixed + pack->size + size > pack->size_max)
		return -EAGAIN;
	each_queue_put(&pack->items, item);
	pack->size += size;
	pack->bytes += item->bytes;
	return pack->n_max && pack->items.n >= pack->n_max;
}

static void expand(struct each_pack *pack, struct each_record *head,
                   uint64_t number)
{
	const struct each_template *template = pack->template;

	for (size_t i = 0; i < template->n_arguments; i++) {
		struct each_queue items = pack->items;
		struct each_item item = {0};

		if (!each_template_repeats(template, i)) {
			each_template_expand(template, i, NULL, number,
			                     &pack->scratch, &pack->marks);
			head->n_arguments++;
			continue;
		}
		/* A copy of the head only: the items stay. */
		while (each_queue_first(&items, &item)) {
			each_template_expand(template, i, &item, number,
			                     &pack->scratch, &pack->marks);
			each_queue_drop_first(&items);
			head->n_arguments++;
		}
	}
	head->size = (uint32_t)pack->scratch.len;
	head->n_marks = (uint32_t)(pack->marks.len / sizeof(uint32_t));
}

/* Of the first item: whoever has some has one item in a job. */
static void add_extra(struct buf *record, const struct each_queue *items)
{
	struct each_item item;

	if (!each_queue_first(items, &item) || item.extra.len == 0)
		return;
	while (record->len % EACH_EXTRA_ALIGN)
		buf_append_char(record, '\0');
	buf_append(record, item.extra.text, item.extra.len);
}

uint64_t each_pack_take(struct each_pack *pack, uint32_t job, uint64_t number,
                        struct buf *record, struct each_queue *items)
{
	struct each_record head = {.job = job};
	uint64_t bytes = pack->bytes;
	struct each_queue old = *items;

	buf_truncate(&pack->scratch, 0);
	buf_truncate(&pack->marks, 0);
	expand(pack, &head, number);
	buf_truncate(record, 0);
	buf_append(record, &head, sizeof(head));
	buf_append(record, pack->marks.data, pack->marks.len);
	buf_append(record, pack->scratch.data, pack->scratch.len);
	add_extra(record, &pack->items);
	*items = pack->items;
	buf_truncate(&old.data, 0);
	pack->items = (struct each_queue){.data = old.data};
	pack->size = 0;
	pack->bytes = 0;
	return bytes;
}
