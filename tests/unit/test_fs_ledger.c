/* SPDX-License-Identifier: MIT */
#include "files.h"
#include "fs/ledger.h"

static void open_new(struct ledger *ledger, int dir_fd)
{
	struct ledger_record record;
	uint64_t at = 0;

	CHECK_INT(ledger_open(ledger, dir_fd, "ledger"), 0);
	CHECK_INT(ledger_next(ledger, &at, &record), 0);
}

/* Three records, as a run leaves them. */
static void write_three(int dir_fd)
{
	struct ledger ledger;

	open_new(&ledger, dir_fd);
	CHECK_INT(ledger_append(&ledger, "first", 5), 0);
	CHECK_INT(ledger_append(&ledger, "second one", 10), 0);
	CHECK_INT(ledger_append(&ledger, "third", 5), 0);
	ledger_close(&ledger);
}

static void has_next(struct ledger *ledger, uint64_t *at, const char *want)
{
	struct ledger_record record;

	CHECK_INT(ledger_next(ledger, at, &record), 1);
	CHECK_INT(record.len, strlen(want));
	CHECK(memcmp(record.data, want, record.len) == 0);
	CHECK_INT((uintptr_t)record.data % 8, 0);
}

static void ends(struct ledger *ledger, uint64_t *at)
{
	struct ledger_record record;

	CHECK_INT(ledger_next(ledger, at, &record), 0);
}

static off_t size_of(int dir_fd)
{
	struct stat status;

	CHECK_INT(fstatat(dir_fd, "ledger", &status, 0), 0);
	return status.st_size;
}

static void flip(int dir_fd, off_t at)
{
	int fd = openat(dir_fd, "ledger", O_RDWR | O_CLOEXEC);
	unsigned char byte;

	CHECK(fd >= 0);
	CHECK_INT(pread(fd, &byte, 1, at), 1);
	byte ^= 4;
	CHECK_INT(pwrite(fd, &byte, 1, at), 1);
	(void)close(fd);
}

