/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include "base/mono.h"
#include "base/num.h"
#include "base/out.h"
#include "cli/columns.h"
#include "cli/line.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_NS       (100 * NS_PER_MS)
#define REDRAW_EARLY_NS (20 * NS_PER_MS)
#define PLAIN_NS        (5 * NS_PER_S)
#define COLUMNS_DEFAULT 80u
#define NO_PERCENT      PERCENT_ALL
#define PART_MAX        (2 * NUM_TEXT_MAX + 24)

void progress_init(struct progress *progress, enum progress_mode mode, int fd)
{
	bool is_terminal = isatty(fd) == 1;
	int64_t now_ns = mono_now_ns();

	*progress = (struct progress){
		.fd = fd,
		.in_foreground_only = mode == PROGRESS_AUTO,
		.render = progress_render,
		.last_percent = NO_PERCENT,
		.deadline_ns = now_ns,
		.next_ns = now_ns,
	};
	if (is_terminal && mode != PROGRESS_NEVER)
		progress->style = PROGRESS_LINE;
	else if (mode == PROGRESS_ALWAYS)
		progress->style = PROGRESS_PLAIN;
	rate_init(&progress->bytes, now_ns);
	rate_init(&progress->work, now_ns);
	percent_init(&progress->percent, now_ns);
}

/* A count for the rate. */
static uint64_t work_of(const struct tally *tally)
{
	double work = tally_work_done(tally);

	return work < 0x1p63 ? (uint64_t)work : UINT64_MAX / 2;
}

int64_t progress_left_ns(const struct progress *progress,
                         const struct tally *tally)
{
	double done = tally_work_done(tally);
	double part = percent_done(&progress->percent, tally);
	uint64_t per_s =
		rate_per_s(&progress->work, mono_now_ns(), work_of(tally));

	if (part <= 0 || per_s == 0)
		return -1;
	double left = part < 1 ? done / part - done : 0;
	double ns = left / (double)per_s * (double)NS_PER_S;
	return ns < 1e18 ? (int64_t)ns : -1;
}

void progress_add_percent(struct line *line, const struct progress *progress)
{
	char text[PERCENT_TEXT_MAX], part[PERCENT_TEXT_MAX];

	snprintf(part, sizeof(part), "%7s",
	         percent_text(text, &progress->percent));
	(void)line_add(line, part);
}

void progress_add_count(struct line *line, const struct tally *tally,
                        const char *what)
{
	char done[NUM_TEXT_MAX], total[NUM_TEXT_MAX], part[PART_MAX];

	num_count_text(done, tally->n_done);
	num_count_text(total, tally->n_total);
	snprintf(part, sizeof(part), "%s of %s%s %s", done, total,
	         tally->is_final ? "" : "+", what);
	if (line_add(line, part))
		return;
	snprintf(part, sizeof(part), "%s %s", done, what);
	(void)line_add(line, part);
}

void progress_add_bytes(struct line *line, const struct tally *tally)
{
	char done[NUM_TEXT_MAX], total[NUM_TEXT_MAX], part[PART_MAX];

	num_size_text(done, tally->bytes_done);
	num_size_text(total, tally->bytes_total);
	snprintf(part, sizeof(part), "%s of %s%s", done,
	         tally->is_final ? "" : "at least ", total);
	if (!line_add(line, part))
		(void)line_add(line, done);
}

void progress_add_left(struct line *line, const struct progress *progress,
                       const struct tally *tally)
{
	int64_t left = progress_left_ns(progress, tally);
	char text[NUM_TEXT_MAX], part[PART_MAX];

	if (left < 0)
		return;
	snprintf(part, sizeof(part), "ETA %s%s", tally->is_final ? "" : "~",
	         num_clock_text(text, left));
	(void)line_add(line, part);
}

static void add_rate(struct line *line, const struct progress *progress,
                     const struct tally *tally)
{
	uint64_t per_s = rate_per_s(&progress->bytes, mono_now_ns(),
	                            tally->bytes_copied);
	char text[NUM_TEXT_MAX], part[PART_MAX];

	snprintf(part, sizeof(part), "%s/s", num_size_text(text, per_s));
	(void)line_add(line, part);
}

void progress_render(const struct progress *progress, const struct tally *tally,
                     const char *current, size_t columns, struct buf *out)
{
	struct line line = line_begin(out, columns);

	progress_add_percent(&line, progress);
	progress_add_count(&line, tally, "files");
	progress_add_bytes(&line, tally);
	add_rate(&line, progress, tally);
	progress_add_left(&line, progress, tally);
	line_add_name(&line, current);
}

