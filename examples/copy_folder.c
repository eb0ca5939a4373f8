/* SPDX-License-Identifier: MIT */
/* A folder is copied by a pool of workers, with a line that tells how far it
 * is: what pcopy began as. Files and folders only, and never mind the owners.
 *
 *     example_copy_folder FROM TO */
#include "mp/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

static int from_fd, to_fd; /* the folders; workers inherit them */
static size_t from_len;    /* of the path of the first */
static char **files;       /* paths below it */
static size_t n_files, n_done, n_failed;

/* In a worker: the argument is a path below both folders. */
static int copy_file(const void *path, UNUSED size_t len,
                     UNUSED struct mp_output *output)
{
	struct stat st;
	ssize_t n = 1;
	int out, err = 0, in = openat(from_fd, path, O_RDONLY | O_CLOEXEC);

	if (in < 0 || fstat(in, &st) < 0)
		return -errno;
	out = openat(to_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	             st.st_mode & ACCESSPERMS);
	while (out >= 0 && n > 0)
		n = sendfile(out, in, NULL, 1 << 20);
	if (out < 0 || n < 0)
		err = -errno;
	(void)close(in); /* only read */
	if (out >= 0 && close(out) < 0 && !err)
		err = -errno;
	return err;
}

/* Folders are made while they are found, files are noted. */
static int find(const char *path, const struct stat *st, int type,
                struct FTW *at)
{
	if (at->level == 0)
		return 0;
	path += from_len + 1;
	if (type == FTW_D)
		return mkdirat(to_fd, path, st->st_mode | S_IRWXU) < 0 &&
		       errno != EEXIST;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	files = realloc(files, (n_files + 1) * sizeof(*files));
	return !files || !(files[n_files++] = strdup(path));
}

static void count(void *path, const struct mp_result *result)
{
	n_done++;
	if (result->error) {
		n_failed++;
		fprintf(stderr, "\r%s: %s\n", (char *)path,
		        strerror(-result->error));
	}
	fprintf(stderr, "\r%3zu %%  %zu of %zu files", n_done * 100 / n_files,
	        n_done, n_files);
}

int main(int argc, char **argv)
{
	struct mp_pool_options options = {.arg_max = 4096};
	struct mp_pool *pool;
	int err;

	if (argc != 3 || (mkdir(argv[2], 0777) < 0 && errno != EEXIST))
		return 2;
	from_len = strlen(argv[1]);
	while (from_len > 1 && argv[1][from_len - 1] == '/')
		argv[1][--from_len] = '\0';
	from_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to_fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from_fd < 0 || to_fd < 0 || mp_pool_create(0, &options, &pool) != 0)
		return 2;
	err = nftw(argv[1], find, 64, FTW_PHYS);
	for (size_t i = 0; !err && i < n_files; i++)
		err = mp_pool_apply_async(pool, copy_file, files[i],
		                          strlen(files[i]) + 1, count,
		                          files[i]);
	mp_pool_close(pool);
	if (!err)
		err = mp_pool_join(pool, -1);
	mp_pool_destroy(pool);
	fprintf(stderr, err ? "\nstopped\n" : "\n");
	return err || n_failed > 0;
}