static void cut(int dir_fd, off_t size)
{
	int fd = openat(dir_fd, "ledger", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_INT(ftruncate(fd, size), 0);
	(void)close(fd);
}

CASE(records_come_back_in_order)
{
	int dir_fd = enter_work_dir();
	struct ledger ledger;
	uint64_t at = 0;

	write_three(dir_fd);
	CHECK_INT(ledger_open(&ledger, dir_fd, "ledger"), 0);
	has_next(&ledger, &at, "first");
	has_next(&ledger, &at, "second one");
	has_next(&ledger, &at, "third");
	ends(&ledger, &at);
	ledger_close(&ledger);
}

CASE(a_torn_tail_of_any_length_is_cut_and_written_over)
{
	int dir_fd = enter_work_dir();
	off_t full;

	write_three(dir_fd);
	full = size_of(dir_fd);
	/* The last record has 24 bytes, with its frame. */
	for (off_t lost = 1; lost < 24; lost++) {
		struct ledger ledger;
		uint64_t at = 0;

		cut(dir_fd, full - lost);
		CHECK_INT(ledger_open(&ledger, dir_fd, "ledger"), 0);
		has_next(&ledger, &at, "first");
		has_next(&ledger, &at, "second one");
		ends(&ledger, &at);
		CHECK_INT(ledger_cut(&ledger), 0);
		CHECK_INT(size_of(dir_fd), full - 24);
		CHECK_INT(ledger_append(&ledger, "third", 5), 0);
		CHECK_INT(size_of(dir_fd), full);
		ledger_close(&ledger);
	}
}

CASE(a_flipped_bit_costs_its_record_only)
{
	int dir_fd = enter_work_dir();
	struct ledger ledger;
	uint64_t at = 0;
	struct ledger_record record;

	write_three(dir_fd);
	CHECK_INT(ledger_open(&ledger, dir_fd, "ledger"), 0);
	CHECK_INT(ledger_next(&ledger, &at, &record), 1);
	off_t second = (off_t)at;
	ledger_close(&ledger);
	/* Each byte of the frame that means something, and of the content. */
	for (off_t i = 0; i < 26; i++) {
		if (i >= 12 && i < 16)
			continue;
		flip(dir_fd, second + i);
		at = 0;
		CHECK_INT(ledger_open(&ledger, dir_fd, "ledger"), 0);
		has_next(&ledger, &at, "first");
		has_next(&ledger, &at, "third");
		ends(&ledger, &at);
		CHECK(ledger.n_bytes_bad > 0);
		ledger_close(&ledger);
		flip(dir_fd, second + i);
	}
}

CASE(content_cannot_pass_for_a_record)
{
	int dir_fd = enter_work_dir();
	struct ledger ledger;
	char image[256];
	uint64_t at = 0;

	write_three(dir_fd);
	/* All of another ledger, records with right sums, as content. */
	int fd = openat(dir_fd, "ledger", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, image, sizeof(image));
	CHECK(len > 0);
	(void)close(fd);
	CHECK_INT(unlinkat(dir_fd, "ledger", 0), 0);
	open_new(&ledger, dir_fd);
	CHECK_INT(ledger_append(&ledger, image, (size_t)len), 0);
	off_t frame = size_of(dir_fd) - (off_t)align_up((size_t)len, 8) - 16;
	ledger_close(&ledger);
	/* Its own frame is damaged, so that all of it is looked through. */
	flip(dir_fd, frame + 4);
	CHECK_INT(ledger_open(&ledger, dir_fd, "ledger"), 0);
	ends(&ledger, &at);
	ledger_close(&ledger);
}

CASE(another_file_is_refused_and_stays_as_it_is)
{
	int dir_fd = enter_work_dir();
	struct ledger ledger;

	put_file("ledger", "somebody's text, not ours at all");
	CHECK_INT(ledger_open(&ledger, dir_fd, "ledger"), -EBADMSG);
	CHECK_INT(size_of(dir_fd), 32);
	CHECK_INT(unlinkat(dir_fd, "ledger", 0), 0);
	CHECK_INT(symlinkat("/dev/null", dir_fd, "ledger"), 0);
	CHECK_INT(ledger_open(&ledger, dir_fd, "ledger"), -ELOOP);
}

CASE(a_head_that_was_cut_off_is_made_anew)
{
	int dir_fd = enter_work_dir();
	struct ledger ledger;
	uint64_t at = 0;

	write_three(dir_fd);
	cut(dir_fd, 9);
	open_new(&ledger, dir_fd);
	CHECK_INT(ledger_append(&ledger, "new", 3), 0);
	ledger_close(&ledger);
	CHECK_INT(ledger_open(&ledger, dir_fd, "ledger"), 0);
	has_next(&ledger, &at, "new");
	ends(&ledger, &at);
	ledger_close(&ledger);
}

CASE(who_only_reads_makes_and_mends_nothing)
{
	int dir_fd = enter_work_dir();
	struct ledger ledger;
	uint64_t at = 0;

	CHECK_INT(ledger_open_to_read(&ledger, dir_fd, "ledger"), -ENOENT);
	CHECK_INT(n_names("."), 0);
	write_three(dir_fd);
	off_t full = size_of(dir_fd);
	cut(dir_fd, full - 3);
	CHECK_INT(ledger_open_to_read(&ledger, dir_fd, "ledger"), 0);
	has_next(&ledger, &at, "first");
	has_next(&ledger, &at, "second one");
	ends(&ledger, &at);
	CHECK(ledger_append(&ledger, "more", 4) < 0);
	ledger_close(&ledger);
	CHECK_INT(size_of(dir_fd), full - 3);

	cut(dir_fd, 9);
	at = 0;
	CHECK_INT(ledger_open_to_read(&ledger, dir_fd, "ledger"), 0);
	ends(&ledger, &at);
	ledger_close(&ledger);
	CHECK_INT(size_of(dir_fd), 9);
}

CASE(a_record_that_cannot_be_written_leaves_the_file_as_it_was)
{
	int dir_fd = enter_work_dir();
	struct ledger ledger;
	uint64_t at = 0;

	write_three(dir_fd);
	CHECK_INT(ledger_open(&ledger, dir_fd, "ledger"), 0);
	has_next(&ledger, &at, "first");
	has_next(&ledger, &at, "second one");
	has_next(&ledger, &at, "third");
	off_t full = size_of(dir_fd);
	char *large = calloc(1, LEDGER_RECORD_MAX + 1);
	CHECK(large != NULL);
	CHECK_INT(ledger_append(&ledger, large, LEDGER_RECORD_MAX + 1),
	          -EMSGSIZE);
	CHECK_INT(size_of(dir_fd), full);
	free(large);
	ledger_close(&ledger);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
