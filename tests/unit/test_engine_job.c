/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "engine/job.h"

#include <limits.h>

static struct buf record;

static struct job *job(void)
{
	return (struct job *)(void *)record.data;
}

static void begin(const char *path)
{
	const struct job head = {.owner = 7,
	                         .operand = 3,
	                         .flags = JOB_DST_EMPTY,
	                         .path_len = (uint32_t)strlen(path)};

	job_begin(&record, &head, path);
}

static void add(const char *name, const char *dst_name, const char *link_path,
                uint64_t size)
{
	const struct meta meta = {.mode = S_IFREG | 0644, .size = size};
	const struct job_new_entry entry = {
		.meta = &meta,
		.name = name,
		.name_len = strlen(name),
		.dst_name = dst_name,
		.dst_name_len = dst_name ? strlen(dst_name) : 0,
		.link_path = link_path,
		.link = link_path ? JOB_FOLLOWS : JOB_NO_LINK,
		.link_operand = 9,
		.group = 11,
	};
	size_t before = record.len;

	job_add(&record, &entry);
	CHECK(record.len - before <= job_entry_size(&entry));
}

static void expect_aligned(const void *at)
{
	CHECK_INT((uintptr_t)at % 8, 0);
}

CASE(the_head_is_what_was_given)
{
	begin("a/b");

	CHECK_INT(job()->owner, 7);
	CHECK_INT(job()->operand, 3);
	CHECK_INT(job()->flags, JOB_DST_EMPTY);
	CHECK_INT(job()->n_entries, 0);
	CHECK_INT(job()->next, 0);
	CHECK_STR(job()->note, "");
	CHECK_STR(job_path(job()), "a/b");
	buf_release(&record);
}

CASE(a_path_ends_where_its_length_says)
{
	const struct job head = {.path_len = 3};

	job_begin(&record, &head, "a/b/c");

	CHECK_STR(job_path(job()), "a/b");
	buf_release(&record);
}

/* Names and paths of all lengths, so that all paddings are met. */
CASE(entries_come_back_aligned_and_whole)
{
	char path[40], name[40];

	for (size_t path_len = 0; path_len < 20; path_len++) {
		memset(path, 'p', path_len);
		path[path_len] = '\0';
		begin(path);
		for (size_t len = 1; len < 30; len++) {
			memset(name, 'n', len);
			name[len] = '\0';
			add(name, NULL, NULL, len);
		}

		CHECK_INT(job()->n_entries, 29);
		CHECK_STR(job_path(job()), path);
		const struct job_entry *entry = job_first(job());
		for (size_t len = 1; len < 30; len++) {
			expect_aligned(entry);
			CHECK_INT(entry->name_len, len);
			CHECK_INT(strlen(entry->name), len);
			CHECK_INT(entry->meta.size, len);
			CHECK_INT(entry->result, JOB_NOTHING);
			entry = job_next(entry);
		}
		CHECK((const char *)entry == record.data + record.len);
	}
	buf_release(&record);
}

CASE(a_name_at_the_destination_is_another_one_or_the_same)
{
	begin("");
	add("source", NULL, NULL, 0);
	add("source", "", NULL, 0);
	add("source", "copy", NULL, 0);

	const struct job_entry *entry = job_first(job());
	CHECK_STR(job_dst_name(entry), "source");
	entry = job_next(entry);
	CHECK_STR(job_dst_name(entry), "source");
	entry = job_next(entry);
	CHECK_STR(entry->name, "source");
	CHECK_STR(job_dst_name(entry), "copy");
	buf_release(&record);
}

CASE(a_link_knows_its_leader)
{
	begin("d");
	add("f", "g", "path/to/leader", 100);
	add("f", NULL, "leader", 100);
	add("f", NULL, NULL, 100);

	const struct job_entry *entry = job_first(job());
	CHECK_STR(job_link_path(entry), "path/to/leader");
	CHECK_STR(job_dst_name(entry), "g");
	CHECK_INT(entry->link, JOB_FOLLOWS);
	CHECK_INT(entry->link_operand, 9);
	CHECK_INT(entry->group, 11);
	CHECK_INT(entry->link_len, strlen("path/to/leader"));
	CHECK_INT(job_entry_bytes(entry), 0);
	entry = job_next(entry);
	CHECK_STR(job_link_path(entry), "leader");
	entry = job_next(entry);
	CHECK_STR(job_link_path(entry), "");
	CHECK_INT(job_entry_bytes(entry), 100);
	buf_release(&record);
}

