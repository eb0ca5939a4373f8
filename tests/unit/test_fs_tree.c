/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/tree.h"

#include <limits.h>
#include <linux/openat2.h>

static struct tree_cache cache;

static struct tree tree_at(int root_fd)
{
	struct tree tree;

	tree_init(&tree, root_fd, 0, &cache);
	return tree;
}

static int open_path(struct tree *tree, const char *path)
{
	return tree_open(tree, path, strlen(path));
}

static ino_t inode_of(int fd)
{
	struct stat st;

	CHECK_INT(fstat(fd, &st), 0);
	return st.st_ino;
}

static bool is_refusal(int rc)
{
	return rc == -ELOOP || rc == -ENOTDIR;
}

CASE(the_empty_path_is_the_root)
{
	int root = enter_work_dir();
	struct tree tree = tree_at(root);

	CHECK_INT(open_path(&tree, ""), root);
}

CASE(a_directory_is_opened_once)
{
	struct tree tree = tree_at(enter_work_dir());

	put_dir("a/b/c");
	int fd = open_path(&tree, "a/b/c");

	CHECK_INT(inode_of(fd), look_at("a/b/c").st_ino);
	CHECK_INT(open_path(&tree, "a/b/c"), fd);
	CHECK_INT(inode_of(open_path(&tree, "a")), look_at("a").st_ino);
	tree_cache_release(&cache);
}

CASE(the_path_is_taken_up_to_its_length)
{
	struct tree tree = tree_at(enter_work_dir());

	put_dir("a/b");
	int fd = tree_open(&tree, "a/b/c", 1);

	CHECK_INT(inode_of(fd), look_at("a").st_ino);
	tree_cache_release(&cache);
}

CASE(what_is_missing_or_no_directory_is_refused)
{
	struct tree tree = tree_at(enter_work_dir());

	put_dir("a");
	put_file("a/file", "");

	CHECK_INT(open_path(&tree, "b"), -ENOENT);
	CHECK_INT(open_path(&tree, "a/b/c"), -ENOENT);
	CHECK_INT(open_path(&tree, "a/file"), -ENOTDIR);
	CHECK_INT(open_path(&tree, "a/file/b"), -ENOTDIR);
	tree_cache_release(&cache);
}

static void put_links(void)
{
	put_dir("real/sub/deep");
	put_dir("in");
	CHECK_INT(symlink("real", "link"), 0);
	CHECK_INT(symlink("../real/sub", "in/link"), 0);
	CHECK_INT(symlink("/", "in/root"), 0);
	CHECK_INT(symlink("/proc/self/cwd", "in/magic"), 0);
}

static void expect_links_refused(struct tree *tree)
{
	static const char *const paths[] = {
		"link",        "link/sub",     "link/sub/deep",
		"in/link",     "in/link/deep", "in/root",
		"in/root/tmp", "in/magic",     "in/magic/real",
	};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		CHECK(is_refusal(open_path(tree, paths[i])));
	CHECK(open_path(tree, "real/sub/deep") >= 0);
}

CASE(no_link_is_followed_first_middle_or_last)
{
	struct tree tree = tree_at(enter_work_dir());

	put_links();

	expect_links_refused(&tree);
	/* Nor from a cached ancestor. */
	CHECK(open_path(&tree, "in") >= 0);
	expect_links_refused(&tree);
	tree_cache_release(&cache);
}

CASE(no_way_leads_above_the_root)
{
	struct tree tree;

	(void)enter_work_dir();
	put_dir("root/a");
	put_dir("beside");
	tree = tree_at(open_dir("root"));

	CHECK(open_path(&tree, "a/../../beside") < 0);
	CHECK(open_path(&tree, "../beside") < 0);
	tree_cache_release(&cache);
}

