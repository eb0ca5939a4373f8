/* SPDX-License-Identifier: MIT */
/* fs/stage.h - a new file that is nobody's until it is complete
 *
 * Model     an unnamed file (O_TMPFILE) that gets its name by linkat(2), or,
 *           where there is no such thing or it costs more, a short temporary
 *           name in the same directory that becomes the final one by
 *           rename(2). What stood under the final name stays whole until it
 *           is replaced. A way that a file system, or what guards it, refuses
 *           is not tried there again: STAGE_AGAIN asks for a new file, which
 *           goes the next one.
 * Lifetime  open -> write -> publish -> close, or discard at any time before
 * Death     an unnamed file vanishes with its process. A temporary name stays:
 *           it is written to *note before it exists, so that whoever takes
 *           over can call stage_sweep.
 * Errors    negative errno */
#ifndef FS_STAGE_H
#define FS_STAGE_H

#include "base/base.h"
#include "fs/traits.h"

/* What all temporary names begin with, and their room with the NUL. Behind the
 * prefix come 12 letters: that fits beside any name within NAME_MAX. */
#define STAGE_PREFIX   ".pcopy."
#define STAGE_NAME_MAX 24

struct stage {
	int dir_fd;  /* borrowed */
	int from_fd; /* where its temporary name is, if it has one */
	int fd;
	bool is_new; /* stage_dir.is_new */
	struct traits *traits;
	char *note; /* STAGE_NAME_MAX bytes, "" while there is no name */
};

/* A directory where nobody but the caller finds or makes anything, on the same
 * file system; file NULL: there is none. */
struct stage_room {
	int fd;           /* borrowed */
	const char *file; /* the name to take there */
};

/* The directory, and what is known of others there. */
struct stage_dir {
	int fd;          /* borrowed */
	bool is_private; /* nobody else can make entries in it */
	bool is_closed;  /* nor find any */
	bool is_new;     /* this run made it: nothing old is in it */
	struct stage_room room;
};

/* Starts a file that only its owner may touch (0600); perms are given to it at
 * once when it is out of reach for others: unnamed, in a closed directory or a
 * room.
 * *has_perms tells whether they were. note is borrowed until the end. */
int stage_open(struct stage *stage, struct stage_dir dir, struct traits *traits,
               uint32_t perms, bool *has_perms, char *note);

/* The way this file was made leads to no name here. */
#define STAGE_AGAIN 1

/* Gives it its final name, replacing what has that name unless it is a
 * directory (-EISDIR); in a new directory nothing is replaced (-EEXIST).
 * STAGE_AGAIN: it is to be made once more, and to be discarded. On failure it
 * is discarded. */
int stage_publish(struct stage *stage, const char *name);

/* Closes it; errors that come late show here. */
int stage_close(struct stage *stage);

/* Drops it. Fine for one that is already closed. */
void stage_discard(struct stage *stage);

/* A temporary name that does not exist yet, into note. */
void stage_make_name(char *note);

/* Renames the entry *note to name in dir and clears the note; in a new
 * directory nothing is replaced (-EEXIST). On failure the temporary entry is
 * removed. */
int stage_rename(struct stage_dir dir, struct traits *traits, char *note,
                 const char *name);

/* The same for a further name of a file: 1 when name has been one of it all
 * along, where rename(2) does nothing and returns 0. */
int stage_rename_link(struct stage_dir dir, struct traits *traits, char *note,
                      const char *name);

/* It is not the name, the disk or the memory that rc complains of, but the way
 * something was to be done: another may lead there. */
bool stage_is_way_refused(int rc);

/* Removes the temporary entry *note, if there is one, and clears the note. */
void stage_sweep(int dir_fd, char *note);

#endif
