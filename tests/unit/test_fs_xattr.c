/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/xattr.h"

static struct xattr_scratch scratch;
static struct fault fault;

static struct xattr_copy copy = {
	.keeps_acls = true, .keeps_others = true, .scratch = &scratch};

static struct meta_target hold(const char *path, bool is_path)
{
	struct meta_target target = {
		.fd = open(path, is_path ? O_PATH | O_NOFOLLOW | O_CLOEXEC
	                                 : O_RDONLY | O_CLOEXEC),
		.is_path = is_path,
	};

	CHECK(target.fd >= 0);
	return target;
}

static int look_and_copy(void)
{
	int rc = xattr_look(copy.src, true, &scratch, &copy.seen, &fault);

	return rc < 0 ? rc : xattr_copy(&copy, &fault);
}

static int copy_attrs(const char *src, const char *dst)
{
	copy.src = hold(src, false);
	copy.dst = hold(dst, false);
	int rc = look_and_copy();
	CHECK_INT(close(copy.src.fd), 0);
	CHECK_INT(close(copy.dst.fd), 0);
	xattr_scratch_release(&scratch);
	return rc;
}

static void put_pair(void)
{
	(void)enter_work_dir();
	put_file("src", "");
	put_file("dst", "");
}

static void expect_attr(const char *path, const char *name, const void *want,
                        size_t len)
{
	char got[65536];

	CHECK_INT(lgetxattr(path, name, got, sizeof(got)), len);
	CHECK(memcmp(got, want, len) == 0);
}

CASE(nothing_to_copy_is_nothing_done)
{
	put_pair();

	CHECK_INT(copy_attrs("src", "dst"), 0);
}

CASE(values_are_copied_whatever_they_hold)
{
	char large[3000];

	put_pair();
	memset(large, 'v', sizeof(large));
	put_attr("src", "user.empty", "", 0);
	put_attr("src", "user.zeros", "\0\0\1", 3);
	put_attr("src", "user.large", large, sizeof(large));

	CHECK_INT(copy_attrs("src", "dst"), 3);

	expect_attr("dst", "user.empty", "", 0);
	expect_attr("dst", "user.zeros", "\0\0\1", 3);
	expect_attr("dst", "user.large", large, sizeof(large));
}

CASE(many_names_are_copied)
{
	char name[64];

	put_pair();
	for (int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "user.a_name_of_some_length_%d",
		         i);
		put_attr("src", name, "v", 1);
	}

	CHECK_INT(copy_attrs("src", "dst"), 60);

	CHECK(listxattr("dst", NULL, 0) > 1024);
	CHECK_INT(listxattr("dst", NULL, 0), listxattr("src", NULL, 0));
}

CASE(what_is_the_same_is_left_alone)
{
	put_pair();
	put_attr("src", "user.a", "1", 1);
	put_attr("src", "user.b", "2", 1);
	put_attr("dst", "user.a", "1", 1);
	put_attr("dst", "user.b", "3", 1);

	CHECK_INT(copy_attrs("src", "dst"), 1);
	CHECK_INT(copy_attrs("src", "dst"), 0);
	expect_attr("dst", "user.b", "2", 1);
}

CASE(what_the_source_has_not_is_removed)
{
	put_pair();
	put_attr("dst", "user.a", "1", 1);
	put_attr("dst", "user.b", "1", 1);
	put_attr("src", "user.b", "1", 1);

	CHECK_INT(copy_attrs("src", "dst"), 1);

	CHECK_INT(attr_size("dst", "user.a"), -1);
	expect_attr("dst", "user.b", "1", 1);
}

CASE(a_prefix_of_a_name_is_another_name)
{
	put_pair();
	put_attr("dst", "user.ab", "1", 1);
	put_attr("dst", "user.a", "1", 1);
	put_attr("src", "user.abc", "1", 1);

	CHECK_INT(copy_attrs("src", "dst"), 3);

	CHECK_INT(attr_size("dst", "user.ab"), -1);
	CHECK_INT(attr_size("dst", "user.a"), -1);
	CHECK_INT(attr_size("dst", "user.abc"), 1);
}

CASE(a_bare_target_is_not_looked_at)
{
	put_pair();
	put_attr("src", "user.a", "1", 1);
	copy.is_bare = true;
	CHECK_INT(xattr_look(hold("src", false), true, &scratch, &copy.seen,
	                     &fault),
	          0);
	copy.src = hold("src", false);
	copy.dst = hold("dst", false);
	refuse_call(SYS_flistxattr, 0, 0, 0, EIO);

	CHECK_INT(xattr_copy(&copy, &fault), 1);
	xattr_scratch_release(&scratch);
}

