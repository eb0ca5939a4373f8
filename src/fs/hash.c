/* SPDX-License-Identifier: MIT */
#include "fs/hash.h"

#include "fs/bytes.h"

#include <errno.h>
#include <string.h>

#ifdef HAVE_XXHASH
#include <xxhash.h>

bool hash_is_there(void)
{
	return true;
}

static int add_all(const struct hash_io *io, int fd, XXH3_state_t *state)
{
	off_t at = 0, passed = 0;

	for (;;) {
		ssize_t n = bytes_read(fd, io->buffer, io->size, at, &passed);

		if (n <= 0)
			return (int)n;
		/* Fails for no input that is there. */
		(void)XXH3_128bits_update(state, io->buffer, (size_t)n);
		at += n;
		if (io->go_on && !io->go_on(io->ctx))
			return -ECANCELED;
	}
}

int hash_fd(const struct hash_io *io, int fd, struct hash *out)
{
	XXH3_state_t *state = XXH3_createState();
	XXH128_canonical_t canonical;

	if (!state)
		return -ENOMEM;
	(void)XXH3_128bits_reset(state);
	int rc = add_all(io, fd, state);
	if (rc == 0) {
		XXH128_canonicalFromHash(&canonical,
		                         XXH3_128bits_digest(state));
		memcpy(out->bytes, &canonical, HASH_SIZE);
	}
	(void)XXH3_freeState(state);
	return rc;
}

#else

bool hash_is_there(void)
{
	return false;
}

int hash_fd(const struct hash_io *io UNUSED, int fd UNUSED,
            struct hash *out UNUSED)
{
	return -ENOTSUP;
}

#endif
