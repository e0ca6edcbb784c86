// SPDX-License-Identifier: GPL-2.0-only
/* Messages between dittod and its workers; see worker_msg.h. */

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/auth_gss.h"
#include "clock.h"
#include "mem.h"
#include "pass.h"
#include "rpc/rpc.h"
#include "identity/sid.h"
#include "worker_msg.h"

#define HEADER	(2 * sizeof(u32))
/* Largest errno. */
#define ERROR_MAX	4095
/* Longest time of a handshake in ms. */
#define TIMEOUT_MAX	600000

enum field_kind {
	FIELD_NUMBER,
	FIELD_TEXT,
	FIELD_KEY,
	FIELD_TOKEN,
	FIELD_SID_LIST,
};

/* Fields in the order of the packet. */
enum worker_field {
	FIELD_ID, FIELD_FIRST, FIELD_OUTCOME, FIELD_WAY, FIELD_EXPIRES, FIELD_MECHS,
	FIELD_PIPE, FIELD_UID, FIELD_ANONYMOUS, FIELD_GUEST, FIELD_ADMINISTRATOR, FIELD_MORE,
	FIELD_UNTIL, FIELD_LIST,
	FIELD_BY_NAME, FIELD_USE, FIELD_ERROR, FIELD_SERVER, FIELD_CERTIFY, FIELD_PROVED,
	FIELD_TIMEOUT,
	FIELD_NAME, FIELD_USER, FIELD_SID, FIELD_DOMAIN, FIELD_WHY, FIELD_SESSION_KEY, FIELD_BLOB,
	FIELD_RPCSEC, FIELD_ENCTYPE, FIELD_SUBKEY, FIELD_SEQ, FIELD_TARGET, FIELD_SIDS,
	FIELD_FORGET,
	FIELDS
};

/**
 * struct field - description of a field
 * @kind: kind of the field
 * @at: offset in struct worker_msg
 * @max: largest number, or most bytes without the NUL
 */
struct field {
	enum field_kind kind;
	size_t at;
	u64 max;
};

#define NUMBER(name, most)	{ FIELD_NUMBER, offsetof(struct worker_msg, name), most }
#define TEXT(name, size)	{ FIELD_TEXT, offsetof(struct worker_msg, name), (size) - 1 }

static const struct field fields[FIELDS] = {
	[FIELD_ID] = NUMBER(id, UINT64_MAX),
	[FIELD_FIRST] = NUMBER(first, 1),
	[FIELD_OUTCOME] = NUMBER(outcome, GSS_NO_ANSWER),
	[FIELD_WAY] = NUMBER(way, GSS_WAY_ANONYMOUS),
	[FIELD_EXPIRES] = NUMBER(expires, UINT64_MAX),
	[FIELD_MECHS] = NUMBER(mechs, WORKER_KERBEROS | WORKER_NTLM | WORKER_FILTERED),
	[FIELD_PIPE] = NUMBER(pipe, RPC_PIPES - 1),
	[FIELD_UID] = NUMBER(uid, UINT32_MAX),
	[FIELD_ANONYMOUS] = NUMBER(anonymous, 1),
	[FIELD_GUEST] = NUMBER(guest, 1),
	[FIELD_ADMINISTRATOR] = NUMBER(administrator, 1),
	[FIELD_MORE] = NUMBER(more, 1),
	[FIELD_UNTIL] = NUMBER(until, UINT64_MAX),
	[FIELD_LIST] = NUMBER(list, RPC_LISTS - 1),
	[FIELD_BY_NAME] = NUMBER(by_name, 1),
	[FIELD_USE] = NUMBER(use, SID_USE_UNKNOWN),
	[FIELD_ERROR] = NUMBER(error, ERROR_MAX),
	[FIELD_SERVER] = NUMBER(server, 1),
	[FIELD_CERTIFY] = NUMBER(certify, 1),
	[FIELD_PROVED] = NUMBER(proved, 1),
	[FIELD_TIMEOUT] = NUMBER(timeout, TIMEOUT_MAX),
	[FIELD_NAME] = TEXT(name, AUTH_USER_SIZE),
	[FIELD_USER] = TEXT(user, NSS_NAME_SIZE),
	[FIELD_SID] = TEXT(sid, NSS_NAME_SIZE),
	[FIELD_DOMAIN] = TEXT(domain, NTLM_DOMAIN_SIZE),
	[FIELD_WHY] = TEXT(why, WORKER_WHY_SIZE),
	[FIELD_SESSION_KEY] = { FIELD_KEY, 0, AUTH_KEY_MAX },
	[FIELD_BLOB] = { FIELD_TOKEN, 0, WORKER_TOKEN_MAX },
	[FIELD_RPCSEC] = NUMBER(rpcsec, 1),
	[FIELD_ENCTYPE] = NUMBER(enctype, UINT32_MAX),
	[FIELD_SUBKEY] = NUMBER(subkey, 1),
	[FIELD_SEQ] = NUMBER(seq, UINT64_MAX),
	[FIELD_TARGET] = TEXT(target, NSS_NAME_SIZE),
	[FIELD_SIDS] = { FIELD_SID_LIST, 0, WORKER_SIDS_MAX },
	[FIELD_FORGET] = NUMBER(forget, UINT64_MAX),
};

