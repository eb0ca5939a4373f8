/* SPDX-License-Identifier: MIT */
#include "engine/each_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

int each_source_open(struct each_source *source,
                     const struct each_settings *settings)
{
	int fd;

	*source = (struct each_source){.is_list = settings->list != NULL,
	                               .list = {.fd = -1}};
	if (settings->hooks) {
		source->hooks = settings->hooks;
		return 0;
	}
	if (settings->are_words) {
		source->words = settings->paths;
		source->n_words = settings->n_paths;
		return 0;
	}
	if (!settings->list) {
		each_tree_open(&source->tree, &settings->filter,
		               settings->paths, settings->n_paths);
		source->tree.own = &source->own;
		return 0;
	}
	source->name = settings->list;
	if (strcmp(source->name, "-") == 0)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	else
		/* lint: path, given by the user */
		fd = open(source->name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	each_list_open(&source->list, fd,
	               settings->is_null_separated ? '\0' : '\n');
	source->block_size = settings->block_size;
	source->list.is_csv = settings->is_csv;
	if (settings->is_csv)
		source->list.csv_separator = settings->columns.text[0];
	return 0;
}

void each_source_close(struct each_source *source)
{
	if (source->is_list)
		each_list_close(&source->list);
	else
		each_tree_close(&source->tree);
	buf_release(&source->text);
	buf_release(&source->header);
}

static const char *fault_of_record(const struct each_source *source, int rc)
{
	if (rc == -EILSEQ)
		return "holds a NUL";
	if (rc == -EBADMSG)
		return "a quote has no end";
	return source->list.is_csv
	               ? "too long for an argument, or a quote has no end"
	               : "too long for an argument";
}

static int next_of_list(struct each_source *source, struct each_item *item)
{
	int rc = each_list_next(&source->list, item);

	if (rc >= 0 || rc == -EAGAIN)
		return rc;
	source->what = "read";
	if (rc == -E2BIG || rc == -EILSEQ || rc == -EBADMSG) {
		buf_truncate(&source->text, 0);
		buf_printf(&source->text, "record %llu: %s",
		           (unsigned long long)source->list.n_records,
		           fault_of_record(source, rc));
		source->what = source->text.data;
		return rc;
	}
	source->has_ended = true;
	return rc;
}

static int next_of_blocks(struct each_source *source, struct each_item *item)
{
	struct each_text block;
	int rc = each_list_block(&source->list, source->block_size, &block);

	if (rc == 0 || rc == -EAGAIN)
		return rc;
	source->what = "read";
	if (rc == 1) {
		source->what = "cannot keep a block";
		rc = each_blocks_put(source->blocks, block, &source->place);
	}
	if (rc < 0) {
		source->has_ended = true;
		return rc;
	}
	buf_truncate(&source->text, 0);
	buf_printf(&source->text, "block %llu",
	           (unsigned long long)++source->n_blocks);
	*item = (struct each_item){
		.text = source->text.data,
		.len = source->text.len,
		.bytes = block.len,
		.extra = {(const char *)&source->place, sizeof(source->place)},
	};
	return 1;
}

static int next_of_words(struct each_source *source, struct each_item *item)
{
	if (source->n_words == 0)
		return 0;
	*item = (struct each_item){.text = *source->words,
	                           .len = strlen(*source->words)};
	source->words++;
	source->n_words--;
	return 1;
}

int each_source_next(struct each_source *source, struct each_item *item)
{
	int rc;

	if (source->has_ended)
		return 0;
	if (source->hooks) {
		rc = source->hooks->next(source->hooks->ctx, source, item);
	} else if (source->words) {
		rc = next_of_words(source, item);
	} else if (source->block_size) {
		rc = next_of_blocks(source, item);
	} else if (source->is_list) {
		rc = next_of_list(source, item);
	} else {
		rc = each_tree_next(&source->tree, item);
		source->name = source->tree.path.data;
		source->what = source->tree.what;
	}
	if (rc == 0)
		source->has_ended = true;
	return rc;
}

int each_source_read_header(struct each_source *source)
{
	struct pollfd fd = {.fd = source->list.fd, .events = POLLIN};
	struct each_item item;
	int rc;

	while ((rc = each_source_next(source, &item)) == -EAGAIN) {
		if (poll(&fd, 1, -1) > 0)
			each_source_is_ready(source, false);
	}
	if (rc == 1)
		buf_append(&source->header, item.text, item.len);
	return rc;
}

int each_source_error(int rc)
{
	return rc == -E2BIG || rc == -EILSEQ || rc == -EBADMSG ? 0 : -rc;
}

int each_source_fd(const struct each_source *source)
{
	bool waits = source->is_list && !source->has_ended &&
	             source->list.is_polled && !source->list.may_read;

	return waits ? source->list.fd : -1;
}

void each_source_is_ready(struct each_source *source, bool for_ever)
{
	source->list.may_read = true;
	if (for_ever)
		source->list.is_polled = false;
}
