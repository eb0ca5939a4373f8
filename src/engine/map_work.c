/* SPDX-License-Identifier: MIT */
/* A job, in a worker: what needs no command is done before there could be one;
 * else begin opens what the command gets, and finish judges what it made. */
#include "engine/map_work.h"

#include "base/fd.h"
#include "base/mono.h"
#include "engine/each_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYNC_AFTER_NS (30 * NS_PER_S)

bool map_work_goes_on(const struct map_work *work)
{
	return atomic_load(&work->worker->shared->stop) < EACH_TERMINATE;
}

static bool go_on(void *ctx)
{
	return map_work_goes_on(ctx);
}

static bool copy_goes_on(void *ctx, uint64_t bytes)
{
	(void)bytes;
	return go_on(ctx);
}

/* Once a worker, when it has its first job. */
static struct map_work *work_of(struct map *map, struct each_worker *worker)
{
	struct map_work *work = map->work;

	if (work)
		return work;
	/* What the master holds may be gone from its name by now. */
	tree_cache_release(&map->cache);
	work = xcalloc(1, sizeof(*work));
	work->map = map;
	work->worker = worker;
	work->tools = (struct copy_tools){
		.settings = &work->settings,
		.io = {.buffer = xmalloc(DATA_BUFFER),
	               .progress = copy_goes_on,
	               .ctx = work},
	};
	/* Flags that lock an inode would keep it from getting its name. */
	work->settings.keep = DRESS_MODE | DRESS_OWNER | DRESS_TIMES |
	                      DRESS_XATTR | DRESS_ACL;
	work->io = (struct hash_io){.buffer = work->tools.io.buffer,
	                            .size = DATA_BUFFER,
	                            .go_on = go_on,
	                            .ctx = work};
	map->work = work;
	return work;
}

int map_hash_at(const struct hash_io *io, int dir_fd, const char *name,
                struct hash *out)
{
	struct stat status = {0};
	int fd = map_open_quietly(dir_fd, name);
	int rc = fd < 0 || fstat(fd, &status) < 0 ? -errno : 0;

	if (rc == 0 && !S_ISREG(status.st_mode))
		rc = -EINVAL;
	if (rc == 0)
		rc = hash_fd(io, fd, out);
	(void)fd_close(fd);
	return rc;
}

static void tell(struct map_work *work, enum map_told told)
{
	work->note.told = told;
	each_worker_note(work->worker, work->number, &work->note,
	                 sizeof(work->note));
}

static void reject(struct each_end *end, enum map_reason reason, int rc)
{
	end->cause = rc == -ECANCELED ? EACH_STOPPED : EACH_REJECTED;
	end->reason = reason;
	/* ESTALE is ours: the reason says it all. */
	end->err = rc == -ESTALE ? 0 : rc;
}

/* Now and then the outputs so far go to the disk, and count from then on even
 * if the power fails. One worker does it; the others go on. */
static void sync_now_and_then(struct map_work *work)
{
	struct map *map = work->map;
	int64_t now = mono_now_ns();
	int64_t last = atomic_load(&map->shared->synced_ns);
	struct stat record;

	if (map->settings->checks || now - last < SYNC_AFTER_NS ||
	    !atomic_compare_exchange_strong(&map->shared->synced_ns, &last,
	                                    now) ||
	    fstat(map->record.ledger.fd, &record) < 0 ||
	    syncfs(map->dst_fd) < 0)
		return;
	work->note.n_bytes = (uint64_t)record.st_size;
	tell(work, MAP_TOLD_SYNCED);
}

/* ---- jobs without a command ---- */

