/* SPDX-License-Identifier: MIT */
#include "fs/alias.h"

#include "base/buf.h"
#include "base/fd.h"
#include "fs/scan.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- another spelling ---- */

/* Latin letters of U+00C0 to U+00FF as letter and mark, '?' where there is
 * none; a mark is the last byte of U+0300 and up. */
static const char bases[] = "AAAAAA?CEEEEIIII?NOOOOO??UUUUY??"
			    "aaaaaa?ceeeeiiii?nooooo??uuuuy?y";
static const unsigned char marks[] = {
	0x00, 0x01, 0x02, 0x03, 0x08, 0x0a, 0,    0x27, 0x00, 0x01, 0x02,
	0x08, 0x00, 0x01, 0x02, 0x08, 0,    0x03, 0x00, 0x01, 0x02, 0x03,
	0x08, 0,    0,    0x00, 0x01, 0x02, 0x08, 0x01, 0,    0,    0x00,
	0x01, 0x02, 0x03, 0x08, 0x0a, 0,    0x27, 0x00, 0x01, 0x02, 0x08,
	0x00, 0x01, 0x02, 0x08, 0,    0x03, 0x00, 0x01, 0x02, 0x03, 0x08,
	0,    0,    0x00, 0x01, 0x02, 0x08, 0x01, 0,    0x08,
};

/* A code point below U+10000 as UTF-8; returns what follows. */
static char *put_utf8(char *at, unsigned code)
{
	if (code < 0x80) {
		*at++ = (char)code;
	} else if (code < 0x800) {
		*at++ = (char)(0xc0 | code >> 6);
		*at++ = (char)(0x80 | (code & 0x3f));
	} else {
		*at++ = (char)(0xe0 | code >> 12);
		*at++ = (char)(0x80 | (code >> 6 & 0x3f));
		*at++ = (char)(0x80 | (code & 0x3f));
	}
	return at;
}

