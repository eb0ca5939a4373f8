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

/* ---- blocks ---- */

static const struct block_row {
	const char *input;
	size_t size;
	const char *blocks[6];
} block_rows[] = {
	{"", 3, {NULL}},
	{"\n", 3, {"\n"}},
	{"a\nb\n", 1, {"a\n", "b\n"}},
	{"a\nb\n", 2, {"a\n", "b\n"}},
	{"a\nb\n", 3, {"a\n", "b\n"}},
	{"a\nb\n", 4, {"a\nb\n"}},
	{"a\nb\n", 99, {"a\nb\n"}},
	{"a\nlast", 4, {"a\n", "last"}},
	{"a\nlast", 6, {"a\nlast"}},
	{"much longer\nb\nc\n", 4, {"much longer\n", "b\nc\n"}},
	{"a\nmuch longer\nb\n", 4, {"a\n", "much longer\n", "b\n"}},
	{"\n\n\n\n", 3, {"\n\n\n", "\n"}},
	{"no end at all", 4, {"no end at all"}},
};

/* Gives the list the bytes as it asks for them, piece bytes at a time. */
static void gives_blocks(const struct block_row *row, size_t piece)
{
	struct pair pair;
	size_t at = 0, n = 0, len = strlen(row->input);
	struct each_text block;
	int rc;

	open_pair(&pair, '\n');
	while ((rc = each_list_block(&pair.list, row->size, &block)) != 0) {
		if (rc == 1) {
			const char *want = row->blocks[n++];

			CHECK(want);
			CHECK_INT(block.len, strlen(want));
			CHECK(memcmp(block.text, want, block.len) == 0);
			continue;
		}
		CHECK_INT(rc, -EAGAIN);
		size_t m = min_size(piece, len - at);
		CHECK_INT(fd_write_full(pair.writer, row->input + at, m), 0);
		at += m;
		if (m == 0)
			pair.writer = fd_close(pair.writer);
		pair.list.may_read = true;
	}
	CHECK(!row->blocks[n]);
	each_list_close(&pair.list);
}

CASE(blocks_are_as_the_table_says_however_they_come)
{
	for (size_t i = 0; i < ARRAY_LEN(block_rows); i++) {
		for (size_t piece = 1; piece < 20; piece++)
			gives_blocks(&block_rows[i], piece);
	}
}

CASE(a_block_is_whole_where_a_read_is_not)
{
	static char line[200000];
	struct each_text block;
	struct each_list list;
	FILE *file = tmpfile();

	CHECK(file);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 5; i++)
		CHECK_INT(fd_write_full(fileno(file), line, sizeof(line)), 0);
	rewind(file);
	each_list_open(&list, dup(fileno(file)), '\n');
	CHECK_INT(each_list_block(&list, 450000, &block), 1);
	CHECK_INT(block.len, 2 * sizeof(line));
	CHECK_INT(each_list_block(&list, 100, &block), 1);
	CHECK_INT(block.len, sizeof(line));
	CHECK(memcmp(block.text, line, sizeof(line)) == 0);
	CHECK_INT(each_list_block(&list, 1 << 20, &block), 1);
	CHECK_INT(block.len, 2 * sizeof(line));
	CHECK_INT(each_list_block(&list, 1 << 20, &block), 0);
	each_list_close(&list);
	(void)fclose(file);
}

/* ---- CSV ---- */

static void open_csv(struct pair *pair)
{
	open_pair(pair, '\n');
	pair->list.is_csv = true;
	pair->list.csv_separator = ',';
}

CASE(records_of_csv_come_over_lines_and_byte_by_byte)
{
	static const char text[] =
		"\xef\xbb\xbf\"a\nb\",c\r\n\r\nd,\"\"\"\n\"\n";
	struct pair pair;
	struct each_item item;

	open_csv(&pair);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		const char byte[] = {text[i], '\0'};

		says(&pair, byte);
		if (i == 11)
			gives(&pair, "\"a\nb\",c");
		else if (i == sizeof(text) - 2)
			gives(&pair, "d,\"\"\"\n\"");
		else
			CHECK_INT(each_list_next(&pair.list, &item), -EAGAIN);
	}
	each_list_close(&pair.list);
}

CASE(a_quote_without_its_end_is_told)
{
	struct pair pair;
	struct each_item item;

	open_csv(&pair);
	says(&pair, "a\n\"b\nc\n");
	(void)close(pair.writer);
	gives(&pair, "a");
	CHECK_INT(each_list_next(&pair.list, &item), -EAGAIN);
	pair.list.may_read = true;
	CHECK_INT(each_list_next(&pair.list, &item), -EBADMSG);
	CHECK_INT(each_list_next(&pair.list, &item), 0);
	each_list_close(&pair.list);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
