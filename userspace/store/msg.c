// SPDX-License-Identifier: GPL-2.0-only
/* Messages between dittod and the store process; see msg.h. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "msg.h"
#include "pass.h"

/* Type, length, id. */
#define HEADER		(2 * sizeof(u32) + sizeof(u64))
/* Largest errno. */
#define ERROR_MAX	4095

/* Fields in the order of the packet. */
enum offload_field {
	FIELD_NUMBER, FIELD_ERROR, FIELD_OFFSET, FIELD_LENGTH, FIELD_START, FIELD_SIZE, FIELD_DONE,
	FIELD_UPLOADED, FIELD_DEDUPLICATED, FIELD_REQUESTS, FIELD_STORE, FIELD_COOKIE, FIELD_TEXT,
	FIELDS
};

/* Places of the fields up to FIELD_REQUESTS, and their largest values. */
static const struct {
	size_t at;
	u64 max;
} numbers[] = {
	[FIELD_NUMBER] = { offsetof(struct offload_msg, number), UINT32_MAX },
	[FIELD_ERROR] = { offsetof(struct offload_msg, error), ERROR_MAX },
	[FIELD_OFFSET] = { offsetof(struct offload_msg, offset), INT64_MAX },
	[FIELD_LENGTH] = { offsetof(struct offload_msg, length), INT64_MAX },
	[FIELD_START] = { offsetof(struct offload_msg, start), OFFLOAD_DATA_MAX },
	[FIELD_SIZE] = { offsetof(struct offload_msg, size), INT64_MAX },
	[FIELD_DONE] = { offsetof(struct offload_msg, done), INT64_MAX },
	[FIELD_UPLOADED] = { offsetof(struct offload_msg, uploaded), INT64_MAX },
	[FIELD_DEDUPLICATED] = { offsetof(struct offload_msg, deduplicated), INT64_MAX },
	[FIELD_REQUESTS] = { offsetof(struct offload_msg, requests), INT64_MAX },
};

#define BIT32(n)	(1U << (n))
#define HAS(field)	BIT32(FIELD_##field)
/* So that a type without fields differs from an unknown one. */
#define KNOWN		BIT32(FIELDS)

static const u32 types[OFFLOAD_TYPES] = {
	[OFFLOAD_HELLO] = KNOWN | HAS(NUMBER),
	[OFFLOAD_STORE] = KNOWN | HAS(STORE) | HAS(TEXT),
	[OFFLOAD_STORED] = KNOWN,
	[OFFLOAD_CHECK] = KNOWN | HAS(STORE),
	[OFFLOAD_CHECKED] = KNOWN,
	[OFFLOAD_PUSH] = KNOWN | HAS(STORE),
	[OFFLOAD_PROGRESS] = KNOWN | HAS(SIZE) | HAS(DONE) | HAS(UPLOADED) | HAS(REQUESTS),
	[OFFLOAD_PUSHED] = KNOWN | HAS(SIZE) | HAS(UPLOADED) | HAS(DEDUPLICATED) | HAS(REQUESTS) |
			   HAS(COOKIE),
	[OFFLOAD_FETCH] = KNOWN | HAS(OFFSET) | HAS(LENGTH) | HAS(COOKIE),
	[OFFLOAD_DATA] = KNOWN | HAS(OFFSET) | HAS(LENGTH) | HAS(START),
	[OFFLOAD_FETCHED] = KNOWN,
	[OFFLOAD_CANCEL] = KNOWN,
	[OFFLOAD_FAILED] = KNOWN | HAS(ERROR) | HAS(TEXT),
	[OFFLOAD_LIST] = KNOWN | HAS(STORE) | HAS(TEXT),
	[OFFLOAD_LISTED] = KNOWN | HAS(NUMBER) | HAS(DONE) | HAS(REQUESTS),
	[OFFLOAD_READ] = KNOWN | HAS(STORE) | HAS(TEXT),
	[OFFLOAD_OBJECT] = KNOWN | HAS(SIZE) | HAS(REQUESTS),
	[OFFLOAD_DELETE] = KNOWN | HAS(STORE) | HAS(TEXT),
	[OFFLOAD_DELETED] = KNOWN | HAS(REQUESTS),
	[OFFLOAD_REKEY] = KNOWN | HAS(STORE) | HAS(TEXT),
	[OFFLOAD_REKEYED] = KNOWN | HAS(SIZE) | HAS(DONE) | HAS(REQUESTS),
	[OFFLOAD_KEEP] = KNOWN | HAS(STORE) | HAS(TEXT),
	[OFFLOAD_KEPT] = KNOWN | HAS(SIZE) | HAS(REQUESTS),
	[OFFLOAD_OWN] = KNOWN | HAS(STORE) | HAS(TEXT),
	[OFFLOAD_COLLECT] = KNOWN | HAS(STORE) | HAS(TEXT),
	[OFFLOAD_COLLECTED] = KNOWN | HAS(NUMBER) | HAS(REQUESTS),
	[OFFLOAD_OWNED] = KNOWN | HAS(DONE) | HAS(REQUESTS),
	[OFFLOAD_TOLD] = KNOWN | HAS(STORE) | HAS(TEXT),
};

static size_t packet_put(u8 *packet, size_t pos, const void *bytes, size_t len)
{
	u32 size = (u32)len;

	memcpy(packet + pos, &size, sizeof(size));
	pos += sizeof(size);
	if (len)
		memcpy(packet + pos, bytes, len);
	return pos + len;
}

