/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Authentication of clients. Tokens of clients go to the login worker until they prove a name,
 * which is then looked up among the accounts of this machine.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_AUTH_H
#define _DITTOD_AUTH_H

#include "common/types.h"
#include "identity/user_token.h"

/* Threads for logins over SMB, and as many for contexts of RPCSEC_GSS. */
#define AUTH_THREADS	8
/* Longest session key, in bytes. */
#define AUTH_KEY_MAX	64
/* Longest domain or realm, including the NUL. */
#define AUTH_DOMAIN_SIZE	256
/* Longest user name with its realm, including the NUL. */
#define AUTH_USER_SIZE	512
/* Expiry time of an authentication that never expires. */
#define AUTH_NEVER	UINT64_MAX

struct auth;

/**
 * struct auth_context - an established context of RPCSEC_GSS, beside its key; of others @target
 * @enctype: encryption type of the key (RFC 3961)
 * @subkey: the acceptor chose the key
 * @seq: number of the acceptor's first message
 * @target: the principal of this machine that the client asked for; for NTLM, the service that the
 *	client says it wants, or empty
 */
struct auth_context {
	u32 enctype;
	bool subkey;
	u64 seq;
	char target[NSS_NAME_SIZE];
};

/**
 * struct auth_step - one token of a client and the reply to it
 * @id: number of the authentication; 0 for the first token, filled if more tokens are needed
 * @token: token from the client
 * @token_len: length of @token in bytes
 * @peer: address of the client, for log messages; may be NULL
 * @rpcsec: set by auth_accept()
 * @reply: token for the client, freed by the caller; NULL for none; may be set on error too
 * @reply_len: length of @reply in bytes
 * @done: the authentication succeeded, and the members below are valid
 * @anonymous: the client gave no name; the numbers of @account own nothing
 * @account: the account on this machine, freed by the caller with user_token_clear()
 * @user: name for messages and for delays of logins: a local user's account, otherwise the name
 *	that was proved; on error the name that the client claims, if any
 * @domain: domain of @user
 * @name: name of the account, as the name service has it
 * @vouched: domain of @name, where that has none, as this machine, or the realm of a ticket, says
 *	it; empty if only the client says one
 * @login: how the user proved who he is, a DITTO_LOGIN_KIND_* bit
 * @key: session key
 * @key_len: length of @key in bytes; 0 for anonymous
 * @expires: wall clock in seconds, or AUTH_NEVER
 * @context: filled if @rpcsec; else only its target
 */
struct auth_step {
	u64 id;
	const u8 *token;
	size_t token_len;
	const char *peer;
	bool rpcsec;
	u8 *reply;
	size_t reply_len;
	bool done;
	bool anonymous;
	struct user_token account;
	char user[AUTH_USER_SIZE];
	char domain[AUTH_DOMAIN_SIZE];
	char name[NSS_NAME_SIZE];
	char vouched[AUTH_DOMAIN_SIZE];
	u32 login;
	u8 key[AUTH_KEY_MAX];
	size_t key_len;
	u64 expires;
	struct auth_context context;
};

/*
 * Start the login worker. @users is the path of the file of local users and passwords. @replay is
 * the path of the Kerberos replay cache; with NULL the cache does not outlive dittod. @spawner is
 * the socket of the spawner. Must be called before privileges are dropped. Returns NULL on error,
 * which is logged; the caller frees the result with auth_free().
 */
struct auth *auth_new(const char *users, const char *replay, int spawner);
/* Free all authentications and stop using the worker. No other thread may use @a any more. */
void auth_free(struct auth *a);

/**
 * auth_step - process one token
 * @a: the authenticator
 * @step: input members set, all others zeroed; filled
 *
 * May block for as long as the login worker and the name service take.
 *
 * Return: 0, -EACCES (refused), -EINVAL (the token is malformed), -ENOENT (there is no such
 * authentication, or another token of it is being processed), -EAGAIN (no answer from the worker
 * or the name service, or no room for another authentication).
 */
int auth_step(struct auth *a, struct auth_step *step);
/**
 * auth_accept - establish a context of RPCSEC_GSS from the only token of Kerberos (RFC 4121)
 * @a: the authenticator
 * @step: token set, all others zeroed; filled
 *
 * A principal without an account acts as an anonymous user, because clients set up their state as
 * their machine, which has none. One that must not become its account is refused. May block as
 * auth_step().
 *
 * Return: 0, -EACCES, -EINVAL or -EAGAIN as auth_step().
 */
int auth_accept(struct auth *a, struct auth_step *step);
/* Drop the authentication @id. If a token of it is being processed, it ends after that token. */
void auth_abort(struct auth *a, u64 id);

/*
 * Return the first token of a server that speaks first, freed by the caller. NULL if no mechanism
 * is available, so that no client could log in.
 */
u8 *auth_hello(struct auth *a, size_t *len);
/*
 * Return a number that changes whenever the token of auth_hello() may have changed, because a
 * keytab appeared or disappeared.
 */
unsigned int auth_changes(struct auth *a);
/* Is there a keytab? It may be empty. */
bool auth_has_keytab(const struct auth *a);
/*
 * The descriptor is readable when auth_ready() has work; auth_changes() may have changed
 * afterwards.
 */
int auth_fd(const struct auth *a);
void auth_ready(struct auth *a);

#endif
