/* SPDX-License-Identifier: MIT */
/* A worker with a job in its slot, replies noted by the fixture. */
#include "engine_fixture.h"

static struct buf record, done;
static int n_done;

static int note_reply(void *ctx, const void *data, size_t len, bool is_last)
{
	if (!is_last)
		return rig_on_reply(ctx, data, len, is_last);
	n_done++;
	buf_truncate(&done, 0);
	buf_append(&done, data, len);
	return 0;
}

static struct job *job(void)
{
	return (struct job *)(void *)record.data;
}

/* The job as it came with DONE. */
static const struct job *ended(void)
{
	const struct reply *reply = (const void *)done.data;

	CHECK_INT(n_done, 1);
	CHECK_INT(reply->kind, REPLY_DONE);
	n_done = 0;
	return (const void *)(reply + 1);
}

/* A job of src/d, which has been entered. */
static void begin(uint32_t flags)
{
	(void)enter_work_dir();
	put_dir("src/d");
	put_dir("dst/d");
	rig_open("dst", "src", NULL);
	CHECK_INT(rig.status, EXIT_ALL_DONE);
	rig.worker.reply = note_reply;
	const struct job head = {.owner = 4711, .path_len = 1, .flags = flags};

	job_begin(&record, &head, "d");
}

static void add(const char *name, enum job_link link, const char *link_path)
{
	char path[300];
	struct meta meta;

	snprintf(path, sizeof(path), "src/d/%s", name);
	CHECK_INT(meta_read_at(AT_FDCWD, path, &meta), 0);
	job_add(&record, &(struct job_new_entry){.meta = &meta,
	                                         .name = name,
	                                         .name_len = strlen(name),
	                                         .link = link,
	                                         .link_path = link_path});
}

static void put_and_add(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "src/d/%s", name);
	put_file(path, name);
	add(name, JOB_NO_LINK, NULL);
}

static void end(void)
{
	buf_release(&record);
	buf_release(&done);
	rig_close();
}

CASE(all_entries_are_done_and_counted)
{
	begin(0);
	put_and_add("a");
	put_and_add("b");
	put_file("src/d/c", "c");
	CHECK_INT(link("src/d/c", "dst/d/c"), 0);
	add("c", JOB_NO_LINK, NULL);

	worker_run(&rig.worker, job());

	CHECK_FILE("dst/d/a", "a");
	CHECK_FILE("dst/d/b", "b");
	const struct job *end_of = ended();
	CHECK_INT(end_of->owner, 4711);
	CHECK_INT(end_of->next, 3);
	CHECK_INT(end_of->counts.n_copied, 2);
	CHECK_INT(end_of->counts.n_unchanged, 1);
	CHECK(!end_of->is_stopped && !end_of->has_results);
	CHECK_TOLD("");
	end();
}

CASE(work_goes_on_at_the_cursor)
{
	begin(0);
	put_and_add("a");
	put_and_add("b");
	job()->next = 1;
	job()->counts.n_copied = 1;

	worker_run(&rig.worker, job());

	CHECK(!exists("dst/d/a"));
	CHECK_FILE("dst/d/b", "b");
	CHECK_INT(ended()->counts.n_copied, 2);
	/* And at the end there is only the end to tell. */
	CHECK_INT(job()->next, 2);
	worker_run(&rig.worker, job());
	CHECK_INT(ended()->counts.n_copied, 2);
	end();
}

CASE(what_a_dead_worker_left_is_swept_up)
{
	begin(0);
	put_and_add("a");
	put_file("dst/d/.pcopy.left", "half");
	strncpy(job()->note, ".pcopy.left", sizeof(job()->note) - 1);
	job()->n_deaths = 1;

	worker_run(&rig.worker, job());

	CHECK_INT(n_names("dst/d"), 1);
	CHECK_STR(ended()->note, "");
	CHECK_INT(job()->n_deaths, 0);
	end();
}

CASE(what_a_dead_worker_completed_is_found)
{
	begin(JOB_DST_EMPTY);
	put_and_add("a");
	worker_run(&rig.worker, job());
	CHECK_INT(ended()->counts.n_copied, 1);
	ino_t made = look_at("dst/d/a").st_ino;

	/* It died before the cursor moved. */
	job()->next = 0;
	job()->counts = (struct counts){0};
	job()->n_deaths = 1;
	worker_run(&rig.worker, job());

	CHECK_INT(ended()->counts.n_copied, 1);
	CHECK_INT(look_at("dst/d/a").st_ino, made);
	end();
}

CASE(faults_are_told_by_path_and_the_others_go_on)
{
	begin(0);
	put_and_add("a");
	put_and_add("b");
	put_and_add("c");
	put_dir("dst/d/a");
	CHECK_INT(unlink("src/d/b"), 0);

	worker_run(&rig.worker, job());

	CHECK_TOLD("is a directory, its source is not dst/d/a\n"
	           "vanished src/d/b\n");
	const struct job *end_of = ended();
	CHECK_INT(end_of->counts.n_failed, 1);
	CHECK_INT(end_of->counts.n_changed, 1);
	CHECK_INT(end_of->counts.n_copied, 1);
	end();
}

