/* SPDX-License-Identifier: MIT */
#include "engine/share.h"

static void add_walked(struct tally *tally, double part)
{
	tally->walked += part / (double)tally->n_operands;
	if (tally->walked > 1)
		tally->walked = 1;
}

/* One more of dir's parts, or a fraction of one, has been walked. */
static void add_part(struct dir *dir, double part, struct tally *tally)
{
	for (; dir; dir = dir->parent) {
		dir->parts_walked += part;
		if (!share_is_divided(dir))
			return;
		part /= (double)dir->n_parts;
	}
	add_walked(tally, part);
}

void share_divide(struct dir *dir, struct tally *tally)
{
	bool has_own = dir->has_files || dir->n_subdirs == 0;
	double before = dir->parts_walked;

	dir->n_parts = dir->n_subdirs + has_own;
	dir->parts_walked = 0;
	if (before > 0 || has_own)
		add_part(dir, before + has_own, tally);
}

bool share_is_divided(const struct dir *dir)
{
	return dir->n_parts != 0;
}

void share_pass_over(struct tally *tally)
{
	add_walked(tally, 1);
}