static int copy(struct map_work *work)
{
	char note[STAGE_NAME_MAX] = "";
	struct copy_dirs dirs = {.src_fd = work->src_dir_fd,
	                         .dst_fd = work->dir_fd,
	                         .dst_is_empty = true,
	                         .note = note};
	const struct job head = {.n_entries = 1};
	const struct job_new_entry entry = {
		.meta = &work->before,
		.name = work->src_name,
		.name_len = strlen(work->src_name),
		.dst_name = work->out_name,
		.dst_name_len = strlen(work->out_name),
	};
	struct fault fault = {0};
	struct counts counts = {0};
	struct meta dst;

	work->reason = MAP_NOT_COPIED;
	job_begin(&work->entry, &head, "");
	job_add(&work->entry, &entry);
	int rc = meta_read(dirs.dst_fd, &dst);
	if (rc < 0)
		return rc;
	copy_dirs_know(&work->tools, &dirs, &dst);
	enum copy_outcome outcome = copy_entry(
		&work->tools, &dirs, job_first((const void *)work->entry.data),
		&counts, &fault);
	switch (outcome) {
	case COPY_MADE:
	case COPY_UNCHANGED:
	case COPY_MENDED:
		return 0;
	case COPY_STOPPED:
		return -ECANCELED;
	case COPY_UNSTABLE:
		work->reason = MAP_CHANGED;
		return -ESTALE;
	case COPY_LEFT_OUT:
	case COPY_VANISHED:
	case COPY_IN_WAY:
	case COPY_LINK_FULL:
	case COPY_NO_PLACE:
	case COPY_FAILED:
		break;
	}
	return fault.err ? -fault.err : -ESTALE;
}

static int link_source(struct map_work *work)
{
	work->reason = MAP_NOT_LINKED;
	return linkat(work->src_dir_fd, work->src_name, work->dir_fd,
	              work->out_name, 0) < 0
	               ? -errno
	               : 0;
}

static void copy_or_link(struct map_work *work, struct each_end *end)
{
	int rc = map_work_open(work);

	if (rc == 0)
		rc = work->job->to_do == MAP_DO_COPY ? copy(work)
		                                     : link_source(work);
	if (rc == 0)
		rc = map_work_publish(work, false);
	if (rc == 0)
		tell(work, MAP_TOLD_DONE);
	else
		reject(end, work->reason, rc);
	map_work_close(work);
}

/* Looks at an output where it stands. */
static int look_at_output(struct map_work *work, struct meta *meta)
{
	struct map *map = work->map;
	const char *out = map_job_out(work->job);
	int dir_fd = tree_open(&map->dst_tree, out, map_dir_len(out));
	int rc =
		dir_fd < 0 ? dir_fd : meta_read_at(dir_fd, map_base(out), meta);

	work->reason = MAP_NOT_READ;
	if (rc == 0 && meta_is(meta, S_IFREG) && hash_is_there()) {
		rc = map_hash_at(&work->io, dir_fd, map_base(out),
		                 &work->note.out.hash);
		work->note.out.is_hashed = rc == 0;
	}
	if (rc == 0)
		map_facts_of(meta, &work->note.out);
	return rc;
}

static void check(struct map_work *work, struct each_end *end)
{
	const struct map_facts *known = &work->job->known;
	struct meta meta;
	int rc;

	work->note = (struct map_note){.to_do = MAP_DO_CHECK};
	rc = look_at_output(work, &meta);
	bool is_same = rc == 0;
	if (is_same && known->is_hashed)
		is_same = work->note.out.is_hashed &&
		          memcmp(&known->hash, &work->note.out.hash,
		                 sizeof(known->hash)) == 0;
	else if (is_same)
		is_same = map_facts_match(known, &meta);
	if (rc == 0 || rc == -ENOENT || rc == -ENOTDIR || rc == -ELOOP)
		tell(work, is_same ? MAP_TOLD_SAME : MAP_TOLD_DIFFERENT);
	else
		reject(end, work->reason, rc);
}

