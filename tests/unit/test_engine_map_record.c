/* SPDX-License-Identifier: MIT */
#include "engine/map_record.h"
#include "files.h"

static const char *const words[] = {"zstd", "-c"};
static const char *const other_words[] = {"gzip", "-c"};

static void open_with(struct map_record *record, int dir_fd,
                      const char *const *command)
{
	CHECK_INT(map_record_open(record, dir_fd, command, 2), 0);
}

static void add(struct map_record *record, const char *name, uint64_t size)
{
	const struct map_entry entry = {
		.kind = MAP_MADE,
		.src = {.size = size, .mtime_s = 5, .mtime_ns = 6},
		.out = {.size = size + 1},
		.src_name = "source",
		.out_name = name,
	};

	CHECK_INT(map_record_add(record, &entry), 0);
}

/* The size its source had, 0 when it is not there. */
static uint64_t size_of(const struct map_record *record, const char *name)
{
	struct map_entry entry;

	if (!map_record_find(record, name, &entry))
		return 0;
	CHECK_STR(entry.out_name, name);
	CHECK_STR(entry.src_name, "source");
	CHECK_INT(entry.out.size, entry.src.size + 1);
	return entry.src.size;
}

static size_t count(const struct map_record *record)
{
	struct map_entry entry;
	size_t n = 0;

	for (size_t i = 0; map_record_next(record, &i, &entry);)
		n++;
	return n;
}

/* So many outputs, each as often as that. */
static void write_some(int dir_fd, unsigned n, unsigned times)
{
	struct map_record record;
	char name[32];

	open_with(&record, dir_fd, words);
	for (unsigned k = 0; k < times; k++) {
		for (unsigned i = 0; i < n; i++) {
			snprintf(name, sizeof(name), "dir/%u", i);
			add(&record, name, i + 1 + k);
		}
	}
	map_record_close(&record);
}

CASE(entries_are_found_by_their_output)
{
	int dir_fd = enter_work_dir();
	struct map_record record;
	struct map_entry entry;

	write_some(dir_fd, 1000, 1);
	open_with(&record, dir_fd, words);
	CHECK_INT(size_of(&record, "dir/0"), 1);
	CHECK_INT(size_of(&record, "dir/999"), 1000);
	CHECK_INT(size_of(&record, "dir/1000"), 0);
	CHECK_INT(count(&record), 1000);
	CHECK_INT(map_record_find(&record, "dir/7", &entry), 1);
	CHECK_INT(entry.src.mtime_s, 5);
	CHECK_INT(entry.src.mtime_ns, 6);
	map_record_close(&record);
}

CASE(of_several_about_one_output_the_last_counts)
{
	int dir_fd = enter_work_dir();
	struct map_record record;

	write_some(dir_fd, 10, 3);
	open_with(&record, dir_fd, words);
	CHECK_INT(size_of(&record, "dir/4"), 7);
	CHECK_INT(count(&record), 10);
	map_record_close(&record);
}

CASE(what_was_forgotten_is_not_there_until_it_is_made_again)
{
	int dir_fd = enter_work_dir();
	struct map_record record;

	write_some(dir_fd, 10, 1);
	open_with(&record, dir_fd, words);
	CHECK_INT(map_record_forget(&record, "dir/3"), 0);
	map_record_close(&record);
	open_with(&record, dir_fd, words);
	CHECK_INT(size_of(&record, "dir/3"), 0);
	CHECK_INT(count(&record), 9);
	add(&record, "dir/3", 77);
	map_record_close(&record);
	open_with(&record, dir_fd, words);
	CHECK_INT(size_of(&record, "dir/3"), 77);
	map_record_close(&record);
}

CASE(a_command_is_known_by_its_words)
{
	int dir_fd = enter_work_dir();
	struct map_record record;
	struct map_entry entry;

	write_some(dir_fd, 1, 1);
	open_with(&record, dir_fd, other_words);
	CHECK_INT(map_record_find(&record, "dir/0", &entry), 1);
	CHECK(!map_record_is_same_command(&record, entry.command));
	add(&record, "dir/1", 1);
	map_record_close(&record);
	open_with(&record, dir_fd, words);
	CHECK_INT(map_record_find(&record, "dir/0", &entry), 1);
	CHECK(map_record_is_same_command(&record, entry.command));
	CHECK_INT(map_record_find(&record, "dir/1", &entry), 1);
	CHECK(!map_record_is_same_command(&record, entry.command));
	map_record_close(&record);
	CHECK_INT(map_record_open(&record, dir_fd, words, 1), 0);
	CHECK_INT(map_record_find(&record, "dir/0", &entry), 1);
	CHECK(!map_record_is_same_command(&record, entry.command));
	map_record_close(&record);
}

