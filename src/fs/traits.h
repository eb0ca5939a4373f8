/* SPDX-License-Identifier: MIT */
/* fs/traits.h - what the file system of a file or directory can do
 *
 * Model     found out once per file system and process, then remembered: the
 *           first use says "not supported", all later ones know
 * Lifetime  a table of a few devices inside the caller; {0} is empty */
#ifndef FS_TRAITS_H
#define FS_TRAITS_H

#include "base/base.h"
#include "fs/flags.h"
#include "fs/meta.h"

struct traits {
	uint64_t dev;
	bool is_known;
	bool no_tmpfile;      /* O_TMPFILE is refused here */
	bool slow_tmpfile;    /* it costs more than a name and a rename */
	bool no_room;         /* nothing is renamed out of a room here */
	bool no_noreplace;    /* nor without replacing, in one step */
	bool takes_turns;     /* several who make files hinder each other */
	bool no_xattr;        /* cannot hold extended attributes at all */
	uint32_t told_losses; /* for the user of this table */
	enum flags_form flags_form;
	bool knows_rights; /* by trying: */
	bool no_modes;     /* permissions are what they are, whatever is set */
	bool no_owners;    /* likewise */
	bool knows_links;  /* by trying, of symlinks: */
	bool no_link_times, no_link_owners;
	bool is_doubtful; /* may say that it did what it does not do */
	bool errs_late;   /* write errors may show at close or fsync only */
	bool knows_times; /* by trying, not by its name */
	struct meta_times times;
};

#define TRAITS_MAX 8

struct traits_table {
	struct traits entries[TRAITS_MAX];
	size_t next;
};

/* The traits of the file system dev that fd is on. Stays where it is until so
 * many others are asked for. */
struct traits *traits_of(struct traits_table *table, uint64_t dev, int fd);

/* Finds out which times are kept here, unless they are known, if what was seen
 * of src, or of its copy dst (which may be NULL), lets one doubt that all are.
 * By an unnamed file, or else a temporary one whose name is in note meanwhile;
 * note NULL: nothing is to be seen of it, and what dst looks like has to do. */
void traits_learn_times(struct traits *traits, int dir_fd, char *note,
                        const struct meta *src, const struct meta *dst);

/* Finds out whether permissions, and with root owners, are kept here, unless it
 * is known, if dst's are not src's. note as above; NULL: it is not asked. */
void traits_learn_rights(struct traits *traits, int dir_fd, char *note,
                         const struct meta *src, const struct meta *dst);

/* Finds out, where that is in doubt, whether a symlink is given times and an
 * owner of its own: some give them to what it leads to. By a temporary one, note
 * as above. */
void traits_learn_links(struct traits *traits, int dir_fd, char *note);

#endif
