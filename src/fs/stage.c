/* SPDX-License-Identifier: MIT */
#include "fs/stage.h"

#include "base/fd.h"
#include "base/mono.h"
#include "fs/node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Whoever refuses random bytes leaves what no two names have in common: names
 * are taken with O_EXCL or its like, and it is tried again. */
static void fill_random(unsigned char *random, size_t size)
{
	static unsigned n_calls;
	uint64_t seed[3] = {(uint64_t)getpid(), (uint64_t)mono_now_ns(),
	                    ++n_calls};

	/* Up to 256 bytes come whole and uninterrupted (getrandom(2)). */
	if (getrandom(random, size, 0) == (ssize_t)size)
		return;
	for (size_t i = 0; i < size; i++) {
		uint64_t mixed =
			(seed[i % 3] + i) * UINT64_C(0x9e3779b97f4a7c15);

		random[i] = (unsigned char)(mixed >> 56);
		seed[i % 3] = mixed ^ mixed >> 29;
	}
}

void stage_make_name(char *note)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char random[12];
	size_t at = sizeof(STAGE_PREFIX) - 1;

	fill_random(random, sizeof(random));
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
	                        .is_new = dir.is_new,
	                        .traits = traits};
	note[0] = '\0';
	*has_perms = dir.is_closed;
	if (dir.room.file && !traits->no_room) {
		*has_perms = true;
		return open_in_room(stage, dir.room, perms);
	}
	/* Where others have a hand in, nothing is as safe as no name. */
	if (traits->no_tmpfile || (traits->slow_tmpfile && dir.is_private))
		return open_named(stage, named_perms);
	stage->fd = openat(dir.fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, perms);
	if (stage->fd >= 0) {
		*has_perms = true;
		return 0;
	}
	/* EOPNOTSUPP from the file system, EISDIR or ENOENT from kernels that
	 * do not know the flag (open(2)), others from FUSE servers and from
	 * what guards a process. */
	if (!stage_is_way_refused(-errno))
		return -errno;
	int rc = open_named(stage, named_perms);
	if (rc == 0)
		traits->no_tmpfile = true;
	return rc;
}

bool stage_is_way_refused(int rc)
{
	switch (-rc) {
	case 0:
	case EEXIST:
	case EIO:
	case ENOSPC:
	case EDQUOT:
	case ENOMEM:
	case EROFS:
	case ESTALE:
	case ENAMETOOLONG:
	case ELOOP:
	case EMFILE:
	case ENFILE:
	case EINTR:
		return false;
	default:
		return true;
	}
}

/* Of a new directory: without replacing anything, and if that cannot be had in
 * one step, after a look. */
static int rename_new(int from_fd, const char *note, struct stage_dir dir,
                      struct traits *traits, const char *name)
{
	struct meta meta;

	if (!traits->no_noreplace) {
		if (renameat2(from_fd, note, dir.fd, name, RENAME_NOREPLACE) ==
		    0)
			return 0;
		if (!stage_is_way_refused(-errno))
			return -errno;
	}
	if (meta_read_at(dir.fd, name, &meta) == 0)
		return -EEXIST;
	if (renameat(from_fd, note, dir.fd, name) < 0)
		return -errno;
	traits->no_noreplace = true;
	return 0;
}

static int rename_over(int from_fd, const char *note, struct stage_dir dir,
                       struct traits *traits, const char *name)
{
	if (dir.is_new)
		return rename_new(from_fd, note, dir, traits, name);
	return renameat(from_fd, note, dir.fd, name) < 0 ? -errno : 0;
}

int stage_rename(struct stage_dir dir, struct traits *traits, char *note,
                 const char *name)
{
	int rc = rename_over(dir.fd, note, dir, traits, name);

	if (rc < 0)
		stage_sweep(dir.fd, note);
	note[0] = '\0';
	return rc;
}

int stage_rename_link(struct stage_dir dir, struct traits *traits, char *note,
                      const char *name)
{
	int rc = rename_over(dir.fd, note, dir, traits, name);
	bool is_left = unlinkat(dir.fd, note, 0) == 0;

	note[0] = '\0';
	return rc == 0 && is_left ? 1 : rc;
}

/* What has a temporary name already. */
static int rename_it(struct stage *stage, struct stage_dir dir,
                     const char *name)
{
	int rc = rename_over(stage->from_fd, stage->note, dir, stage->traits,
	                     name);

	/* Else it goes when it is closed: some cannot remove what is open. */
	if (rc == 0)
		stage->note[0] = '\0';
	if (stage->from_fd == stage->dir_fd || !stage_is_way_refused(rc) ||
	    rc == -EISDIR)
		return rc;
	stage->traits->no_room = true;
	return STAGE_AGAIN;
}

/* What has none, by way of a temporary one if the final one is taken. */
static int link_it(struct stage *stage, struct stage_dir dir, const char *name)
{
	int rc = node_link(stage->fd, stage->dir_fd, name);

	if (rc == -EEXIST && !stage->is_new) {
		stage_make_name(stage->note);
		rc = node_link(stage->fd, stage->dir_fd, stage->note);
		if (rc == 0)
			return rename_it(stage, dir, name);
		stage->note[0] = '\0';
	}
	if (!stage_is_way_refused(rc))
		return rc;
	stage->traits->no_tmpfile = true;
	return STAGE_AGAIN;
}

static int name_it(struct stage *stage, const char *name)
{
	const struct stage_dir dir = {.fd = stage->dir_fd,
	                              .is_new = stage->is_new};

	return stage->note[0] ? rename_it(stage, dir, name)
	                      : link_it(stage, dir, name);
}

int stage_publish(struct stage *stage, const char *name)
{
	int rc = 0;

	/* Where errors come late, they must come before the name does. */
	if (stage->traits->errs_late && fsync(stage->fd) < 0)
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