CASE(only_files_have_bytes)
{
	struct job_entry entry = {.meta = {.mode = S_IFREG, .size = 5}};

	CHECK_INT(job_entry_bytes(&entry), 5);
	entry.link = JOB_LEADS;
	CHECK_INT(job_entry_bytes(&entry), 5);
	entry.link = JOB_FOLLOWS;
	CHECK_INT(job_entry_bytes(&entry), 0);
	entry.link = JOB_NO_LINK;
	entry.meta.mode = S_IFLNK;
	CHECK_INT(job_entry_bytes(&entry), 0);
	entry.meta.mode = S_IFCHR;
	CHECK_INT(job_entry_bytes(&entry), 0);
}

CASE(the_cursor_leads_to_its_entry)
{
	char name[] = "a";

	begin("some/path");
	for (; name[0] <= 'z'; name[0]++)
		add(name, NULL, NULL, 0);

	for (uint32_t i = 0; i < 26; i++) {
		job()->next = i;
		CHECK_INT(job_in_hand(job())->name[0], 'a' + (int)i);
	}
	job()->next = 3;
	CHECK_STR(job_entry_after(job_in_hand(job()))->name, "e");
	buf_release(&record);
}

CASE(a_full_batch_of_the_longest_names_fits_a_slot)
{
	static char path[PATH_MAX], name[NAME_MAX + 1];

	memset(path, 'p', sizeof(path) - 1);
	memset(name, 'n', sizeof(name) - 1);
	begin(path);
	for (int i = 0; i < JOB_ENTRIES_MAX; i++)
		add(name, NULL, NULL, 0);

	CHECK(record.len <= JOB_RECORD_MAX);
	buf_release(&record);
}

CASE(paths_of_any_length_are_held)
{
	const size_t len = 200000;
	char *path = malloc(len + 1);

	CHECK(path != NULL);
	memset(path, 'p', len);
	path[len] = '\0';
	begin(path);
	add("name", NULL, path, 0);

	CHECK_INT(strlen(job_path(job())), len);
	CHECK_STR(job_in_hand(job())->name, "name");
	CHECK_INT(strlen(job_link_path(job_in_hand(job()))), len);
	free(path);
	buf_release(&record);
}

CASE(done_carries_the_head)
{
	struct buf out = {0};

	begin("path");
	add("a", NULL, NULL, 0);
	job()->next = 1;
	job()->counts.n_copied = 5;
	reply_done(&out, job());

	const struct reply *reply = (const void *)out.data;
	CHECK_INT(reply->kind, REPLY_DONE);
	CHECK_INT(out.len, sizeof(struct reply) + sizeof(struct job));
	CHECK(memcmp(reply + 1, job(), sizeof(struct job)) == 0);
	buf_release(&out);
	buf_release(&record);
}

CASE(done_carries_results_if_there_are_any)
{
	struct buf out = {0};

	begin("path");
	add("a", NULL, NULL, 0);
	add("b", NULL, NULL, 0);
	job_note_result(job(), job_in_hand(job()), JOB_NOTHING);
	CHECK(!job()->has_results);
	job_note_result(job(), job_entry_after(job_in_hand(job())), JOB_IN_WAY);
	CHECK(job()->has_results);
	reply_done(&out, job());

	CHECK_INT(out.len, sizeof(struct reply) + record.len);
	CHECK(out.len <= REPLY_MAX);
	const struct job *got = (const void *)(out.data + sizeof(struct reply));
	CHECK_INT(job_first(got)->result, JOB_NOTHING);
	CHECK_INT(job_next(job_first(got))->result, JOB_IN_WAY);
	CHECK_STR(job_next(job_first(got))->name, "b");
	buf_release(&out);
	buf_release(&record);
}

CASE(a_shared_copy_is_a_result)
{
	const struct meta dst = {.dev = 5, .ino = 6};

	begin("");
	add("a", NULL, NULL, 0);
	job_note_shared(job(), job_in_hand(job()), &dst);

	CHECK(job()->has_results);
	CHECK_INT(job_in_hand(job())->shared_dev, 5);
	CHECK_INT(job_in_hand(job())->shared_ino, 6);
	buf_release(&record);
}

CASE(what_is_said_is_two_strings)
{
	struct buf out = {0};

	reply_strings(&out, REPLY_FAULT, EIO, "a path", "");
	reply_strings(&out, REPLY_FAULT, EIO, "path", "cannot read");

	const struct reply *reply = (const void *)out.data;
	const char *path = (const char *)(reply + 1);
	CHECK_INT(reply->kind, REPLY_FAULT);
	CHECK_INT(reply->err, EIO);
	CHECK_STR(path, "path");
	CHECK_STR(path + 5, "cannot read");
	CHECK_INT(out.len, sizeof(*reply) + 5 + 12);
	buf_release(&out);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
