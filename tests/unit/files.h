/* SPDX-License-Identifier: MIT */
/* tests/unit/files.h - cases that work on real files
 *
 *     CASE(a_link_is_not_followed)
 *     {
 *             int dir = enter_work_dir();
 *
 *             put_file("a", "text");
 *             ...
 *     }
 *     int main(int argc, char **argv)
 *     {
 *             return files_main(argc, argv);
 *     }
 *
 * Each case has a directory of its own below $TMPDIR or /tmp and works in it.
 * files_main removes them all when the cases have ended, however they did.
 * The umask is 0, as it is in a run of pcopy. */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#define NOBODY 65534

static char files_top[4096];

/* The case's own directory, entered; a descriptor of it. */
UNUSED static int enter_work_dir(void)
{
	char path[sizeof(files_top) + 16];

	snprintf(path, sizeof(path), "%s/case.XXXXXX", files_top);
	CHECK(mkdtemp(path) != NULL);
	CHECK_INT(chmod(path, 0755), 0);
	CHECK_INT(chdir(path), 0);
	int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static void files_remove(void)
{
	pid_t pid = fork();

	/* rm goes as deep as the cases do. */
	if (pid == 0) {
		execlp("sh", "sh", "-c",
		       "chattr -Rf -ia -- \"$0\" >/dev/null 2>&1; "
		       "chmod -R u+rwx -- \"$0\"; "
		       "exec rm -rf -- \"$0\"",
		       files_top, NULL);
		_exit(127);
	}
	(void)waitpid(pid, NULL, 0);
}

static int files_main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(files_top, sizeof(files_top), "%s/pcopy-test.XXXXXX",
	         tmp && *tmp == '/' ? tmp : "/tmp");
	if (!mkdtemp(files_top) || chmod(files_top, 0755) < 0) {
		perror(files_top);
		return 1;
	}
	(void)umask(0);
	int status = check_main(argc, argv);
	files_remove();
	return status;
}

UNUSED static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

/* Makes the directory, and those it is in. */
UNUSED static void put_dir(const char *path)
{
	char part[4096];

	snprintf(part, sizeof(part), "%s", path);
	for (char *at = part + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		CHECK(mkdir(part, 0755) == 0 || errno == EEXIST);
		*at = '/';
	}
	CHECK(mkdir(part, 0755) == 0 || errno == EEXIST);
}

UNUSED static void put_bytes(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const char *at = data;

	CHECK(fd >= 0);
	while (len) {
		ssize_t n = write(fd, at, len);

		CHECK(n > 0);
		at += n;
		len -= (size_t)n;
	}
	CHECK_INT(close(fd), 0);
}

UNUSED static void put_file(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

/* To be freed; *len is set. */
UNUSED static char *get_bytes(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = 65536;
	char *data = NULL;
	ssize_t n = 0;

	CHECK(fd >= 0);
	*len = 0;
	do {
		*len += (size_t)n;
		if (!data || *len == room) {
			data = realloc(data, (room *= 2) + 1);
			CHECK(data != NULL);
		}
		n = read(fd, data + *len, room - *len);
	} while (n > 0);
	CHECK_INT(n, 0);
	CHECK_INT(close(fd), 0);
	data[*len] = '\0';
	return data;
}

#define CHECK_FILE(path, text) check_file(__FILE__, __LINE__, path, text)

UNUSED static void check_file(const char *file, int line, const char *path,
                              const char *want)
{
	size_t len;
	char *got = get_bytes(path, &len);

	check_str(file, line, path, got, want);
	free(got);
}

/* Of the entry itself, which must be there. */
UNUSED static struct stat look_at(const char *path)
{
	struct stat st;

	CHECK_INT(lstat(path, &st), 0);
	return st;
}

UNUSED static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

UNUSED static mode_t perms_of(const char *path)
{
	return look_at(path).st_mode & 07777;
}

/* How many names the directory has. */
UNUSED static size_t n_names(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	CHECK(dir != NULL);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

/* Descriptors of this process. */
UNUSED static size_t n_open(void)
{
	return n_names("/proc/self/fd") - 1;
}

UNUSED static void set_mtime(const char *path, int64_t s, long ns)
{
	const struct timespec times[2] = {{.tv_sec = s, .tv_nsec = ns},
	                                  {.tv_sec = s, .tv_nsec = ns}};

	CHECK_INT(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

#define ACCESS_ACL  "system.posix_acl_access"
#define DEFAULT_ACL "system.posix_acl_default"

/* An ACL by which the user id may do perms (4 read, 2 write, 1 execute), as
 * acl(5) says and the kernel takes it: little endian, tag, permissions, id. */
UNUSED static void put_acl(const char *path, const char *which, uint32_t id,
                           uint16_t perms)
{
	const uint32_t none = UINT32_MAX;
	const struct {
		uint32_t version;
		struct {
			uint16_t tag, perms;
			uint32_t id;
		} entries[5];
	} acl = {2,
	         {{1, 6, none},
	          {2, perms, id},
	          {4, 4, none},
	          {16, 7, none},
	          {32, 4, none}}};

	if (setxattr(path, which, &acl, sizeof(acl), 0) < 0)
		SKIP("no ACLs here");
}

/* Of the attribute, -1 when there is none. */
UNUSED static ssize_t attr_size(const char *path, const char *name)
{
	return lgetxattr(path, name, NULL, 0);
}

UNUSED static void put_attr(const char *path, const char *name,
                            const void *value, size_t len)
{
	if (lsetxattr(path, name, value, len, 0) < 0)
		SKIP("no such extended attributes here");
}

UNUSED static void need_root(void)
{
	if (geteuid() != 0)
		SKIP("needs root");
}

/* From here on without any privilege; the working directory is ours. */
UNUSED static void become_nobody(void)
{
	if (geteuid() != 0)
		return;
	CHECK_INT(chown(".", NOBODY, NOBODY), 0);
	CHECK_INT(setgroups(0, NULL), 0);
	CHECK_INT(setresgid(NOBODY, NOBODY, NOBODY), 0);
	CHECK_INT(setresuid(NOBODY, NOBODY, NOBODY), 0);
	/* As after an exec: /proc/self is ours, and the leak checker works. */
	CHECK_INT(prctl(PR_SET_DUMPABLE, 1), 0);
}

/* From here on the system call fails with err when argument arg has exactly
 * the bits value within mask (0, 0, 0: always). For ever: cases are processes
 * of their own. */
UNUSED static void refuse_call(long call, unsigned arg, uint32_t mask,
                               uint32_t value, int err)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	                 (uint32_t)offsetof(struct seccomp_data, args) +
	                         8 * arg),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(filter),
	                             .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		SKIP("no seccomp filters here");
}

/* Mounts a file system for this case alone on path. Descriptors that are open
 * do not see it. */
UNUSED static void mount_here(const char *type, const char *path)
{
	need_root();
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", path, type, 0, NULL) < 0)
		SKIP("cannot mount here");
}

#endif
