/* SPDX-License-Identifier: MIT */
#include "fs/attr.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Linux 6.13; the C library does not know them yet. */
#ifndef SYS_setxattrat
#define SYS_setxattrat    463
#define SYS_getxattrat    464
#define SYS_listxattrat   465
#define SYS_removexattrat 466
#endif

struct value_at {
	uint64_t value __attribute__((aligned(8)));
	uint32_t size, flags;
};

enum attr_what { ATTR_LIST, ATTR_GET, ATTR_SET, ATTR_REMOVE };

struct attr_call {
	enum attr_what what;
	const char *attr;
	void *data; /* only read by ATTR_SET */
	size_t size;
};

/* Found out once a process. */
static bool has_no_proc, has_no_calls_at;

static ssize_t by_fd(int fd, const struct attr_call *call)
{
	switch (call->what) {
	case ATTR_LIST:
		return flistxattr(fd, call->data, call->size);
	case ATTR_GET:
		return fgetxattr(fd, call->attr, call->data, call->size);
	case ATTR_SET:
		return fsetxattr(fd, call->attr, call->data, call->size, 0);
	case ATTR_REMOVE:
		break;
	}
	return fremovexattr(fd, call->attr);
}

static ssize_t by_proc(int fd, const struct attr_call *call)
{
	char path[META_PROC_PATH];

	switch (call->what) {
	case ATTR_LIST:
		return listxattr(meta_proc_path(path, fd), call->data,
		                 call->size);
	case ATTR_GET:
		return getxattr(meta_proc_path(path, fd), call->attr,
		                call->data, call->size);
	case ATTR_SET:
		return setxattr(meta_proc_path(path, fd), call->attr,
		                call->data, call->size, 0);
	case ATTR_REMOVE:
		break;
	}
	return removexattr(meta_proc_path(path, fd), call->attr);
}

static ssize_t by_call_at(int dir_fd, const char *name,
                          const struct attr_call *call)
{
	struct value_at value = {(uintptr_t)call->data, (uint32_t)call->size,
	                         0};
	const int flags = AT_SYMLINK_NOFOLLOW;

	switch (call->what) {
	case ATTR_LIST:
		return syscall(SYS_listxattrat, dir_fd, name, flags, call->data,
		               call->size);
	case ATTR_GET:
		return syscall(SYS_getxattrat, dir_fd, name, flags, call->attr,
		               &value, sizeof(value));
	case ATTR_SET:
		return syscall(SYS_setxattrat, dir_fd, name, flags, call->attr,
		               &value, sizeof(value));
	case ATTR_REMOVE:
		break;
	}
	return syscall(SYS_removexattrat, dir_fd, name, flags, call->attr);
}

/* From within the directory: one component. */
static ssize_t by_link_name(const char *name, const struct attr_call *call)
{
	const char *attr = call->attr;
	const size_t size = call->size;

	switch (call->what) {
	case ATTR_LIST:
		return llistxattr(name, call->data, size); /* lint: path */
	case ATTR_GET:
		/* lint: path */
		return lgetxattr(name, attr, call->data, size);
	case ATTR_SET:
		/* lint: path */
		return lsetxattr(name, attr, call->data, size, 0);
	case ATTR_REMOVE:
		break;
	}
	return lremovexattr(name, attr); /* lint: path */
}

/* The process is elsewhere meanwhile: it has one thread. */
static ssize_t from_within(int dir_fd, const char *name,
                           const struct attr_call *call)
{
	/* lint: path, to come back */
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (here < 0 || fchdir(here) < 0 || fchdir(dir_fd) < 0) {
		(void)fd_close(here);
		errno = EBADF;
		return -1;
	}
	ssize_t n = by_link_name(name, call);
	int err = errno;
	if (fchdir(here) < 0) /* was left a moment ago, and is still held */
		err = n < 0 ? err : 0;
	(void)fd_close(here);
	errno = err;
	return n;
}

static bool is_held(const struct meta_target *target, int dir_fd,
                    const char *name)
{
	struct meta held, named;

	return meta_read(target->fd, &held) == 0 &&
	       meta_read_at(dir_fd, name, &named) == 0 &&
	       meta_same_inode(&held, &named);
}

static ssize_t by_name(const struct meta_target *target,
                       const struct attr_call *call)
{
	/* A directory has a name within itself. */
	int dir_fd = target->name ? target->dir_fd : target->fd;
	const char *name = target->name ? target->name : ".";
	ssize_t n;

	if (!is_held(target, dir_fd, name)) {
		errno = EBADF;
		return -1;
	}
	if (!has_no_calls_at) {
		n = by_call_at(dir_fd, name, call);
		has_no_calls_at = n < 0 && errno == ENOSYS;
		if (!has_no_calls_at)
			return n;
	}
	return from_within(dir_fd, name, call);
}

static ssize_t ask(const struct meta_target *target,
                   const struct attr_call *call)
{
	ssize_t n = -1;

	if (!target->is_path) {
		n = by_fd(target->fd, call);
		return n < 0 ? -errno : n;
	}
	if (!has_no_proc) {
		n = by_proc(target->fd, call);
		has_no_proc = n < 0 && (errno == ENOENT || errno == ENOTDIR);
	}
	if (has_no_proc)
		n = by_name(target, call);
	return n < 0 ? -errno : n;
}

ssize_t attr_list(struct meta_target target, char *names, size_t size)
{
	const struct attr_call call = {ATTR_LIST, NULL, names, size};

	return ask(&target, &call);
}

ssize_t attr_get(struct meta_target target, const char *attr, void *value,
                 size_t size)
{
	const struct attr_call call = {ATTR_GET, attr, value, size};

	return ask(&target, &call);
}

int attr_set(struct meta_target target, const char *attr, const void *value,
             size_t size)
{
	const struct attr_call call = {ATTR_SET, attr, (void *)(uintptr_t)value,
	                               size};

	return (int)ask(&target, &call);
}

int attr_remove(struct meta_target target, const char *attr)
{
	const struct attr_call call = {ATTR_REMOVE, attr, NULL, 0};

	return (int)ask(&target, &call);
}
