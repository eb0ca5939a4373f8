/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "engine/each_csv.h"

#define N_FIELDS 4

static const struct row {
	const char *record; /* without its newline */
	const char *fields[N_FIELDS];
} rows[] = {
	{"a,b", {"a", "b"}},
	{"", {""}},
	{",", {"", ""}},
	{"a,,b", {"a", "", "b"}},
	{"\"\"", {""}},
	{"\"a\"", {"a"}},
	{"\"a,b\",c", {"a,b", "c"}},
	{"\"a\nb\",c", {"a\nb", "c"}},
	{"\"a\r\n\r\nb\"", {"a\r\n\r\nb"}},
	{"\"say \"\"hi\"\"\",x", {"say \"hi\"", "x"}},
	{"\"\"\"\"", {"\""}},
	{"\"\"\"a\"\"\",\"\"", {"\"a\"", ""}},
	{"\"a\"\"\nb\",c", {"a\"\nb", "c"}},
	/* more than the standard allows */
	{"5\" disk,x", {"5\" disk", "x"}},
	{"\"a\"b,c", {"ab", "c"}},
	{"\"a\"b\"c\",d", {"ab\"c\"", "d"}},
	{" \"a\",b", {" \"a\"", "b"}},
};

static struct each_text text_of(const char *text)
{
	return (struct each_text){text, strlen(text)};
}

CASE(fields_are_as_the_table_says)
{
	struct buf field = {0};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct each_text record = text_of(rows[i].record);
		size_t n = 0;

		while (n < N_FIELDS && rows[i].fields[n])
			n++;
		CHECK_INT(each_csv_count(record, ','), n);
		for (size_t k = 1; k <= N_FIELDS + 1; k++) {
			const char *want = k <= n ? rows[i].fields[k - 1] : "";

			buf_truncate(&field, 0);
			each_csv_field(record, ',', k, &field);
			CHECK_INT(field.len, strlen(want));
			CHECK(!field.len ||
			      memcmp(field.data, want, field.len) == 0);
		}
	}
	buf_release(&field);
}

/* Wherever the bytes are cut as they come, the record ends at its newline. */
CASE(a_record_ends_at_the_same_place_however_it_comes)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf data = {0};
		size_t len = strlen(rows[i].record);

		buf_append_str(&data, rows[i].record);
		buf_append_str(&data, "\nnext,\"one\n\"\n");
		for (size_t cut = 0; cut <= len; cut++) {
			enum each_csv_state state = EACH_CSV_START;

			CHECK_INT(each_csv_end(&state, ',', data.data, cut),
			          cut);
			CHECK_INT(each_csv_end(&state, ',', data.data + cut,
			                       data.len - cut),
			          len - cut);
			CHECK_INT(state, EACH_CSV_START);
		}
		buf_release(&data);
	}
}

CASE(an_open_quote_goes_to_the_end)
{
	static const char data[] = "a,\"b\nc\n";
	enum each_csv_state state = EACH_CSV_START;
	struct buf field = {0};

	CHECK_INT(each_csv_end(&state, ',', data, sizeof(data) - 1),
	          sizeof(data) - 1);
	CHECK_INT(state, EACH_CSV_QUOTED);
	each_csv_field(text_of(data), ',', 2, &field);
	CHECK_STR(field.data, "b\nc\n");
	buf_release(&field);
}

CASE(names_are_found_and_counted)
{
	struct each_text header = text_of("id;\"full; name\";id;");
	size_t k = 0;

	CHECK_INT(each_csv_find(header, ';', text_of("full; name"), &k), 1);
	CHECK_INT(k, 2);
	CHECK_INT(each_csv_find(header, ';', text_of("id"), &k), 2);
	CHECK_INT(k, 1);
	CHECK_INT(each_csv_find(header, ';', text_of("name"), &k), 0);
	CHECK_INT(each_csv_find(header, ';', text_of(""), &k), 1);
	CHECK_INT(k, 4);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
