/* SPDX-License-Identifier: MIT */
#include "engine/rooms.h"

#include "base/fd.h"
#include "fs/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each is a descriptor in every process. */
#define ROOMS_MAX 256

/* Worker and process: random names have no second dot. */
#define ROOM_FILE STAGE_PREFIX "%u.%d"

static bool pays(const struct pair *pair, struct traits_table *traits)
{
	struct meta meta;

	return pair->is_dir && pair->dst_is_new && pair->dst_fd >= 0 &&
	       meta_read(pair->dst_fd, &meta) == 0 && held_is_closed(&meta) &&
	       traits_of(traits, meta.dev, pair->dst_fd)->slow_tmpfile;
}

static bool make_room(int dir_fd, struct room *room)
{
	stage_make_name(room->name);
	if (mkdirat(dir_fd, room->name, S_IRWXU) < 0)
		return false;
	room->fd = openat(dir_fd, room->name,
	                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (room->fd < 0)
		(void)unlinkat(dir_fd, room->name, AT_REMOVEDIR);
	return room->fd >= 0;
}

static struct rooms *make_rooms(int dir_fd, unsigned n)
{
	struct rooms *rooms =
		xcalloc(1, sizeof(*rooms) + n * sizeof(rooms->list[0]));

	while (rooms->n < n && make_room(dir_fd, &rooms->list[rooms->n]))
		rooms->n++;
	return rooms;
}

void rooms_make(struct site *site, unsigned n, struct traits_table *traits)
{
	size_t n_left = ROOMS_MAX;

	for (size_t i = 0; i < site->n_pairs; i++) {
		struct pair *pair = &site->pairs[i];

		if (n > n_left || !pays(pair, traits))
			continue;
		pair->rooms = make_rooms(pair->dst_fd, n);
		n_left -= pair->rooms->n;
	}
}

int rooms_remove(const struct pair *pair)
{
	struct rooms *rooms = pair->rooms;
	int rc = 0;

	while (rooms && rooms->n) {
		const struct room *room = &rooms->list[--rooms->n];

		(void)fd_close(room->fd);
		if (unlinkat(pair->dst_fd, room->name, AT_REMOVEDIR) < 0 &&
		    errno != ENOENT)
			rc = -errno;
	}
	return rc;
}

/* The process is in it, so that a successor does not meet what is to be swept
 * up yet. */
void rooms_name_file(char file[STAGE_NAME_MAX], unsigned worker)
{
	snprintf(file, STAGE_NAME_MAX, ROOM_FILE, worker, (int)getpid());
}

struct stage_room rooms_of(const struct pair *pair, unsigned worker,
                           const char *file)
{
	const struct rooms *rooms = pair->rooms;

	if (!rooms || worker >= rooms->n)
		return (struct stage_room){.fd = -1};
	return (struct stage_room){.fd = rooms->list[worker].fd, .file = file};
}

/* In whose room a file of that name is; NULL: it is not in one. */
static const struct room *room_of_file(const struct rooms *rooms,
                                       const char *file)
{
	const size_t at = sizeof(STAGE_PREFIX) - 1;
	char *end;

	if (!rooms || strncmp(file, STAGE_PREFIX, at) != 0 ||
	    !strchr(file + at, '.'))
		return NULL;
	unsigned long worker = strtoul(file + at, &end, 10);
	return *end == '.' && worker < rooms->n ? &rooms->list[worker] : NULL;
}

void rooms_sweep(const struct pair *pair, int dst_fd, char *note)
{
	const struct room *room = room_of_file(pair->rooms, note);

	stage_sweep(room ? room->fd : dst_fd, note);
	note[0] = '\0';
}
