/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "fs/dress.h"

#include <linux/fs.h>

#define ALL                                                                 \
	(DRESS_MODE | DRESS_OWNER | DRESS_TIMES | DRESS_XATTR | DRESS_ACL | \
	 DRESS_FLAGS)

static struct xattr_scratch scratch;
static struct meta want;
static struct fault fault;
static struct dress dress = {
	.keep = ALL,
	.umask = 022,
	.want = &want,
	.times = {.granularity_ns = 1, .min_s = INT64_MIN, .max_s = INT64_MAX},
	.scratch = &scratch,
};

static struct meta_target hold(const char *path)
{
	struct meta_target target = {
		.fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};

	CHECK(target.fd >= 0);
	return target;
}

static struct meta_target hold_path(const char *path)
{
	struct meta_target target = {
		.fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC),
		.is_path = true};

	CHECK(target.fd >= 0);
	return target;
}

/* To make dst what src is. */
static void begin(void)
{
	dress.has_looked = false;
	dress.src = hold("src");
	dress.dst = hold("dst");
	CHECK_INT(meta_read(dress.src.fd, &want), 0);
	CHECK_INT(meta_read(dress.dst.fd, &dress.have), 0);
}

static int put(void)
{
	int rc = dress_put(&dress, &fault);

	xattr_scratch_release(&scratch);
	dress.has_looked = false;
	return rc;
}

/* src and dst, of different times. */
static void put_pair(void)
{
	(void)enter_work_dir();
	put_file("src", "");
	put_file("dst", "");
	set_mtime("src", 1000, 123456789);
}

CASE(mode_and_times_become_the_sources)
{
	put_pair();
	CHECK_INT(chmod("src", 0751), 0);
	begin();

	CHECK_INT(put(), 1);

	CHECK_INT(perms_of("dst"), 0751);
	CHECK_INT(look_at("dst").st_mtim.tv_sec, 1000);
	CHECK_INT(look_at("dst").st_mtim.tv_nsec, 123456789);
	begin();
	CHECK_INT(put(), 0);
}

CASE(what_is_right_is_not_touched)
{
	put_pair();
	set_mtime("dst", 1000, 123456789);
	begin();
	refuse_call(SYS_fchmod, 0, 0, 0, EIO);
	refuse_call(SYS_fchownat, 0, 0, 0, EIO);
	refuse_call(SYS_utimensat, 0, 0, 0, EIO);
	refuse_call(SYS_fsetxattr, 0, 0, 0, EIO);

	CHECK_INT(put(), 0);
}

CASE(times_within_the_granularity_are_right)
{
	put_pair();
	set_mtime("dst", 1000, 123456700);
	begin();
	dress.times.granularity_ns = 100;

	CHECK_INT(put(), 0);
	/* Of a new file they say nothing. */
	dress.is_new = true;
	CHECK_INT(put(), 1);
	CHECK_INT(look_at("dst").st_mtim.tv_nsec, 123456789);
}

CASE(a_look_changes_nothing)
{
	put_pair();
	CHECK_INT(chmod("src", 0600), 0);
	begin();
	dress.only_looks = true;

	CHECK_INT(put(), 1);

	CHECK_INT(perms_of("dst"), 0644);
	CHECK(look_at("dst").st_mtim.tv_sec != 1000);
	CHECK_INT(chmod("dst", 0600), 0);
	set_mtime("dst", 1000, 123456789);
	begin();
	CHECK_INT(put(), 0);
}

CASE(only_what_is_to_be_kept_is)
{
	put_pair();
	CHECK_INT(chmod("src", 0600), 0);
	begin();

	dress.keep = DRESS_TIMES;
	CHECK_INT(put(), 1);
	CHECK_INT(perms_of("dst"), 0644);
	CHECK_INT(look_at("dst").st_mtim.tv_sec, 1000);
	set_mtime("dst", 5, 0);
	begin();
	dress.keep = DRESS_MODE;
	CHECK_INT(put(), 1);
	CHECK_INT(perms_of("dst"), 0600);
	CHECK_INT(look_at("dst").st_mtim.tv_sec, 5);
	begin();
	dress.keep = DRESS_OWNER;
	CHECK_INT(put(), 0);
}

CASE(a_mode_that_is_not_kept_is_the_umasks)
{
	put_pair();
	CHECK_INT(chmod("src", 06777), 0);
	CHECK_INT(chmod("dst", 0600), 0);
	begin();
	dress.keep = DRESS_TIMES;
	dress.is_new = true;

	CHECK_INT(dress_look(&dress, &fault), 0);
	CHECK_INT(dress_birth_perms(&dress), 0644);
	CHECK_INT(put(), 1);
	CHECK_INT(perms_of("dst"), 0644);
	static const struct meta replaced = {.mode = S_IFREG | 04711};
	dress.replaced = &replaced;
	CHECK_INT(dress_birth_perms(&dress), 0711);
	dress.keep = ALL;
	/* Set-id bits come with their owner. */
	CHECK_INT(dress_birth_perms(&dress), 0777);
}

