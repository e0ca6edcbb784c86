/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who logs in: tokens of clients go to the login worker until they prove somebody,
 * who then is looked up among the accounts of this machine.
 *
 * Every function may be called by any thread.
 */
#ifndef _DITTOD_AUTH_H
#define _DITTOD_AUTH_H

#include "common/types.h"
#include "nss.h"
#include "sid.h"

/* Longest session key. */
#define AUTH_KEY_MAX	64
/* Longest domain or realm, with its NUL. */
#define AUTH_DOMAIN_SIZE	256
/* Name with a realm, with its NUL. */
#define AUTH_USER_SIZE	512
/* What never expires. */
#define AUTH_NEVER	UINT64_MAX

struct auth;

/**
 * struct auth_step - one token of a client and the answer to it
 * @id: of the authentication; 0 for the first token, filled if there will be more
 * @token: of the client
 * @token_len: bytes
 * @peer: where it came from, for people; may be NULL
 * @reply: for the client, to be freed; NULL for none; may be there on error, too
 * @reply_len: bytes
 * @done: it is over, and what follows counts
 * @anonymous: no name was given; @account is only a number that owns nothing
 * @account: who it is here
 * @user: name for people: that of the account, or of the Kerberos principal; on error who
 *	the client says it is, if it does
 * @domain: of @user
 * @sid: of the user, as on the wire
 * @sid_len: bytes
 * @key: session key
 * @key_len: bytes; 0 for anonymous
 * @expires: wall clock in seconds, or AUTH_NEVER
 */
struct auth_step {
	u64 id;
	const u8 *token;
	size_t token_len;
	const char *peer;
	u8 *reply;
	size_t reply_len;
	bool done;
	bool anonymous;
	struct nss_account account;
	char user[AUTH_USER_SIZE];
	char domain[AUTH_DOMAIN_SIZE];
	u8 sid[SID_SIZE_MAX];
	size_t sid_len;
	u8 key[AUTH_KEY_MAX];
	size_t key_len;
	u64 expires;
};

/*
 * Begin; @users is the file of local users and their passwords, @replay the replay
 * cache of Kerberos, or NULL to forget it in the end, @spawner starts workers. To be
 * called before privileges are dropped. NULL on error, which is logged.
 */
struct auth *auth_new(const char *users, const char *replay, int spawner);
void auth_free(struct auth *a);

/**
 * auth_step - take a token
 * @a: all
 * @step: zeroed but for what goes in; filled
 *
 * May block for as long as the name service does.
 *
 * Return: 0, -EACCES (refused), -EINVAL (no such token is possible here), -ENOENT (no
 * such authentication goes on, or another token of it is being looked at).
 */
int auth_step(struct auth *a, struct auth_step *step);
/* An authentication will not go on. */
void auth_abort(struct auth *a, u64 id);

/*
 * The first token of a server that speaks first, to be freed; NULL if nobody
 * could log in, for want of a mechanism.
 */
u8 *auth_hello(struct auth *a, size_t *len);
/* Another number if it may be another token, because a keytab came or went. */
unsigned int auth_changes(struct auth *a);
/* Readable when auth_ready() has something to do; auth_changes() may be others then. */
int auth_fd(const struct auth *a);
void auth_ready(struct auth *a);

#endif