static void adopt(struct map_work *work, struct each_end *end)
{
	struct meta meta;
	int rc = map_work_open(work);

	if (rc == 0 && work->map->settings->stale == MAP_STALE_HASH) {
		work->reason = MAP_NOT_READ;
		rc = map_hash_at(&work->io, work->src_dir_fd, work->src_name,
		                 &work->note.src.hash);
		work->note.src.is_hashed = rc == 0;
	}
	if (rc == 0)
		rc = look_at_output(work, &meta);
	if (rc == 0)
		tell(work, MAP_TOLD_DONE);
	else
		reject(end, work->reason, rc);
	map_work_close(work);
}

/* ---- jobs with a command ---- */

/* 1 when the content of the source is what the output was made from. */
static int compare_source(struct map_work *work)
{
	struct meta out;

	if (work->map->settings->stale != MAP_STALE_HASH)
		return 0;
	work->reason = MAP_NOT_READ;
	int rc = map_hash_at(&work->io, work->src_dir_fd, work->src_name,
	                     &work->note.src.hash);
	if (rc < 0)
		return rc;
	work->note.src.is_hashed = 1;
	if (!work->job->may_be_current ||
	    memcmp(&work->job->known.hash, &work->note.src.hash,
	           sizeof(struct hash)) != 0)
		return 0;
	rc = look_at_output(work, &out);
	return rc < 0 ? rc : map_work_is_unchanged(work);
}

/* Opens what the command gets as descriptors. */
static int open_command(struct map_work *work)
{
	const struct map *map = work->map;
	struct each_worker *worker = work->worker;
	int rc = map->is_filter ? map_work_open_src(work) : 0;

	if (rc < 0)
		return rc;
	if (!map->prints_output) {
		work->reason = MAP_NOT_STAGED;
		work->out_fd = openat(work->dir_fd, work->out_name,
		                      O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
		                              O_CLOEXEC,
		                      0600);
		if (work->out_fd < 0)
			return -errno;
	}
	worker->in_fd = work->src_fd;
	worker->out_fd = work->out_fd;
	return 0;
}

static bool begin_command(struct map_work *work, struct each_end *end)
{
	int rc = map_work_open(work);

	if (rc == 0 && !meta_is(&work->before, S_IFREG)) {
		work->reason = MAP_CHANGED;
		rc = -ESTALE;
	}
	if (rc == 0)
		rc = compare_source(work);
	if (rc == 1) {
		tell(work, MAP_TOLD_CURRENT);
		map_work_close(work);
		return true;
	}
	if (rc == 0)
		rc = open_command(work);
	if (rc == 0)
		return false;
	reject(end, work->reason, rc);
	map_work_close(work);
	return true;
}

bool map_begin(void *ctx, struct each_worker *worker,
               const struct each_record *record, struct each_end *end)
{
	struct map_work *work = work_of(ctx, worker);

	work->job = each_job_extra(record);
	work->number = record->job;
	end->cause = EACH_BY_ITSELF;
	switch ((enum map_do)work->job->to_do) {
	case MAP_DO_RUN:
		return begin_command(work, end);
	case MAP_DO_COPY:
	case MAP_DO_LINK:
		copy_or_link(work, end);
		break;
	case MAP_DO_ADOPT:
		adopt(work, end);
		break;
	case MAP_DO_CHECK:
		check(work, end);
		break;
	}
	sync_now_and_then(work);
	return true;
}

void map_finish(void *ctx, struct each_worker *worker,
                const struct each_record *record, struct each_end *end)
{
	struct map_work *work = work_of(ctx, worker);
	int rc = 0;

	(void)record;
	worker->in_fd = worker->out_fd = -1;
	if (end->cause == EACH_BY_ITSELF && end->exit_code == 0 &&
	    end->signal_number == 0) {
		rc = map_work_is_unchanged(work);
		if (rc == 0)
			rc = -ESTALE;
		if (rc > 0)
			rc = map_work_publish(work, true);
		if (rc == 0)
			tell(work, MAP_TOLD_DONE);
		else
			reject(end, work->reason, rc);
		end->n_printed = work->note.out.size;
	}
	map_work_close(work);
	sync_now_and_then(work);
}
