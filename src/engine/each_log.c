/* SPDX-License-Identifier: MIT */
#include "engine/each_log.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char head[] = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\t"
			   "Exitval\tSignal\tCommand\n";

#define COLUMN_EXIT    6
#define COLUMN_COMMAND 8

/* A newline of a command is a NUL in the log. */
static void add_command(struct buf *out, const char *command, size_t len)
{
	size_t start = out->len;

	buf_append(out, command, len);
	for (size_t i = start; i < out->len; i++) {
		if (out->data[i] == '\n')
			out->data[i] = '\0';
	}
}

bool each_log_take(struct each_log *log, const char *command, size_t len)
{
	buf_truncate(&log->line, 0);
	add_command(&log->line, command, len);
	return hash_set_take(&log->done, log->line.data, log->line.len);
}

/* A line without its newline. */
static int read_line(struct each_log *log, const char *line, size_t len)
{
	const char *at = line, *end = line + len, *status = line;

	for (int i = 0; i < COLUMN_COMMAND; i++) {
		const char *tab = memchr(at, '\t', (size_t)(end - at));

		if (!tab)
			return -EBADMSG;
		if (i == COLUMN_EXIT)
			status = at;
		at = tab + 1;
	}
	if (strncmp(status, "0\t0\t", 4) == 0)
		(void)hash_set_add(&log->done, at, (size_t)(end - at));
	return 0;
}

/* Reads what is there; *size is the length without a line cut off. */
static int read_log(struct each_log *log, FILE *file, off_t *size)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int rc = 0;

	*size = 0;
	while (rc == 0 && (len = getline(&line, &cap, file)) > 0) {
		if (line[len - 1] != '\n')
			break;
		if (*size > 0)
			rc = read_line(log, line, (size_t)len - 1);
		else if (strcmp(line, head) != 0)
			rc = -EBADMSG;
		*size += len;
	}
	if (rc == 0 && ferror(file))
		rc = -EIO;
	free(line);
	return rc;
}

static int resume(struct each_log *log, enum each_log_use use)
{
	off_t size;
	int fd = fcntl(log->fd, F_DUPFD_CLOEXEC, 0);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (!file) {
		int rc = -errno;

		(void)fd_close(fd);
		return rc;
	}
	int rc = read_log(log, file, &size);
	/* Only read from. */
	(void)fclose(file);
	if (rc < 0 || use == EACH_LOG_READ)
		return rc;
	/* What a killed run left of a line would make the next one unreadable.
	 */
	if (ftruncate(log->fd, size) < 0 || lseek(log->fd, size, SEEK_SET) < 0)
		return -errno;
	return size == 0 ? fd_write_full(log->fd, head, sizeof(head) - 1) : 0;
}

int each_log_open(struct each_log *log, const char *path, enum each_log_use use)
{
	static const int flags[] = {
		[EACH_LOG_NEW] = O_RDWR | O_CREAT | O_TRUNC,
		[EACH_LOG_RESUME] = O_RDWR | O_CREAT,
		[EACH_LOG_READ] = O_RDONLY,
	};
	int rc;

	*log = (struct each_log){.fd = -1};
	if (!path)
		return 0;
	/* lint: path, given by the user */
	log->fd = open(path, flags[use] | O_CLOEXEC, 0666);
	if (log->fd < 0)
		return use == EACH_LOG_READ && errno == ENOENT ? 0 : -errno;
	if (use == EACH_LOG_NEW)
		rc = fd_write_full(log->fd, head, sizeof(head) - 1);
	else
		rc = resume(log, use);
	if (rc < 0)
		(void)each_log_close(log);
	else if (use == EACH_LOG_READ)
		log->fd = fd_close(log->fd);
	return rc;
}

int each_log_close(struct each_log *log)
{
	int rc = fd_close_checked(log->fd);

	log->fd = -1;
	buf_release(&log->line);
	hash_set_release(&log->done);
	return rc;
}

int each_log_add(struct each_log *log, uint64_t number,
                 const struct each_end *end, const char *command, size_t len)
{
	bool is_timeout = end->cause == EACH_TIMED_OUT;
	bool is_own_failure =
		end->cause == EACH_NO_SPAWN || end->cause == EACH_SPOOL;
	int exit_code = is_timeout ? -1 : end->exit_code;
	int64_t start_ms = end->start_ns / NS_PER_MS;
	int64_t runtime_ms = end->runtime_ns / NS_PER_MS;

	if (log->fd < 0)
		return 0;
	if (end->cause == EACH_REJECTED || end->cause == EACH_NO_RESULTS)
		exit_code = 255;
	if (is_own_failure)
		exit_code = end->err == -ENOENT ? 127 : 126;
	buf_truncate(&log->line, 0);
	buf_printf(&log->line, "%llu\t:\t%.3f\t%10.3f\t0\t%llu\t%d\t%d\t",
	           (unsigned long long)number, (double)start_ms / 1000,
	           (double)runtime_ms / 1000,
	           (unsigned long long)end->n_printed, exit_code,
	           is_own_failure ? 0
	           : is_timeout   ? 15
	                          : end->signal_number);
	add_command(&log->line, command, len);
	buf_append_char(&log->line, '\n');
	return fd_write_full(log->fd, log->line.data, log->line.len);
}