CASE(a_directory_that_became_a_link_is_noticed)
{
	struct tree tree = tree_at(enter_work_dir());

	put_dir("a/b");
	put_dir("elsewhere/b");
	int fd = open_path(&tree, "a");
	ino_t before = inode_of(fd);
	CHECK_INT(rename("a", "moved"), 0);
	CHECK_INT(symlink("elsewhere", "a"), 0);

	/* What is held is what it was; what is opened anew is refused. */
	CHECK_INT(inode_of(open_path(&tree, "a")), before);
	CHECK_INT(inode_of(open_path(&tree, "a/b")), look_at("moved/b").st_ino);
	tree_forget(&tree, "a", 1);
	CHECK(is_refusal(open_path(&tree, "a")));
	CHECK(is_refusal(open_path(&tree, "a/b")));
	tree_cache_release(&cache);
}

CASE(forget_drops_the_directory_and_all_below_it_only)
{
	struct tree tree = tree_at(enter_work_dir());

	put_dir("a/b");
	put_dir("ab");
	int ab = open_path(&tree, "ab");
	CHECK(open_path(&tree, "a/b") >= 0);
	size_t n_before = n_open();
	CHECK(open_path(&tree, "a") >= 0);

	tree_forget(&tree, "a", 1);

	CHECK_INT(n_open(), n_before - 1);
	CHECK_INT(open_path(&tree, "ab"), ab);
	tree_forget(&tree, "", 0);
	CHECK_INT(n_open(), n_before - 2);
}

/* A chain of n directories of 200 letters; the inode of the last. */
static ino_t put_chain(int root_fd, size_t n, char *path)
{
	char name[201];
	int at = dup(root_fd);
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		memset(name, 'a' + (int)(i % 26), 200);
		name[200] = '\0';
		CHECK_INT(mkdirat(at, name, 0755), 0);
		int next = openat(at, name, O_DIRECTORY | O_CLOEXEC);
		CHECK(next >= 0);
		close(at);
		at = next;
		if (len)
			path[len++] = '/';
		memcpy(path + len, name, 201);
		len += 200;
	}
	ino_t inode = inode_of(at);
	close(at);
	return inode;
}

CASE(paths_may_be_longer_than_path_max)
{
	static char path[201 * 100];
	int root = enter_work_dir();
	struct tree tree = tree_at(root);
	ino_t deepest = put_chain(root, 100, path);
	size_t n_before = n_open();

	CHECK(strlen(path) > (size_t)4 * PATH_MAX);
	CHECK_INT(inode_of(open_path(&tree, path)), deepest);
	/* And two above it for those who come up: 64 and 8. */
	CHECK_INT(n_open(), n_before + 3);
	for (size_t len = strlen(path); len > 201; len -= 201)
		CHECK(tree_open(&tree, path, len - 201) >= 0);
	tree_forget(&tree, "", 0);
	CHECK_INT(n_open(), n_before);
	/* From an ancestor that is itself beyond it. */
	CHECK(tree_open(&tree, path, 201 * 30 - 1) >= 0);
	CHECK_INT(inode_of(open_path(&tree, path)), deepest);
	tree_cache_release(&cache);
	CHECK_INT(n_open(), n_before);
}

CASE(a_name_that_is_too_long_is_refused)
{
	static char name[5000];
	struct tree tree = tree_at(enter_work_dir());
	size_t n_before = n_open();

	memset(name, 'x', sizeof(name) - 1);

	CHECK_INT(open_path(&tree, name), -ENAMETOOLONG);
	CHECK_INT(tree_open(&tree, name, NAME_MAX + 1), -ENAMETOOLONG);
	put_dir("a");
	memcpy(name, "a/", 2);
	CHECK_INT(open_path(&tree, name), -ENAMETOOLONG);
	CHECK_INT(n_open(), n_before);
}

static void put_many(int n)
{
	char name[16];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		put_dir(name);
	}
}