#define HAS(field)	(1ULL << FIELD_##field)

static const u64 types[WORKER_TYPES] = {
	[WORKER_HELLO] = HAS(MECHS) | HAS(BLOB),
	[WORKER_FORGET] = HAS(ID),
	[WORKER_TAKE] = HAS(ID) | HAS(FIRST) | HAS(BLOB) | HAS(RPCSEC) | HAS(FORGET),
	[WORKER_TOOK] = HAS(OUTCOME) | HAS(WAY) | HAS(EXPIRES) | HAS(NAME) | HAS(USER) | HAS(WHY) |
			HAS(SESSION_KEY) | HAS(BLOB) | HAS(ENCTYPE) | HAS(SUBKEY) | HAS(SEQ) |
			HAS(TARGET) | HAS(SIDS),
	[WORKER_ASK] = HAS(USER) | HAS(DOMAIN),
	[WORKER_USER] = HAS(ERROR) | HAS(SESSION_KEY),
	[WORKER_KEYTAB] = HAS(ID),
	[WORKER_CALL] = HAS(ID) | HAS(FIRST) | HAS(PIPE) | HAS(UID) | HAS(ANONYMOUS) | HAS(GUEST) |
			HAS(ADMINISTRATOR) | HAS(UNTIL) | HAS(USER) | HAS(SID) |
			HAS(DOMAIN) | HAS(BLOB),
	[WORKER_CALLED] = HAS(ERROR) | HAS(MORE) | HAS(BLOB),
	[WORKER_GO_ON] = 0,
	[WORKER_FIND] = HAS(BY_NAME) | HAS(USER) | HAS(SID) | HAS(DOMAIN),
	[WORKER_FOUND] = HAS(USE) | HAS(ERROR) | HAS(USER) | HAS(SID) | HAS(DOMAIN),
	[WORKER_LIST] = 0,
	[WORKER_ROWS] = HAS(LIST),
	[WORKER_LISTED] = HAS(ERROR),
	[WORKER_END] = HAS(ID) | HAS(LIST),
	[WORKER_CHANGE] = HAS(BLOB),
	[WORKER_ENDED] = HAS(ERROR),
	[WORKER_RESOLVE] = HAS(ID) | HAS(BLOB),
	[WORKER_RESOLVED] = HAS(ID) | HAS(ERROR) | HAS(BLOB),
	[WORKER_TLS_KEYS] = HAS(ID),
	[WORKER_TLS_TAKEN] = HAS(ID) | HAS(ERROR) | HAS(WHY),
	[WORKER_SHAKE] = HAS(ID) | HAS(SERVER) | HAS(CERTIFY) | HAS(TIMEOUT) | HAS(NAME),
	[WORKER_SHAKEN] = HAS(ID) | HAS(ERROR) | HAS(PROVED) | HAS(NAME) | HAS(WHY),
	[WORKER_PROVED] = HAS(ERROR) | HAS(WHY),
};

static size_t field_bytes(const struct field *f, const struct worker_msg *msg, const void **bytes)
{
	*bytes = (const u8 *)msg + f->at;
	switch (f->kind) {
	case FIELD_NUMBER:
		return sizeof(u64);
	case FIELD_TEXT:
		return strlen(*bytes);
	case FIELD_KEY:
		*bytes = msg->key;
		return msg->key_len;
	case FIELD_SID_LIST:
		*bytes = msg->sids;
		return msg->sids_len;
	default:
		*bytes = msg->token;
		return msg->token_len;
	}
}

