/* SPDX-License-Identifier: MIT */
/* swapper - another user who means harm to a copy that is going on
 *
 *     swapper [-l FILE] STASH OUTSIDE DIR...
 *
 * As fast as it can, picks any entry at any depth below the DIRs, which are on
 * the file system of STASH, and exchanges it (RENAME_EXCHANGE) with something
 * in STASH: symlinks to what is in OUTSIDE and to nothing, fifos, sockets,
 * files and directories of its own, with -l hard links to FILE; then
 * exchanges it back, or leaves it. Entries of the DIRs
 * are also exchanged with one another and get further names. Prints "ready"
 * when it begins, the number of exchanges now and then, and once more when it
 * ends, at SIGTERM. It also ends with its parent. */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* One in so many exchanges is not undone. */
#define LEFT_IN 200

/* How many exchanges there are to a line that says so. */
#define TELL_EVERY 100

/* What takes an entry's place; the first ones are symlinks to an entry of
 * OUTSIDE, of every kind that it is dangerous to open. */
static const char *const targets[] = {"open", "secret", "opendir", "closeddir",
                                      "fifo", "device", "nothing", "socket"};
enum decoy_kind {
	LINK_UP = ARRAY_LEN(targets),
	FIFO,
	SOCKET,
	OWN_FILE,
	OWN_DIR,
	HARD_LINK,
	N_KINDS,
};

struct swapper {
	int stash_fd;
	const char *outside, *linked;
	int *root_fds;
	unsigned n_roots;
	unsigned n_kinds;
	char decoys[N_KINDS][24]; /* names in the stash */
	uint64_t n_made;          /* of decoys, for their names */
	uint64_t n_exchanges;
	uint64_t random;
};

/* A directory, held, and a name in it. */
struct place {
	int dir_fd;
	char name[256];
};

static volatile sig_atomic_t is_over;

static void on_term(int signal_number)
{
	(void)signal_number;
	is_over = 1;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "swapper: %s: %s\n", what, strerrordesc_np(errno));
	exit(2);
}

static unsigned below(struct swapper *swapper, unsigned n)
{
	/* xorshift: good enough to meet every entry at every moment */
	swapper->random ^= swapper->random << 13;
	swapper->random ^= swapper->random >> 7;
	swapper->random ^= swapper->random << 17;
	return (unsigned)(swapper->random % n);
}

/* ---- decoys ---- */

static int make_own_file(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name,
	                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	                0666);

	if (fd >= 0)
		(void)dprintf(fd, "planted\n");
	(void)fd_close(fd);
	return fd < 0 ? -1 : 0;
}