CASE(the_cache_is_bounded_and_keeps_what_was_used_last)
{
	const int n = 3 * TREE_CACHED;
	struct tree tree = tree_at(enter_work_dir());
	char name[16];

	put_many(n);
	size_t n_before = n_open();
	int first = open_path(&tree, "d0");
	/* A mark, by which it is known when it comes again. */
	CHECK_INT(fcntl(first, F_SETFD, 0), 0);

	for (int round = 0; round < 2; round++) {
		for (int i = 1; i < n; i++) {
			snprintf(name, sizeof(name), "d%d", i);
			int fd = open_path(&tree, name);
			CHECK_INT(inode_of(fd), look_at(name).st_ino);
			CHECK_INT(open_path(&tree, "d0"), first);
			CHECK_INT(fcntl(first, F_GETFD), 0);
			/* And with it. */
			CHECK_INT(open_path(&tree, name), fd);
			CHECK(n_open() <= n_before + TREE_CACHED);
		}
	}
	tree_cache_release(&cache);
	CHECK_INT(n_open(), n_before);
}

CASE(trees_share_a_cache_but_no_directories)
{
	enum { N = 2 * TREE_CACHED };
	struct tree trees[N];
	char name[16];

	(void)enter_work_dir();
	put_many(N);
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "d%d/sub", i);
		put_dir(name);
		snprintf(name, sizeof(name), "d%d", i);
		trees[i] = tree_at(open_dir(name));
	}
	size_t n_before = n_open();

	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "d%d/sub", i);
		CHECK_INT(inode_of(open_path(&trees[i], "sub")),
		          look_at(name).st_ino);
	}

	CHECK_INT(n_open(), n_before + TREE_CACHED);
	tree_forget(&trees[N - 1], "", 0);
	CHECK_INT(n_open(), n_before + TREE_CACHED - 1);
	tree_cache_release(&cache);
	CHECK_INT(n_open(), n_before);
}

static void expect_same_without_openat2(int err)
{
	static char path[201 * 50];
	struct tree tree;
	int root = enter_work_dir();
	ino_t deepest = put_chain(root, 50, path);

	tree = tree_at(root);
	put_links();
	put_file("real/file", "");
	refuse_call(SYS_openat2, 0, 0, 0, err);
	size_t n_before = n_open();

	expect_links_refused(&tree);
	CHECK_INT(open_path(&tree, "real/none/x"), -ENOENT);
	CHECK_INT(open_path(&tree, "real/file/x"), -ENOTDIR);
	CHECK_INT(inode_of(open_path(&tree, path)), deepest);
	tree_cache_release(&cache);
	CHECK_INT(n_open(), n_before);
}

CASE(without_openat2_it_goes_step_by_step)
{
	expect_same_without_openat2(ENOSYS);
}

CASE(a_filter_that_says_eperm_to_openat2_is_enough)
{
	expect_same_without_openat2(EPERM);
}

CASE(a_rename_meanwhile_is_tried_again_and_no_more_than_that)
{
	struct tree tree = tree_at(enter_work_dir());

	put_dir("a/b");
	refuse_call(SYS_openat2, 0, 0, 0, EAGAIN);

	CHECK_INT(open_path(&tree, "a/b"), -EAGAIN);
}

CASE(directories_of_others_open_without_noatime)
{
	struct tree tree;

	need_root();
	int root = enter_work_dir();
	put_dir("a/b/c");
	become_nobody();
	CHECK_INT(openat(root, "a", O_DIRECTORY | O_NOATIME | O_CLOEXEC), -1);
	CHECK_INT(errno, EPERM);
	tree_init(&tree, root, O_NOATIME, &cache);

	CHECK(open_path(&tree, "a") >= 0);
	tree_forget(&tree, "", 0);
	CHECK(open_path(&tree, "a/b/c") >= 0);
	tree_forget(&tree, "", 0);
	refuse_call(SYS_openat2, 0, 0, 0, ENOSYS);
	CHECK(open_path(&tree, "a/b/c") >= 0);
	tree_cache_release(&cache);
}

CASE(mount_points_are_crossed)
{
	(void)enter_work_dir();
	put_dir("a/mount");
	mount_here("tmpfs", "a/mount");
	put_dir("a/mount/x");
	struct tree tree = tree_at(open_dir("."));

	CHECK_INT(inode_of(open_path(&tree, "a/mount/x")),
	          look_at("a/mount/x").st_ino);
	tree_cache_release(&cache);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