/* The code point of two or three bytes at at, and their number; 0: none. */
static unsigned get_utf8(const unsigned char *at, size_t *len)
{
	*len = 1;
	if ((at[0] & 0xe0) == 0xc0 && (at[1] & 0xc0) == 0x80) {
		*len = 2;
		return (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
	}
	if ((at[0] & 0xf0) == 0xe0 && (at[1] & 0xc0) == 0x80 &&
	    (at[2] & 0xc0) == 0x80) {
		*len = 3;
		return (at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 |
		       (at[2] & 0x3fu);
	}
	return 0;
}

/* Syllables of Korean are put together by arithmetic (Unicode, 3.12). */
static char *put_hangul(char *at, unsigned code)
{
	unsigned index = code - 0xac00;

	at = put_utf8(at, 0x1100 + index / 588);
	at = put_utf8(at, 0x1161 + index % 588 / 28);
	return index % 28 ? put_utf8(at, 0x11a7 + index % 28) : at;
}

/* code as letter and mark; NULL when it is not put together of such. */
static char *put_decomposed(char *at, unsigned code)
{
	if (code >= 0xac00 && code < 0xd7a4)
		return put_hangul(at, code);
	if (code < 0xc0 || code > 0xff || bases[code - 0xc0] == '?')
		return NULL;
	at = put_utf8(at, (unsigned char)bases[code - 0xc0]);
	return put_utf8(at, 0x300u + marks[code - 0xc0]);
}

/* The letter base with mark, as one code point; 0: none. */
static unsigned compose(char base, unsigned mark)
{
	for (unsigned i = 0; i < sizeof(marks); i++) {
		if (bases[i] == base && 0x300u + marks[i] == mark)
			return 0xc0 + i;
	}
	return 0;
}

/* The upper case of a lower-case letter and the reverse, where the two are 32
 * apart: ASCII, Latin-1, Greek, Cyrillic; 0: it is no such letter. */
static unsigned swap_case(unsigned code)
{
	static const struct {
		unsigned upper, n;
	} ranges[] = {{'A', 26}, {0xc0, 23}, {0x391, 17}, {0x410, 32}};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		unsigned at = code - ranges[i].upper;

		if (at < ranges[i].n)
			return code + 32;
		if (at >= 32 && at - 32 < ranges[i].n)
			return code - 32;
	}
	return 0;
}

/* A letter and the mark behind it, at at. */
static unsigned composed_at(const unsigned char *at, size_t *len)
{
	if (!isalpha(at[0]) || at[1] < 0x80)
		return 0;
	unsigned code = compose((char)at[0], get_utf8(at + 1, len));
	*len += 1;
	return code;
}

/* Writes what the letter at at is in another spelling; NULL: it has none. */
static char *put_other(const unsigned char *at, size_t *len, bool case_not_form,
                       char *out)
{
	unsigned code = composed_at(at, len);

	if (code && !case_not_form)
		return put_utf8(out, code);
	*len = 1;
	code = at[0] < 0x80 ? at[0] : get_utf8(at, len);
	if (!case_not_form)
		return put_decomposed(out, code);
	code = swap_case(code);
	return code ? put_utf8(out, code) : NULL;
}

/* name with one letter in another case or form, in out, which has three times
 * its room. */
static bool spell_otherwise(const char *name, bool case_not_form, char *out)
{
	const unsigned char *bytes = (const unsigned char *)name;

	for (size_t i = 0, len; bytes[i]; i += len) {
		char *end = put_other(bytes + i, &len, case_not_form, out + i);

		if (!end) {
			(void)(bytes[i] < 0x80 ? 0 : get_utf8(bytes + i, &len));
			continue;
		}
		memcpy(out, name, i);
		memcpy(end, name + i + len, strlen(name + i + len) + 1);
		return strlen(out) <= NAME_MAX;
	}
	return false;
}

/* Inode numbers may be made up for each name, and the times of a directory change
 * with each entry that others make in it. */
static bool looks_same(const struct meta *a, const struct meta *b)
{
	if (meta_is(a, S_IFDIR))
		return meta_is(b, S_IFDIR);
	return a->mode == b->mode && a->size == b->size &&
	       a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
	       a->ctime_s == b->ctime_s && a->ctime_ns == b->ctime_ns;
}

static bool finds(int dir_fd, const char *name, const struct meta *seen)
{
	struct meta other;

	return meta_read_at(dir_fd, name, &other) == 0 &&
	       looks_same(&other, seen);
}

bool alias_folds(struct alias_kinds *kinds, int dir_fd, const char *name,
                 const struct meta *seen)
{
	char other[3 * NAME_MAX + 1];
	size_t len = strlen(name);

	if (len > NAME_MAX || kinds->folds)
		return kinds->folds;
	if (!kinds->knows_case && spell_otherwise(name, true, other)) {
		kinds->knows_case = true;
		kinds->folds = finds(dir_fd, other, seen);
	}
	if (!kinds->knows_form && spell_otherwise(name, false, other)) {
		kinds->knows_form = true;
		kinds->folds |= finds(dir_fd, other, seen);
	}
	return kinds->folds;
}

/* ---- the listing ---- */

void alias_list_release(struct alias_list *list)
{
	hash_set_release(&list->names);
	*list = (struct alias_list){0};
}

static int open_names(struct scan *scan, int dir_fd)
{
	int fd = openat(dir_fd, ".",
	                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc = fd < 0 ? -errno : scan_open(scan, fd);

	if (rc < 0)
		(void)fd_close(fd);
	return rc;
}

static int read_names(struct alias_list *list, int dir_fd)
{
	struct scan scan;
	struct scan_entry entry;
	int rc = open_names(&scan, dir_fd);

	if (rc < 0)
		return rc;
	while ((rc = scan_next(&scan, &entry)) > 0)
		(void)hash_set_add(&list->names, entry.name, entry.name_len);
	scan_close(&scan);
	return rc;
}

static bool has(const struct alias_list *list, const char *name)
{
	return hash_set_has(&list->names, name, strlen(name));
}

int alias_is_listed(struct alias_list *list, int dir_fd, const char *name)
{
	struct meta dir;
	int rc = meta_read(dir_fd, &dir);

	if (rc < 0)
		return rc;
	if (list->dev == dir.dev && list->ino == dir.ino && has(list, name))
		return 1;
	/* It may have been made since. */
	alias_list_release(list);
	list->dev = dir.dev;
	list->ino = dir.ino;
	rc = read_names(list, dir_fd);
	return rc < 0 ? rc : has(list, name);
}

/* Names in ASCII differ by case only; of others, the entries tell. */
static bool may_be_same(const char *a, const char *b)
{
	for (const char *at = a; *at; at++) {
		if (*at & 0x80)
			return true;
	}
	return strcasecmp(a, b) == 0;
}

int alias_is_other(struct alias_list *list, int src_fd, int dst_fd,
                   const char *name, const struct meta *seen)
{
	struct scan scan;
	struct scan_entry entry;
	struct meta other;
	int rc = alias_is_listed(list, dst_fd, name);

	if (rc)
		return rc < 0 ? rc : 0;
	rc = open_names(&scan, dst_fd);
	if (rc < 0)
		return rc;
	while ((rc = scan_next(&scan, &entry)) > 0) {
		if (may_be_same(name, entry.name) &&
		    finds(dst_fd, entry.name, seen) &&
		    meta_read_at(src_fd, entry.name, &other) == 0)
			break;
	}
	scan_close(&scan);
	return rc;
}
