/* SPDX-License-Identifier: MIT */
#include "engine/each_source.h"

#include <errno.h>
#include <fcntl.h>
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
	return 0;
}

void each_source_close(struct each_source *source)
{
	if (source->is_list)
		each_list_close(&source->list);
	else
		each_tree_close(&source->tree);
	buf_release(&source->text);
}

static int next_of_list(struct each_source *source, struct each_item *item)
{
	int rc = each_list_next(&source->list, item);

	if (rc >= 0 || rc == -EAGAIN)
		return rc;
	source->what = "read";
	if (rc == -E2BIG || rc == -EILSEQ) {
		buf_truncate(&source->text, 0);
		buf_printf(&source->text, "record %llu: %s",
		           (unsigned long long)source->list.n_records,
		           rc == -E2BIG ? "too long for an argument"
		                        : "holds a NUL");
		source->what = source->text.data;
		return rc;
	}
	source->has_ended = true;
	return rc;
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
