/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Acceptor side of GSS-API (RFC 2743, RFC 2744): the results of tokens, and Kerberos by the
 * library. Only the login worker passes bytes of clients to it.
 */
#ifndef _DITTOD_AUTH_GSS_H
#define _DITTOD_AUTH_GSS_H

#include <gssapi/gssapi.h>

#include "auth.h"

struct gss_acceptor;
struct spnego_mech_ops;

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

/* Create the acceptor of Kerberos. Lives until the process ends. */
struct gss_acceptor *gss_acceptor_new(void);
/* Does the keytab have a key? */
bool gss_has_keys(struct gss_acceptor *acc);
/* Look at a replaced keytab. Returns true if the result of gss_has_keys() has changed. */
bool gss_look(struct gss_acceptor *acc);
/* Kerberos as a mechanism of SPNEGO; the argument is the acceptor. */
extern const struct spnego_mech_ops gss_kerberos_ops;
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
