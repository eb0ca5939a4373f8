/* SPDX-License-Identifier: MIT */
#include "engine/each_results.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int each_results_open(struct each_results *results, const char *dir)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	*results = (struct each_results){
		.fd = -1, .dir_fd = -1, .perms = 0666 & ~mask};
	if (!dir)
		return 0;
	/* lint: path, given by the user */
	if (mkdir(dir, 0777) < 0 && errno != EEXIST)
		return -errno;
	/* lint: path, the same */
	results->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return results->fd < 0 ? -errno : 0;
}

void each_results_close(struct each_results *results)
{
	results->fd = fd_close(results->fd);
	buf_release(&results->path);
	hash_set_release(&results->names);
}

void each_results_name(struct each_results *results, const char *item,
                       uint64_t number)
{
	struct buf *path = &results->path;

	buf_truncate(path, 0);
	if (!item) {
		buf_printf(path, "%llu", (unsigned long long)number);
		return;
	}
	while (*item) {
		size_t len = strcspn(item, "/");

		if (len > 1 || (len == 1 && *item != '.')) {
			if (path->len > 0)
				buf_append_char(path, '/');
			buf_append(path, item, len);
		}
		item += len + (item[len] == '/');
	}
}

/* Goes down to the directory of the file, and makes those that are not there
 * if that is wanted. */
static int go_down(struct each_results *results, bool makes)
{
	char *name = results->path.data, *slash;
	int dir_fd = results->fd, rc = 0;

	while (rc == 0 && (slash = strchr(name, '/'))) {
		*slash = '\0';
		if (makes && mkdirat(dir_fd, name, 0777) < 0 && errno != EEXIST)
			rc = -errno;
		int fd = rc ? -1
		            : openat(dir_fd, name,
		                     O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		                             O_CLOEXEC);
		if (fd < 0 && rc == 0)
			rc = -errno;
		*slash = '/';
		if (dir_fd != results->fd)
			(void)close(dir_fd);
		dir_fd = fd;
		name = slash + 1;
	}
	results->dir_fd = dir_fd;
	return rc;
}

static void go_back(struct each_results *results)
{
	if (results->dir_fd != results->fd)
		(void)fd_close(results->dir_fd);
	results->dir_fd = -1;
}

/* The last name of the path. */
static const char *last_name(const struct each_results *results)
{
	const char *slash = strrchr(results->path.data, '/');

	return slash ? slash + 1 : results->path.data;
}

static void append_ending(struct each_results *results,
                          enum each_stream_index stream)
{
	buf_append_str(&results->path, stream == EACH_STDERR ? ".err" : ".out");
}

/* No name on the way is longer than names can be. */
static bool fits(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len > NAME_MAX)
			return false;
		path += len + (path[len] == '/');
	}
	return true;
}

static int check_file(struct each_results *results,
                      enum each_stream_index stream)
{
	size_t len = results->path.len;
	struct stat status;

	append_ending(results, stream);
	int rc = fits(results->path.data) ? go_down(results, false)
	                                  : -ENAMETOOLONG;
	if (rc == 0 && fstatat(results->dir_fd, last_name(results), &status,
	                       AT_SYMLINK_NOFOLLOW) == 0)
		rc = S_ISDIR(status.st_mode) ? -EISDIR : 0;
	go_back(results);
	buf_truncate(&results->path, len);
	return rc == -ENOENT ? 0 : rc;
}

int each_results_check(struct each_results *results, bool has_several_paths)
{
	if (has_several_paths &&
	    hash_set_add(&results->names, results->path.data,
	                 results->path.len) > 1)
		return -EEXIST;
	int rc = check_file(results, EACH_STDOUT);
	return rc < 0 ? rc : check_file(results, EACH_STDERR);
}

static int open_stage(struct each_results *results)
{
	struct stat status;
	bool has_perms = false;
	int rc = fstat(results->dir_fd, &status) < 0 ? -errno : 0;

	if (rc == 0) {
		struct traits *traits = traits_of(
			&results->traits, status.st_dev, results->dir_fd);

		rc = stage_open(&results->stage,
		                (struct stage_dir){.fd = results->dir_fd},
		                traits, results->perms, &has_perms,
		                results->note);
	}
	if (rc == 0 && !has_perms &&
	    fchmod(results->stage.fd, results->perms) < 0) {
		rc = -errno;
		stage_discard(&results->stage);
	}
	return rc;
}

static int begin(struct each_results *results)
{
	int rc = go_down(results, true);

	if (rc == 0)
		rc = open_stage(results);
	if (rc < 0)
		go_back(results);
	results->has_begun = rc == 0;
	return rc;
}

int each_results_write(struct each_results *results, const void *data,
                       size_t len)
{
	int rc = results->has_begun ? 0 : begin(results);

	return rc < 0 ? rc : fd_write_full(results->stage.fd, data, len);
}

/* Nothing was printed: what an earlier run left must not be taken for it. */
static int remove_old(struct each_results *results)
{
	int rc = go_down(results, false);

	if (rc == 0 && unlinkat(results->dir_fd, last_name(results), 0) < 0)
		rc = -errno;
	go_back(results);
	return rc == -ENOENT ? 0 : rc;
}

static int copy_from(int src_fd, int dst_fd)
{
	char bytes[65536];
	ssize_t n = 0;
	int rc = lseek(src_fd, 0, SEEK_SET) < 0 ? -errno : 0;

	while (rc == 0 && (n = read(src_fd, bytes, sizeof(bytes))) > 0)
		rc = fd_write_full(dst_fd, bytes, (size_t)n);
	return n < 0 ? -errno : rc;
}

/* What was printed cannot be had again: it goes into the new file from the one
 * that gets no name. */
static int publish_again(struct each_results *results)
{
	struct stage refused = results->stage;
	int rc = open_stage(results);

	if (rc == 0) {
		rc = copy_from(refused.fd, results->stage.fd);
		if (rc < 0)
			stage_discard(&results->stage);
		else
			rc = stage_publish(&results->stage, last_name(results));
	}
	(void)fd_close(refused.fd);
	return rc == STAGE_AGAIN ? -EXDEV : rc;
}

static int publish(struct each_results *results)
{
	int rc = stage_publish(&results->stage, last_name(results));

	if (rc == STAGE_AGAIN)
		rc = publish_again(results);
	if (rc == 0)
		rc = stage_close(&results->stage);
	go_back(results);
	return rc;
}

int each_results_end(struct each_results *results,
                     enum each_stream_index stream)
{
	size_t len = results->path.len;

	append_ending(results, stream);
	int rc = results->has_begun ? publish(results) : remove_old(results);
	buf_truncate(&results->path, len);
	results->has_begun = false;
	return rc;
}

void each_results_drop(struct each_results *results)
{
	if (!results->has_begun)
		return;
	stage_discard(&results->stage);
	go_back(results);
	results->has_begun = false;
}
