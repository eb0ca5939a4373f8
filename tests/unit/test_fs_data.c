/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/data.h"

#include <sys/resource.h>

#define MIB ((off_t)1 << 20)

/* What is to happen while a file is copied. */
struct watcher {
	uint64_t bytes, n_calls;
	uint64_t stop_at;    /* call at which to stop, 0: never */
	off_t truncate_to;   /* at the first call, the source; -1: not */
	const char *appends; /* at the first call, to the source */
};

static bool on_progress(void *ctx, uint64_t bytes)
{
	struct watcher *watcher = ctx;

	watcher->bytes += bytes;
	if (watcher->n_calls++ == 0) {
		if (watcher->truncate_to >= 0)
			CHECK_INT(truncate("src", watcher->truncate_to), 0);
		if (watcher->appends) {
			int fd = open("src", O_WRONLY | O_APPEND | O_CLOEXEC);
			size_t len = strlen(watcher->appends);

			CHECK_INT(write(fd, watcher->appends, len), len);
			CHECK_INT(close(fd), 0);
		}
	}
	return watcher->n_calls != watcher->stop_at;
}

static struct watcher watcher = {.truncate_to = -1};
static struct data_io io = {
	.progress = on_progress,
	.ctx = &watcher,
	.reflink = REFLINK_NEVER,
};
static struct fault fault;

static int copy_fds(int src_fd, int dst_fd)
{
	static char buffer[DATA_BUFFER];
	struct meta meta, dst;

	io.buffer = buffer;
	CHECK_INT(meta_read(src_fd, &meta), 0);
	CHECK_INT(meta_read(dst_fd, &dst), 0);
	return data_copy(&io, src_fd, dst_fd, &meta, dst.dev, &fault);
}

/* From path to the file dst, which is made anew. */
static int copy_from(const char *path)
{
	int src_fd = open(path, O_RDONLY | O_CLOEXEC);
	int dst_fd = open("dst", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(src_fd >= 0 && dst_fd >= 0);
	int rc = copy_fds(src_fd, dst_fd);
	CHECK_INT(close(src_fd), 0);
	CHECK_INT(close(dst_fd), 0);
	return rc;
}

static void expect_same(const char *a, const char *b)
{
	size_t a_len, b_len;
	char *a_data = get_bytes(a, &a_len), *b_data = get_bytes(b, &b_len);

	CHECK_INT(a_len, b_len);
	CHECK(memcmp(a_data, b_data, a_len) == 0);
	free(a_data);
	free(b_data);
}

/* Where data begins, from at on; -ENXIO when there is none. */
static off_t next_data(const char *path, off_t at)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t found = lseek(fd, at, SEEK_DATA);
	int err = errno;

	CHECK_INT(close(fd), 0);
	return found < 0 ? -err : found;
}

/* Bytes that are not zero and not the same at any two near places. */
static void put_pattern(const char *path, size_t len)
{
	char *data = malloc(len + 1);

	CHECK(data != NULL);
	for (size_t i = 0; i < len; i++)
		data[i] = (char)((i ^ i >> 8 ^ i >> 16) | 1);
	put_bytes(path, data, len);
	free(data);
}

/* A file of size with text at each place of at, up to a negative one. */
static void put_sparse(const char *path, off_t size, const off_t *at)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	CHECK(fd >= 0);
	CHECK_INT(ftruncate(fd, size), 0);
	for (; *at >= 0; at++)
		CHECK_INT(pwrite(fd, "data", 4, *at), 4);
	CHECK_INT(close(fd), 0);
}

/* Blocks behind the end, so many that they make up for all holes. */
static void set_aside(const char *path, off_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	CHECK_INT(fallocate(fd, FALLOC_FL_KEEP_SIZE, size, 2 * size), 0);
	CHECK_INT(close(fd), 0);
	CHECK(look_at(path).st_blocks * 512 >= size);
}

CASE(holes_are_kept_though_there_are_blocks_behind_the_end)
{
	static const off_t sizes[] = {20000, 1 << 20};

	(void)enter_work_dir();
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const off_t at[] = {0, -1};

		put_sparse("src", sizes[i], at);
		set_aside("src", sizes[i]);
		CHECK_INT(copy_from("src"), 0);

		expect_same("src", "dst");
		CHECK(look_at("dst").st_blocks * 512 < sizes[i]);
	}
}

