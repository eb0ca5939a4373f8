/* SPDX-License-Identifier: MIT */
/* Two things decide the number shown.
 *
 * The totals grow while the walk runs, so done / found overrates at first: one
 * file found and copied is not 50 %. As the number shown may never go back, a
 * number too high would stand still until the truth has caught up with it. So
 * while the totals grow the square of done / found counts: near nothing while
 * little is known, and near the truth when the walk is nearly done. The "at
 * least" in the line tells that the number is not exact.
 *
 * 100.00 is kept for the end: until then the most that is shown is 99.99. */
#include "cli/progress.h"

#include "base/fd.h"
#include "base/mono.h"
#include "base/num.h"
#include "base/quote.h"
#include "cli/columns.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ALL             10000u /* permyriad */
#define REDRAW_NS       (100 * NS_PER_MS)
#define REDRAW_EARLY_NS (20 * NS_PER_MS)
#define PLAIN_NS        (5 * NS_PER_S)
#define COLUMNS_DEFAULT 80u
#define NAME_COLUMNS    8u /* less than that of a name says nothing */
#define NO_PERCENT      ALL

void progress_init(struct progress *progress, enum progress_mode mode, int fd)
{
	bool is_terminal = isatty(fd) == 1;
	int64_t now_ns = mono_now_ns();

	*progress = (struct progress){
		.fd = fd,
		.in_foreground_only = mode == PROGRESS_AUTO,
		.render = progress_render,
		.percent = NO_PERCENT,
		.deadline_ns = now_ns,
		.next_ns = now_ns,
	};
	if (is_terminal && mode != PROGRESS_NEVER)
		progress->style = PROGRESS_LINE;
	else if (mode == PROGRESS_ALWAYS)
		progress->style = PROGRESS_PLAIN;
	rate_init(&progress->bytes, now_ns);
	rate_init(&progress->work, now_ns);
}

/* How much has been done, counted as the percentage does. */
static uint64_t work_of(uint64_t bytes, uint64_t n)
{
	return bytes + n * TALLY_ENTRY_BYTES;
}

static void append_rate(struct buf *out, uint64_t bytes_per_s)
{
	char text[NUM_TEXT_MAX];

	buf_printf(out, "%s/s", num_size_text(text, bytes_per_s));
}

int64_t progress_left_ns(const struct progress *progress,
                         const struct tally *tally)
{
	uint64_t done = work_of(tally->bytes_done, tally->n_done);
	uint64_t total = work_of(tally->bytes_total, tally->n_total);
	uint64_t per_s = rate_per_s(&progress->work, mono_now_ns(), done);

	if (!tally->is_final || per_s == 0)
		return -1;
	double left = total > done ? (double)(total - done) : 0;
	double ns = left / (double)per_s * (double)NS_PER_S;
	return ns < 1e18 ? (int64_t)ns : -1;
}

/* A line under construction: parts are added while they fit. */
struct line {
	struct buf *out;
	size_t start;
	size_t columns;
};

static size_t columns_left(const struct line *line)
{
	size_t used = columns_of(line->out->data + line->start,
	                         line->out->len - line->start);

	return line->columns > used ? line->columns - used : 0;
}

/* Adds a part, two blanks before it, and empties it; false if it does not
 * fit. */
static bool add_part(struct line *line, struct buf *part)
{
	bool fits = columns_of(part->data, part->len) + 2 <= columns_left(line);

	if (fits) {
		buf_append_str(line->out, "  ");
		buf_append(line->out, part->data, part->len);
	}
	buf_truncate(part, 0);
	return fits;
}

/* "1.2 MiB of 3.4 GiB", or less of it, down to a mere "at least". */
static void add_bytes(struct line *line, const struct tally *tally,
                      struct buf *part)
{
	const char *least = tally->is_final ? "" : "at least ";
	char done[NUM_TEXT_MAX], total[NUM_TEXT_MAX];

	num_size_text(done, tally->bytes_done);
	num_size_text(total, tally->bytes_total);
	buf_printf(part, "%s of %s%s", done, least, total);
	if (add_part(line, part))
		return;
	buf_printf(part, "of %s%s", least, total);
	if (add_part(line, part) || tally->is_final)
		return;
	buf_append_str(part, "at least");
	(void)add_part(line, part);
}

