/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "engine/each_job.h"
#include "engine/each_pack.h"
#include "engine/each_template.h"

static struct each_item item_of(const char *text, size_t root_len)
{
	return (struct each_item){
		.text = text, .len = strlen(text), .root_len = root_len};
}

/* What a word becomes for an item. */
static void expands(const char *word, const char *text, size_t root_len,
                    const char *want)
{
	const char *words[] = {word};
	struct each_item item = item_of(text, root_len);
	struct each_template template;
	struct buf out = {0}, marks = {0};

	each_template_init(&template, words, 1, 0,
	                   (struct each_columns){.separator = {",", 1}});
	each_template_expand(&template, 0, &item, 7, &out, &marks);
	CHECK_STR(out.data, want);
	each_template_release(&template);
	buf_release(&out);
	buf_release(&marks);
}

CASE(placeholders_give_parts_of_the_path)
{
	expands("{}", "a/b.c", 0, "a/b.c");
	expands("<{/}>", "a/b.c", 0, "<b.c>");
	expands("{//}{//}", "a/b.c", 0, "aa");
	expands("{.}", "a.x/b", 0, "a.x/b");
	expands("{.}", "a.x/b.tar.gz", 0, "a.x/b.tar");
	expands("{/.}", "a/.hidden", 0, ".hidden");
	expands("{r}|{r.}", "root/a/b.c", 5, "a/b.c|a/b");
	expands("{#}", "a", 0, "7");
}

CASE(directories_of_short_paths)
{
	expands("{//}", "b", 0, ".");
	expands("{//}", "/b", 0, "/");
	expands("{//}", "/", 0, "/");
	expands("{/}", "/", 0, "/");
	expands("{/}", "a/b//", 0, "b");
	expands("{//}", "a//b", 0, "a");
}

CASE(columns_are_split_and_missing_ones_are_empty)
{
	expands("{1}{2}", "x,y", 0, "xy");
	expands("{2}", ",,", 0, "");
	expands("{3}", ",,z", 0, "z");
	expands("[{4}]", "a,b", 0, "[]");
	expands("{0}{1x}{12345678901}", "a", 0, "{0}{1x}{12345678901}");
}

CASE(other_braces_stay_as_they_are)
{
	expands("{{}}{/x}", "a", 0, "{}{/x}");
	expands("{{1}}", "a", 0, "{1}");
	expands("{print} {{ }} {", "a", 0, "{print} {{ }} {");
	expands("{{}", "a", 0, "{a");
}

CASE(what_an_item_brings_is_not_expanded_again)
{
	expands("{}{/}", "{/}", 0, "{/}}");
}

CASE(a_command_without_the_item_gets_it_at_the_end)
{
	const char *words[] = {"echo", "{#}"};
	struct each_template template;

	each_template_init(&template, words, 2, 0, (struct each_columns){0});

	CHECK_INT(template.n_arguments, 3);
	CHECK(!each_template_repeats(&template, 1));
	CHECK(each_template_repeats(&template, 2));
	CHECK_STR(each_template_constant(&template, 0), "echo");
	CHECK(!each_template_constant(&template, 1));
	each_template_release(&template);
}

CASE(a_packed_record_repeats_arguments_and_takes_the_slot)
{
	const char *words[] = {"c'd", "x{%}", "{}-{%}"};
	struct each_template template;
	struct each_pack pack;
	struct each_queue items = {0};
	struct buf record = {0}, text = {0};
	struct each_item a = item_of("a b", 0), b = item_of("b", 0);

	each_template_init(&template, words, 3, 0, (struct each_columns){0});
	each_pack_init(&pack, &template, 2);
	CHECK_INT(each_pack_add(&pack, &a), 0);
	CHECK_INT(each_pack_add(&pack, &b), 1);
	(void)each_pack_take(&pack, 3, 1, &record, &items);
	each_job_text((const void *)record.data, 12, &text);

	CHECK_STR(text.data, "'c'\\''d' x12 'a b-12' b-12");
	CHECK_INT(items.n, 2);
	CHECK_INT(pack.items.n, 0);
	each_queue_release(&items);
	each_pack_release(&pack);
	each_template_release(&template);
	buf_release(&record);
	buf_release(&text);
}

CASE(an_item_that_never_fits_is_refused_one_that_fits_later_waits)
{
	const char *words[] = {"true"};
	static char text[131073];
	struct each_template template;
	struct each_pack pack;
	struct each_item item;
	int n = 0, rc;

	each_template_init(&template, words, 1, 0, (struct each_columns){0});
	each_pack_init(&pack, &template, 0);
	memset(text, 'x', sizeof(text) - 1);
	item = item_of(text, 0);
	CHECK_INT(each_pack_add(&pack, &item), -E2BIG);
	item.len--;
	while ((rc = each_pack_add(&pack, &item)) == 0)
		n++;

	CHECK_INT(rc, -EAGAIN);
	CHECK(n >= 1 && n <= 4);
	each_pack_release(&pack);
	each_template_release(&template);
}

CASE(a_queue_gives_back_in_order_what_was_put)
{
	struct each_queue queue = {0};
	struct each_item item;
	char text[16];
	unsigned next = 0;

	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		item = item_of(text, 0);
		item.bytes = i;
		each_queue_put(&queue, &item);
		for (unsigned k = 0; k < i % 3; k++) {
			if (!each_queue_first(&queue, &item))
				break;
			CHECK_INT(atoi(item.text), next);
			CHECK_INT(item.bytes, next);
			each_queue_drop_first(&queue);
			next++;
		}
	}

	CHECK_INT(queue.n, 1000 - next);
	each_queue_release(&queue);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