CASE(sizes_around_the_buffer)
{
	static const size_t sizes[] = {
		0,
		1,
		4095,
		DATA_BUFFER - 1,
		DATA_BUFFER,
		DATA_BUFFER + 1,
		3 * DATA_BUFFER,
		3 * DATA_BUFFER + 4097,
	};

	(void)enter_work_dir();
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		put_pattern("src", sizes[i]);
		watcher.bytes = 0;

		CHECK_INT(copy_from("src"), 0);

		expect_same("src", "dst");
		CHECK_INT(watcher.bytes, sizes[i]);
	}
}

static void expect_sparse_copy(off_t size, const off_t *at)
{
	put_sparse("src", size, at);
	CHECK_INT(copy_from("src"), 0);
	expect_same("src", "dst");
	CHECK_INT(look_at("dst").st_size, size);
	for (off_t place = 0; place >= 0 && place < size; place += MIB) {
		off_t data = next_data("src", place);

		CHECK_INT(next_data("dst", place), data);
		place = data < 0 ? size : data;
	}
}

CASE(holes_stay_holes_wherever_they_are)
{
	(void)enter_work_dir();

	expect_sparse_copy(4 * MIB, (const off_t[]){4 * MIB - 4, -1});
	expect_sparse_copy(4 * MIB, (const off_t[]){0, 4 * MIB - 4, -1});
	expect_sparse_copy(4 * MIB, (const off_t[]){0, -1});
	expect_sparse_copy(4 * MIB, (const off_t[]){2 * MIB, -1});
	expect_sparse_copy(4 * MIB, (const off_t[]){-1});
	expect_sparse_copy(4 * MIB + 17, (const off_t[]){MIB, 3 * MIB + 5, -1});
	expect_sparse_copy(1, (const off_t[]){-1});
}

CASE(progress_hears_of_data_not_of_holes)
{
	(void)enter_work_dir();
	put_sparse("src", 64 * MIB, (const off_t[]){0, 32 * MIB, -1});

	CHECK_INT(copy_from("src"), 0);

	CHECK(watcher.bytes >= 8 && watcher.bytes < (uint64_t)MIB);
}

CASE(more_than_4_gib_of_hole_take_no_time_and_no_room)
{
	const off_t size = 5 * 1024 * MIB;

	(void)enter_work_dir();
	put_sparse("src", size, (const off_t[]){3 * 1024 * MIB + 1, -1});

	CHECK_INT(copy_from("src"), 0);

	CHECK_INT(look_at("dst").st_size, size);
	CHECK(look_at("dst").st_blocks <= look_at("src").st_blocks);
	int fd = open("dst", O_RDONLY | O_CLOEXEC);
	char text[4];
	CHECK_INT(pread(fd, text, 4, 3 * 1024 * MIB + 1), 4);
	CHECK(memcmp(text, "data", 4) == 0);
}

CASE(blocks_that_were_never_written_are_zeros)
{
	(void)enter_work_dir();
	put_file("src", "data");
	int fd = open("src", O_RDWR | O_CLOEXEC);
	if (fallocate(fd, 0, 0, 3 * MIB) < 0)
		SKIP("no fallocate here");

	CHECK_INT(copy_from("src"), 0);

	expect_same("src", "dst");
}

/* Room that is being freed shows up late. */
CASE(a_file_for_which_no_room_can_be_had_beforehand_is_written)
{
	(void)enter_work_dir();
	put_pattern("src", 9 * MIB);
	refuse_call(SYS_fallocate, 0, 0, 0, ENOSPC);

	CHECK_INT(copy_from("src"), 0);

	expect_same("src", "dst");
	CHECK_INT(look_at("dst").st_size, 9 * MIB);
}

CASE(without_seek_data_the_bytes_are_copied)
{
	(void)enter_work_dir();
	put_sparse("src", 2 * MIB, (const off_t[]){MIB, -1});
	refuse_call(SYS_lseek, 2, UINT32_MAX, SEEK_DATA, EINVAL);

	CHECK_INT(copy_from("src"), 0);

	expect_same("src", "dst");
	CHECK_INT(watcher.bytes, 2 * MIB);
}