CASE(without_its_directories_all_entries_fail)
{
	begin(0);
	put_and_add("a");
	put_and_add("b");
	CHECK_INT(rmdir("dst/d"), 0);
	put_file("src/d/c", "");
	add("c", JOB_LEADS, NULL);

	worker_run(&rig.worker, job());

	CHECK_TOLD("cannot open directory dst/d/a\n"
	           "cannot open directory dst/d/b\n"
	           "cannot open directory dst/d/c\n");
	const struct job *end_of = ended();
	CHECK_INT(end_of->counts.n_failed, 3);
	CHECK_INT(end_of->next, 3);
	CHECK_INT(job_next(job_next(job_first(end_of)))->result,
	          JOB_LINK_FAILED);
	end();
}

CASE(what_vanished_with_its_directory_is_no_failure)
{
	begin(0);
	put_and_add("a");
	put_and_add("b");
	CHECK_INT(rename("src/d", "src/moved"), 0);

	worker_run(&rig.worker, job());

	CHECK_TOLD("vanished src/d/a\n"
	           "vanished src/d/b\n");
	const struct job *end_of = ended();
	CHECK_INT(end_of->counts.n_changed, 2);
	CHECK_INT(end_of->counts.n_failed, 0);
	end();
}

CASE(a_run_that_stops_ends_the_job_where_it_is)
{
	begin(0);
	put_and_add("a");
	rig.shared->is_stopping = 1;

	worker_run(&rig.worker, job());

	CHECK(!exists("dst/d/a"));
	CHECK(ended()->is_stopped);
	CHECK_INT(job()->next, 0);
	end();
}

CASE(results_of_links_come_with_the_end)
{
	begin(0);
	put_file("src/d/first", "text");
	CHECK_INT(link("src/d/first", "src/d/second"), 0);
	put_file("src/d/third", "text");
	add("first", JOB_LEADS, NULL);
	add("second", JOB_FOLLOWS, "d/first");
	add("third", JOB_FOLLOWS, "d/none");

	worker_run(&rig.worker, job());

	const struct job *end_of = ended();
	const struct job_entry *entry = job_first(end_of);
	CHECK(end_of->has_results);
	CHECK_INT(entry->result, JOB_LEADER_THERE);
	entry = job_next(entry);
	CHECK_INT(entry->result, JOB_LINKED);
	CHECK_INT(look_at("dst/d/second").st_ino,
	          look_at("dst/d/first").st_ino);
	entry = job_next(entry);
	CHECK_INT(entry->result, JOB_LINK_FAILED);
	CHECK_TOLD("its first name is gone dst/d/third\n");
	end();
}

CASE(a_directory_in_the_way_is_handed_back)
{
	rig.settings.is_forced = true;
	begin(0);
	put_and_add("a");
	put_dir("dst/d/a/sub");

	worker_run(&rig.worker, job());

	const struct job *end_of = ended();
	CHECK_INT(job_first(end_of)->result, JOB_IN_WAY);
	CHECK_INT(end_of->counts.n_failed + end_of->counts.n_copied, 0);
	CHECK(exists("dst/d/a/sub"));
	end();
}

CASE(entries_are_listed_when_asked)
{
	rig.settings.lists_entries = true;
	rig.settings.lists_unchanged = true;
	begin(0);
	put_and_add("a");

	worker_run(&rig.worker, job());
	CHECK_TOLD("copied dst/d/a\n");
	job()->next = 0;
	worker_run(&rig.worker, job());
	CHECK_TOLD("unchanged dst/d/a\n");
	rig.settings.is_dry_run = true;
	set_mtime("src/d/a", 5, 0);
	job()->next = 0;
	worker_run(&rig.worker, job());
	CHECK_TOLD("unchanged dst/d/a\n"); /* as the walk saw it */
	end();
}

CASE(the_cell_shows_progress_and_is_empty_at_the_end)
{
	begin(0);
	put_and_add("a");
	put_and_add("bcd");

	worker_run(&rig.worker, job());

	struct cell *cell = rig.worker.cell;
	CHECK_INT(cell->moved, 4);
	CHECK(cell->beats >= 2);
	CHECK_INT(cell->bytes, 0);
	CHECK_INT(cell->entries, 0);
	CHECK_STR(cell->name, "");
	end();
}

CASE(names_of_any_length_are_shown_cut)
{
	char name[256];

	begin(0);
	memset(name, 'n', 255);
	name[255] = '\0';
	put_and_add(name);

	worker_run(&rig.worker, job());

	CHECK_INT(ended()->counts.n_copied, 1);
	CHECK_INT(rig.worker.cell->name[CELL_NAME_MAX - 1], '\0');
	end();
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
