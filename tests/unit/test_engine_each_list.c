/* SPDX-License-Identifier: MIT */
#include "base/fd.h"
#include "check.h"
#include "engine/each_list.h"

struct pair {
	struct each_list list;
	int writer;
};

static void open_pair(struct pair *pair, char separator)
{
	int ends[2];

	CHECK_INT(pipe(ends), 0);
	each_list_open(&pair->list, ends[0], separator);
	pair->writer = ends[1];
}

static void says(struct pair *pair, const char *text)
{
	CHECK_INT(fd_write_full(pair->writer, text, strlen(text)), 0);
	pair->list.may_read = true;
}

static void gives(struct pair *pair, const char *want)
{
	struct each_item item;

	CHECK_INT(each_list_next(&pair->list, &item), 1);
	CHECK_INT(item.len, strlen(want));
	CHECK(memcmp(item.text, want, item.len) == 0);
}

CASE(records_come_one_by_one_and_empty_ones_are_left_out)
{
	struct pair pair;
	struct each_item item;

	open_pair(&pair, '\n');
	says(&pair, "a\n\nb c\nhal");
	gives(&pair, "a");
	gives(&pair, "b c");
	CHECK_INT(each_list_next(&pair.list, &item), -EAGAIN);
	says(&pair, "f\n");
	gives(&pair, "half");
	each_list_close(&pair.list);
}

CASE(the_last_record_needs_no_newline)
{
	struct pair pair;
	struct each_item item;

	open_pair(&pair, '\n');
	says(&pair, "last");
	(void)close(pair.writer);
	CHECK_INT(each_list_next(&pair.list, &item), -EAGAIN);
	pair.list.may_read = true;
	gives(&pair, "last");
	CHECK_INT(each_list_next(&pair.list, &item), 0);
	each_list_close(&pair.list);
}

CASE(a_record_with_a_nul_is_refused_alone)
{
	struct pair pair;
	struct each_item item;

	open_pair(&pair, '\n');
	CHECK_INT(fd_write_full(pair.writer, "a\0b\nc\n", 6), 0);
	pair.list.may_read = true;
	CHECK_INT(each_list_next(&pair.list, &item), -EILSEQ);
	gives(&pair, "c");
	each_list_close(&pair.list);
}

CASE(a_record_without_end_takes_bounded_memory)
{
	struct pair pair;
	struct each_item item;
	static char block[32768];

	open_pair(&pair, '\n');
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 64; i++) {
		CHECK_INT(fd_write_full(pair.writer, block, sizeof(block)), 0);
		pair.list.may_read = true;
		CHECK_INT(each_list_next(&pair.list, &item), -EAGAIN);
		CHECK(pair.list.data.cap < 1 << 20);
	}
	says(&pair, "\nshort\n");
	CHECK_INT(each_list_next(&pair.list, &item), -E2BIG);
	gives(&pair, "short");
	each_list_close(&pair.list);
}

CASE(the_longest_record_is_one_argument)
{
	static char text[EACH_RECORD_MAX + 2];
	struct pair pair;
	struct each_item item;
	size_t at = 0;
	int rc;

	open_pair(&pair, '\n');
	memset(text, 'x', EACH_RECORD_MAX);
	text[EACH_RECORD_MAX] = '\n';
	do {
		size_t n = min_size(sizeof(text) - 1 - at, 32768);

		CHECK_INT(fd_write_full(pair.writer, text + at, n), 0);
		at += n;
		pair.list.may_read = true;
		rc = each_list_next(&pair.list, &item);
	} while (rc == -EAGAIN);

	CHECK_INT(rc, 1);
	CHECK_INT(item.len, EACH_RECORD_MAX);
	each_list_close(&pair.list);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