CASE(a_list_that_is_refused_costs_what_it_would_have_named)
{
	put_pair();
	put_attr("src", "user.a", "1", 1);
	put_attr("dst", "user.b", "1", 1);
	put_acl("src", ACCESS_ACL, 1234, 6);
	refuse_call(SYS_flistxattr, 0, 0, 0, E2BIG);

	CHECK_INT(copy_attrs("src", "dst"), 1);

	/* The ACL has a name that is known. */
	CHECK(attr_size("dst", ACCESS_ACL) > 0);
	CHECK_INT(attr_size("dst", "user.b"), 1);
	CHECK(copy.n_lost_others > 0);
	CHECK_INT(copy.n_lost_acls, 0);
}

CASE(a_list_that_cannot_be_read_is_a_failure)
{
	put_pair();
	refuse_call(SYS_flistxattr, 0, 0, 0, EIO);

	CHECK_INT(copy_attrs("src", "dst"), -EIO);
	CHECK_STR(fault.what, "cannot list extended attributes");
	CHECK(!fault.is_at_dst);
}

CASE(a_value_that_is_refused_is_lost)
{
	put_pair();
	put_attr("src", "user.a", "1", 1);
	put_acl("src", ACCESS_ACL, 1234, 6);
	copy.is_bare = true;
	refuse_call(SYS_fgetxattr, 0, 0, 0, EACCES);

	CHECK_INT(copy_attrs("src", "dst"), 0);

	CHECK_INT(copy.seen.acl, XATTR_HIDDEN_ACL);
	CHECK_INT(copy.n_lost_others, 1);
	CHECK_INT(copy.n_lost_acls, 1);
	CHECK(copy.lost_acl);
}

CASE(what_cannot_be_removed_is_lost)
{
	put_pair();
	put_attr("dst", "user.a", "1", 1);
	put_acl("dst", ACCESS_ACL, 1234, 6);
	refuse_call(SYS_fremovexattr, 0, 0, 0, EPERM);

	CHECK_INT(copy_attrs("src", "dst"), 0);

	CHECK_INT(copy.n_lost_others, 1);
	CHECK_INT(copy.n_lost_acls, 1);
	CHECK(copy.lost_acl);
}

CASE(a_look_changes_nothing_and_counts_the_same)
{
	put_pair();
	put_attr("src", "user.a", "1", 1);
	put_attr("src", "user.b", "1", 1);
	put_attr("dst", "user.b", "2", 1);
	put_attr("dst", "user.c", "1", 1);
	copy.only_looks = true;

	CHECK_INT(copy_attrs("src", "dst"), 3);

	CHECK_INT(attr_size("dst", "user.a"), -1);
	expect_attr("dst", "user.b", "2", 1);
	CHECK_INT(attr_size("dst", "user.c"), 1);
	copy.only_looks = false;
	CHECK_INT(copy_attrs("src", "dst"), 3);
	copy.only_looks = true;
	CHECK_INT(copy_attrs("src", "dst"), 0);
}

CASE(acls_are_copied_and_removed)
{
	put_pair();
	put_acl("src", ACCESS_ACL, 1234, 5);

	CHECK_INT(copy_attrs("src", "dst"), 1);
	CHECK_INT(attr_size("dst", ACCESS_ACL), attr_size("src", ACCESS_ACL));
	CHECK_INT(copy_attrs("src", "dst"), 0);
	CHECK_INT(removexattr("src", ACCESS_ACL), 0);
	CHECK_INT(copy_attrs("src", "dst"), 1);
	CHECK_INT(attr_size("dst", ACCESS_ACL), -1);
}

CASE(an_inherited_acl_is_seen_and_taken_away)
{
	(void)enter_work_dir();
	put_file("src", "");
	put_dir("d");
	CHECK(!xattr_is_inherited(open_dir("d")));
	put_acl("d", DEFAULT_ACL, 1234, 7);
	CHECK(xattr_is_inherited(open_dir("d")));
	put_file("d/dst", "");
	CHECK(attr_size("d/dst", ACCESS_ACL) > 0);

	CHECK_INT(copy_attrs("src", "d/dst"), 1);

	CHECK_INT(attr_size("d/dst", ACCESS_ACL), -1);
}

CASE(default_acls_of_directories_are_copied)
{
	(void)enter_work_dir();
	put_dir("src");
	put_dir("dst");
	put_acl("src", DEFAULT_ACL, 1234, 7);

	CHECK_INT(copy_attrs("src", "dst"), 1);

	CHECK(xattr_is_inherited(open_dir("dst")));
}

CASE(only_what_is_to_be_kept_is_touched)
{
	put_pair();
	put_acl("src", ACCESS_ACL, 1234, 5);
	put_attr("src", "user.a", "1", 1);
	put_attr("dst", "user.b", "1", 1);

	copy.keeps_others = false;
	CHECK_INT(copy_attrs("src", "dst"), 1);
	CHECK(attr_size("dst", ACCESS_ACL) > 0);
	CHECK_INT(attr_size("dst", "user.a"), -1);
	CHECK_INT(attr_size("dst", "user.b"), 1);
	CHECK_INT(removexattr("src", ACCESS_ACL), 0);
	copy.keeps_others = true;
	copy.keeps_acls = false;
	CHECK_INT(copy_attrs("src", "dst"), 2);
	CHECK(attr_size("dst", ACCESS_ACL) > 0);
	CHECK_INT(attr_size("dst", "user.a"), 1);
	CHECK_INT(attr_size("dst", "user.b"), -1);
}

