/* SPDX-License-Identifier: MIT */
/* cli/habits.h - what is said to options that other tools have
 *
 * Model     a table of words of cp, rsync, xargs and GNU parallel, and how the
 *           same is said here. An option that is not known at all is held
 *           against those that are. Nothing is ever taken in a sense that
 *           somebody may not have meant: it is refused, with a line that says
 *           how each sense is written.
 * Errors    -EINVAL, and parse->problem says what */
#ifndef CLI_HABITS_H
#define CLI_HABITS_H

#include "base/base.h"
#include "cli/option_table.h"

/* Before the line is read: no word has letters that mean another thing together,
 * such as -aHAX or -avh. 0, or -EINVAL. */
int habits_check(struct parse *parse, int argc, char *const *argv);

/* A word of GNU parallel that stands between the command and its items. 0, or
 * -EINVAL. */
int habits_refuse_word(struct parse *parse, const char *word);

/* An unknown option, "-z" in the word "-avz", or "--archiv". */
int habits_refuse(struct parse *parse, const char *name, const char *word);

#endif
