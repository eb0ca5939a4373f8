/* SPDX-License-Identifier: MIT */
/* What workers tell, in the master: an output goes on record when it has its
 * name, and never before. */
#include "engine/each_job.h"
#include "engine/map_parts.h"

#include <errno.h>
#include <string.h>

const char *map_reason_text(uint32_t reason)
{
	static const char *const texts[] = {
		[MAP_NO_OUTPUT] = "the command made no output",
		[MAP_ODD_OUTPUT] = "its output is not a regular file",
		[MAP_CHANGED] = "changed while the command ran",
		[MAP_NO_SOURCE] = "cannot stat",
		[MAP_NO_PLACE] = "cannot open the directory of its output",
		[MAP_NOT_STAGED] = "cannot prepare its output",
		[MAP_NOT_PUBLISHED] = "cannot give its output its name",
		[MAP_NOT_READ] = "cannot read",
		[MAP_NOT_COPIED] = "cannot be copied",
		[MAP_NOT_LINKED] = "cannot be linked",
	};

	return reason < ARRAY_LEN(texts) ? texts[reason] : "failed";
}

/* Said once; the outputs are there all the same. */
static void check_record(struct map *map, int rc)
{
	if (rc == 0 || map->jobs->is_broken)
		return;
	map->jobs->is_broken = true;
	map_say(map, map_dst_path(map, MAP_OWN_NAME),
	        "cannot write the record, all will be made again", -rc);
}

static void put_on_record(struct map *map, const struct map_job *job,
                          const struct map_note *note)
{
	struct map_entry entry = {
		.kind = MAP_MADE,
		.is_adopted = note->to_do == MAP_DO_ADOPT,
		.src = note->src,
		.out = note->out,
		.src_name = map_job_src(job),
		.out_name = map_job_out(job),
	};

	if (note->to_do == MAP_DO_COPY)
		entry.kind = MAP_COPIED;
	if (note->to_do == MAP_DO_LINK)
		entry.kind = MAP_LINKED;
	check_record(map, map_record_add(&map->record, &entry));
}

static void count(struct map *map, const struct map_job *job,
                  const struct map_note *note)
{
	struct map_tally *tally = map->tally;
	const char *action = "made";

	switch ((enum map_do)note->to_do) {
	case MAP_DO_COPY:
		tally->n_copied++;
		action = "copied";
		break;
	case MAP_DO_LINK:
		tally->n_linked++;
		action = "linked";
		break;
	case MAP_DO_ADOPT:
		tally->n_adopted++;
		action = "adopted";
		break;
	case MAP_DO_RUN:
	case MAP_DO_CHECK:
		tally->n_made++;
		tally->n_empty += note->out.size == 0 && note->src.size > 0;
		break;
	}
	map_list(map, action, map_job_out(job), "");
}

void map_on_note(void *ctx, const struct each_record *record, const void *data,
                 size_t len)
{
	struct map *map = ctx;
	const struct map_job *job = each_job_extra(record);
	const struct map_note *note = data;

	(void)len;
	switch ((enum map_told)note->told) {
	case MAP_TOLD_DONE:
		put_on_record(map, job, note);
		count(map, job, note);
		break;
	case MAP_TOLD_CURRENT:
		put_on_record(map, job, note);
		map->tally->n_current++;
		map_list_current(map, map_job_out(job));
		break;
	case MAP_TOLD_SAME:
		map->tally->n_same++;
		break;
	case MAP_TOLD_DIFFERENT:
		map->tally->n_different++;
		map_say(map, map_dst_path(map, map_job_out(job)),
		        note->out.mtime_s || note->out.mtime_ns
		                ? "is not as it was made"
		                : "is not there",
		        0);
		break;
	case MAP_TOLD_SYNCED:
		check_record(map,
		             map_record_cover(&map->record, note->n_bytes));
		break;
	}
}

/* Puts the output's final path where the unfinished one's is. */
static void replace(struct buf *text, const char *from, size_t from_len,
                    const char *to)
{
	struct buf out = {0};
	const char *at = text->data, *end = text->data + text->len, *hit;

	while ((hit = memmem(at, (size_t)(end - at), from, from_len))) {
		buf_append(&out, at, (size_t)(hit - at));
		buf_append_str(&out, to);
		at = hit + from_len;
	}
	buf_append(&out, at, (size_t)(end - at));
	buf_release(text);
	*text = out;
}

/* As a shell would run it outside of here: it is what a log is for. */
void map_add_text(void *ctx, const struct each_record *record, unsigned slot,
                  struct buf *out)
{
	struct map *map = ctx;
	const struct map_job *job = each_job_extra(record);
	struct buf words = {0}, stage = {0}, path = {0};

	buf_append_str(&path, map_dst_path(map, map_job_out(job)));
	buf_append(&stage, map->stage_path.data, map->stage_path.len);
	buf_printf(&stage, "/%llu/%s", (unsigned long long)job->number,
	           map_base(map_job_out(job)));
	each_job_arguments(record, slot, &words);
	replace(&words, stage.data, stage.len, path.data);
	each_job_quote(words.data, record->n_arguments, out);
	if (map->is_filter) {
		buf_append_str(out, " < ");
		buf_truncate(&stage, 0);
		buf_append_str(&stage, map_src_path(map, map_job_src(job)));
		each_job_quote(stage.data, 1, out);
	}
	if (!map->prints_output) {
		buf_append_str(out, " > ");
		each_job_quote(path.data, 1, out);
	}
	buf_release(&words);
	buf_release(&stage);
	buf_release(&path);
}
