/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "engine/ranges.h"

#include <signal.h>
#include <sys/resource.h>

#define SIZE (5 * (off_t)RANGES_SIZE + 12345)

/* What is to happen, in the helper or in the worker. */
static struct {
	pid_t worker;
	int n_idle;
	bool is_too_many; /* a helper */
	uint64_t moved;   /* as the worker was told */
	uint64_t stop_at; /* bytes, 0: never */
	uint64_t cut_at, grow_at;
	int kill_at;       /* the helper's Nth sign of life, 0: never */
	bool cannot_write; /* the helper */
	int n_signs;       /* of life, in the helper */
	int n_helped;      /* helpers that were there */
	bool has_helper;
	int died_of;
} now;

static bool is_helper(void)
{
	return getpid() != now.worker;
}

static bool helper_moved(void)
{
	const struct rlimit nothing = {0, 0};

	if (++now.n_signs == now.kill_at)
		(void)kill(getpid(), SIGKILL);
	if (now.cannot_write && setrlimit(RLIMIT_FSIZE, &nothing) < 0)
		abort();
	return true;
}

static bool on_progress(void *ctx, uint64_t bytes)
{
	(void)ctx;
	if (is_helper())
		return helper_moved();
	now.moved += bytes;
	if (now.cut_at && now.moved >= now.cut_at) {
		now.cut_at = 0;
		CHECK_INT(truncate("src", SIZE / 2), 0);
	}
	if (now.grow_at && now.moved >= now.grow_at) {
		int fd = open("src", O_WRONLY | O_APPEND | O_CLOEXEC);

		now.grow_at = 0;
		CHECK_INT(write(fd, "appended", 8), 8);
		CHECK_INT(close(fd), 0);
	}
	return !now.stop_at || now.moved < now.stop_at;
}

static int n_idle(void *ctx)
{
	(void)ctx;
	if (is_helper() && now.is_too_many) {
		FILE *asked = fopen("asked", "ae");

		if (asked)
			(void)fprintf(asked, "%d\n", (int)getpid());
		if (!asked || fclose(asked) != 0)
			abort();
		return -1;
	}
	return now.n_idle;
}

static void has_helper(void *ctx, bool has_one)
{
	(void)ctx;
	now.has_helper = has_one;
	now.n_helped += has_one;
}

static void died(void *ctx, int pid, int signal_number)
{
	(void)ctx;
	CHECK(pid > 0);
	now.died_of = signal_number;
}

static struct fault fault;

