/* SPDX-License-Identifier: MIT */
#include "fs/ledger.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC      UINT32_C(0x6c656467)
#define ORDER_MARK UINT32_C(0x01020304)
#define ALIGN      8

static const char form[] = "pcopy ledger 1\n";

struct head {
	char form[16];
	uint32_t byte_order;
	uint32_t padding;
	uint64_t salt;
};

struct frame {
	uint32_t magic;
	uint32_t len;
	uint32_t sum;
	uint32_t padding;
};

/* CRC-32 (the reflected polynomial of Ethernet), a byte at a time. */
static uint32_t add_to_sum(uint32_t sum, const void *data, size_t len)
{
	static uint32_t table[256];
	const unsigned char *bytes = data;

	for (uint32_t i = 0; !table[1] && i < 256; i++) {
		/* From the top, so that table[1] is there last but one. */
		uint32_t entry = 255 - i;

		for (int bit = 0; bit < 8; bit++)
			entry = (entry >> 1) ^
			        (entry & 1 ? UINT32_C(0xedb88320) : 0);
		table[255 - i] = entry;
	}
	for (size_t i = 0; i < len; i++)
		sum = (sum >> 8) ^ table[(sum ^ bytes[i]) & 255];
	return sum;
}

static uint32_t sum_of(uint64_t salt, const void *data, uint32_t len)
{
	uint32_t sum = add_to_sum(UINT32_MAX, &salt, sizeof(salt));

	sum = add_to_sum(sum, &len, sizeof(len));
	return ~add_to_sum(sum, data, len);
}

static int make_head(struct ledger *ledger)
{
	struct head head = {.byte_order = ORDER_MARK};

	memcpy(head.form, form, sizeof(form));
	/* Up to 256 bytes come whole and uninterrupted (getrandom(2)). */
	(void)!getrandom(&head.salt, sizeof(head.salt), 0);
	/* What a killed run left of a head. */
	if (ftruncate(ledger->fd, 0) < 0)
		return -errno;
	int rc = fd_write_full(ledger->fd, &head, sizeof(head));
	if (rc < 0)
		return rc;
	ledger->salt = head.salt;
	ledger->end = sizeof(head);
	return 0;
}

static int read_head(struct ledger *ledger, uint64_t size, bool writes)
{
	struct head head = {0};
	ssize_t n = pread(ledger->fd, &head, sizeof(head), 0);

	if (n < 0)
		return -errno;
	if (memcmp(head.form, form, min_size((size_t)n, sizeof(form))) != 0)
		return -EBADMSG;
	/* Of a run that was killed when it had just begun. */
	if ((size_t)n < sizeof(head))
		return writes ? make_head(ledger) : 0;
	if (head.byte_order != ORDER_MARK || size > SIZE_MAX)
		return -EBADMSG;
	ledger->salt = head.salt;
	ledger->end = sizeof(head);
	ledger->size = (size_t)size;
	void *data =
		mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, ledger->fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	ledger->data = data;
	return 0;
}

static int open_file(struct ledger *ledger, int dir_fd, const char *name,
                     int flags)
{
	struct stat status;
	int rc;

	flags |= O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	*ledger = (struct ledger){.fd = openat(dir_fd, name, flags, 0600)};
	if (ledger->fd < 0)
		return -errno;
	if (fstat(ledger->fd, &status) < 0)
		rc = -errno;
	else if (!S_ISREG(status.st_mode))
		rc = -EBADMSG;
	else
		rc = read_head(ledger, (uint64_t)status.st_size,
		               (flags & O_CREAT) != 0);
	if (rc < 0)
		ledger_close(ledger);
	return rc;
}

int ledger_open(struct ledger *ledger, int dir_fd, const char *name)
{
	return open_file(ledger, dir_fd, name, O_RDWR | O_CREAT);
}

int ledger_open_to_read(struct ledger *ledger, int dir_fd, const char *name)
{
	return open_file(ledger, dir_fd, name, O_RDONLY);
}

void ledger_close(struct ledger *ledger)
{
	if (ledger->data)
		/* Fails only for what is no mapping. */
		(void)munmap((void *)(uintptr_t)ledger->data, ledger->size);
	/* What matters was synced before. */
	(void)fd_close(ledger->fd);
	buf_release(&ledger->frame);
	*ledger = (struct ledger){.fd = -1};
}

struct ledger_record ledger_get(const struct ledger *ledger, uint64_t at)
{
	const char *place = ledger->data + at;
	struct frame frame;

	memcpy(&frame, place, sizeof(frame));
	return (struct ledger_record){
		.data = place + sizeof(frame), .len = frame.len, .at = at};
}

static size_t size_with(size_t len)
{
	return align_up(sizeof(struct frame) + len, ALIGN);
}

static bool is_record(const struct ledger *ledger, uint64_t at)
{
	const char *place = ledger->data + at;
	uint64_t room = ledger->size - at;
	struct frame frame;

	memcpy(&frame, place, sizeof(frame));
	return frame.magic == MAGIC && frame.len <= LEDGER_RECORD_MAX &&
	       size_with(frame.len) <= room &&
	       frame.sum ==
	               sum_of(ledger->salt, place + sizeof(frame), frame.len);
}

int ledger_next(struct ledger *ledger, uint64_t *at,
                struct ledger_record *record)
{
	uint64_t place = *at ? *at : sizeof(struct head);

	for (; place + sizeof(struct frame) <= ledger->size; place += ALIGN) {
		if (!is_record(ledger, place)) {
			ledger->n_bytes_bad += ALIGN;
			continue;
		}
		*record = ledger_get(ledger, place);
		*at = place + size_with(record->len);
		if (*at > ledger->end)
			ledger->end = *at;
		return 1;
	}
	*at = place;
	return 0;
}

int ledger_cut(struct ledger *ledger)
{
	return ftruncate(ledger->fd, (off_t)ledger->end) < 0 ? -errno : 0;
}

static int write_at(int fd, const char *data, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		data += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int ledger_append(struct ledger *ledger, const void *data, size_t len)
{
	struct frame frame = {.magic = MAGIC, .len = (uint32_t)len};

	if (len > LEDGER_RECORD_MAX)
		return -EMSGSIZE;
	frame.sum = sum_of(ledger->salt, data, frame.len);
	buf_truncate(&ledger->frame, 0);
	buf_append(&ledger->frame, &frame, sizeof(frame));
	buf_append(&ledger->frame, data, len);
	while (ledger->frame.len % ALIGN)
		buf_append_char(&ledger->frame, '\0');
	int rc = write_at(ledger->fd, ledger->frame.data, ledger->frame.len,
	                  ledger->end);
	if (rc == 0)
		ledger->end += ledger->frame.len;
	else
		/* If that fails, too, the next start does it. */
		(void)ledger_cut(ledger);
	return rc;
}