/* cap_net_raw=ep, as linux/capability.h has it. */
static const uint32_t capability[5] = {0x02000001, 1 << 13, 0, 0, 0};

CASE(capabilities_are_attributes)
{
	need_root();
	put_pair();
	put_attr("src", "security.capability", capability, sizeof(capability));

	CHECK_INT(copy_attrs("src", "dst"), 1);

	expect_attr("dst", "security.capability", capability,
	            sizeof(capability));
}

CASE(what_the_user_may_not_set_is_lost_not_failed)
{
	need_root();
	put_pair();
	put_attr("src", "security.capability", capability, sizeof(capability));
	put_attr("src", "user.a", "1", 1);
	CHECK_INT(chown("dst", NOBODY, NOBODY), 0);
	become_nobody();

	CHECK_INT(copy_attrs("src", "dst"), 1);

	CHECK_INT(copy.n_lost_others, 1);
	CHECK_INT(copy.n_lost_acls, 0);
	CHECK_INT(attr_size("dst", "user.a"), 1);
}

CASE(what_the_user_may_not_remove_stays)
{
	need_root();
	put_pair();
	put_attr("dst", "security.capability", capability, sizeof(capability));
	CHECK_INT(chown("src", NOBODY, NOBODY), 0);
	become_nobody();

	CHECK_INT(copy_attrs("src", "dst"), 0);
}

CASE(what_the_target_cannot_hold_is_counted)
{
	(void)enter_work_dir();
	put_file("src", "");
	put_acl("src", ACCESS_ACL, 1234, 5);
	put_attr("src", "user.a", "1", 1);
	put_attr("src", "user.b", "1", 1);
	put_dir("mount");
	mount_here("ramfs", "mount");
	put_file("mount/dst", "");

	CHECK_INT(copy_attrs("src", "mount/dst"), 0);

	CHECK_INT(copy.n_lost_others, 2);
	CHECK_INT(copy.n_lost_acls, 1);
	/* And the other way round there is nothing to copy. */
	CHECK_INT(copy_attrs("mount/dst", "src"), 3);
	CHECK_INT(listxattr("src", NULL, 0), 0);
}

CASE(errors_of_the_disk_are_failures)
{
	put_pair();
	put_attr("src", "user.a", "1", 1);
	refuse_call(SYS_fsetxattr, 0, 0, 0, EIO);

	CHECK_INT(copy_attrs("src", "dst"), -EIO);

	CHECK_STR(fault.what, "cannot set extended attribute");
	CHECK(fault.is_at_dst);
	CHECK_INT(copy.n_lost_others, 0);
}

/* ext4 and btrfs say that there is no room, of a file system that has some. */
CASE(what_is_too_large_is_lost_and_a_full_disk_is_a_failure)
{
	put_pair();
	put_attr("src", "user.a", "1", 1);
	refuse_call(SYS_fsetxattr, 0, 0, 0, ENOSPC);

	CHECK_INT(copy_attrs("src", "dst"), 0);
	CHECK_INT(copy.n_lost_others, 1);
	refuse_call(SYS_fstatfs, 0, 0, 0, EIO);
	CHECK_INT(copy_attrs("src", "dst"), -ENOSPC);
	CHECK_INT(copy.n_lost_others, 1);
}

CASE(an_attribute_that_goes_away_meanwhile_was_never_there)
{
	put_pair();
	put_attr("src", "user.a", "1", 1);
	copy.is_bare = true;
	refuse_call(SYS_fgetxattr, 0, 0, 0, ENODATA);

	CHECK_INT(copy_attrs("src", "dst"), 0);
}

CASE(path_descriptors_serve_as_well)
{
	put_pair();
	put_attr("src", "user.a", "1", 1);
	put_attr("dst", "user.b", "1", 1);
	copy.src = hold("src", true);
	copy.dst = hold("dst", true);

	CHECK_INT(look_and_copy(), 2);
	CHECK_INT(look_and_copy(), 0);

	expect_attr("dst", "user.a", "1", 1);
	CHECK_INT(attr_size("dst", "user.b"), -1);
	xattr_scratch_release(&scratch);
}

CASE(attributes_of_a_symlink_are_its_own)
{
	need_root();
	(void)enter_work_dir();
	put_file("f", "");
	put_file("g", "");
	CHECK_INT(symlink("f", "src"), 0);
	CHECK_INT(symlink("g", "dst"), 0);
	put_attr("src", "trusted.a", "1", 1);
	put_attr("f", "trusted.b", "1", 1);
	copy.src = hold("src", true);
	copy.dst = hold("dst", true);

	CHECK_INT(look_and_copy(), 1);

	expect_attr("dst", "trusted.a", "1", 1);
	CHECK_INT(listxattr("g", NULL, 0), 0);
	xattr_scratch_release(&scratch);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
