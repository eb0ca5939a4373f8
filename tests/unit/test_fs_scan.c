/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/scan.h"

static struct scan begin(const char *path)
{
	struct scan scan;

	CHECK_INT(scan_open(&scan, open_dir(path)), 0);
	return scan;
}

static void put_numbered(int n)
{
	char name[16];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		put_file(name, "");
	}
}

CASE(an_empty_directory_has_no_entries)
{
	struct scan_entry entry;

	(void)enter_work_dir();
	struct scan scan = begin(".");

	CHECK(scan_is_drained(&scan));
	CHECK_INT(scan_next(&scan, &entry), 0);
	CHECK_INT(scan_next(&scan, &entry), 0);
	scan_close(&scan);
}

CASE(every_entry_comes_once)
{
	enum { N = 5000 };
	static bool seen[N];
	struct scan_entry entry;
	int n = 0, rc;

	(void)enter_work_dir();
	put_numbered(N);
	struct scan scan = begin(".");

	while ((rc = scan_next(&scan, &entry)) == 1) {
		int i = atoi(entry.name + 1);

		CHECK(entry.name[0] == 'f' && i >= 0 && i < N && !seen[i]);
		CHECK_INT(entry.name_len, strlen(entry.name));
		CHECK_INT(entry.ino, look_at(entry.name).st_ino);
		seen[i] = true;
		n++;
	}

	CHECK_INT(rc, 0);
	CHECK_INT(n, N);
	scan_close(&scan);
}

CASE(names_are_bytes)
{
	static const char *const names[] = {
		"a\nb", "\x01\xff\xfe", " ",   "...",
		"..x",  ".hidden",      "-rf", "*",
	};
	char longest[256];
	struct scan_entry entry;
	unsigned seen = 0;
	bool saw_longest = false;

	(void)enter_work_dir();
	memset(longest, 'x', 255);
	longest[255] = '\0';
	put_file(longest, "");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		put_file(names[i], "");
	struct scan scan = begin(".");

	while (scan_next(&scan, &entry) == 1) {
		saw_longest |= strcmp(entry.name, longest) == 0;
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			seen |= (strcmp(entry.name, names[i]) == 0) * (1u << i);
	}

	CHECK(saw_longest);
	CHECK_INT(seen, (1u << ARRAY_LEN(names)) - 1);
	scan_close(&scan);
}

CASE(types_are_told_or_unknown)
{
	struct scan_entry entry;
	int n = 0;

	(void)enter_work_dir();
	put_dir("d");
	put_file("f", "");
	CHECK_INT(symlink("d", "l"), 0);
	CHECK_INT(mkfifo("p", 0600), 0);
	struct scan scan = begin(".");

	while (scan_next(&scan, &entry) == 1) {
		unsigned char want = entry.name[0] == 'd'   ? DT_DIR
		                     : entry.name[0] == 'f' ? DT_REG
		                     : entry.name[0] == 'l' ? DT_LNK
		                                            : DT_FIFO;

		CHECK(entry.type == want || entry.type == DT_UNKNOWN);
		n++;
	}

	CHECK_INT(n, 4);
	scan_close(&scan);
}

CASE(drained_says_when_the_kernel_is_asked_again)
{
	struct scan_entry entry;

	(void)enter_work_dir();
	put_numbered(3);
	struct scan scan = begin(".");

	CHECK(scan_is_drained(&scan));
	CHECK_INT(scan_next(&scan, &entry), 1);
	CHECK(!scan_is_drained(&scan));
	while (!scan_is_drained(&scan))
		(void)scan_next(&scan, &entry);
	CHECK_INT(scan_next(&scan, &entry), 0);
	scan_close(&scan);
}

CASE(entries_may_vanish_meanwhile)
{
	enum { N = 4000, KEPT = 10 };
	struct scan_entry entry;
	char name[16];
	int n_kept = 0, rc;

	(void)enter_work_dir();
	put_numbered(N);
	struct scan scan = begin(".");
	CHECK_INT(scan_next(&scan, &entry), 1);
	for (int i = KEPT; i < N; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		CHECK_INT(unlink(name), 0);
	}

	do
		n_kept += exists(entry.name);
	while ((rc = scan_next(&scan, &entry)) == 1);

	CHECK_INT(rc, 0);
	CHECK_INT(n_kept, KEPT);
	scan_close(&scan);
}

CASE(a_directory_that_is_removed_ends)
{
	struct scan_entry entry;

	(void)enter_work_dir();
	put_dir("d");
	struct scan scan = begin("d");
	CHECK_INT(rmdir("d"), 0);

	int rc = scan_next(&scan, &entry);

	CHECK(rc == 0 || rc == -ENOENT);
	scan_close(&scan);
}

CASE(what_is_no_directory_is_an_error)
{
	struct scan scan;
	struct scan_entry entry;

	(void)enter_work_dir();
	put_file("f", "");
	CHECK_INT(scan_open(&scan, open("f", O_RDONLY | O_CLOEXEC)), 0);

	CHECK_INT(scan_next(&scan, &entry), -ENOTDIR);
	CHECK_INT(scan_next(&scan, &entry), -ENOTDIR);
	scan_close(&scan);
}

CASE(close_closes_once)
{
	(void)enter_work_dir();
	size_t n_before = n_open();
	struct scan scan = begin(".");

	scan_close(&scan);
	CHECK_INT(n_open(), n_before);
	int other = open_dir(".");
	scan_close(&scan);
	CHECK_INT(close(other), 0);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