/* Wherever this is tested, two may fill a file. */
static int copy(void)
{
	static char buffer[DATA_BUFFER];
	struct data_io io = {.buffer = buffer,
	                     .progress = on_progress,
	                     .reflink = REFLINK_NEVER};
	struct ranges ranges = {
		.n_idle = n_idle, .has_helper = has_helper, .died = died};
	int src_fd = open("src", O_RDONLY | O_CLOEXEC);
	int dst_fd = open("dst", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct meta src, dst;

	now.worker = getpid();
	CHECK_INT(meta_read(src_fd, &src), 0);
	CHECK_INT(meta_read(dst_fd, &dst), 0);
	route_of(&io.routes, src.dev, dst.dev, dst_fd)->splits = true;
	int rc = ranges_copy(&ranges, &io, src_fd, dst_fd, &src, dst.dev,
	                     &fault);
	ranges_release(&ranges);
	CHECK_INT(close(src_fd), 0);
	CHECK_INT(close(dst_fd), 0);
	/* No helper is left, whatever happened. */
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK(!now.has_helper);
	return rc;
}

/* Bytes that say where they are, each 4 KiB of them. */
static void put_numbers(int fd, off_t from, off_t to)
{
	for (off_t at = from; at < to; at += 4096) {
		uint64_t block[512];

		for (size_t i = 0; i < 512; i++)
			block[i] = (uint64_t)at + i;
		size_t len = (size_t)(to - at < 4096 ? to - at : 4096);
		CHECK_INT(pwrite(fd, block, len, at), len);
	}
}

static void put_source(void)
{
	int fd = open("src", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	put_numbers(fd, 0, SIZE);
	CHECK_INT(close(fd), 0);
}

static void expect_same(void)
{
	static char a[1 << 16], b[1 << 16];
	int src_fd = open("src", O_RDONLY | O_CLOEXEC);
	int dst_fd = open("dst", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	do {
		n = read(src_fd, a, sizeof(a));
		CHECK_INT(read(dst_fd, b, sizeof(b)), n);
		CHECK(n >= 0 && memcmp(a, b, (size_t)n) == 0);
	} while (n > 0);
	CHECK_INT(close(src_fd), 0);
	CHECK_INT(close(dst_fd), 0);
}

CASE(a_helper_takes_its_part)
{
	(void)enter_work_dir();
	put_source();
	now.n_idle = 1;

	CHECK_INT(copy(), 0);

	expect_same();
	CHECK_INT(now.n_helped, 1);
	CHECK_INT(now.moved, SIZE);
	CHECK_INT(now.died_of, 0);
}

CASE(without_an_idle_worker_there_is_no_helper)
{
	(void)enter_work_dir();
	put_source();

	CHECK_INT(copy(), 0);

	expect_same();
	CHECK_INT(now.n_helped, 0);
	CHECK_INT(now.moved, SIZE);
}

static void expect_lines_differ(const char *path)
{
	FILE *file = fopen(path, "re");
	char lines[8][16];
	size_t n = 0;

	CHECK(file != NULL);
	while (n < 8 && fgets(lines[n], sizeof(lines[n]), file)) {
		for (size_t i = 0; i < n; i++)
			CHECK(strcmp(lines[i], lines[n]) != 0);
		n++;
	}
	CHECK(n > 0);
	CHECK_INT(fclose(file), 0);
}

/* It asks once a range, and each time it is another one that asks. */
CASE(a_helper_that_is_one_too_many_leaves_after_its_range)
{
	(void)enter_work_dir();
	put_source();
	now.n_idle = 1;
	now.is_too_many = true;

	CHECK_INT(copy(), 0);

	expect_same();
	CHECK(now.n_helped >= 1);
	CHECK_INT(now.moved, SIZE);
	expect_lines_differ("asked");
}

static void expect_holes(const off_t *at, size_t n)
{
	int fd = open("src", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK_INT(ftruncate(fd, SIZE), 0);
	for (size_t i = 0; i < n; i++)
		put_numbers(fd, at[i], at[i] + 4096);
	CHECK_INT(close(fd), 0);
	if (look_at("src").st_blocks * 512 >= SIZE)
		SKIP("no holes here");
	now.n_idle = 1;

	CHECK_INT(copy(), 0);

	expect_same();
	CHECK(look_at("dst").st_blocks <= look_at("src").st_blocks + 16);
}

CASE(holes_in_ranges_stay_holes)
{
	const off_t range = RANGES_SIZE;

	(void)enter_work_dir();
	expect_holes(NULL, 0);
	expect_holes((const off_t[]){0}, 1);
	expect_holes((const off_t[]){range - 4096, range, 3 * range - 8192}, 3);
	expect_holes((const off_t[]){2 * range + 4096, 4 * range}, 2);
	expect_holes((const off_t[]){SIZE - 4096}, 1);
}

CASE(a_helper_that_dies_costs_its_range)
{
	(void)enter_work_dir();
	put_source();
	now.n_idle = 1;
	now.kill_at = 3; /* in its first range */

	CHECK_INT(copy(), 0);

	expect_same();
	CHECK_INT(now.died_of, SIGKILL);
	/* One death, and it is left alone. */
	CHECK_INT(now.n_helped, 1);
}

CASE(what_a_helper_cannot_write_the_worker_writes)
{
	(void)enter_work_dir();
	put_source();
	CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	now.n_idle = 1;
	now.cannot_write = true;

	CHECK_INT(copy(), 0);

	expect_same();
	CHECK_INT(now.died_of, 0);
	CHECK_INT(now.n_helped, 1);
}

CASE(a_stop_ends_both)
{
	(void)enter_work_dir();
	put_source();
	now.n_idle = 1;
	now.stop_at = RANGES_SIZE + RANGES_SIZE / 2;

	CHECK_INT(copy(), -ECANCELED);

	CHECK_INT(now.n_helped, 1);
}

CASE(a_source_that_is_cut_meanwhile_ends_there)
{
	(void)enter_work_dir();
	put_source();
	now.n_idle = 1;
	now.cut_at = RANGES_SIZE + 1;

	CHECK_INT(copy(), 0);

	off_t size = look_at("dst").st_size;
	CHECK(size >= SIZE / 2 && size <= SIZE);
}

CASE(a_source_that_grows_is_read_to_its_end)
{
	(void)enter_work_dir();
	put_source();
	now.n_idle = 1;
	now.grow_at = RANGES_SIZE + 1;

	CHECK_INT(copy(), 0);

	expect_same();
	CHECK_INT(look_at("dst").st_size, SIZE + 8);
}

CASE(a_full_disk_fails_once_and_names_the_destination)
{
	const struct rlimit limit = {2 * RANGES_SIZE, 2 * RANGES_SIZE};

	(void)enter_work_dir();
	put_source();
	CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	now.n_idle = 1;

	CHECK_INT(copy(), -EFBIG);

	CHECK_STR(fault.what, "cannot write");
	CHECK(fault.is_at_dst);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
