/* SPDX-License-Identifier: MIT */
#include "engine/lead.h"
#include "files.h"

/* link-1 leads to the directory, link-2 to link-1, and so on. */
static void make_chain(unsigned n, uid_t uid)
{
	char name[32], target[32] = "dir";

	CHECK_INT(mkdir(target, 0755), 0);
	for (unsigned i = 1; i <= n; i++) {
		snprintf(name, sizeof(name), "link-%u", i);
		CHECK_INT(symlink(target, name), 0);
		CHECK_INT(lchown(name, uid, uid), 0);
		memcpy(target, name, sizeof(target));
	}
}

static int follow(const char *path, struct lead *lead)
{
	int dir_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = lead_follow(dir_fd, path, lead);

	CHECK(lead->fd >= 0 || rc < 0);
	if (lead->fd >= 0)
		CHECK_INT(close(lead->fd), 0);
	CHECK_INT(close(dir_fd), 0);
	return rc;
}

CASE(as_many_links_are_followed_as_the_kernel_follows)
{
	struct lead lead;

	(void)enter_work_dir();
	make_chain(41, geteuid());
	CHECK_INT(follow("link-40", &lead), 0);
	CHECK(!lead.is_trap && S_ISDIR(lead.meta.mode));
	CHECK_INT(follow("link-41", &lead), -ELOOP);
}

CASE(more_links_of_another_user_are_no_more_to_be_kept_in_mind)
{
	struct lead lead;

	need_root();
	(void)enter_work_dir();
	make_chain(50, NOBODY);
	CHECK_INT(follow("link-40", &lead), 0);
	CHECK(lead.is_trap);
	CHECK_INT(follow("link-41", &lead), -ELOOP);
	CHECK_INT(follow("link-50", &lead), -ELOOP);
}

CASE(a_loop_of_another_user_ends)
{
	struct lead lead;

	need_root();
	(void)enter_work_dir();
	CHECK_INT(symlink("loop", "loop"), 0);
	CHECK_INT(lchown("loop", NOBODY, NOBODY), 0);
	CHECK_INT(follow("loop", &lead), -ELOOP);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
