/* SPDX-License-Identifier: MIT */
#include "engine/bounds.h"

#include <string.h>

static bool is_dots(const char *name, size_t len, const char *dots)
{
	return len == strlen(dots) && memcmp(name, dots, len) == 0;
}

bool bounds_are_left(const char *text, size_t depth)
{
	bool has_name = false;

	if (*text == '\0' || *text == '/')
		return true;
	for (size_t len; *text; text += len + (text[len] == '/')) {
		len = strcspn(text, "/");
		if (len == 0 || is_dots(text, len, "."))
			continue;
		if (!is_dots(text, len, ".."))
			has_name = true;
		else if (has_name || depth-- == 0)
			return true;
	}
	return false;
}

size_t bounds_depth(const char *path, size_t len)
{
	size_t depth = 0, n;

	for (size_t at = 0; at < len; at += n + 1) {
		const char *slash = memchr(path + at, '/', len - at);

		n = slash ? (size_t)(slash - path) - at : len - at;
		depth += n != 0 && !is_dots(path + at, n, ".");
	}
	return depth;
}