size_t worker_msg_encode(const struct worker_msg *msg, u8 packet[WORKER_PACKET_MAX])
{
	size_t pos = HEADER;
	const void *bytes;
	unsigned int i;
	u32 len;

	for (i = 0; i < FIELDS; i++) {
		if (!(types[msg->type] & 1ULL << i))
			continue;
		len = (u32)field_bytes(&fields[i], msg, &bytes);
		if (fields[i].kind != FIELD_NUMBER && len > fields[i].max)
			return 0;
		memcpy(packet + pos, &len, sizeof(len));
		pos += sizeof(len);
		if (len)
			memcpy(packet + pos, bytes, len);
		pos += len;
	}
	memcpy(packet, &msg->type, sizeof(u32));
	len = (u32)(pos - HEADER);
	memcpy(packet + sizeof(u32), &len, sizeof(len));
	return pos;
}

static bool field_decode(const struct field *f, struct worker_msg *msg, const u8 *bytes, size_t len)
{
	u8 *to = (u8 *)msg + f->at;
	u64 number;

	switch (f->kind) {
	case FIELD_NUMBER:
		if (len != sizeof(number))
			return false;
		memcpy(&number, bytes, sizeof(number));
		memcpy(to, &number, sizeof(number));
		return number <= f->max;
	case FIELD_TEXT:
		if (len > f->max || memchr(bytes, 0, len))
			return false;
		memcpy(to, bytes, len);
		to[len] = '\0';
		return true;
	case FIELD_KEY:
		if (len > f->max)
			return false;
		memcpy(msg->key, bytes, len);
		msg->key_len = len;
		return true;
	case FIELD_SID_LIST:
		msg->sids = bytes;
		msg->sids_len = len;
		return len <= f->max;
	default:
		msg->token = bytes;
		msg->token_len = len;
		return len <= f->max;
	}
}

bool worker_msg_decode(struct worker_msg *msg, const u8 *packet, size_t len)
{
	size_t pos = HEADER;
	u32 head[2], size;
	unsigned int i;

	memset(msg, 0, sizeof(*msg));
	if (len < HEADER)
		return false;
	memcpy(head, packet, sizeof(head));
	if (!head[0] || head[0] >= WORKER_TYPES || head[1] != len - HEADER)
		return false;
	msg->type = head[0];
	for (i = 0; i < FIELDS; i++) {
		if (!(types[msg->type] & 1ULL << i))
			continue;
		if (len - pos < sizeof(size))
			return false;
		memcpy(&size, packet + pos, sizeof(size));
		pos += sizeof(size);
		if (size > len - pos || !field_decode(&fields[i], msg, packet + pos, size))
			return false;
		pos += size;
	}
	return pos == len;
}

int worker_msg_send(int fd, const struct worker_msg *msg, int pass)
{
	union pass_room room;
	/* Not cleared, because it is large, and a call may ask a thousand questions. */
	u8 *packet = malloc(WORKER_PACKET_MAX);
	struct msghdr h = { .msg_iovlen = 1 };
	struct iovec iov;
	size_t len;
	int rc = 0;

	if (!packet)
		mem_out();
	len = worker_msg_encode(msg, packet);
	iov = (struct iovec){ packet, len };
	h.msg_iov = &iov;
	pass_put(&h, &room, pass);
	if (!len)
		rc = -EMSGSIZE;
	else if (sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		rc = -errno;
	explicit_bzero(packet, len);
	free(packet);
	return rc;
}

static int worker_msg_wait(int fd, u64 until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	u64 now;
	int rc;

	do {
		now = clock_ms();
		if (until && now >= until)
			return -ETIMEDOUT;
		rc = poll(&p, 1, until ? (int)(until - now) : -1);
	} while (!rc || (rc < 0 && errno == EINTR));
	return rc < 0 ? -errno : 0;
}

int worker_msg_receive(int fd, struct worker_msg *msg, u8 packet[WORKER_PACKET_MAX], int *passed,
		       u64 until)
{
	union pass_room room;
	struct iovec iov = { packet, WORKER_PACKET_MAX };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t len;
	int rc;

	rc = worker_msg_wait(fd, until);
	if (rc)
		return rc;
	if (passed) {
		*passed = -1;
		h.msg_control = &room;
		h.msg_controllen = sizeof(room);
	}
	len = recvmsg(fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (len <= 0)
		return len ? -errno : -ECONNRESET;
	if (passed)
		pass_take(&h, passed);
	if (!(h.msg_flags & MSG_TRUNC) && worker_msg_decode(msg, packet, (size_t)len))
		return 0;
	if (passed && *passed >= 0) {
		close(*passed);
		*passed = -1;
	}
	return -EBADMSG;
}