static int make_own_dir(int dir_fd, const char *name)
{
	if (mkdirat(dir_fd, name, 0777) < 0)
		return -1;
	int fd = openat(dir_fd, name,
	                O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int rc = fd < 0 ? -1 : make_own_file(fd, "planted");
	(void)fd_close(fd);
	return rc;
}

static int make_link(const struct swapper *swapper, unsigned kind,
                     const char *name)
{
	char target[4096];

	if (kind == LINK_UP)
		return symlinkat("../../outside/opendir", swapper->stash_fd,
		                 name);
	snprintf(target, sizeof(target), "%s/%s", swapper->outside,
	         targets[kind]);
	return symlinkat(target, swapper->stash_fd, name);
}

/* What was there before, such as something that the copy had put in place of
 * the last decoy, stays in the stash under its old name. */
static void make_decoy(struct swapper *swapper, unsigned kind)
{
	char *name = swapper->decoys[kind];
	int dir_fd = swapper->stash_fd;
	int rc;

	snprintf(name, sizeof(swapper->decoys[kind]), "decoy%" PRIu64,
	         swapper->n_made++);
	switch (kind) {
	case FIFO:
		rc = mkfifoat(dir_fd, name, 0666);
		break;
	case SOCKET:
		rc = mknodat(dir_fd, name, S_IFSOCK | 0666, 0);
		break;
	case OWN_FILE:
		rc = make_own_file(dir_fd, name);
		break;
	case OWN_DIR:
		rc = make_own_dir(dir_fd, name);
		break;
	case HARD_LINK:
		rc = linkat(AT_FDCWD, swapper->linked, dir_fd, name, 0);
		break;
	default:
		rc = make_link(swapper, kind, name);
		break;
	}
	if (rc < 0)
		fail(name);
}

static uint64_t inode_of(int dir_fd, const char *name)
{
	struct stat found;

	if (fstatat(dir_fd, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return found.st_ino;
}

/* ---- places ---- */

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Some entry of the directory; false when it has none, or none to see. */
static bool pick_entry(struct swapper *swapper, int dir_fd, char name[256])
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	unsigned n = 0;

	if (!dir) {
		(void)fd_close(fd);
		return false;
	}
	while ((entry = readdir(dir))) {
		if (!is_dot(entry->d_name) && below(swapper, ++n) == 0)
			memcpy(name, entry->d_name, strlen(entry->d_name) + 1);
	}
	(void)closedir(dir);
	return n > 0;
}

/* Down from a root, any number of levels. The caller closes dir_fd. */
static bool pick_place(struct swapper *swapper, struct place *place)
{
	int root_fd = swapper->root_fds[below(swapper, swapper->n_roots)];

	place->dir_fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
	if (place->dir_fd < 0)
		fail("dup");
	while (pick_entry(swapper, place->dir_fd, place->name)) {
		if (below(swapper, 2) == 0)
			return true;
		int down =
			openat(place->dir_fd, place->name,
		               O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (down < 0)
			return true;
		(void)fd_close(place->dir_fd);
		place->dir_fd = down;
	}
	(void)fd_close(place->dir_fd);
	return false;
}

/* ---- harm ---- */

static bool exchange(struct swapper *swapper, const struct place *a,
                     const struct place *b)
{
	int rc = renameat2(a->dir_fd, a->name, b->dir_fd, b->name,
	                   RENAME_EXCHANGE);

	if (rc < 0)
		return false;
	if (++swapper->n_exchanges % TELL_EVERY == 0) {
		printf("%" PRIu64 "\n", swapper->n_exchanges);
		(void)fflush(stdout);
	}
	return true;
}

/* Long enough for the other one to take a step, or none. */
static void linger(struct swapper *swapper)
{
	unsigned n =
		below(swapper, 2) ? below(swapper, 4) : below(swapper, 200);

	for (unsigned i = 0; i < n; i++)
		(void)sched_yield();
}

static void swap_with_decoy(struct swapper *swapper, const struct place *place)
{
	/* Every other decoy is a hard link, where there are any. */
	unsigned kind = swapper->linked && below(swapper, 2)
	                        ? HARD_LINK
	                        : below(swapper, swapper->n_kinds);
	struct place stash = {.dir_fd = swapper->stash_fd};
	char *decoy = swapper->decoys[kind];

	memcpy(stash.name, decoy, sizeof(swapper->decoys[kind]));
	uint64_t inode = inode_of(stash.dir_fd, decoy);
	if (!exchange(swapper, place, &stash))
		return;
	linger(swapper);
	/* Where the copy has removed the decoy there is nothing to exchange. */
	if (below(swapper, LEFT_IN) && !exchange(swapper, place, &stash))
		(void)renameat2(stash.dir_fd, stash.name, place->dir_fd,
		                place->name, RENAME_NOREPLACE);
	if (inode_of(stash.dir_fd, decoy) != inode)
		make_decoy(swapper, kind);
}

static void swap_two(struct swapper *swapper, const struct place *place)
{
	struct place other;

	if (!pick_place(swapper, &other))
		return;
	if (exchange(swapper, place, &other)) {
		linger(swapper);
		(void)exchange(swapper, place, &other);
	}
	(void)fd_close(other.dir_fd);
}

/* A further name in the stash, which makes a link of the entry, for a while. */
static void relink(struct swapper *swapper, const struct place *place)
{
	const char *name = "further name";

	if (linkat(place->dir_fd, place->name, swapper->stash_fd, name, 0) < 0)
		return;
	linger(swapper);
	(void)unlinkat(swapper->stash_fd, name, 0);
}

static void do_harm(struct swapper *swapper)
{
	struct place place;

	if (!pick_place(swapper, &place))
		return;
	switch (below(swapper, 8)) {
	case 0:
		swap_two(swapper, &place);
		break;
	case 1:
		relink(swapper, &place);
		break;
	default:
		for (unsigned i = 0; i <= below(swapper, 4); i++)
			swap_with_decoy(swapper, &place);
		break;
	}
	(void)fd_close(place.dir_fd);
}

static int open_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fail(path);
	return fd;
}

static void prepare(struct swapper *swapper, char **dirs, unsigned n_dirs)
{
	(void)umask(0);
	if (getrandom(&swapper->random, sizeof(swapper->random), 0) < 0)
		fail("getrandom");
	swapper->random |= 1;
	swapper->n_roots = n_dirs;
	swapper->root_fds = calloc(n_dirs, sizeof(*swapper->root_fds));
	if (!swapper->root_fds)
		fail("calloc");
	for (unsigned i = 0; i < n_dirs; i++)
		swapper->root_fds[i] = open_dir(dirs[i]);
	for (unsigned i = 0; i < swapper->n_kinds; i++)
		make_decoy(swapper, i);
}

int main(int argc, char **argv)
{
	struct swapper swapper = {.n_kinds = HARD_LINK};
	struct sigaction action = {.sa_handler = on_term};
	int at = 1;

	if (argc > 2 && !strcmp(argv[1], "-l")) {
		swapper.n_kinds = N_KINDS;
		swapper.linked = argv[2];
		at += 2;
	}
	if (argc < at + 3) {
		fprintf(stderr,
		        "usage: swapper [-l FILE] STASH OUTSIDE DIR...\n");
		return 2;
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    sigaction(SIGTERM, &action, NULL) < 0)
		fail("signals");
	swapper.stash_fd = open_dir(argv[at]);
	swapper.outside = argv[at + 1];
	prepare(&swapper, argv + at + 2, (unsigned)(argc - at - 2));
	if (puts("ready") < 0 || fflush(stdout) < 0)
		fail("stdout");
	while (!is_over)
		do_harm(&swapper);
	printf("%" PRIu64 "\n", swapper.n_exchanges);
	free(swapper.root_fds);
	return 0;
}
