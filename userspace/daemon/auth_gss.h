/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GSS-API (RFC 2743, 2744): what we accept, and what came of it. Only the login
 * worker gives it bytes of clients.
 */
#ifndef _DITTOD_AUTH_GSS_H
#define _DITTOD_AUTH_GSS_H

#include <gssapi/gssapi.h>

#include "auth.h"

struct gss_acceptor;
struct ntlm_names;

/* How a peer proved who it is. */
enum gss_way {
	GSS_WAY_KERBEROS,
	GSS_WAY_NTLM,
	GSS_WAY_ANONYMOUS,
};

/**
 * struct gss_peer - who is at the other end
 * @way: how it was proved
 * @name: "user@REALM" or "DOMAIN\user" or "user"
 * @local: the account that it has as Kerberos' configuration says, or the name in the
 *	file of local users; may be empty
 * @key: session key
 * @key_len: bytes
 * @expires: wall clock in seconds, or AUTH_NEVER
 */
struct gss_peer {
	enum gss_way way;
	char name[AUTH_USER_SIZE];
	char local[NSS_NAME_SIZE];
	u8 key[AUTH_KEY_MAX];
	size_t key_len;
	u64 expires;
};

/* What a token led to. */
enum gss_outcome {
	GSS_MORE,	/* the client has to say more */
	GSS_PROVED,
	GSS_REFUSED,
	GSS_MALFORMED,
	GSS_NO_ANSWER,	/* nobody could look at it: that says nothing about the client */
};

/**
 * struct gss_users - where the lines of local users come from
 * @find: a descriptor of the user's line, or -1; see ntlm_user_open()
 * @arg: for it
 */
struct gss_users {
	int (*find)(void *arg, const struct ntlm_names *names);
	void *arg;
};

/*
 * Begin; the library's file of local users is the descriptor @users. To be called
 * before threads are started: the libraries are told by the environment.
 */
struct gss_acceptor *gss_acceptor_new(int users);
/* See auth_hello(); @mechs: filled with WORKER_* for what there is. */
u8 *gss_hello(struct gss_acceptor *acc, size_t *len, u64 *mechs);
/* The keytab is another one: look whether it has keys. Is another hello to be told? */
bool gss_look(struct gss_acceptor *acc);
/* The account of a Kerberos principal by auth_to_local (krb5.conf(5)); may be empty. */
void gss_local_name(const char *name, char local[NSS_NAME_SIZE]);

/**
 * gss_take - give a token of a client to the library
 * @acc: what we accept
 * @context: GSS_C_NO_CONTEXT before the first token
 * @users: local users
 * @step: token in, reply out
 * @peer: filled on GSS_PROVED, but for its account
 * @why: filled on GSS_REFUSED and GSS_MALFORMED
 *
 * @context is to be freed with gss_forget() in any case.
 */
enum gss_outcome gss_take(struct gss_acceptor *acc, gss_ctx_id_t *context,
			  const struct gss_users *users, struct auth_step *step,
			  struct gss_peer *peer, struct why *why);
void gss_forget(gss_ctx_id_t *context);

#endif
