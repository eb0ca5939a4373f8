/* SPDX-License-Identifier: MIT */
#include "engine/each_item.h"

#include <string.h>

static struct each_text without_end_slashes(struct each_text path)
{
	while (path.len > 1 && path.text[path.len - 1] == '/')
		path.len--;
	return path;
}

/* Where the last name starts. */
static size_t base_at(struct each_text path)
{
	const char *slash = path.len ? memrchr(path.text, '/', path.len) : NULL;

	return slash && path.len > 1 ? (size_t)(slash - path.text) + 1 : 0;
}

struct each_text each_item_base(struct each_text path)
{
	path = without_end_slashes(path);
	size_t at = base_at(path);
	return (struct each_text){path.text + at, path.len - at};
}

struct each_text each_item_dir(struct each_text path)
{
	path = without_end_slashes(path);
	size_t at = base_at(path);
	if (path.len == 1 && path.text[0] == '/')
		return path;
	if (at == 0)
		return (struct each_text){".", 1};
	path.len = at;
	return without_end_slashes(path);
}

struct each_text each_item_stem(struct each_text path)
{
	path = without_end_slashes(path);
	size_t at = base_at(path);
	const char *base = path.text + at;
	const char *dot =
		path.len > at ? memrchr(base, '.', path.len - at) : NULL;

	if (dot && dot > base)
		path.len = (size_t)(dot - path.text);
	return path;
}

struct each_text each_item_column(struct each_text text,
                                  struct each_text separator, size_t k)
{
	while (k > 0) {
		const char *end =
			separator.len == 0 || text.len == 0
				? NULL
				: memmem(text.text, text.len, separator.text,
		                         separator.len);
		size_t len = end ? (size_t)(end - text.text) : text.len;

		if (k == 1)
			return (struct each_text){text.text, len};
		if (!end)
			break;
		text.text += len + separator.len;
		text.len -= len + separator.len;
		k--;
	}
	return (struct each_text){"", 0};
}
