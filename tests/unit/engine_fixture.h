/* SPDX-License-Identifier: MIT */
/* tests/unit/engine_fixture.h - the master's parts without processes
 *
 *     int main: files_main
 *     CASE(...)
 *     {
 *             (void)enter_work_dir();
 *             put_file("src/f", "");
 *             rig_open("dst", "src", NULL);
 *             ...
 *             rig_close();
 *     }
 *
 * One rig a case, in static memory. What the observers hear is noted as lines
 * in rig.told: "WHAT: PATH" of faults, "made PATH", "finished PATH". Settings
 * are changed before rig_open. */
#ifndef TESTS_ENGINE_FIXTURE_H
#define TESTS_ENGINE_FIXTURE_H

#include "files.h"

#include "engine/dirs.h"
#include "engine/feed.h"
#include "engine/site.h"
#include "engine/worker.h"

#define RIG_SOURCES_MAX 8

struct rig {
	struct settings settings;
	struct operands operands;
	const char *sources[RIG_SOURCES_MAX];
	struct site site;
	struct site_problem problem;
	enum exit_status status;
	struct shared *shared;
	struct worker worker;
	struct tally tally;
	struct dirs dirs;
	struct feed feed;
	struct buf told;
};

static struct rig rig = {
	.settings = {.n_workers = 1,
                     .queue_depth = 1,
                     .keeps_links = true,
                     .keep = DRESS_MODE | DRESS_OWNER | DRESS_TIMES |
                             DRESS_XATTR | DRESS_ACL | DRESS_FLAGS,
                     .reflink = REFLINK_NEVER,
                     .umask = 022},
	.operands = {.makes_into = true},
};

/* What was told since the last look. */
#define CHECK_TOLD(want)                        \
	do {                                    \
		buf_append_str(&rig.told, "");  \
		CHECK_STR(rig.told.data, want); \
		buf_truncate(&rig.told, 0);     \
		rig.told.data[0] = '\0';        \
	} while (0)

static void rig_tell(const char *what, const char *path)
{
	buf_printf(&rig.told, "%s %s\n", what, path);
}

static void rig_tell_dir(const char *what, const struct dir *dir,
                         const char *name)
{
	struct buf path = {0};
	const struct buf *below = dirs_path(&rig.dirs, dir);

	worker_path(&path, rig.site.pairs[dir->operand].src, below->data,
	            below->len, name);
	rig_tell(what, path.data);
	buf_release(&path);
}

static void rig_on_report(void *ctx, const char *path,
                          const struct fault *fault)
{
	(void)ctx;
	rig_tell(fault->what, path);
}

static void rig_on_finished(void *ctx, const struct dir *dir)
{
	(void)ctx;
	rig_tell_dir("finished", dir, "");
}

static void rig_on_failed(void *ctx, const struct dir *dir,
                          const struct fault *fault)
{
	(void)ctx;
	rig_tell_dir(fault->what, dir, "");
}

static void rig_on_fault(void *ctx, const struct dir *dir, const char *name,
                         const struct fault *fault)
{
	(void)ctx;
	rig_tell_dir(fault->what, dir, name);
}

static void rig_on_made(void *ctx, const struct dir *dir)
{
	(void)ctx;
	rig_tell_dir("made", dir, "");
}

/* Faults and losses of the master's own worker. */
static int rig_on_reply(void *ctx, const void *data, size_t len, bool is_last)
{
	const struct reply *reply = data;
	const char *path = (const char *)(reply + 1);

	(void)ctx;
	(void)len;
	if (reply->kind == REPLY_LOSS)
		rig_tell(tally_loss_text((enum tally_lost)reply->err), path);
	else if (!is_last)
		rig_tell(path + strlen(path) + 1, path);
	return 0;
}

static void rig_start(void)
{
	rig.shared =
		aligned_alloc(64, sizeof(*rig.shared) + sizeof(struct cell));
	CHECK(rig.shared != NULL);
	memset(rig.shared, 0, sizeof(*rig.shared) + sizeof(struct cell));
	rig.worker = (struct worker){.settings = &rig.settings,
	                             .site = &rig.site,
	                             .shared = rig.shared,
	                             .cell = rig.shared->cells,
	                             .reply = rig_on_reply};
	worker_init(&rig.worker);
	rig.dirs = (struct dirs){
		.worker = &rig.worker,
		.observer = {.finished = rig_on_finished,
	                     .failed = rig_on_failed},
	};
	rig.feed = (struct feed){
		.worker = &rig.worker,
		.dirs = &rig.dirs,
		.tally = &rig.tally,
		.observer = {.fault = rig_on_fault, .made_dir = rig_on_made},
	};
	feed_init(&rig.feed);
}

/* Sources, and a NULL. rig.status says how it went. */
__attribute__((sentinel)) static void rig_open(const char *dst, ...)
{
	va_list args;

	va_start(args, dst);
	for (const char *src; (src = va_arg(args, const char *));)
		rig.sources[rig.operands.n_sources++] = src;
	va_end(args);
	rig.operands.sources = rig.sources;
	rig.operands.dst = dst;
	rig.status = site_open(&rig.settings, &rig.operands, &rig.site,
	                       rig_on_report, NULL, &rig.problem);
	if (rig.status == EXIT_ALL_DONE)
		rig_start();
}

UNUSED static void rig_close(void)
{
	if (rig.status == EXIT_ALL_DONE) {
		feed_release(&rig.feed);
		dirs_release(&rig.dirs);
		worker_release(&rig.worker);
		free(rig.shared);
	}
	site_close(&rig.site);
	free(rig.problem.path);
	buf_release(&rig.told);
	rig.operands.n_sources = 0;
	rig.problem = (struct site_problem){0};
	rig.tally = (struct tally){0};
}

#endif