static void add_files(struct line *line, const struct tally *tally,
                      struct buf *part)
{
	char done[NUM_TEXT_MAX], total[NUM_TEXT_MAX];

	num_count_text(done, tally->n_done);
	num_count_text(total, tally->n_total);
	buf_printf(part, "%s of %s%s files", done, total,
	           tally->is_final ? "" : "+");
	(void)add_part(line, part);
}

static void add_speed(struct line *line, const struct progress *progress,
                      const struct tally *tally, struct buf *part)
{
	int64_t left = progress_left_ns(progress, tally);
	char text[NUM_TEXT_MAX];

	append_rate(part, rate_per_s(&progress->bytes, mono_now_ns(),
	                             tally->bytes_copied));
	(void)add_part(line, part);
	if (left < 0)
		return;
	buf_printf(part, "ETA %s", num_clock_text(text, left));
	(void)add_part(line, part);
}

static void add_name(struct line *line, const char *name, struct buf *part)
{
	size_t left = columns_left(line);

	if (!*name || left < NAME_COLUMNS + 2)
		return;
	quote_name(part, name, strlen(name));
	buf_append_str(line->out, "  ");
	columns_fit(line->out, part->data, part->len, left - 2);
}

void progress_render(const struct progress *progress, const struct tally *tally,
                     const char *current, size_t columns, struct buf *out)
{
	struct line line = {out, out->len, columns};
	struct buf part = {0};

	buf_printf(&part, "%5.2f %%", progress->permyriad / 100.0);
	if (part.len <= columns)
		buf_append(out, part.data, part.len);
	buf_truncate(&part, 0);
	add_bytes(&line, tally, &part);
	add_files(&line, tally, &part);
	add_speed(&line, progress, tally, &part);
	add_name(&line, current, &part);
	buf_release(&part);
}

static void note(struct progress *progress, const struct tally *tally)
{
	unsigned permyriad = tally_permyriad(tally);
	int64_t now_ns = mono_now_ns();

	if (!tally->is_final)
		permyriad = permyriad * permyriad / ALL;
	if (permyriad >= ALL)
		permyriad = ALL - 1;
	if (permyriad > progress->permyriad)
		progress->permyriad = permyriad;
	rate_add(&progress->bytes, now_ns, tally->bytes_copied);
	rate_add(&progress->work, now_ns,
	         work_of(tally->bytes_done, tally->n_done));
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
	(void)fd_write_full(progress->fd, out.data, out.len);
	buf_release(&out);
}

static void draw_plain(struct progress *progress, const struct tally *tally,
                       const char *current)
{
	struct buf out = {0};

	progress->was_shown = true;
	progress->render(progress, tally, current, SIZE_MAX, &out);
	buf_append_char(&out, '\n');
	(void)fd_write_full(progress->fd, out.data, out.len);
	buf_release(&out);
	progress->percent = progress->permyriad / 100;
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

void progress_tick(struct progress *progress, const struct tally *tally,
                   const char *current)
{
	if (progress->style == PROGRESS_OFF)
		return;
	note(progress, tally);
	if (progress->style == PROGRESS_PLAIN) {
		if (progress->permyriad / 100 != progress->percent ||
		    mono_now_ns() >= progress->deadline_ns)
			draw_plain(progress, tally, current);
	} else if (is_due(progress) && in_foreground(progress)) {
		draw_line(progress, tally, current);
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
	(void)fd_write_full(progress->fd, out.data, out.len);
	buf_release(&out);
	progress->n_columns = 0;
}

void progress_end(struct progress *progress, const struct tally *tally)
{
	if (progress->style == PROGRESS_OFF)
		return;
	note(progress, tally);
	if (tally->signal_number == 0 && tally->is_final &&
	    tally_permyriad(tally) == ALL) {
		progress->permyriad = ALL;
		if (progress->style == PROGRESS_PLAIN)
			draw_plain(progress, tally, "");
		else if (in_foreground(progress))
			draw_line(progress, tally, "");
	}
	progress_clear(progress);
	progress->style = PROGRESS_OFF;
}
