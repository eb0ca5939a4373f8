/* SPDX-License-Identifier: MIT */
#include "engine/each_tokens.h"

#include "base/buf.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The value of the last such option: it counts (GNU make, POSIX Jobserver). */
static const char *find_last(const char *makeflags, const char *option)
{
	const char *found = NULL;

	for (const char *at = makeflags; (at = strstr(at, option));) {
		at += strlen(option);
		found = at;
	}
	return found;
}

static int open_fifo(const char *path, size_t len)
{
	struct buf name = {0};
	struct stat status;
	int rc = 0;

	buf_append(&name, path, len);
	/* Both ways, so that it never is at its end; of the others' flags
	 * none changes. */
	/* lint: path, of the fifo that make has made */
	int fd = open(name.data, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		rc = -errno;
	else if (!S_ISFIFO(status.st_mode))
		rc = -EINVAL;
	if (rc < 0)
		(void)fd_close(fd);
	buf_release(&name);
	return rc ? rc : fd;
}

int each_tokens_open(struct each_tokens *tokens, const char *makeflags,
                     struct each_held *held)
{
	const char *auth = NULL;

	*tokens = (struct each_tokens){.fd = -1, .held = held};
	if (!makeflags)
		return 0;
	auth = find_last(makeflags, "--jobserver-auth=");
	if (!auth)
		return find_last(makeflags, "--jobserver-fds=") ? -ENOTSUP : 0;
	/* Negative descriptors: make has one, but not for this recipe. */
	if (*auth == '-')
		return 0;
	if (strncmp(auth, "fifo:", 5) != 0)
		return -ENOTSUP;
	int fd = open_fifo(auth + 5, strcspn(auth + 5, " \t"));
	if (fd < 0)
		return fd;
	tokens->fd = fd;
	return 0;
}

void each_tokens_close(struct each_tokens *tokens)
{
	each_tokens_give(tokens, 0);
	tokens->fd = fd_close(tokens->fd);
}

bool each_tokens_take(struct each_tokens *tokens)
{
	unsigned char byte;

	if (tokens->n == EACH_TOKENS_MAX || read(tokens->fd, &byte, 1) != 1)
		return false;
	atomic_store(&tokens->held->bytes[tokens->n++], byte + 1);
	return true;
}

/* It was in the fifo before, so there is room for it. */
static void put_back(int fd, struct each_held *held, unsigned i)
{
	unsigned up = atomic_exchange(&held->bytes[i], 0);
	unsigned char byte = (unsigned char)(up - 1);

	while (up && write(fd, &byte, 1) < 0 && errno == EINTR)
		continue;
}

void each_tokens_give(struct each_tokens *tokens, unsigned n_kept)
{
	while (tokens->n > n_kept)
		put_back(tokens->fd, tokens->held, --tokens->n);
}

void each_tokens_rescue(int fd, struct each_held *held)
{
	for (unsigned i = 0; fd >= 0 && i < EACH_TOKENS_MAX; i++)
		put_back(fd, held, i);
}
