/* SPDX-License-Identifier: MIT */
#include "engine/each_gate.h"

#include "base/cgroup.h"
#include "base/fd.h"
#include "base/mono.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define LOAD_FILE   "/proc/loadavg"
#define MEMORY_FILE "/proc/meminfo"
/* For so long a job that has started may not be among the running tasks yet,
 * and is counted besides them. */
#define RECENT_NS (20 * NS_PER_MS)
#define LOOK_NS   (50 * NS_PER_MS)

/* "0.20 0.18 0.12 3/80 11206": three tasks run, and one of them reads this. */
int64_t each_gate_parse_load(const char *text)
{
	const char *slash = strchr(text, '/');

	if (!slash)
		return -1;
	while (slash > text && slash[-1] != ' ')
		slash--;
	long n = strtol(slash, NULL, 10);
	return n > 0 ? n - 1 : -1;
}

int64_t each_gate_parse_memory(const char *text)
{
	static const char label[] = "MemAvailable:";
	const char *at = strstr(text, label);

	return at ? strtoll(at + sizeof(label) - 1, NULL, 10) * 1024 : -1;
}

/* What parse finds in a file of the kernel, or -1. */
static int64_t look_into(const char *path, int64_t (*parse)(const char *text))
{
	char text[4096];
	/* lint: path, the kernel's */
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);

	(void)fd_close(fd);
	if (len < 0)
		return -1;
	text[len] = '\0';
	return parse(text);
}

int each_gate_open(struct each_gate *gate, const struct each_limits *limits,
                   unsigned n_max, struct each_held *held, const char **name)
{
	*gate = (struct each_gate){.limits = limits,
	                           .n_max = n_max,
	                           .tokens = {.fd = -1},
	                           .look_ns = MONO_NEVER};
	*name = LOAD_FILE;
	if (limits->load_max && look_into(LOAD_FILE, each_gate_parse_load) < 0)
		return -EOPNOTSUPP;
	*name = MEMORY_FILE;
	if (limits->memory_min &&
	    look_into(MEMORY_FILE, each_gate_parse_memory) < 0)
		return -EOPNOTSUPP;
	*name = "MAKEFLAGS";
	int rc = each_tokens_open(&gate->tokens, limits->makeflags, held);
	gate->is_used = limits->delay_ns || limits->load_max ||
	                limits->memory_min || gate->tokens.fd >= 0;
	return rc < 0 ? 1 : 0;
}

void each_gate_close(struct each_gate *gate)
{
	each_tokens_close(&gate->tokens);
}

static bool is_loaded(struct each_gate *gate, int64_t now_ns)
{
	int64_t n = look_into(LOAD_FILE, each_gate_parse_load);

	if (now_ns - gate->recent_ns >= RECENT_NS) {
		gate->recent_ns = now_ns;
		gate->n_recent = 0;
	}
	return n + gate->n_recent >= gate->limits->load_max;
}

static bool is_less(int64_t n, uint64_t min)
{
	return n >= 0 && (uint64_t)n < min;
}

/* The machine's, or what the control groups leave of it. */
static bool lacks_memory(const struct each_gate *gate)
{
	uint64_t min = gate->limits->memory_min;

	return is_less(look_into(MEMORY_FILE, each_gate_parse_memory), min) ||
	       is_less(cgroup_memory_left(""), min);
}

static bool lacks_token(struct each_gate *gate, size_t n_running)
{
	struct each_tokens *tokens = &gate->tokens;

	/* The first job is what this process itself was started for. */
	return tokens->fd >= 0 && tokens->n < n_running &&
	       !each_tokens_take(tokens);
}

bool each_gate_pass(struct each_gate *gate, size_t n_running)
{
	const struct each_limits *limits = gate->limits;

	if (!gate->is_used)
		return true;
	int64_t now_ns = mono_now_ns();
	gate->is_closed = true;
	gate->wants_token = false;
	gate->look_ns = MONO_NEVER;
	/* No queue of jobs that have passed: each is to start at once. */
	if (n_running >= gate->n_max)
		return false;
	if (limits->delay_ns && now_ns < gate->next_ns) {
		gate->look_ns = gate->next_ns;
		return false;
	}
	if ((limits->load_max && is_loaded(gate, now_ns)) ||
	    (limits->memory_min && lacks_memory(gate))) {
		gate->look_ns = now_ns + LOOK_NS;
		return false;
	}
	if (lacks_token(gate, n_running)) {
		gate->wants_token = true;
		return false;
	}
	gate->is_closed = false;
	gate->next_ns = now_ns + limits->delay_ns;
	gate->n_recent++;
	return true;
}

void each_gate_leave(struct each_gate *gate, size_t n_running)
{
	if (gate->tokens.n > 0 && gate->tokens.n >= n_running)
		each_tokens_give(&gate->tokens,
		                 n_running ? (unsigned)n_running - 1 : 0);
}
