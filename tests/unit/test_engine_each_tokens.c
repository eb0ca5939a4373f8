/* SPDX-License-Identifier: MIT */
#include "base/fd.h"
#include "engine/each_tokens.h"
#include "files.h"

#include <poll.h>

static struct each_held held;

/* A jobserver with these tokens; the descriptor keeps it alive. */
static int start_jobserver(const char *bytes)
{
	CHECK_INT(mkfifo("tokens", 0600), 0);
	int fd = open("tokens", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(fd_write_full(fd, bytes, strlen(bytes)), 0);
	return fd;
}

/* What is in the fifo now. */
static const char *tokens_left(int fd)
{
	static char bytes[64];
	ssize_t n = read(fd, bytes, sizeof(bytes) - 1);

	bytes[n > 0 ? n : 0] = '\0';
	return bytes;
}

CASE(without_a_jobserver_there_is_none)
{
	struct each_tokens tokens;

	CHECK_INT(each_tokens_open(&tokens, NULL, &held), 0);
	CHECK_INT(tokens.fd, -1);
	CHECK_INT(each_tokens_open(&tokens, "-k -j4", &held), 0);
	CHECK_INT(tokens.fd, -1);
	CHECK_INT(
		each_tokens_open(&tokens, " -j --jobserver-auth=-2,-2", &held),
		0);
	CHECK_INT(tokens.fd, -1);
	each_tokens_close(&tokens);
}

CASE(pipes_are_not_for_us)
{
	struct each_tokens tokens;

	CHECK_INT(each_tokens_open(&tokens, " -j2 --jobserver-auth=3,4", &held),
	          -ENOTSUP);
	CHECK_INT(each_tokens_open(&tokens, " --jobserver-fds=3,4 -j", &held),
	          -ENOTSUP);
}

CASE(the_last_word_counts)
{
	struct each_tokens tokens;

	(void)enter_work_dir();
	int fd = start_jobserver("+");
	CHECK_INT(each_tokens_open(&tokens,
	                           " -j2 --jobserver-auth=3,4 "
	                           "--jobserver-auth=fifo:tokens -- A=b",
	                           &held),
	          0);
	CHECK(each_tokens_take(&tokens));
	each_tokens_close(&tokens);
	CHECK_STR(tokens_left(fd), "+");
}

CASE(what_is_no_fifo_is_refused)
{
	struct each_tokens tokens;

	(void)enter_work_dir();
	put_file("file", "++");
	CHECK_INT(
		each_tokens_open(&tokens, "--jobserver-auth=fifo:file", &held),
		-EINVAL);
	CHECK_INT(
		each_tokens_open(&tokens, "--jobserver-auth=fifo:none", &held),
		-ENOENT);
}

CASE(the_same_bytes_come_back)
{
	struct each_tokens tokens;

	(void)enter_work_dir();
	int fd = start_jobserver("ab\xff");
	CHECK_INT(each_tokens_open(&tokens, "--jobserver-auth=fifo:tokens",
	                           &held),
	          0);
	CHECK(each_tokens_take(&tokens));
	CHECK(each_tokens_take(&tokens));
	CHECK(each_tokens_take(&tokens));
	CHECK(!each_tokens_take(&tokens));
	CHECK_STR(tokens_left(fd), "");

	each_tokens_give(&tokens, 2);
	CHECK_STR(tokens_left(fd), "\xff");
	each_tokens_close(&tokens);
	CHECK_STR(tokens_left(fd), "ba");
}

CASE(workers_put_back_what_a_dead_master_held_and_only_once)
{
	struct each_tokens tokens;

	(void)enter_work_dir();
	int fd = start_jobserver("xyz");
	CHECK_INT(each_tokens_open(&tokens, "--jobserver-auth=fifo:tokens",
	                           &held),
	          0);
	CHECK(each_tokens_take(&tokens));
	CHECK(each_tokens_take(&tokens));

	each_tokens_rescue(tokens.fd, &held);
	each_tokens_rescue(tokens.fd, &held);

	CHECK_STR(tokens_left(fd), "zxy");
	each_tokens_rescue(-1, &held);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