CASE(after_a_new_start_only_what_is_covered_counts)
{
	int dir_fd = enter_work_dir();
	struct map_record record;

	open_with(&record, dir_fd, words);
	record.boot = 12345; /* an earlier one */
	CHECK(record.is_covered);
	add(&record, "covered", 1);
	CHECK(!record.is_covered);
	CHECK_INT(map_record_cover(&record, record.ledger.end), 0);
	CHECK(record.is_covered);
	map_record_close(&record);
	open_with(&record, dir_fd, words);
	CHECK(record.is_covered);
	record.boot = 12345;
	add(&record, "not covered", 2);
	/* Was on record before, and covered: what counts is the last word. */
	add(&record, "covered twice", 3);
	CHECK_INT(map_record_cover(&record, record.ledger.end), 0);
	add(&record, "covered twice", 4);
	add(&record, "late", 5);
	record.boot = 0;
	add(&record, "of no known boot", 6);
	map_record_close(&record);
	open_with(&record, dir_fd, words);
	CHECK_INT(size_of(&record, "covered"), 1);
	CHECK_INT(size_of(&record, "not covered"), 2);
	CHECK_INT(size_of(&record, "covered twice"), 0);
	CHECK_INT(size_of(&record, "late"), 0);
	CHECK_INT(size_of(&record, "of no known boot"), 0);
	CHECK_INT(count(&record), 2);
	map_record_close(&record);
}

CASE(what_is_mostly_dead_is_written_anew)
{
	int dir_fd = enter_work_dir();
	struct map_record record;
	struct map_entry entry;

	write_some(dir_fd, 300, 3);
	open_with(&record, dir_fd, other_words);
	CHECK(map_record_is_sparse(&record));
	add(&record, "dir/5", 555);
	map_record_close(&record);
	open_with(&record, dir_fd, other_words);
	uint64_t before = record.ledger.end;
	CHECK_INT(map_record_compact(&record, other_words, 2), 0);
	CHECK(record.ledger.end < before / 2);
	CHECK(!map_record_is_sparse(&record));
	CHECK_INT(count(&record), 300);
	CHECK_INT(size_of(&record, "dir/5"), 555);
	CHECK_INT(size_of(&record, "dir/299"), 302);
	CHECK_INT(record.n_covered > 0, 1);
	/* Both commands are still told apart. */
	CHECK_INT(map_record_find(&record, "dir/5", &entry), 1);
	CHECK(map_record_is_same_command(&record, entry.command));
	CHECK_INT(map_record_find(&record, "dir/6", &entry), 1);
	CHECK(!map_record_is_same_command(&record, entry.command));
	add(&record, "one more", 9);
	map_record_close(&record);
	open_with(&record, dir_fd, words);
	CHECK_INT(size_of(&record, "one more"), 9);
	CHECK_INT(count(&record), 301);
	map_record_close(&record);
	CHECK_INT(n_names("."), 1);
}

CASE(what_a_killed_compaction_left_is_in_nobodys_way)
{
	int dir_fd = enter_work_dir();
	struct map_record record;

	write_some(dir_fd, 300, 3);
	put_file("record.new", "half of som");
	open_with(&record, dir_fd, words);
	CHECK_INT(map_record_compact(&record, words, 2), 0);
	CHECK_INT(count(&record), 300);
	map_record_close(&record);
	CHECK_INT(n_names("."), 1);
}

CASE(a_torn_tail_and_a_flipped_byte_cost_two_entries)
{
	int dir_fd = enter_work_dir();
	struct map_record record;
	size_t len;

	write_some(dir_fd, 100, 1);
	char *data = get_bytes("record", &len);
	data[len / 2] ^= 1;
	put_bytes("record", data, len - 3);
	free(data);
	open_with(&record, dir_fd, words);
	CHECK_INT(count(&record), 98);
	CHECK_INT(size_of(&record, "dir/0"), 1);
	CHECK_INT(size_of(&record, "dir/99"), 0);
	add(&record, "dir/99", 100);
	map_record_close(&record);
	open_with(&record, dir_fd, words);
	CHECK_INT(count(&record), 99);
	map_record_close(&record);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
