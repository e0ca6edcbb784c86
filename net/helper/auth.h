/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is at the other end: tokens go to the helper, which does the authentication,
 * and come back with an identity. And pipes, which the helper serves.
 */
#ifndef _DITTO_NET_HELPER_AUTH_H
#define _DITTO_NET_HELPER_AUTH_H

#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/time64.h>
#include <linux/uidgid.h>

#include "upcall.h"

struct ditto_server;

/* Longest token, either way: a netlink attribute has 16 bits for its length. */
#define DITTO_AUTH_TOKEN_MAX	65000
#define DITTO_AUTH_KEY_MAX	64
#define DITTO_SID_MAX		68	/* bytes: 8 + 15 * 4 */
/* Names of users and domains. */
#define DITTO_AUTH_NAME_MAX	511
/* Bytes of one message of a pipe, as for tokens. */
#define DITTO_PIPE_MAX		65000

/**
 * struct ditto_auth_user - an identity
 * @ref: references
 * @name: "user" or "user@REALM", for people
 * @domain: of it
 * @uid: of the account on the server
 * @gid: its group
 * @ngroups: supplementary ones
 * @groups: sorted
 * @guest: let in as guest, though not known or with no or a wrong password
 * @anonymous: gave no name
 * @sid: of the user, as on the wire
 * @sid_len: bytes
 */
struct ditto_auth_user {
	refcount_t ref;
	char *name;
	char *domain;
	kuid_t uid;
	kgid_t gid;
	bool guest;
	bool anonymous;
	u8 sid[DITTO_SID_MAX];
	u8 sid_len;
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
 * @id: 0 for the first step; filled with the helper's number for the further ones, and with 0
 *	when it is over, whether it succeeded or was refused
 * @token: from the client
 * @token_len: bytes
 * @peer: address of the client, for people
 * @done: it is over, and succeeded
 * @reply: token for the client; kvmalloc()ed, freed by the caller; NULL without
 * @reply_len: bytes
 * @user: with @done: who, held
 * @key: with @done: the session key
 * @key_len: bytes; 0 for guest and anonymous
 * @expires: wall clock; TIME64_MAX for never
 * @claimed: when it was refused: who the client says it is, not proved; NULL if that is not
 *	known; kmalloc()ed, freed by the caller
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

/**
 * ditto_auth_step - give a token to the helper
 * @srv: the server
 * @auth: see there; zeroed but for what goes in
 *
 * @auth->ask.done is called with 0; -EACCES (refused: LOGON_FAILURE; @auth->reply may say why);
 * -ENOENT (no such authentication goes on); -EINVAL (malformed token);
 * -ECONNREFUSED without a helper; and those of ditto_upcall().
 *
 * Context: process; does not wait.
 */
void ditto_auth_step(struct ditto_server *srv, struct ditto_auth *auth);
/* An authentication will not go on; 0 is none. Does not wait. Process context. */
void ditto_auth_abort(struct ditto_server *srv, u64 id);

/**
 * ditto_auth_hello - the first token of a server that speaks first (NEGOTIATE)
 * @srv: the server
 * @token: filled; kept by the helper's registration; kvmalloc()ed, freed by the caller; NULL
 *	if the helper gave none
 * @len: filled
 *
 * Return: 0, -ECONNREFUSED without a helper.
 */
int ditto_auth_hello(struct ditto_server *srv, void **token, size_t *len);

/* Pipes: "srvsvc", "lsarpc", "wkssvc". */

/**
 * struct ditto_pipe_ask - a request to a pipe
 * @ask: the request; the caller sets @peer, @user and @done
 * @name: to open: of the pipe
 * @opener: to open: on whose behalf
 * @id: the helper's number of the pipe; filled when it was opened
 * @in: to write: a message
 * @in_len: bytes, at most DITTO_PIPE_MAX
 * @out: what the message was answered; kvmalloc()ed, freed by the caller; NULL without answer
 * @out_len: bytes
 */
struct ditto_pipe_ask {
	struct ditto_upcall_req ask;
	const char *name;
	const struct ditto_auth_user *opener;
	u64 id;
	const void *in;
	size_t in_len;
	void *out;
	size_t out_len;
};

/*
 * Open a pipe. @ask.done is called with 0, -ENOENT (no such pipe), -ECONNREFUSED and those of
 * ditto_upcall(). Process context; does not wait.
 */
void ditto_pipe_open(struct ditto_server *srv, struct ditto_pipe_ask *pipe);
/*
 * Write a message and read its answer. @ask.done is called with 0, -ENOENT (no such pipe any
 * more), -EINVAL (malformed) and those of ditto_upcall(). Process context; does not wait.
 */
void ditto_pipe_call(struct ditto_server *srv, struct ditto_pipe_ask *pipe);
void ditto_pipe_close(struct ditto_server *srv, u64 id);

#endif
