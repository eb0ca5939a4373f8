/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/buf.h"

CASE(what_is_appended_ends_in_nul)
{
	struct buf buf = {0};

	buf_append(&buf, "abc", 2);
	CHECK_STR(buf.data, "ab");
	buf_append_str(&buf, "cd");
	buf_append_char(&buf, 'e');
	buf_append(&buf, NULL, 0);
	CHECK_STR(buf.data, "abcde");
	CHECK_INT(buf.len, 5);
	buf_append(&buf, "\0x", 2);
	CHECK_INT(buf.len, 7);
	CHECK(memcmp(buf.data, "abcde\0x", 8) == 0);
	buf_release(&buf);
}

CASE(it_grows_through_every_length)
{
	struct buf buf = {0};

	for (size_t i = 0; i < 10000; i++) {
		buf_append_char(&buf, (char)i);
		CHECK(buf.cap > buf.len);
		CHECK_INT(buf.data[buf.len], 0);
	}
	for (size_t i = 0; i < 10000; i++)
		CHECK_INT(buf.data[i], (char)i);
	buf_release(&buf);
}

CASE(printf_appends)
{
	struct buf buf = {0};

	buf_printf(&buf, "%s-%d", "a", 1);
	buf_printf(&buf, "%100s|", "b");
	CHECK_INT(buf.len, 104);
	CHECK(memcmp(buf.data, "a-1 ", 4) == 0);
	CHECK_STR(buf.data + 102, "b|");
	buf_printf(&buf, "%s", "");
	CHECK_INT(buf.len, 104);
	buf_release(&buf);
}

CASE(reserve_makes_room_and_keeps_what_is_there)
{
	struct buf buf = {0};

	buf_append_str(&buf, "keep");
	buf_reserve(&buf, 5000);
	CHECK(buf.cap >= 5005);
	CHECK_STR(buf.data, "keep");
	char *data = buf.data;
	buf_reserve(&buf, 5000);
	CHECK(buf.data == data);
	buf_release(&buf);
}

CASE(reserve_that_cannot_be_is_told)
{
	struct buf buf = {0};

	buf_append_str(&buf, "keep");
	CHECK_INT(buf_try_reserve(&buf, SIZE_MAX), -ENOMEM);
	CHECK_INT(buf_try_reserve(&buf, SIZE_MAX - 4), -ENOMEM);
	CHECK_INT(buf_try_reserve(&buf, 10), 0);
	CHECK_STR(buf.data, "keep");
	buf_release(&buf);
}

static int end_of(void (*run)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fclose(stderr);
		run();
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void reserve_too_much(void)
{
	struct buf buf = {.len = 1};

	buf_reserve(&buf, SIZE_MAX);
}

static void cut_too_much(void)
{
	struct buf buf = {0};

	buf_truncate(&buf, 1);
}

CASE(no_memory_is_the_end_and_a_bad_cut_a_bug)
{
	CHECK_INT(end_of(reserve_too_much), 2);
	CHECK_INT(end_of(cut_too_much), -SIGABRT);
}

CASE(truncate_cuts)
{
	struct buf buf = {0};

	buf_truncate(&buf, 0);
	buf_append_str(&buf, "abcdef");
	buf_truncate(&buf, 6);
	CHECK_STR(buf.data, "abcdef");
	buf_truncate(&buf, 2);
	CHECK_STR(buf.data, "ab");
	buf_append_str(&buf, "x");
	CHECK_STR(buf.data, "abx");
	buf_release(&buf);
}

CASE(release_leaves_an_empty_buffer)
{
	struct buf buf = {0};

	buf_release(&buf);
	buf_append_str(&buf, "x");
	buf_release(&buf);
	CHECK(buf.data == NULL);
	CHECK_INT(buf.len, 0);
	buf_append_str(&buf, "again");
	CHECK_STR(buf.data, "again");
	buf_release(&buf);
}

CASE(memory_that_always_comes)
{
	char *none = xmalloc(0), *copy = xstrndup("abcdef", 3);
	int *numbers = xcalloc(10, sizeof(*numbers));

	CHECK(none != NULL);
	CHECK_STR(copy, "abc");
	for (int i = 0; i < 10; i++)
		CHECK_INT(numbers[i], 0);
	numbers = xrealloc(numbers, 20 * sizeof(*numbers));
	CHECK_INT(numbers[9], 0);
	free(none);
	free(copy);
	free(numbers);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
