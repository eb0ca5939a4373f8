/* SPDX-License-Identifier: MIT */
#include "engine/each_show.h"

#include "base/quote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *each_show_name(struct each_master *master,
                           const struct each_task *task)
{
	struct each_item item = {.text = ""};

	(void)each_queue_first(&task->items, &item);
	buf_truncate(&master->name, 0);
	buf_append(&master->name, item.text, item.len);
	if (task->items.n > 1)
		buf_printf(&master->name, " (and %zu more)", task->items.n - 1);
	return master->name.data;
}

/* The items of a job with blanks between them. */
static const struct buf *make_tag(struct each_master *master,
                                  const struct each_task *task)
{
	struct each_queue items = task->items;
	struct each_item item;

	if (!master->settings->is_tagged)
		return NULL;
	buf_truncate(&master->tag, 0);
	while (each_queue_first(&items, &item)) {
		if (master->tag.len > 0)
			buf_append_char(&master->tag, ' ');
		buf_append(&master->tag, item.text, item.len);
		each_queue_drop_first(&items);
	}
	return &master->tag;
}

/* A lost message is not a lost result: only standard output has to be there. */
static void check_written(struct each_master *master, bool is_stderr, int rc)
{
	if (rc < 0 && !is_stderr)
		each_master_break(master, "standard output", "write", -rc);
}

void each_show_command(struct each_master *master, const struct each_task *task,
                       unsigned slot, bool is_stderr)
{
	const struct each_observer *observer = master->observer;
	const struct each_hooks *hooks = master->settings->hooks;
	const struct each_record *record = (const void *)task->record.data;
	struct buf *text = &master->text;

	if (master->tally->is_broken)
		return;
	buf_truncate(text, 0);
	if (hooks) {
		struct buf raw = {0};

		hooks->add_text(hooks->ctx, record, slot, &raw);
		quote_name(text, raw.data, raw.len);
		buf_release(&raw);
	} else if (is_stderr) {
		each_job_show(record, slot, text);
	} else {
		each_job_script(record, slot, text);
	}
	buf_append_char(text, '\n');
	check_written(master, is_stderr,
	              observer->on_output(observer->ctx, is_stderr, text->data,
	                                  text->len));
}

void each_show_stream(struct each_master *master, struct each_task *task,
                      enum each_stream_index stream)
{
	int rc = 0;

	if (!master->tally->is_broken)
		rc = each_screen_show(&master->screen, &task->printed, stream,
		                      make_tag(master, task));
	check_written(master, stream == EACH_STDERR, rc);
}

static int to_results(void *ctx, bool is_stderr UNUSED, const void *data,
                      size_t len)
{
	return each_results_write(ctx, data, len);
}

/* The path of the item, if the items are paths and one makes a job. */
static void name_results(struct each_master *master,
                         const struct each_task *task)
{
	struct each_item item = {.text = NULL};

	if (each_walks(master->settings) && master->settings->n_items == 1)
		(void)each_queue_first(&task->items, &item);
	each_results_name(&master->results, item.text, task->number);
}

int each_show_keep(struct each_master *master, struct each_task *task)
{
	struct each_screen files = master->screen;
	int rc = 0;

	files.write = to_results;
	files.ctx = &master->results;
	name_results(master, task);
	for (unsigned i = 0; rc == 0 && i < N_EACH_STREAMS; i++) {
		rc = each_screen_show(&files, &task->printed, i, NULL);
		if (rc == 0)
			rc = each_results_end(&master->results, i);
	}
	if (rc < 0)
		each_results_drop(&master->results);
	each_screen_drop(&master->screen, &task->printed);
	return rc;
}

/* The path up to a directory that is called as the file of another item is:
 * what a prints goes to a.out, so b in a.out/b has no place. */
static bool is_below_file_of(const struct each_filter *filter, const char *path,
                             size_t len)
{
	struct stat status;

	if (len < 5 || (strncmp(path + len - 4, ".out", 4) != 0 &&
	                strncmp(path + len - 4, ".err", 4) != 0))
		return false;
	char *other = xstrndup(path, len - 4);
	struct each_text base =
		each_item_base((struct each_text){other, len - 4});
	/* lint: path, one that the walk has come by */
	bool is_file = lstat(other, &status) == 0 && S_ISREG(status.st_mode);
	bool is_item = is_file && (filter->types & EACH_FILES) &&
	               each_filter_takes(filter, base);
	free(other);
	return is_item;
}

int each_show_may_keep(struct each_master *master, const struct each_task *task)
{
	const struct each_settings *settings = master->settings;
	struct each_item item = {.text = ""};

	if (master->results.fd < 0)
		return 0;
	name_results(master, task);
	if (each_walks(settings) && settings->n_items == 1)
		(void)each_queue_first(&task->items, &item);
	for (size_t i = item.root_len; i < item.len; i++) {
		if (item.text[i] == '/' &&
		    is_below_file_of(&settings->filter, item.text, i))
			return -EEXIST;
	}
	return each_results_check(&master->results,
	                          each_walks(settings) &&
	                                  settings->n_paths > 1);
}