CASE(set_id_bits_outlive_a_change_of_owner)
{
	need_root();
	put_pair();
	CHECK_INT(chown("src", 1234, 4321), 0);
	CHECK_INT(chmod("src", 06755), 0);
	CHECK_INT(chmod("dst", 06755), 0);
	begin();

	CHECK_INT(put(), 1);

	CHECK_INT(look_at("dst").st_uid, 1234);
	CHECK_INT(look_at("dst").st_gid, 4321);
	CHECK_INT(perms_of("dst"), 06755);
	CHECK_INT(dress.lost.n_owners, 0);
}

CASE(set_id_bits_are_not_given_without_the_owner)
{
	need_root();
	put_pair();
	CHECK_INT(chmod("src", 06755), 0);
	CHECK_INT(chown("dst", NOBODY, NOBODY), 0);
	become_nobody();
	begin();

	CHECK_INT(put(), 1);

	CHECK_INT(perms_of("dst"), 0755);
	CHECK_INT(dress.lost.n_owners, 1);
	CHECK_INT(look_at("dst").st_uid, NOBODY);
}

CASE(set_id_bits_are_not_given_when_owners_are_not_kept)
{
	need_root();
	put_pair();
	CHECK_INT(chown("src", 1234, 0), 0);
	CHECK_INT(chmod("src", 06755), 0);
	begin();
	dress.keep = ALL & ~(unsigned)DRESS_OWNER;

	CHECK_INT(put(), 1);

	CHECK_INT(perms_of("dst"), 02755);
	CHECK_INT(look_at("dst").st_uid, 0);
	CHECK_INT(dress.lost.n_owners, 0);
}

CASE(set_id_bits_that_a_write_took_are_given_again)
{
	put_pair();
	CHECK_INT(chmod("src", 04755), 0);
	begin();
	/* Made with its mode, and then written to. */
	dress.is_new = true;
	dress.have.mode = S_IFREG | 04755;

	CHECK_INT(put(), 1);

	CHECK_INT(perms_of("dst"), 04755);
}

CASE(nobody_gains_access_while_the_owner_changes)
{
	need_root();
	put_pair();
	CHECK_INT(chown("src", 1234, 4321), 0);
	CHECK_INT(chmod("src", 04750), 0);
	CHECK_INT(chmod("dst", 0666), 0);
	begin();
	refuse_call(SYS_fchownat, 0, 0, 0, EIO);

	CHECK_INT(put(), -EIO);

	CHECK_STR(fault.what, "cannot set owner");
	CHECK_INT(perms_of("dst"), 0640);
}

CASE(capabilities_outlive_a_change_of_owner)
{
	static const uint32_t capability[5] = {0x02000001, 1 << 13, 0, 0, 0};

	need_root();
	put_pair();
	CHECK_INT(chown("src", 1234, 4321), 0);
	put_attr("src", "security.capability", capability, sizeof(capability));
	begin();
	dress.is_new = dress.is_bare = true;

	CHECK_INT(put(), 1);

	CHECK_INT(attr_size("dst", "security.capability"), 20);
	CHECK_INT(dress.lost.n_xattrs, 0);
}

CASE(an_acl_and_the_mode_are_the_sources)
{
	put_pair();
	CHECK_INT(chmod("src", 0640), 0);
	put_acl("src", ACCESS_ACL, 1234, 6);
	CHECK_INT(chmod("dst", 0600), 0);
	begin();

	CHECK_INT(put(), 1);

	CHECK_INT(perms_of("dst"), perms_of("src"));
	CHECK_INT(attr_size("dst", ACCESS_ACL), attr_size("src", ACCESS_ACL));
	/* And without it. */
	CHECK_INT(removexattr("src", ACCESS_ACL), 0);
	CHECK_INT(chmod("src", 0604), 0);
	begin();
	CHECK_INT(put(), 1);
	CHECK_INT(attr_size("dst", ACCESS_ACL), -1);
	CHECK_INT(perms_of("dst"), 0604);
	CHECK_INT(dress.lost.n_acls, 0);
}

CASE(an_unreadable_source_leaves_the_attributes_alone)
{
	put_pair();
	put_attr("dst", "user.a", "1", 1);
	begin();
	dress.src.fd = -1;

	CHECK_INT(put(), 1);

	CHECK_INT(attr_size("dst", "user.a"), 1);
	CHECK_INT(look_at("dst").st_mtim.tv_sec, 1000);
}

