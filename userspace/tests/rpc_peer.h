/* SPDX-License-Identifier: GPL-2.0-only */
/* Clients of the daemon's RPC server, for tests. */
#ifndef _DITTO_TESTS_RPC_PEER_H
#define _DITTO_TESTS_RPC_PEER_H

#include "rpc/rpc.h"

#define HEADER		16
#define RESPONSE	24

#define PTYPE_RESPONSE	2
#define PTYPE_FAULT	3
#define PTYPE_BIND_ACK	12
#define PTYPE_BIND_NAK	13
#define PTYPE_ALTER_CONTEXT	14
#define PTYPE_ALTER_CONTEXT_RESP	15

/**
 * struct peer - a connection of a user, and its last reply
 * @conn: connection of the server
 * @asks: questions of the server, answered by the test
 * @out: reply
 * @len: bytes of @out
 */
struct peer {
	struct rpc_conn *conn;
	struct rpc_asks asks;
	u8 *out;
	size_t len;
};

/* Number of shares that are served besides "data" and "secret". */
extern unsigned int peer_more_shares;
/* True if "open" is served too, a share for guests. */
extern bool peer_open_share;

/* The @find of struct sid_accounts that looks accounts up; @arg is not used. */
int peer_find(void *arg, bool by_name, struct sid *sid, struct sid_name *name);
/* The @list of struct rpc_asks; @arg is not used. */
int peer_rows(void *arg, enum rpc_list list, struct rows *out);
/* Open a pipe by its name, as a user. */
void peer_open_by(struct peer *p, const char *name, const struct rpc_user *user);
/* Open a pipe as "alice" with this uid. */
void peer_open(struct peer *p, const char *name, uid_t uid);
void peer_end(struct peer *p);
/* Send bytes and replace the reply. Returns 0 or a negative errno. */
int peer_send(struct peer *p, const void *data, size_t len);
/* Send a BIND with one context, and CHECK() that it is accepted. */
void peer_bind(struct peer *p, const u8 *data, size_t len);
/* Open lsarpc and a policy handle of 20 bytes. */
void peer_open_policy(struct peer *p, u8 *handle);

/* Return true if the reply is one whole fragment of this type. */
bool peer_reply_is(const struct peer *p, u8 type);
/* Return the fault code of a reply; 0 if it is not a fault. */
u32 peer_fault(const struct peer *p);
/* Join the fragments of a reply; returns 0 if they are not in order. */
size_t peer_reply_join(const struct peer *p, u8 *out, size_t size);

/* Little-endian numbers. */
u16 bytes_get16(const u8 *p);
u32 bytes_get32(const u8 *p);
/* True if the bytes contain this text in UTF-16. */
bool bytes_have_text(const u8 *data, size_t len, const char *text);

#endif
