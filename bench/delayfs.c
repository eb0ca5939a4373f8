/* SPDX-License-Identifier: MIT */
/* delayfs - a directory seen through a file system that is far away
 *
 *     delayfs [-d MICROSECONDS] BACKING MOUNTPOINT [FUSE OPTION]...
 *
 * Every operation takes that much longer (1000), as a round trip to a server
 * does, and many are under way at once; the kernel caches nothing of names and
 * attributes. What it lacks (unnamed files, reflinks) is what such file systems
 * lack, too. */
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* So many operations are under way at once; libfuse's own limit is 10. */
#define N_THREADS      128
#define N_THREADS_TEXT "128"

static int top;
static long delay_us = 1000;

static void wait_a_while(void)
{
	const struct timespec time = {.tv_sec = delay_us / 1000000,
	                              .tv_nsec = delay_us % 1000000 * 1000};

	nanosleep(&time, NULL);
}

static const char *below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int result(int rc)
{
	return rc < 0 ? -errno : rc;
}

static void *far_init(struct fuse_conn_info *conn, struct fuse_config *config)
{
	conn->max_background = N_THREADS;
	config->use_ino = 1;
	config->entry_timeout = 0;
	config->attr_timeout = 0;
	config->negative_timeout = 0;
	config->nullpath_ok = 0;
	config->hard_remove = 1;
	return NULL;
}

static int far_getattr(const char *path, struct stat *st,
                       struct fuse_file_info *file)
{
	wait_a_while();
	return result(file ? fstat((int)file->fh, st)
	                   : fstatat(top, below(path), st,
	                             AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
}

static int far_readlink(const char *path, char *text, size_t size)
{
	wait_a_while();
	ssize_t n = readlinkat(top, below(path), text, size - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return 0;
}

static int far_readdir(const char *path, void *buffer, fuse_fill_dir_t fill,
                       off_t at, struct fuse_file_info *file,
                       enum fuse_readdir_flags flags)
{
	const struct dirent *entry;
	int fd = openat(top, below(path), O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	(void)at;
	(void)file;
	(void)flags;
	wait_a_while();
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		struct stat st = {.st_ino = entry->d_ino,
		                  .st_mode = (mode_t)entry->d_type << 12};

		fill(buffer, entry->d_name, &st, 0, 0);
	}
	closedir(dir);
	return 0;
}

static int far_open(const char *path, struct fuse_file_info *file)
{
	wait_a_while();
	int fd = openat(top, below(path), file->flags & ~O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	file->fh = (uint64_t)fd;
	return 0;
}

static int far_create(const char *path, mode_t mode,
                      struct fuse_file_info *file)
{
	wait_a_while();
	int fd = openat(top, below(path), file->flags | O_CREAT, mode);
	if (fd < 0)
		return -errno;
	file->fh = (uint64_t)fd;
	return 0;
}

static int far_read(const char *path, char *buffer, size_t size, off_t at,
                    struct fuse_file_info *file)
{
	(void)path;
	wait_a_while();
	return result((int)pread((int)file->fh, buffer, size, at));
}

static int far_write(const char *path, const char *data, size_t size, off_t at,
                     struct fuse_file_info *file)
{
	(void)path;
	wait_a_while();
	return result((int)pwrite((int)file->fh, data, size, at));
}

static int far_flush(const char *path, struct fuse_file_info *file)
{
	(void)path;
	(void)file;
	wait_a_while();
	return 0;
}

static int far_release(const char *path, struct fuse_file_info *file)
{
	(void)path;
	return result(close((int)file->fh));
}

static int far_fsync(const char *path, int is_data, struct fuse_file_info *file)
{
	(void)path;
	(void)is_data;
	(void)file;
	wait_a_while();
	return 0;
}

static int far_mkdir(const char *path, mode_t mode)
{
	wait_a_while();
	return result(mkdirat(top, below(path), mode));
}

static int far_unlink(const char *path)
{
	wait_a_while();
	return result(unlinkat(top, below(path), 0));
}

static int far_rmdir(const char *path)
{
	wait_a_while();
	return result(unlinkat(top, below(path), AT_REMOVEDIR));
}

static int far_symlink(const char *target, const char *path)
{
	wait_a_while();
	return result(symlinkat(target, top, below(path)));
}

static int far_rename(const char *from, const char *to, unsigned flags)
{
	wait_a_while();
	return result(renameat2(top, below(from), top, below(to), flags));
}

static int far_link(const char *from, const char *to)
{
	wait_a_while();
	return result(linkat(top, below(from), top, below(to), 0));
}

static int far_chmod(const char *path, mode_t mode, struct fuse_file_info *file)
{
	wait_a_while();
	return result(file ? fchmod((int)file->fh, mode)
	                   : fchmodat(top, below(path), mode, 0));
}

static int far_chown(const char *path, uid_t uid, gid_t gid,
                     struct fuse_file_info *file)
{
	wait_a_while();
	return result(file ? fchown((int)file->fh, uid, gid)
	                   : fchownat(top, below(path), uid, gid,
	                              AT_SYMLINK_NOFOLLOW));
}

static int far_truncate(const char *path, off_t size,
                        struct fuse_file_info *file)
{
	wait_a_while();
	if (file)
		return result(ftruncate((int)file->fh, size));
	int fd = openat(top, below(path), O_WRONLY);
	if (fd < 0)
		return -errno;
	int rc = result(ftruncate(fd, size));
	close(fd);
	return rc;
}

static int far_utimens(const char *path, const struct timespec times[2],
                       struct fuse_file_info *file)
{
	wait_a_while();
	return result(
		file ? futimens((int)file->fh, times)
		     : utimensat(top, below(path), times, AT_SYMLINK_NOFOLLOW));
}

static const struct fuse_operations operations = {
	.init = far_init,
	.getattr = far_getattr,
	.readlink = far_readlink,
	.readdir = far_readdir,
	.open = far_open,
	.create = far_create,
	.read = far_read,
	.write = far_write,
	.flush = far_flush,
	.release = far_release,
	.fsync = far_fsync,
	.mkdir = far_mkdir,
	.unlink = far_unlink,
	.rmdir = far_rmdir,
	.symlink = far_symlink,
	.rename = far_rename,
	.link = far_link,
	.chmod = far_chmod,
	.chown = far_chown,
	.truncate = far_truncate,
	.utimens = far_utimens,
};

int main(int argc, char **argv)
{
	int first = 1;

	if (argc > 3 && strcmp(argv[1], "-d") == 0) {
		delay_us = strtol(argv[2], NULL, 10);
		first = 3;
	}
	if (argc < first + 2) {
		fprintf(stderr, "usage: delayfs [-d US] BACKING MOUNTPOINT "
		                "[FUSE OPTION]...\n");
		return 2;
	}
	top = open(argv[first], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0) {
		perror(argv[first]);
		return 1;
	}
	umask(0);
	struct fuse_args args = {0};
	argv[first] = argv[0];
	for (int i = first; i < argc; i++)
		fuse_opt_add_arg(&args, argv[i]);
	fuse_opt_add_arg(&args, "-omax_threads=" N_THREADS_TEXT);
	fuse_opt_add_arg(&args, "-omax_idle_threads=" N_THREADS_TEXT);
	int status = fuse_main(args.argc, args.argv, &operations, NULL);
	fuse_opt_free_args(&args);
	return status;
}
