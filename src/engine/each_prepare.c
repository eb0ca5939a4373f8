/* SPDX-License-Identifier: MIT */
/* Before anything is started: what the run reads and writes. */
#include "engine/each_batch.h"

#include "base/fd.h"
#include "engine/each_spawn.h"
#include "fs/held.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A command whose program is always the same is looked for once. */
int each_batch_find(struct each_master *master)
{
	const struct each_observer *observer = master->observer;
	const char *name = each_template_constant(&master->template, 0);

	if (!name)
		return 0;
	int rc = each_spawn_find(name, &master->program);
	master->worker.program = master->program.data;
	if (rc == 0)
		return 0;
	observer->on_fault(observer->ctx, *name ? name : "''",
	                   "cannot run the command", -rc);
	master->tally->exit_status = each_spawn_status(rc);
	return rc;
}

static enum each_log_use log_use(const struct each_settings *settings)
{
	if (settings->is_dry_run)
		return EACH_LOG_READ;
	return settings->resumes ? EACH_LOG_RESUME : EACH_LOG_NEW;
}

/* A directory that is walked must not be in the one that results are put into:
 * they would be found there and be items themselves. */
static int check_results_place(const struct batch *batch)
{
	const struct each_master *master = &batch->master;
	const struct each_settings *settings = master->settings;
	struct meta dir;
	bool is_inside = false;

	if (master->results.fd < 0 || !each_walks(settings) ||
	    meta_read(master->results.fd, &dir) < 0)
		return 0;
	for (size_t i = 0; i < settings->n_paths && !is_inside; i++) {
		/* lint: path, given by the user */
		int fd = open(settings->paths[i],
		              O_PATH | O_DIRECTORY | O_CLOEXEC);

		is_inside =
			fd >= 0 && held_is_below(fd, &dir, master->results.fd);
		(void)fd_close(fd);
		if (is_inside)
			master->observer->on_fault(
				master->observer->ctx, settings->paths[i],
				"is in the directory of --results, whose files "
				"would be found there: name another one",
				0);
	}
	return is_inside ? -EINVAL : 0;
}

/* What this run writes is none of its items, wherever it lies. */
static void omit_own(struct batch *batch)
{
	struct each_own *own = &batch->source.own;

	each_own_add(own, batch->master.log.fd);
	each_own_add(own, batch->master.failed_fd);
	each_own_add(own, batch->master.results.fd);
	each_own_add(own, STDOUT_FILENO);
	each_own_add(own, STDERR_FILENO);
}

static int open_source(struct batch *batch)
{
	const struct each_settings *settings = batch->master.settings;
	const struct each_observer *observer = batch->master.observer;
	int rc = each_source_open(&batch->source, settings);

	if (rc < 0) {
		observer->on_fault(observer->ctx, settings->list, "open", -rc);
		return rc;
	}
	batch->source.blocks = &batch->master.blocks;
	if (settings->is_csv)
		rc = each_source_read_header(&batch->source);
	if (rc < 0)
		observer->on_fault(observer->ctx, batch->source.name,
		                   batch->source.what, each_source_error(rc));
	return rc < 0 ? rc : 0;
}

static void init_template(struct batch *batch)
{
	const struct each_settings *settings = batch->master.settings;
	struct each_template *template = &batch->master.template;
	const struct buf *header = &batch->source.header;
	struct each_columns columns = {
		.separator = settings->columns,
		.is_csv = header->len > 0,
		.header = {header->data, header->len},
	};

	if (settings->hooks)
		each_template_init_out(template, settings->command,
		                       settings->n_command);
	else if (settings->block_size)
		each_template_init_bare(template, settings->command,
		                        settings->n_command,
		                        settings->n_literal);
	else
		each_template_init(template, settings->command,
		                   settings->n_command, settings->n_literal,
		                   columns);
}

/* A placeholder that is called like no column, or like several. */
static int check_names(struct batch *batch)
{
	struct each_master *master = &batch->master;
	const struct each_template *template = &master->template;
	struct buf *name = &master->name;

	if (template->unknown.len == 0)
		return 0;
	buf_truncate(name, 0);
	buf_truncate(&master->text, 0);
	buf_append(name, template->unknown.text, template->unknown.len);
	if (template->is_twice) {
		buf_append_str(&master->text, "is the name of several columns, "
		                              "write the number: {1} {2} ..");
	} else {
		buf_append_str(&master->text, "is no column; they are");
		each_template_list_names(template, &master->text);
		buf_printf(&master->text, "; for the text itself write {%s}",
		           name->data);
	}
	master->observer->on_fault(master->observer->ctx, name->data,
	                           master->text.data, 0);
	return -EINVAL;
}

int each_batch_prepare(struct batch *batch)
{
	struct each_master *master = &batch->master;
	int rc = open_source(batch);

	if (rc < 0)
		return rc;
	init_template(batch);
	each_pack_init(&master->pack, &master->template,
	               master->settings->n_items);
	return check_names(batch);
}

static int list_header(const struct batch *batch)
{
	const struct buf *header = &batch->source.header;
	int rc = 0;

	if (header->len > 0)
		rc = fd_write_full(batch->master.failed_fd, header->data,
		                   header->len);
	if (rc == 0 && header->len > 0)
		rc = fd_write_full(batch->master.failed_fd, "\n", 1);
	return rc;
}

int each_batch_open(struct batch *batch)
{
	struct each_master *master = &batch->master;
	const struct each_settings *settings = master->settings;
	const struct each_observer *observer = master->observer;
	const char *name = settings->joblog;
	int rc = each_log_open(&master->log, name, log_use(settings));

	if (rc == 0) {
		name = settings->results;
		rc = each_results_open(&master->results, name);
	}
	if (rc == 0 && settings->failed) {
		name = settings->failed;
		/* lint: path, given by the user */
		master->failed_fd = open(
			name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		rc = master->failed_fd < 0 ? -errno : list_header(batch);
	}
	if (rc < 0)
		observer->on_fault(observer->ctx, name, "open", -rc);
	else
		omit_own(batch);
	return rc < 0 ? rc : check_results_place(batch);
}

int each_batch_close(struct batch *batch)
{
	struct each_master *master = &batch->master;
	const char *name = master->settings->joblog;
	int rc = each_log_close(&master->log);

	if (rc == 0) {
		name = master->settings->failed;
		rc = fd_close_checked(master->failed_fd);
	}
	if (rc < 0) {
		master->tally->is_broken = true;
		master->observer->on_fault(master->observer->ctx, name, "write",
		                           -rc);
	}
	each_results_close(&master->results);
	each_source_close(&batch->source);
	return rc;
}
