/* SPDX-License-Identifier: GPL-2.0-only */
/* GSS-API (RFC 2743, 2744) as auth.c needs it: what we accept, and what came of it. */
#ifndef _DITTOD_AUTH_GSS_H
#define _DITTOD_AUTH_GSS_H

#include <gssapi/gssapi.h>

#include "auth.h"

struct gss_acceptor;

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
};

/* Begin, see auth_new(). NULL and errno on error. */
struct gss_acceptor *gss_acceptor_new(const char *users);
void gss_acceptor_free(struct gss_acceptor *acc);
/* See auth_hello(). */
u8 *gss_hello(struct gss_acceptor *acc, size_t *len);
/* See auth_changes(). */
unsigned int gss_changes(struct gss_acceptor *acc);

/**
 * gss_take - give a token of a client to the library
 * @acc: what we accept
 * @context: GSS_C_NO_CONTEXT before the first token
 * @step: token in, reply out
 * @peer: filled on GSS_PROVED
 * @why: filled on GSS_REFUSED and GSS_MALFORMED
 *
 * @context is to be freed with gss_forget() in any case.
 */
enum gss_outcome gss_take(struct gss_acceptor *acc, gss_ctx_id_t *context,
			  struct auth_step *step, struct gss_peer *peer, struct why *why);
void gss_forget(gss_ctx_id_t *context);

#endif
