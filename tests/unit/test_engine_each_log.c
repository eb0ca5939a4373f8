/* SPDX-License-Identifier: MIT */
#include "engine/each_log.h"
#include "files.h"

static const char head[] = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\t"
			   "Exitval\tSignal\tCommand\n";

static void add(struct each_log *log, uint64_t number, const char *command,
                const struct each_end *end)
{
	CHECK_INT(each_log_add(log, number, end, command, strlen(command)), 0);
}

static bool has(struct each_log *log, const char *command)
{
	return each_log_take(log, command, strlen(command));
}

/* What the file holds, cut off after size bytes. */
static const char *content_of(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	CHECK(n >= 0);
	text[n] = '\0';
	(void)close(fd);
	return text;
}

static const struct each_end good = {.start_ns = 1700000000123999999,
                                     .runtime_ns = 1234 * NS_PER_MS,
                                     .n_printed = 42};
static const struct each_end bad = {.start_ns = 1, .exit_code = 3};

CASE(a_line_has_nine_columns_and_no_rounding_up)
{
	struct each_log log;
	char want[512];

	(void)enter_work_dir();
	CHECK_INT(each_log_open(&log, "log", EACH_LOG_NEW), 0);
	add(&log, 7, "echo x", &good);
	CHECK_INT(each_log_close(&log), 0);

	snprintf(want, sizeof(want),
	         "%s7\t:\t1700000000.123\t     1.234\t0\t42\t0\t0\techo x\n",
	         head);
	CHECK_STR(content_of("log"), want);
}

static const char *last_ends(const struct each_end *end)
{
	struct each_log log;
	const char *text;

	CHECK_INT(each_log_open(&log, "log", EACH_LOG_NEW), 0);
	add(&log, 1, "c", end);
	CHECK_INT(each_log_close(&log), 0);
	text = content_of("log") + strlen(head);
	for (int i = 0; i < 6; i++)
		text = strchr(text, '\t') + 1;
	return text;
}

CASE(a_line_says_how_the_job_ended)
{
	(void)enter_work_dir();

	CHECK_STR(last_ends(&(struct each_end){.exit_code = 3}), "3\t0\tc\n");
	CHECK_STR(last_ends(&(struct each_end){.signal_number = 9}),
	          "0\t9\tc\n");
	CHECK_STR(last_ends(&(struct each_end){.cause = EACH_TIMED_OUT,
	                                       .signal_number = 9}),
	          "-1\t15\tc\n");
	CHECK_STR(last_ends(&(struct each_end){.cause = EACH_NO_SPAWN,
	                                       .err = -ENOENT}),
	          "127\t0\tc\n");
	CHECK_STR(last_ends(&(struct each_end){.cause = EACH_NO_SPAWN,
	                                       .err = -EACCES}),
	          "126\t0\tc\n");
	CHECK_STR(last_ends(&(struct each_end){.cause = EACH_NO_RESULTS}),
	          "255\t0\tc\n");
}

CASE(a_log_that_is_resumed_knows_what_ended_well_and_grows)
{
	struct each_log log;

	(void)enter_work_dir();
	CHECK_INT(each_log_open(&log, "log", EACH_LOG_NEW), 0);
	add(&log, 1, "good", &good);
	add(&log, 2, "bad", &bad);
	add(&log, 3, "two\nlines", &good);
	CHECK_INT(each_log_close(&log), 0);

	CHECK_INT(each_log_open(&log, "log", EACH_LOG_RESUME), 0);
	CHECK(has(&log, "good"));
	CHECK(!has(&log, "bad"));
	CHECK(has(&log, "two\nlines"));
	CHECK(!has(&log, "goo"));
	add(&log, 4, "bad", &good);
	CHECK_INT(each_log_close(&log), 0);

	/* One good end is enough, whatever stands before. */
	CHECK_INT(each_log_open(&log, "log", EACH_LOG_RESUME), 0);
	CHECK(has(&log, "bad"));
	CHECK_INT(each_log_close(&log), 0);
}

CASE(many_commands_are_told_apart)
{
	struct each_log log;
	char command[32];

	(void)enter_work_dir();
	CHECK_INT(each_log_open(&log, "log", EACH_LOG_NEW), 0);
	for (int i = 0; i < 5000; i++) {
		snprintf(command, sizeof(command), "c %d", 2 * i);
		add(&log, 1, command, &good);
	}
	CHECK_INT(each_log_close(&log), 0);

	CHECK_INT(each_log_open(&log, "log", EACH_LOG_READ), 0);
	for (int i = 0; i < 10000; i++) {
		snprintf(command, sizeof(command), "c %d", i);
		CHECK_INT(has(&log, command), i % 2 == 0);
	}
	CHECK_INT(each_log_close(&log), 0);
}

CASE(a_line_that_was_cut_off_is_dropped)
{
	struct each_log log;
	char want[512];

	(void)enter_work_dir();
	snprintf(want, sizeof(want), "%s1\t:\t1.0\t1.0\t0\t0\t0\t0\tc", head);
	put_file("log", want);

	CHECK_INT(each_log_open(&log, "log", EACH_LOG_RESUME), 0);
	CHECK(!has(&log, "c"));
	CHECK_INT(each_log_close(&log), 0);
	CHECK_STR(content_of("log"), head);
}

CASE(what_is_no_log_is_left_alone)
{
	struct each_log log;

	(void)enter_work_dir();
	put_file("text", "hello\n");
	CHECK_INT(each_log_open(&log, "text", EACH_LOG_RESUME), -EBADMSG);
	CHECK_STR(content_of("text"), "hello\n");
	CHECK_INT(each_log_open(&log, "text", EACH_LOG_READ), -EBADMSG);
}

CASE(reading_changes_nothing_and_needs_no_file)
{
	struct each_log log;
	char want[512];

	(void)enter_work_dir();
	CHECK_INT(each_log_open(&log, "none", EACH_LOG_READ), 0);
	CHECK(!has(&log, "c"));
	CHECK_INT(each_log_close(&log), 0);
	CHECK_INT(access("none", F_OK), -1);

	snprintf(want, sizeof(want), "%s1\t:\t1.0\t1.0\t0\t0\t0\t0\tc\n2\tcut",
	         head);
	put_file("log", want);
	CHECK_INT(each_log_open(&log, "log", EACH_LOG_READ), 0);
	CHECK(has(&log, "c"));
	add(&log, 3, "d", &good);
	CHECK_INT(each_log_close(&log), 0);
	CHECK_STR(content_of("log"), want);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
