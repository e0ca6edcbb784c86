/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages in which the kernel's sunrpc asks for contexts of RPCSEC_GSS: ONC RPC (RFC 5531) with
 * the program of gssproxy(8). sunrpc calls one procedure, with the client's token as it is.
 */
#ifndef _DITTOD_GSSX_H
#define _DITTOD_GSSX_H

#include "auth.h"

/* Longest record that is understood: a token of TOKEN_MAX bytes, and what is around it. */
#define GSSX_TOKEN_MAX	65000
#define GSSX_CALL_MAX	(GSSX_TOKEN_MAX + 2048)
/* Longest reply with its record mark: the groups, and names, reply and key. */
#define GSSX_REPLY_MAX	(4 * NSS_GROUPS_MAX + 4096)

/* Requests of the kernel. */
enum gssx_kind {
	GSSX_PING,
	GSSX_ACCEPT,
	GSSX_UNKNOWN,	/* a procedure or program that is not served */
};

/**
 * struct gssx_call - a call
 * @xid: number of the call
 * @kind: what the kernel wants
 * @token: token of the client, within the record; NULL if the call continues a context
 * @token_len: length of @token in bytes
 */
struct gssx_call {
	u32 xid;
	enum gssx_kind kind;
	const u8 *token;
	size_t token_len;
};

/* Decode a record. Returns false if it is no call. */
bool gssx_call_decode(struct gssx_call *call, const u8 *record, size_t len);

/*
 * Encode the reply to a call, with its record mark, into @reply of GSSX_REPLY_MAX bytes. @step is
 * the result of auth_accept(), or NULL if there is none; only for GSSX_ACCEPT. Returns the length,
 * 0 if a part is too long.
 */
size_t gssx_reply_encode(const struct gssx_call *call, const struct auth_step *step, u8 *reply);

#endif
