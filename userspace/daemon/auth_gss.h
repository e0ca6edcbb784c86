/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Acceptor side of GSS-API (RFC 2743, RFC 2744): the mechanisms that are accepted, and the result
 * of each token. Only the login worker passes bytes of clients to the library.
 */
#ifndef _DITTOD_AUTH_GSS_H
#define _DITTOD_AUTH_GSS_H

#include <gssapi/gssapi.h>

#include "auth.h"

struct gss_acceptor;
struct ntlm_names;

/* How a client proved its identity. */
enum gss_way {
	GSS_WAY_KERBEROS,
	GSS_WAY_NTLM,
	GSS_WAY_ANONYMOUS,
};

/**
 * struct gss_peer - the authenticated client
 * @way: how the identity was proved
 * @name: "user@REALM", "DOMAIN\user" or "user"
 * @local: name in the file of local users; empty for all others
 * @vouched: SIDs by which a domain controller vouches for the client, see user_token_fill();
 *	cleared by the caller
 * @key: session key
 * @key_len: length of @key in bytes
 * @expires: wall clock in seconds, or AUTH_NEVER
 */
struct gss_peer {
	enum gss_way way;
	char name[AUTH_USER_SIZE];
	char local[NSS_NAME_SIZE];
	struct sid_list vouched;
	u8 key[AUTH_KEY_MAX];
	size_t key_len;
	u64 expires;
};

/* Result of one token. */
enum gss_outcome {
	GSS_MORE,	/* the client must send another token */
	GSS_PROVED,
	GSS_REFUSED,
	GSS_MALFORMED,
	GSS_NO_ANSWER,	/* no worker or directory answered: this says nothing about the client */
};

/* Instead of the descriptor of a line: nobody else can be asked about the user now. */
#define GSS_USER_LATER	-2

/**
 * struct gss_users - source of the password lines of local users
 * @find: returns a descriptor of the user's line, or -1, see ntlm_user_open(); or GSS_USER_LATER
 * @arg: argument of @find
 */
struct gss_users {
	int (*find)(void *arg, const struct ntlm_names *names);
	void *arg;
};

/*
 * Create the acceptor; @users is the descriptor of the file that the library opens for local
 * users. Must be called before threads are started, because the libraries are configured through
 * the environment. Lives until the process ends.
 */
struct gss_acceptor *gss_acceptor_new(int users);
/*
 * Return the first token of auth_hello(), freed by the caller. @mechs is filled with WORKER_*
 * bits of the available mechanisms.
 */
u8 *gss_hello(struct gss_acceptor *acc, size_t *len, u64 *mechs);
/*
 * Look at a replaced keytab for keys. Returns true if the result of gss_hello() may have changed.
 */
bool gss_look(struct gss_acceptor *acc);
/**
 * gss_take - pass a token of a client to the library
 * @acc: the acceptor
 * @context: GSS_C_NO_CONTEXT before the first token
 * @users: local users
 * @step: token in, reply out
 * @peer: filled on GSS_PROVED, except @local
 * @why: filled on GSS_REFUSED, GSS_MALFORMED and GSS_NO_ANSWER
 *
 * The caller frees @context with gss_forget() in all cases. Thread-safe for different contexts.
 *
 * Return: the result.
 */
enum gss_outcome gss_take(struct gss_acceptor *acc, gss_ctx_id_t *context,
			  const struct gss_users *users, struct auth_step *step,
			  struct gss_peer *peer, struct why *why);
/**
 * gss_accept - pass the only token of an RPCSEC_GSS context to the library
 * @acc: the acceptor
 * @context: GSS_C_NO_CONTEXT; freed by the caller with gss_forget()
 * @step: token in; reply and context out
 * @peer: filled on GSS_PROVED, except @local
 * @why: filled on GSS_REFUSED and GSS_MALFORMED
 *
 * Thread-safe.
 *
 * Return: the result, never GSS_MORE.
 */
enum gss_outcome gss_accept(struct gss_acceptor *acc, gss_ctx_id_t *context,
			    struct auth_step *step, struct gss_peer *peer, struct why *why);
/* Delete a context; GSS_C_NO_CONTEXT is allowed. */
void gss_forget(gss_ctx_id_t *context);

#endif
