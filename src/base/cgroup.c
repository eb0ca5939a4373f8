/* SPDX-License-Identifier: MIT */
#include "base/cgroup.h"

#include "base/buf.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK    ((size_t)4096)
#define NO_LIMIT INT64_MAX

/* What is wanted of the groups: a reading of one group's directory, whose path
 * dir ends in. It may append a file's name and has to take it away again. */
struct quest {
	const char *root;
	const char *controller; /* its name in version 1 */
	int64_t (*look)(struct buf *dir, bool is_v2);
	int64_t least;
	bool has_mount;
};

static int read_file(const char *path, struct buf *out)
{
	/* lint: path, the kernel's */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	buf_truncate(out, 0);
	if (fd < 0)
		return -errno;
	do {
		buf_reserve(out, BLOCK);
		n = fd_read_full(fd, out->data + out->len, BLOCK);
		if (n > 0)
			out->len += (size_t)n;
	} while (n == (ssize_t)BLOCK);
	(void)fd_close(fd);
	buf_append(out, "", 0);
	return n < 0 ? (int)n : 0;
}

/* The file of that name in dir; false when there is none. */
static bool read_of(struct buf *dir, const char *name, struct buf *out)
{
	size_t len = dir->len;

	buf_printf(dir, "/%s", name);
	int rc = read_file(dir->data, out);
	buf_truncate(dir, len);
	return rc == 0;
}

/* "max" and, in version 1, -1 are no limit. */
static int64_t number_in(const char *text)
{
	char *end;
	int64_t n = strtoll(text, &end, 10);

	return end == text || n < 0 ? NO_LIMIT : n;
}

static int64_t number_of(struct buf *dir, const char *name)
{
	struct buf text = {0};
	int64_t n = NO_LIMIT;

	if (read_of(dir, name, &text))
		n = number_in(text.data);
	buf_release(&text);
	return n;
}

/* ---- processors ---- */

static int64_t n_cpus(int64_t quota, int64_t period)
{
	if (quota == NO_LIMIT || period == NO_LIMIT || period == 0)
		return NO_LIMIT;
	return quota > period ? (quota - 1) / period + 1 : 1;
}

/* "max 100000", "150000 100000" */
static int64_t look_at_cpus(struct buf *dir, bool is_v2)
{
	struct buf text = {0};
	int64_t n = NO_LIMIT;

	if (!is_v2)
		return n_cpus(number_of(dir, "cpu.cfs_quota_us"),
		              number_of(dir, "cpu.cfs_period_us"));
	if (read_of(dir, "cpu.max", &text)) {
		const char *period = strchr(text.data, ' ');

		n = n_cpus(number_in(text.data),
		           period ? number_in(period) : NO_LIMIT);
	}
	buf_release(&text);
	return n;
}

/* ---- memory ---- */

/* A row of memory.stat; it is not the first one. */
static int64_t stat_of(struct buf *dir, const char *label)
{
	struct buf text = {0};
	const char *line = NULL;
	int64_t n = 0;

	buf_append_char(&text, '\n');
	if (read_of(dir, "memory.stat", &text))
		line = strstr(text.data, label);
	if (line)
		n = number_in(line + strlen(label));
	buf_release(&text);
	return n == NO_LIMIT ? 0 : n;
}

static int64_t look_at_memory(struct buf *dir, bool is_v2)
{
	int64_t max =
		number_of(dir, is_v2 ? "memory.max" : "memory.limit_in_bytes");
	int64_t high = is_v2 ? number_of(dir, "memory.high") : NO_LIMIT;

	max = high < max ? high : max;
	if (max == NO_LIMIT)
		return max;
	int64_t used = number_of(dir, is_v2 ? "memory.current"
	                                    : "memory.usage_in_bytes");
	if (used == NO_LIMIT)
		return max;
	/* Files that nobody has used of late can be dropped. */
	used -= stat_of(dir,
	                is_v2 ? "\ninactive_file " : "\ntotal_inactive_file ");
	return used < max ? max - (used > 0 ? used : 0) : 0;
}

/* ---- the groups ---- */

/* The group of dir and those above it, up to the first top_len bytes. */
static void climb(struct quest *quest, struct buf *dir, size_t top_len,
                  bool is_v2)
{
	for (;;) {
		int64_t n = quest->look(dir, is_v2);

		if (n < quest->least)
			quest->least = n;
		if (dir->len <= top_len)
			return;
		const char *slash = memrchr(dir->data, '/', dir->len);
		size_t len = slash ? (size_t)(slash - dir->data) : 0;
		buf_truncate(dir, len > top_len ? len : top_len);
	}
}

