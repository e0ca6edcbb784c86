/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Authentication and pipes, both served by the helper. A token of the client goes to the helper,
 * which authenticates and returns the next token or an identity.
 */
#ifndef _DITTO_NET_HELPER_AUTH_H
#define _DITTO_NET_HELPER_AUTH_H

#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/time64.h>
#include <linux/uidgid.h>

#include "token.h"
#include "upcall.h"

struct ditto_server;

/* Bytes of the longest token in either direction: the length of a netlink attribute has 16 bits. */
#define DITTO_AUTH_TOKEN_MAX	65000
#define DITTO_AUTH_KEY_MAX	64
/* Bytes of the longest name of a user or domain. */
#define DITTO_AUTH_NAME_MAX	511
/* Bytes of the longest message of a pipe; bounded as tokens are. */
#define DITTO_PIPE_MAX		65000
/* Bytes of the longest answer of a pipe, with the lengths of its messages. */
#define DITTO_PIPE_ANSWER_MAX	(2 * DITTO_PIPE_MAX + 1000)

/* How a user logged in; bits of the netlink flags "login-kind". */
#define DITTO_LOGIN_BY_KERBEROS	0x01
#define DITTO_LOGIN_BY_NTLM	0x02
#define DITTO_LOGIN_AS_GUEST	0x04	/* without a proof, or without a name */
#define DITTO_LOGIN_ALL		0x07

/**
 * struct ditto_auth_user - an identity
 * @ref: references
 * @name: "user" or "user@REALM", for display
 * @domain: domain of the user
 * @uid: uid of the account on the server; INVALID_UID if there is none
 * @gid: primary group of the account; INVALID_GID if there is none
 * @guest: admitted as guest: unknown, or without the correct password
 * @anonymous: the client gave no name
 * @login: DITTO_LOGIN_* bit; 0 if the helper did not say
 * @sid: SID of the user, as on the wire
 * @sid_len: bytes of @sid
 * @token: SIDs of the user and its groups, held; NULL if the helper did not say
 * @ngroups: entries of @groups
 * @groups: supplementary groups, sorted
 */
struct ditto_auth_user {
	refcount_t ref;
	char *name;
	char *domain;
	kuid_t uid;
	kgid_t gid;
	bool guest;
	bool anonymous;
	u32 login;
	u8 sid[DITTO_SID_MAX];
	u8 sid_len;
	struct ditto_token *token;
	unsigned int ngroups;
	kgid_t groups[];
};

void ditto_auth_user_put(struct ditto_auth_user *user);
static inline struct ditto_auth_user *ditto_auth_user_hold(struct ditto_auth_user *user)
{
	refcount_inc(&user->ref);
	return user;
}

/**
 * struct ditto_auth - one step of an authentication
 * @ask: the request; the caller sets @peer, @user and @done
 * @id: 0 for the first step; filled with the helper's number of the authentication for further
 *	steps, and with 0 when it has ended in success or refusal
 * @token: token from the client; must stay until @ask.done is called
 * @token_len: bytes of @token
 * @peer: address of the client for display, or NULL
 * @done: filled: the authentication has succeeded
 * @reply: filled with a token for the client, or NULL; the caller frees it with kvfree()
 * @reply_len: bytes of @reply
 * @user: filled with @done: the identity, with a reference
 * @key: filled with @done: the session key
 * @key_len: bytes of @key; 0 for guest and anonymous
 * @expires: filled with @done: wall clock seconds; TIME64_MAX for never
 * @claimed: filled on refusal: name that the client claims, or NULL if not known; the caller frees
 *	it with kfree()
 */
struct ditto_auth {
	struct ditto_upcall_req ask;
	u64 id;
	const void *token;
	size_t token_len;
	const char *peer;
	bool done;
	void *reply;
	size_t reply_len;
	struct ditto_auth_user *user;
	u8 key[DITTO_AUTH_KEY_MAX];
	u8 key_len;
	time64_t expires;
	char *claimed;
};

void ditto_auth_step(struct ditto_server *srv, struct ditto_auth *auth);
void ditto_auth_abort(struct ditto_server *srv, u64 id);
int ditto_auth_hello(struct ditto_server *srv, void **token, size_t *len);

/* Pipes, by name such as "srvsvc", "lsarpc" or "wkssvc". */

/**
 * struct ditto_pipe_ask - a request to a pipe
 * @ask: the request; the caller sets @peer, @user and @done
 * @name: for open: name of the pipe
 * @opener: for open: identity of the client
 * @session: for open: number of the session that opens it
 * @id: the helper's number of the pipe; filled by open
 * @in: for call: the message
 * @in_len: bytes of @in, at most DITTO_PIPE_MAX
 * @out: filled by call with the messages of the answer, each behind its length, a u32, and none of
 *	them empty; or NULL; the caller frees it with kvfree()
 * @out_len: bytes of @out
 */
struct ditto_pipe_ask {
	struct ditto_upcall_req ask;
	const char *name;
	const struct ditto_auth_user *opener;
	u64 session;
	u64 id;
	const void *in;
	size_t in_len;
	void *out;
	size_t out_len;
};

/* pipe.c */
void ditto_pipe_open(struct ditto_server *srv, struct ditto_pipe_ask *pipe);
void ditto_pipe_call(struct ditto_server *srv, struct ditto_pipe_ask *pipe);
void ditto_pipe_close(struct ditto_server *srv, u64 id);

#endif
