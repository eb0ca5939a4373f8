/* SPDX-License-Identifier: MIT */
#include "base/diag.h"
#include "base/fd.h"
#include "base/mono.h"
#include "check.h"
#include "cli/report.h"

#include <fcntl.h>
#include <sys/mman.h>

#define MIB (UINT64_C(1) << 20)

static int64_t now_ns = 1000 * NS_PER_S;

static int64_t fake_clock(void)
{
	return now_ns;
}

/* Standard output and error of a case are files while it runs; failed checks
 * go where they used to. */
static int out_fd, err_fd, saved_err_fd;

static void capture(void)
{
	out_fd = memfd_create("out", MFD_CLOEXEC);
	err_fd = memfd_create("err", MFD_CLOEXEC);
	saved_err_fd = dup(STDERR_FILENO);
	CHECK(out_fd >= 0 && err_fd >= 0 && saved_err_fd >= 0);
	CHECK_INT(dup2(out_fd, STDOUT_FILENO), STDOUT_FILENO);
	CHECK_INT(dup2(err_fd, STDERR_FILENO), STDERR_FILENO);
	mono_set_clock(fake_clock);
}

static void write_list_to(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_INT(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	(void)fd_close(fd);
}

static void check_file(int fd, const char *want)
{
	static char text[4096];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	CHECK_INT(dup2(saved_err_fd, STDERR_FILENO), STDERR_FILENO);
	CHECK(n >= 0);
	text[n] = '\0';
	CHECK_STR(text, want);
}

static struct tally some_done(void)
{
	return (struct tally){
		.is_final = true,
		.n_total = 1302,
		.n_done = 1302,
		.n_copied = 1234,
		.n_unchanged = 56,
		.n_dirs = 12,
		.bytes_total = 100 * MIB,
		.bytes_done = 100 * MIB,
		.bytes_copied = 100 * MIB,
	};
}

static void check_summary(const struct tally *tally, bool is_dry_run,
                          const char *want)
{
	struct settings settings = {.is_dry_run = is_dry_run};
	struct percent percent;
	struct buf text = {0};

	percent_init(&percent, 0);
	percent_end(&percent, tally);
	report_summary(&text, tally, &percent, &settings, 12 * NS_PER_S, "");
	CHECK_STR(text.data, want);
	buf_release(&text);
}

CASE(summary_counts_what_was_done)
{
	struct tally tally = some_done();

	check_summary(&tally, false,
	              "1,234 copied, 56 unchanged, 12 directories, "
	              "100.0 MiB in 0:12 (8.3 MiB/s)");
}

CASE(summary_of_nothing_says_so)
{
	struct tally tally = {.is_final = true, .n_dirs = 1};

	check_summary(&tally, false, "0 copied, 1 directory, 0 B in 0:12");
}

CASE(summary_tells_what_went_wrong)
{
	struct tally tally = some_done();

	tally.n_mended = 3;
	tally.n_failed = 2;
	tally.n_changed = 4;
	tally.n_deaths = 1;
	check_summary(&tally, false,
	              "1,234 copied, 56 unchanged (3 mended), 12 directories, "
	              "2 failed, 4 vanished or kept changing, 1 worker died, "
	              "100.0 MiB in 0:12 (8.3 MiB/s)");
}

CASE(summary_tells_what_was_lost)
{
	struct tally tally = some_done();

	tally.lost[LOST_XATTRS] = 1200;
	tally.lost[LOST_OWNERS] = 1;
	check_summary(&tally, false,
	              "1,234 copied, 56 unchanged, 12 directories, "
	              "100.0 MiB in 0:12 (8.3 MiB/s)\n"
	              "not preserved: 1,200 xattrs, 1 owner");
}

CASE(summary_counts_links_that_were_left_out)
{
	struct tally tally = {.is_final = true, .n_copied = 1, .n_unsafe = 1};

	check_summary(&tally, false,
	              "1 copied, 1 unsafe link left out, 0 B in 0:12");
	tally.n_unsafe = 3000;
	check_summary(&tally, false,
	              "1 copied, 3,000 unsafe links left out, 0 B in 0:12");
}

CASE(summary_of_a_dry_run_promises_nothing)
{
	struct tally tally = some_done();

	check_summary(&tally, true,
	              "dry run, nothing changed: 1,234 to copy, 56 unchanged, "
	              "12 directories");
}

CASE(summary_of_an_interrupted_run_says_how_far_it_got)
{
	struct tally tally = {
		.walked = 0.5,
		.n_total = 100,
		.n_done = 50,
		.n_copied = 50,
		.bytes_total = 2 * MIB,
		.bytes_done = 1 * MIB,
		.bytes_copied = 1 * MIB,
		.signal_number = SIGTERM,
	};

	check_summary(&tally, false,
	              "interrupted by SIGTERM at ~25.00 % of at least 2.0 MiB: "
	              "50 copied, 1.0 MiB in 0:12 (85.3 KiB/s)");
	tally.is_final = true;
	check_summary(&tally, false,
	              "interrupted by SIGTERM at 50.00 % of 2.0 MiB: "
	              "50 copied, 1.0 MiB in 0:12 (85.3 KiB/s)");
}

/* Ends a run of status and tally; what the program ends with. */
static enum exit_status end(const struct options *options,
                            const struct tally *tally, enum exit_status status)
{
	struct report report;

	report_init(&report, options);
	now_ns += 12 * NS_PER_S;
	return report_end(&report, tally, status);
}

CASE(the_end_of_a_run_is_said_on_stderr)
{
	struct options options = {0};
	struct tally tally = some_done();

	capture();
	enum exit_status status = end(&options, &tally, EXIT_ALL_DONE);

	check_file(err_fd, "pcopy: 1,234 copied, 56 unchanged, 12 directories, "
	                   "100.0 MiB in 0:12 (8.3 MiB/s)\n");
	check_file(out_fd, "");
	CHECK_INT(status, EXIT_ALL_DONE);
}

/* The summary of a run to there; nothing else is said without a terminal. */
static void check_where(struct destination to, const char *want)
{
	struct options options = {0};
	struct tally tally = {.is_final = true, .n_copied = 1};
	struct report report;

	capture();
	report_init(&report, &options);
	struct observer observer = report_observer(&report);
	observer.on_start(observer.ctx, &to);
	(void)report_end(&report, &tally, EXIT_ALL_DONE);
	check_file(err_fd, want);
}

CASE(summary_names_the_one_copy)
{
	check_where((struct destination){.copy = "bk/a", .dst = "bk/"},
	            "pcopy: 1 copied, 0 B in 0:00 to bk/a\n");
}

CASE(summary_names_the_directory_of_several_copies)
{
	check_where((struct destination){.dst = "bk//", .goes_in = true},
	            "pcopy: 1 copied, 0 B in 0:00 to bk/\n");
	check_where((struct destination){.dst = "/", .goes_in = true},
	            "pcopy: 1 copied, 0 B in 0:00 to /\n");
}

CASE(summary_quotes_where_it_went)
{
	check_where((struct destination){.copy = "a\nb", .dst = "a\nb"},
	            "pcopy: 1 copied, 0 B in 0:00 to $'a\\nb'\n");
}

CASE(quiet_says_nothing_of_success)
{
	struct options options = {.is_quiet = true};
	struct tally tally = some_done();

	capture();
	enum exit_status status = end(&options, &tally, EXIT_ALL_DONE);

	check_file(err_fd, "");
	CHECK_INT(status, EXIT_ALL_DONE);
}

CASE(quiet_still_tells_of_failures)
{
	struct options options = {.is_quiet = true};
	struct tally tally = {.n_failed = 1};

	capture();
	enum exit_status status = end(&options, &tally, EXIT_SOME_FAILED);

	check_file(err_fd, "pcopy: 0 copied, 1 failed, 0 B in 0:12\n");
	CHECK_INT(status, EXIT_SOME_FAILED);
}

CASE(quiet_still_tells_of_an_interrupt)
{
	struct options options = {.is_quiet = true};
	struct tally tally = {.signal_number = SIGINT};

	capture();
	(void)end(&options, &tally, EXIT_ALL_DONE);

	check_file(err_fd,
	           "pcopy: interrupted by SIGINT at ~0.00 % of at least "
	           "0 B: 0 copied, 0 B in 0:12\n");
}

CASE(a_run_that_did_not_start_has_no_summary)
{
	struct options options = {0};
	struct tally tally = {0};

	capture();
	CHECK_INT(end(&options, &tally, EXIT_NOT_STARTED), EXIT_NOT_STARTED);
	CHECK_INT(end(&options, &tally, EXIT_REFUSED), EXIT_REFUSED);

	check_file(err_fd, "");
}

CASE(entries_are_listed_on_stdout_with_safe_names)
{
	struct options options = {.is_quiet = true};
	struct tally tally = {0};
	struct report report;

	capture();
	report_init(&report, &options);
	struct observer observer = report_observer(&report);
	observer.on_entry(observer.ctx, "copied", "a b");
	observer.on_entry(observer.ctx, "unchanged", "new\nline");
	(void)report_end(&report, &tally, EXIT_ALL_DONE);

	check_file(out_fd, "copied\ta b\nunchanged\t$'new\\nline'\n");
	check_file(err_fd, "");
}

CASE(a_tick_writes_the_list_so_far)
{
	struct options options = {.is_quiet = true};
	struct tally tally = {0};
	struct report report;

	capture();
	report_init(&report, &options);
	struct observer observer = report_observer(&report);
	observer.on_entry(observer.ctx, "copied", "a");
	check_file(out_fd, "");
	observer.on_tick(observer.ctx, &tally, "");
	check_file(out_fd, "copied\ta\n");

	(void)report_end(&report, &tally, EXIT_ALL_DONE);
}

CASE(long_lists_do_not_pile_up)
{
	struct options options = {.is_quiet = true};
	struct tally tally = {0};
	struct report report;

	capture();
	report_init(&report, &options);
	struct observer observer = report_observer(&report);
	for (int i = 0; i < 100000; i++) {
		observer.on_entry(observer.ctx, "copied", "some/name");
		CHECK(report.list.len <= 65536);
	}
	(void)report_end(&report, &tally, EXIT_ALL_DONE);

	CHECK_INT(lseek(out_fd, 0, SEEK_END), 100000 * 17);
}

CASE(failures_are_said_at_once_quiet_or_not)
{
	struct options options = {.is_quiet = true};
	struct tally tally = {0};
	struct report report;

	capture();
	report_init(&report, &options);
	struct observer observer = report_observer(&report);
	observer.on_fault(observer.ctx, "a\tb", "open", EACCES);
	observer.on_fault(observer.ctx, "c", "changed while it was read", 0);

	check_file(err_fd, "pcopy: $'a\\tb': open: Permission denied\n"
	                   "pcopy: c: changed while it was read\n");
	(void)report_end(&report, &tally, EXIT_ALL_DONE);
}

CASE(a_list_that_cannot_be_written_is_a_failure_said_once)
{
	struct options options = {.is_quiet = true};
	struct tally tally = {0};
	struct report report;

	capture();
	write_list_to("/dev/full");
	report_init(&report, &options);
	struct observer observer = report_observer(&report);
	for (int i = 0; i < 3; i++) {
		observer.on_entry(observer.ctx, "copied", "a");
		observer.on_tick(observer.ctx, &tally, "");
	}
	enum exit_status status =
		report_end(&report, &tally, EXIT_NOT_AS_ASKED);

	check_file(err_fd,
	           "pcopy: standard output: write: No space left on device\n"
	           "pcopy: 0 copied, 0 B in 0:00\n");
	CHECK_INT(status, EXIT_SOME_FAILED);
}

CASE(data_that_cannot_be_written_is_a_failure)
{
	struct buf text = {0};

	capture();
	buf_append_str(&text, "text\n");
	CHECK_INT(report_data(&text), EXIT_ALL_DONE);
	write_list_to("/dev/full");
	enum exit_status status = report_data(&text);

	check_file(out_fd, "text\n");
	check_file(err_fd,
	           "pcopy: standard output: write: No space left on device\n");
	CHECK_INT(status, EXIT_SOME_FAILED);
	buf_release(&text);
}

CASE(messages_clear_the_line_and_plain_lines_stay)
{
	struct options options = {.progress = PROGRESS_ALWAYS};
	struct tally tally = {.n_total = 4, .n_done = 1, .is_final = true};
	struct report report;

	capture();
	report_init(&report, &options);
	struct observer observer = report_observer(&report);
	observer.on_tick(observer.ctx, &tally, "");
	diag_say("a message");

	check_file(err_fd, "25.00 %  1 of 4 files  0 B of 0 B  0 B/s\n"
	                   "pcopy: a message\n");
	(void)report_end(&report, &tally, EXIT_ALL_DONE);
}

int main(int argc, char **argv)
{
	return check_main(argc, argv);
}