CASE(a_symlink_has_owner_and_times_but_no_mode)
{
	(void)enter_work_dir();
	put_file("f", "");
	CHECK_INT(symlink("f", "src"), 0);
	CHECK_INT(symlink("f", "dst"), 0);
	set_mtime("src", 1000, 5);
	dress.src = hold_path("src");
	dress.dst = hold_path("dst");
	CHECK_INT(meta_read(dress.src.fd, &want), 0);
	CHECK_INT(meta_read(dress.dst.fd, &dress.have), 0);
	if (geteuid() == 0)
		want.uid = 1234;

	CHECK_INT(put(), 1);

	CHECK_INT(look_at("dst").st_mtim.tv_sec, 1000);
	CHECK_INT(look_at("dst").st_uid, want.uid);
	CHECK_INT(look_at("f").st_uid, geteuid());
	CHECK_INT(perms_of("f"), 0644);
}

CASE(closing_takes_away_what_will_not_be_there)
{
	put_pair();
	CHECK_INT(chmod("src", 0540), 0);
	CHECK_INT(chmod("dst", 0666), 0);
	begin();

	CHECK_INT(dress_close(&dress, &fault), 1);
	CHECK_INT(perms_of("dst"), 0640);
	CHECK_INT(look_at("dst").st_mtim.tv_sec, dress.have.mtime_s);
	begin();
	CHECK_INT(dress_close(&dress, &fault), 0);
	CHECK_INT(put(), 1);
	CHECK_INT(perms_of("dst"), 0540);
	xattr_scratch_release(&scratch);
}

CASE(closing_takes_it_from_an_owner_who_will_not_be_it)
{
	need_root();
	put_pair();
	CHECK_INT(chown("src", 7, 8), 0);
	CHECK_INT(chown("dst", 5, 6), 0);
	CHECK_INT(chmod("src", 0640), 0);
	CHECK_INT(chmod("dst", 0646), 0);
	begin();

	CHECK_INT(dress_close(&dress, &fault), 1);
	CHECK_INT(look_at("dst").st_uid, 0);
	CHECK_INT(look_at("dst").st_gid, 8);
	CHECK_INT(perms_of("dst"), 0640);
	xattr_scratch_release(&scratch);
}

CASE(wider_is_what_lets_somebody_in_who_will_be_kept_out)
{
	put_pair();
	CHECK_INT(chmod("src", 0640), 0);
	CHECK_INT(chmod("dst", 0640), 0);
	begin();
	CHECK_INT(dress_look(&dress, &fault), 0);
	CHECK(!dress_is_wider(&dress));
	dress.have.mode = S_IFREG | 0600;
	CHECK(!dress_is_wider(&dress));
	dress.have.mode = S_IFREG | 0660;
	CHECK(dress_is_wider(&dress));
	dress.have.mode = S_IFREG | 0644;
	CHECK(dress_is_wider(&dress));
	dress.have.mode = S_IFREG | 0640;
	if (geteuid() == 0) {
		/* Those of its group will be others, whom it does not let in;
		 * whose it was, he could let himself in. */
		dress.have.gid = want.gid + 1;
		CHECK(dress_is_wider(&dress));
		dress.have.mode = S_IFREG | 0600;
		CHECK(!dress_is_wider(&dress));
		dress.have.uid = want.uid + 1;
		CHECK(dress_is_wider(&dress));
	}
	xattr_scratch_release(&scratch);
}

CASE(flags_are_for_the_end)
{
	put_pair();
	begin();
	dress.want_flags.bits = FS_NODUMP_FL;

	CHECK_INT(put(), 1);
	struct flags flags;
	CHECK_INT(flags_read(dress.dst.fd, &flags), 0);
	CHECK_INT(flags.bits, 0);
	dress.only_looks = true;
	CHECK_INT(dress_lock(&dress, &fault), 1);
	CHECK_INT(flags_read(dress.dst.fd, &flags), 0);
	CHECK_INT(flags.bits, 0);
	dress.only_looks = false;
	CHECK_INT(dress_lock(&dress, &fault), !dress.lost.n_flags);
	CHECK_INT(flags_read(dress.dst.fd, &flags), 0);
	CHECK_INT(flags.bits, dress.lost.n_flags ? 0 : FS_NODUMP_FL);
	dress.keep = ALL & ~(unsigned)DRESS_FLAGS;
	CHECK_INT(dress_lock(&dress, &fault), 0);
}

int main(int argc, char **argv)
{
	return files_main(argc, argv);
}
