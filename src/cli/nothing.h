/* SPDX-License-Identifier: MIT */
/* cli/nothing.h - a run of --each or --map that had nothing to do
 *
 * Model     an empty list, or a filter that nothing passes, is no failure, but
 *           seldom meant: it is said in one line, whoever reads it */
#ifndef CLI_NOTHING_H
#define CLI_NOTHING_H

#include "base/base.h"
#include "base/buf.h"
#include "cli/options.h"

/* Says it on standard error, unless options ask for quiet. */
void nothing_say(const struct options *options);

/* Appends what it says: "nothing matched -e jpg below src". */
void nothing_text(struct buf *out, const struct options *options);

#endif
