/* SPDX-License-Identifier: MIT */
#include "engine/map_name.h"

#include "engine/map.h"

#include <errno.h>
#include <string.h>

void map_name_init(struct map_name *name, const char *const *template)
{
	*name = (struct map_name){
		.is_plain = strcmp(*template, "{r}") == 0,
		.is_below = strncmp(*template, "{r", 2) == 0,
	};
	each_template_init_out(&name->template, template, 1);
}

void map_name_release(struct map_name *name)
{
	each_template_release(&name->template);
	buf_release(&name->raw);
}

static bool is_component(const char *text, size_t len, const char *what)
{
	return len == strlen(what) && memcmp(text, what, len) == 0;
}

int map_name_make(struct map_name *name, const char *path, size_t len,
                  struct buf *out, const char **what)
{
	const struct each_item item = {.text = path, .len = len};

	buf_truncate(&name->raw, 0);
	buf_truncate(out, 0);
	each_template_expand(&name->template, 0, &item, 0, &name->raw, NULL);
	const char *at = name->raw.data;
	*what = "its output would be outside of DST";
	if (*at == '/')
		return -EINVAL;
	while (*at) {
		size_t n = strcspn(at, "/");

		if (is_component(at, n, ".."))
			return -EINVAL;
		if (out->len == 0 && is_component(at, n, MAP_OWN_NAME)) {
			*what = "its output would be " MAP_OWN_NAME
				", which is pcopy's own";
			return -EINVAL;
		}
		if (n > 0 && !is_component(at, n, ".")) {
			if (out->len > 0)
				buf_append_char(out, '/');
			buf_append(out, at, n);
		}
		at += n + (at[n] == '/');
	}
	*what = "its output would have no name";
	return out->len > 0 ? 0 : -EINVAL;
}