CASE(sparse_never_fills_holes)
{
	(void)enter_work_dir();
	put_sparse("src", 2 * MIB, (const off_t[]){MIB, -1});
	io.sparse = SPARSE_NEVER;

	CHECK_INT(copy_from("src"), 0);

	expect_same("src", "dst");
	CHECK(look_at("dst").st_blocks * 512 >= 2 * MIB);
}

/* Zeros written out, with bytes at and around the ends of 4 KiB units. */
CASE(sparse_always_makes_holes_of_zeros)
{
	static char data[2 * DATA_BUFFER + 5000];
	static const size_t bytes[] = {
		0, 4095, 8192, 20000, DATA_BUFFER - 1, DATA_BUFFER + 4096,
	};

	(void)enter_work_dir();
	for (size_t i = 0; i < ARRAY_LEN(bytes); i++)
		data[bytes[i]] = 'x';
	put_bytes("src", data, sizeof(data));
	io.sparse = SPARSE_ALWAYS;

	CHECK_INT(copy_from("src"), 0);

	expect_same("src", "dst");
	CHECK(look_at("dst").st_blocks * 512 < (off_t)sizeof(data) / 2);
	/* And of nothing else: all zeros, and one byte of them. */
	memset(data, 0, sizeof(data));
	put_bytes("src", data, sizeof(data));
	CHECK_INT(copy_from("src"), 0);
	expect_same("src", "dst");
	CHECK_INT(look_at("dst").st_blocks, 0);
	put_bytes("src", data, 1);
	CHECK_INT(copy_from("src"), 0);
	expect_same("src", "dst");
}

CASE(a_file_of_proc_has_no_size_but_content)
{
	(void)enter_work_dir();
	CHECK_INT(look_at("/proc/version").st_size, 0);

	CHECK_INT(copy_from("/proc/version"), 0);

	expect_same("/proc/version", "dst");
	CHECK(look_at("dst").st_size > 0);
}

CASE(a_file_of_sysfs_says_4096_but_has_less)
{
	const char *path = "/sys/kernel/mm/transparent_hugepage/enabled";

	(void)enter_work_dir();
	if (!exists(path))
		SKIP("no such file in sysfs");

	CHECK_INT(copy_from(path), 0);

	expect_same(path, "dst");
}

CASE(progress_stops_the_copy)
{
	(void)enter_work_dir();
	put_pattern("src", 4 * DATA_BUFFER);
	watcher.stop_at = 2;

	CHECK_INT(copy_from("src"), -ECANCELED);

	CHECK_INT(watcher.n_calls, 2);
	CHECK_INT(look_at("dst").st_size, 2 * DATA_BUFFER);
}

CASE(a_file_that_shrinks_ends_where_it_ends)
{
	(void)enter_work_dir();
	put_pattern("src", 4 * DATA_BUFFER);
	watcher.truncate_to = DATA_BUFFER + 100;

	CHECK_INT(copy_from("src"), 0);

	expect_same("src", "dst");
}

CASE(a_sparse_file_that_shrinks_ends_where_it_ends)
{
	(void)enter_work_dir();
	put_sparse("src", 8 * MIB, (const off_t[]){0, 4 * MIB, -1});
	watcher.truncate_to = MIB;

	CHECK_INT(copy_from("src"), 0);

	CHECK_INT(look_at("dst").st_size, MIB);
}

CASE(a_file_that_grows_is_read_to_its_end)
{
	(void)enter_work_dir();
	put_pattern("src", DATA_BUFFER + 5);
	watcher.appends = "more of it";

	CHECK_INT(copy_from("src"), 0);

	expect_same("src", "dst");
	CHECK_INT(look_at("dst").st_size, DATA_BUFFER + 15);
}

CASE(a_failure_to_read_names_the_source)
{
	(void)enter_work_dir();
	put_file("src", "text");
	refuse_call(SYS_pread64, 0, 0, 0, EIO);

	CHECK_INT(copy_from("src"), -EIO);

	CHECK_STR(fault.what, "cannot read");
	CHECK_INT(fault.err, EIO);
	CHECK(!fault.is_at_dst);
}

