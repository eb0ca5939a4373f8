/* SPDX-License-Identifier: MIT */
/* fs/ledger.h - a file of records that only grows, and survives being cut off
 *
 * Model     a head with a salt, then records, each with its length and a
 *           checksum that depends on the salt. What is no record, be it a torn
 *           end or a flipped byte, is passed over; a name in a record cannot
 *           be made to look like a record, as its maker does not know the salt.
 * Lifetime  open, next until it says 0, then append; close. The bytes that next
 *           hands out are the file's, mapped, until close.
 * Death     a record is there whole or not at all, at any moment. After a
 *           power cut only what was synced before is sure to be there.
 * Errors    negative errno; -EBADMSG: the file is something else */
#ifndef FS_LEDGER_H
#define FS_LEDGER_H

#include "base/base.h"
#include "base/buf.h"

/* One record at most. */
#define LEDGER_RECORD_MAX ((size_t)1 << 20)

struct ledger {
	int fd;
	uint64_t salt;
	const char *data; /* as the file was when it was opened */
	size_t size;
	uint64_t end;         /* of the last record: the next one goes there */
	uint64_t n_bytes_bad; /* passed over */
	struct buf frame;
};

struct ledger_record {
	const void *data; /* aligned to 8 */
	size_t len;
	uint64_t at;
};

/* Opens name in dir_fd, or makes it. */
int ledger_open(struct ledger *ledger, int dir_fd, const char *name);

/* The same to read only: -ENOENT if it is not there, and it stays as it is. */
int ledger_open_to_read(struct ledger *ledger, int dir_fd, const char *name);
void ledger_close(struct ledger *ledger);

/* The first record at or behind *at, which moves behind it; 0: no more. */
int ledger_next(struct ledger *ledger, uint64_t *at,
                struct ledger_record *record);

/* The record of which next said that it is at that place. */
struct ledger_record ledger_get(const struct ledger *ledger, uint64_t at);

/* Cuts off what is behind the last record that next has found. */
int ledger_cut(struct ledger *ledger);

/* Writes a record at the end; on failure the file is as before. */
int ledger_append(struct ledger *ledger, const void *data, size_t len);

#endif