size_t offload_msg_encode(const struct offload_msg *msg, u8 packet[OFFLOAD_PACKET_MAX])
{
	size_t pos = HEADER, store = strnlen(msg->store, sizeof(msg->store));
	u32 has, head[2], i;

	if (msg->type >= OFFLOAD_TYPES || !types[msg->type])
		return 0;
	has = types[msg->type];
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (!(has & 1U << i))
			continue;
		memcpy(packet + pos, (const u8 *)msg + numbers[i].at, sizeof(u64));
		pos += sizeof(u64);
	}
	if (has & HAS(STORE)) {
		if (store > OFFLOAD_STORE_MAX)
			return 0;
		pos = packet_put(packet, pos, msg->store, store);
	}
	if (has & HAS(COOKIE)) {
		if (msg->cookie_len > OFFLOAD_COOKIE_MAX)
			return 0;
		pos = packet_put(packet, pos, msg->cookie, msg->cookie_len);
	}
	if (has & HAS(TEXT)) {
		if (msg->text_len > OFFLOAD_TEXT_MAX)
			return 0;
		pos = packet_put(packet, pos, msg->text, msg->text_len);
	}
	head[0] = msg->type;
	head[1] = (u32)(pos - sizeof(head));
	memcpy(packet, head, sizeof(head));
	memcpy(packet + sizeof(head), &msg->id, sizeof(msg->id));
	return pos;
}

/* Take the next field of bytes, of at most @max. Returns NULL if there is none. */
static const u8 *packet_get(const u8 *packet, size_t len, size_t *pos, size_t max, size_t *size)
{
	const u8 *bytes;
	u32 n;

	if (len - *pos < sizeof(n))
		return NULL;
	memcpy(&n, packet + *pos, sizeof(n));
	*pos += sizeof(n);
	if (n > max || n > len - *pos)
		return NULL;
	bytes = packet + *pos;
	*pos += n;
	*size = n;
	return bytes;
}

static bool numbers_decode(struct offload_msg *msg, const u8 *packet, size_t len, size_t *pos)
{
	u64 value;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (!(types[msg->type] & 1U << i))
			continue;
		if (len - *pos < sizeof(value))
			return false;
		memcpy(&value, packet + *pos, sizeof(value));
		*pos += sizeof(value);
		if (value > numbers[i].max)
			return false;
		memcpy((u8 *)msg + numbers[i].at, &value, sizeof(value));
	}
	return true;
}

bool offload_msg_decode(struct offload_msg *msg, const u8 *packet, size_t len)
{
	size_t pos = HEADER, size;
	const u8 *bytes;
	u32 head[2], has;

	memset(msg, 0, sizeof(*msg));
	if (len < HEADER)
		return false;
	memcpy(head, packet, sizeof(head));
	if (head[0] >= OFFLOAD_TYPES || !types[head[0]] || head[1] != len - sizeof(head))
		return false;
	msg->type = head[0];
	memcpy(&msg->id, packet + sizeof(head), sizeof(msg->id));
	has = types[msg->type];
	if (!numbers_decode(msg, packet, len, &pos))
		return false;
	if (has & HAS(STORE)) {
		bytes = packet_get(packet, len, &pos, OFFLOAD_STORE_MAX, &size);
		if (!bytes || memchr(bytes, 0, size))
			return false;
		memcpy(msg->store, bytes, size);
	}
	if (has & HAS(COOKIE)) {
		bytes = packet_get(packet, len, &pos, OFFLOAD_COOKIE_MAX, &msg->cookie_len);
		if (!bytes)
			return false;
		memcpy(msg->cookie, bytes, msg->cookie_len);
	}
	if (has & HAS(TEXT)) {
		bytes = packet_get(packet, len, &pos, OFFLOAD_TEXT_MAX, &msg->text_len);
		if (!bytes || memchr(bytes, 0, msg->text_len))
			return false;
		msg->text = (const char *)bytes;
	}
	return pos == len;
}

int offload_msg_send(int fd, const struct offload_msg *msg, int pass)
{
	union pass_room room;
	u8 packet[OFFLOAD_PACKET_MAX];
	struct iovec iov = { packet, offload_msg_encode(msg, packet) };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	int rc = 0;

	if (!iov.iov_len)
		return -EMSGSIZE;
	pass_put(&h, &room, pass);
	if (sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		rc = -errno;
	/* The settings of a store contain secrets. */
	explicit_bzero(packet, iov.iov_len);
	return rc;
}

int offload_msg_receive(int fd, struct offload_msg *msg, u8 packet[OFFLOAD_PACKET_MAX],
			int *passed)
{
	union pass_room room;
	struct iovec iov = { packet, OFFLOAD_PACKET_MAX };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &room,
			    .msg_controllen = sizeof(room) };
	ssize_t len;

	*passed = -1;
	do {
		len = recvmsg(fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (len < 0 && errno == EINTR);
	if (len <= 0)
		return len ? -errno : -ECONNRESET;
	pass_take(&h, passed);
	if (!(h.msg_flags & MSG_TRUNC) && offload_msg_decode(msg, packet, (size_t)len))
		return 0;
	if (*passed >= 0) {
		close(*passed);
		*passed = -1;
	}
	return -EBADMSG;
}