CASE(a_full_disk_names_the_destination)
{
	(void)enter_work_dir();
	put_file("src", "text");
	int src_fd = open("src", O_RDONLY | O_CLOEXEC);

	CHECK_INT(copy_fds(src_fd, open("/dev/full", O_RDWR | O_CLOEXEC)),
	          -ENOSPC);

	CHECK_STR(fault.what, "cannot write");
	CHECK(fault.is_at_dst);
}

CASE(a_write_that_was_cut_short_goes_on_until_it_fails)
{
	const struct rlimit limit = {100000, 100000};

	(void)enter_work_dir();
	put_pattern("src", DATA_BUFFER);
	CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);

	CHECK_INT(copy_from("src"), -EFBIG);

	CHECK_INT(look_at("dst").st_size, 100000);
}

static unsigned n_unshared(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < ROUTES_MAX; i++)
		n += io.routes.entries[i].no_clone;
	return n;
}

static uint64_t dev_of(const char *path)
{
	return look_at(path).st_dev;
}

CASE(blocks_are_shared_where_that_is_possible_and_copied_elsewhere)
{
	(void)enter_work_dir();
	put_pattern("src", 128 * 1024);
	io.reflink = REFLINK_AUTO;

	CHECK_INT(copy_from("src"), 0);

	expect_same("src", "dst");
	CHECK_INT(watcher.bytes, 128 * 1024);
	/* A refusal is remembered, for this pair only. */
	CHECK(n_unshared() <= 1);
	if (n_unshared()) {
		CHECK_INT(io.routes.entries[0].src_dev, dev_of("src"));
		CHECK_INT(copy_from("src"), 0);
		CHECK_INT(n_unshared(), 1);
	}
}

#define FICLONE_CALL UINT32_C(0x40049409)

CASE(a_pair_that_cannot_share_is_asked_once)
{
	(void)enter_work_dir();
	put_pattern("src", 128 * 1024);
	io.reflink = REFLINK_AUTO;
	refuse_call(SYS_ioctl, 1, UINT32_MAX, FICLONE_CALL, EXDEV);

	CHECK_INT(copy_from("src"), 0);
	CHECK_INT(n_unshared(), 1);
	/* The next call would be fatal now. */
	refuse_call(SYS_ioctl, 1, UINT32_MAX, FICLONE_CALL, EIO);
	CHECK_INT(copy_from("src"), 0);
	expect_same("src", "dst");
}

CASE(a_file_that_cannot_share_says_nothing_of_others)
{
	(void)enter_work_dir();
	put_pattern("src", 128 * 1024);
	io.reflink = REFLINK_AUTO;
	refuse_call(SYS_ioctl, 1, UINT32_MAX, FICLONE_CALL, EINVAL);

	CHECK_INT(copy_from("src"), 0);

	CHECK_INT(n_unshared(), 0);
	expect_same("src", "dst");
}

CASE(errors_of_the_disk_lead_to_no_other_way)
{
	(void)enter_work_dir();
	put_pattern("src", 128 * 1024);
	io.reflink = REFLINK_AUTO;
	refuse_call(SYS_ioctl, 1, UINT32_MAX, FICLONE_CALL, ENOSPC);

	CHECK_INT(copy_from("src"), -ENOSPC);

	CHECK(fault.is_at_dst);
	CHECK_INT(look_at("dst").st_size, 0);
}

CASE(reflink_always_copies_no_bytes)
{
	(void)enter_work_dir();
	put_pattern("src", 100);
	io.reflink = REFLINK_ALWAYS;
	refuse_call(SYS_ioctl, 1, UINT32_MAX, FICLONE_CALL, EOPNOTSUPP);

	CHECK_INT(copy_from("src"), -EOPNOTSUPP);
	CHECK_STR(fault.what, "cannot share blocks");
	CHECK_INT(copy_from("src"), -EOPNOTSUPP);
	/* Nothing to share is nothing missed. */
	put_file("src", "");
	CHECK_INT(copy_from("src"), 0);
}

CASE(small_files_are_copied_not_shared)
{
	(void)enter_work_dir();
	put_pattern("src", 1000);
	io.reflink = REFLINK_AUTO;
	refuse_call(SYS_ioctl, 1, UINT32_MAX, FICLONE_CALL, EIO);

	CHECK_INT(copy_from("src"), 0);

	expect_same("src", "dst");
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
