/* SPDX-License-Identifier: MIT */
#include "fs/stage.h"

#include "base/diag.h"
#include "base/fd.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void stage_make_name(char *note)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char random[12];
	size_t at = sizeof(STAGE_PREFIX) - 1;

	/* Up to 256 bytes come whole and uninterrupted (getrandom(2)). */
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		bug("getrandom: %s", strerrordesc_np(errno));
	memcpy(note, STAGE_PREFIX, at);
	for (size_t i = 0; i < sizeof(random); i++)
		note[at++] = letters[random[i] % 32];
	note[at] = '\0';
}

void stage_sweep(int dir_fd, char *note)
{
	/* It may be gone or never have been: nothing to tell. */
	if (note[0])
		(void)unlinkat(dir_fd, note, 0);
	note[0] = '\0';
}

static int open_named(struct stage *stage, uint32_t perms)
{
	for (int tries = 0; tries < 16; tries++) {
		stage_make_name(stage->note);
		stage->fd = openat(stage->dir_fd, stage->note,
		                   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
		                           O_CLOEXEC,
		                   perms);
		if (stage->fd >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	int err = errno;
	stage->note[0] = '\0';
	return -err;
}

static int open_in_room(struct stage *stage, struct stage_room room,
                        uint32_t perms)
{
	stage->from_fd = room.fd;
	snprintf(stage->note, STAGE_NAME_MAX, "%s", room.file);
	stage->fd = openat(room.fd, room.file,
	                   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	                   perms);
	if (stage->fd >= 0)
		return 0;
	int err = errno;
	stage->note[0] = '\0';
	return -err;
}

int stage_open(struct stage *stage, struct stage_dir dir, struct traits *traits,
               uint32_t perms, bool *has_perms, char *note)
{
	uint32_t named_perms = dir.is_closed ? perms : 0600;

	*stage = (struct stage){.dir_fd = dir.fd,
	                        .from_fd = dir.fd,
	                        .fd = -1,
	                        .note = note,
	                        .errs_late = traits->errs_late};
	note[0] = '\0';
	*has_perms = dir.is_closed || dir.room.file;
	if (dir.room.file)
		return open_in_room(stage, dir.room, perms);
	/* Where others have a hand in, nothing is as safe as no name. */
	if (traits->no_tmpfile || (traits->slow_tmpfile && dir.is_private))
		return open_named(stage, named_perms);
	stage->fd = openat(dir.fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, perms);
	if (stage->fd >= 0) {
		*has_perms = true;
		return 0;
	}
	/* EOPNOTSUPP from the file system, EISDIR or ENOENT from kernels that
	 * do not know the flag (open(2)), EINVAL from some FUSE servers. */
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT &&
	    errno != EINVAL && errno != ENOSYS)
		return -errno;
	int rc = open_named(stage, named_perms);
	if (rc == 0)
		traits->no_tmpfile = true;
	return rc;
}

static int rename_from(int from_fd, char *note, int dir_fd, const char *name)
{
	if (renameat(from_fd, note, dir_fd, name) == 0) {
		note[0] = '\0';
		return 0;
	}
	int err = errno;
	stage_sweep(from_fd, note);
	return -err;
}

int stage_rename(int dir_fd, char *note, const char *name)
{
	return rename_from(dir_fd, note, dir_fd, name);
}

static int name_it(struct stage *stage, const char *name)
{
	if (stage->note[0])
		return rename_from(stage->from_fd, stage->note, stage->dir_fd,
		                   name);
	int rc = node_link(stage->fd, stage->dir_fd, name);
	if (rc != -EEXIST)
		return rc;
	stage_make_name(stage->note);
	rc = node_link(stage->fd, stage->dir_fd, stage->note);
	if (rc < 0) {
		stage->note[0] = '\0';
		return rc;
	}
	return stage_rename(stage->dir_fd, stage->note, name);
}

int stage_publish(struct stage *stage, const char *name)
{
	int rc = 0;

	/* Where errors come late, they must come before the name does. */
	if (stage->errs_late && fsync(stage->fd) < 0)
		rc = -errno;
	if (rc == 0)
		rc = name_it(stage, name);
	if (rc < 0)
		stage_discard(stage);
	return rc;
}

int stage_close(struct stage *stage)
{
	int rc = fd_close_checked(stage->fd);

	stage->fd = -1;
	return rc;
}

void stage_discard(struct stage *stage)
{
	stage->fd = fd_close(stage->fd);
	stage_sweep(stage->from_fd, stage->note);
}