/* Whether a list with commas has the word. */
static bool lists(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (list) {
		if (strncmp(list, word, len) == 0 &&
		    (list[len] == ',' || list[len] == '\0'))
			return true;
		list = strchr(list, ',');
		list = list ? list + 1 : NULL;
	}
	return false;
}

/* The path of the own group in its hierarchy, from "ID:CONTROLLERS:PATH". */
static void find_path(const struct quest *quest, const char *groups, bool is_v2,
                      struct buf *out)
{
	char *copy = xstrndup(groups, strlen(groups)), *rest = copy, *line;

	buf_truncate(out, 0);
	while ((line = strsep(&rest, "\n"))) {
		const char *id = strsep(&line, ":");
		const char *controllers = strsep(&line, ":");

		if (!line)
			continue;
		if (is_v2 ? strcmp(id, "0") == 0 && !*controllers
		          : lists(controllers, quest->controller))
			buf_append_str(out, line);
	}
	free(copy);
}

/* The mount shows the hierarchy from top down. What is not below that is in a
 * name space of another, and the mount's own top is all that can be seen. */
static const char *below(const struct buf *path, const char *top)
{
	size_t len = strcmp(top, "/") == 0 ? 0 : strlen(top);

	if (!path->len || strncmp(path->data, top, len) != 0 ||
	    strstr(path->data, "/.."))
		return "";
	return path->data[len] == '/' ? path->data + len : "";
}

/* "\040" and the like stand for blanks. */
static void append_unescaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' && strspn(text + 1, "01234567") >= 3) {
			const char digits[] = {text[1], text[2], text[3], '\0'};

			buf_append_char(out, (char)strtol(digits, NULL, 8));
			text += 3;
		} else {
			buf_append_char(out, *text);
		}
	}
}

/* ID PARENT DEV TOP POINT OPTIONS [FIELD]... - TYPE SOURCE OPTIONS */
static void look_at_mount(struct quest *quest, char *line, const char *groups)
{
	enum { TOP = 3, POINT, N_FIELDS };
	char *fields[N_FIELDS], *after = strstr(line, " - ");
	struct buf dir = {0}, path = {0};

	if (!after || strncmp(after, " - cgroup", 9) != 0)
		return;
	bool is_v2 = after[9] == '2';
	const char *options = strrchr(after, ' ') + 1;
	if (!is_v2 && !lists(options, quest->controller))
		return;
	for (size_t i = 0; i < N_FIELDS; i++)
		fields[i] = strsep(&line, " ");
	quest->has_mount = true;
	buf_append_str(&dir, quest->root);
	append_unescaped(&dir, fields[POINT]);
	size_t top_len = dir.len;
	find_path(quest, groups, is_v2, &path);
	buf_append_str(&dir, below(&path, fields[TOP]));
	while (dir.len > top_len && dir.data[dir.len - 1] == '/')
		buf_truncate(&dir, dir.len - 1);
	climb(quest, &dir, top_len, is_v2);
	buf_release(&path);
	buf_release(&dir);
}

/* Where systems have them, should /proc not tell. */
static void look_at_usual(struct quest *quest)
{
	static const char *const places[] = {"", "/cpu,cpuacct", "/cpu",
	                                     "/memory"};
	struct buf dir = {0};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		buf_truncate(&dir, 0);
		buf_printf(&dir, "%s/sys/fs/cgroup%s", quest->root, places[i]);
		climb(quest, &dir, dir.len, i == 0);
	}
	buf_release(&dir);
}

static int64_t ask(struct quest *quest)
{
	struct buf path = {0}, mounts = {0}, groups = {0};

	quest->least = NO_LIMIT;
	buf_append_str(&path, quest->root);
	if (read_of(&path, "proc/self/cgroup", &groups) &&
	    read_of(&path, "proc/self/mountinfo", &mounts)) {
		char *rest = mounts.data, *line;

		while ((line = strsep(&rest, "\n")))
			look_at_mount(quest, line, groups.data);
	}
	if (!quest->has_mount)
		look_at_usual(quest);
	buf_release(&path);
	buf_release(&mounts);
	buf_release(&groups);
	return quest->least;
}

unsigned cgroup_n_cpus(const char *root)
{
	struct quest quest = {
		.root = root, .controller = "cpu", .look = look_at_cpus};
	int64_t n = ask(&quest);

	return n == NO_LIMIT ? 0 : (unsigned)min_u64((uint64_t)n, UINT32_MAX);
}

int64_t cgroup_memory_left(const char *root)
{
	struct quest quest = {
		.root = root, .controller = "memory", .look = look_at_memory};
	int64_t n = ask(&quest);

	return n == NO_LIMIT ? -1 : n;
}
