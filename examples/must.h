/* SPDX-License-Identifier: MIT */
/* examples/must.h - errors end an example: it has nobody to give them to */
#ifndef EXAMPLES_MUST_H
#define EXAMPLES_MUST_H

#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* rc is what a function of the library returned: a negative errno is an error.
 * Gives it back otherwise. */
UNUSED static int must(int rc, const char *what)
{
	if (rc < 0) {
		fprintf(stderr, "%s: %s\n", what, strerrordesc_np(-rc));
		exit(EXIT_FAILURE);
	}
	return rc;
}

#endif