static void note(struct progress *progress, const struct tally *tally)
{
	int64_t now_ns = mono_now_ns();

	progress->bytes_done = tally->bytes_done;
	progress->n_done = tally->n_done;
	percent_note(&progress->percent, tally, now_ns);
	rate_add(&progress->bytes, now_ns, tally->bytes_copied);
	rate_add(&progress->work, now_ns, work_of(tally));
}

/* The last column stays free: some terminals wrap when it is filled. */
static size_t terminal_columns(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return COLUMNS_DEFAULT - 1;
	return size.ws_col - 1u;
}

static void draw_line(struct progress *progress, const struct tally *tally,
                      const char *current)
{
	size_t columns = terminal_columns(progress->fd);
	struct buf out = {0};

	buf_append_char(&out, '\r');
	progress->was_shown = true;
	progress->render(progress, tally, current, columns, &out);
	size_t n_columns = columns_of(out.data + 1, out.len - 1);
	for (size_t i = n_columns; i < progress->n_columns && i < columns; i++)
		buf_append_char(&out, ' ');
	progress->n_columns = n_columns;
	(void)out_write(progress->fd, out.data, out.len);
	buf_release(&out);
}

static void draw_plain(struct progress *progress, const struct tally *tally,
                       const char *current)
{
	struct buf out = {0};

	progress->was_shown = true;
	progress->render(progress, tally, current, SIZE_MAX, &out);
	buf_append_char(&out, '\n');
	(void)out_write(progress->fd, out.data, out.len);
	buf_release(&out);
	progress->last_percent = progress->percent.permyriad / 100;
	progress->deadline_ns = mono_now_ns() + PLAIN_NS;
}

static bool in_foreground(const struct progress *progress)
{
	if (!progress->in_foreground_only)
		return true;
	/* A terminal that is not our controlling one has no foreground. */
	pid_t group = tcgetpgrp(progress->fd);
	return group < 0 || group == getpgrp();
}

/* Whether it is time for the next line. Steps of a fixed grid, so that ticks
 * that come a little early or late are not skipped in turn. */
static bool is_due(struct progress *progress)
{
	int64_t now_ns = mono_now_ns();

	if (now_ns < progress->next_ns - REDRAW_EARLY_NS)
		return false;
	if (progress->next_ns < now_ns - REDRAW_NS)
		progress->next_ns = now_ns;
	progress->next_ns += REDRAW_NS;
	return true;
}

/* What was in hand counted already, and is not taken back when it is handed in,
 * or when the run stops. */
static struct tally last_of(const struct progress *progress,
                            const struct tally *tally)
{
	struct tally last = *tally;

	if (last.bytes_done < progress->bytes_done)
		last.bytes_done = progress->bytes_done;
	if (last.n_done < progress->n_done)
		last.n_done = progress->n_done;
	return last;
}

void progress_tick(struct progress *progress, const struct tally *tally,
                   const char *current)
{
	struct tally last = last_of(progress, tally);

	note(progress, &last);
	if (progress->style == PROGRESS_PLAIN) {
		if (progress->percent.permyriad / 100 !=
		            progress->last_percent ||
		    mono_now_ns() >= progress->deadline_ns)
			draw_plain(progress, &last, current);
	} else if (progress->style == PROGRESS_LINE && is_due(progress) &&
	           in_foreground(progress)) {
		draw_line(progress, &last, current);
	}
}

void progress_clear(struct progress *progress)
{
	size_t columns =
		min_size(progress->n_columns, terminal_columns(progress->fd));
	struct buf out = {0};

	if (progress->n_columns == 0)
		return;
	buf_printf(&out, "\r%*s\r", (int)columns, "");
	(void)out_write(progress->fd, out.data, out.len);
	buf_release(&out);
	progress->n_columns = 0;
}

static void draw_last(struct progress *progress, const struct tally *tally)
{
	if (progress->style == PROGRESS_PLAIN)
		draw_plain(progress, tally, "");
	else if (progress->style == PROGRESS_LINE && in_foreground(progress))
		draw_line(progress, tally, "");
}

void progress_end(struct progress *progress, const struct tally *tally)
{
	struct tally last = last_of(progress, tally);

	percent_end(&progress->percent, &last);
	/* The last line of an interrupted run is what its summary says. */
	if (progress->percent.permyriad == PERCENT_ALL ||
	    (last.signal_number && progress->was_shown))
		draw_last(progress, &last);
	progress_clear(progress);
	progress->style = PROGRESS_OFF;
}
