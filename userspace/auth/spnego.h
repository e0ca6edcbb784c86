/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Acceptor of SPNEGO (RFC 4178, MS-SPNG section 3.2): chooses a mechanism, passes bare tokens to
 * it, and exchanges mechListMIC. Tokens of a mechanism without SPNEGO are taken as well.
 *
 * Thread-safe for different negotiations. Only the login worker passes tokens of clients to it.
 */
#ifndef _DITTOD_SPNEGO_H
#define _DITTOD_SPNEGO_H

#include "auth_gss.h"
#include "spnego_token.h"

/**
 * struct spnego_mech_ops - a mechanism
 * @begin: begin an exchange
 * @take: take a token of the client, as gss_take() does; the reply is bare. Sets the user that is
 *	claimed, and the target, of the step
 * @can_sign: does the exchange, which has proved the client, have signatures? If not, there is no
 *	mechListMIC
 * @sign: sign data; returns the signature, freed by the caller, or NULL
 * @verify: verify a signature of the client
 * @end: free an exchange
 *
 * @arg comes from struct spnego_offer.
 */
struct spnego_mech_ops {
	void *(*begin)(void *arg);
	enum gss_outcome (*take)(void *arg, void *exchange, struct auth_step *step,
				 struct gss_peer *peer, struct why *why);
	bool (*can_sign)(void *exchange);
	u8 *(*sign)(void *exchange, const struct der *data, size_t *len);
	bool (*verify)(void *exchange, const struct der *data, const struct der *mic);
	void (*end)(void *exchange);
};

/**
 * struct spnego_offer - a mechanism of the server
 * @ops: NULL if it is not available
 * @arg: argument of @ops
 */
struct spnego_offer {
	const struct spnego_mech_ops *ops;
	void *arg;
};

struct spnego;

/**
 * spnego_take - take a token of a client
 * @negotiation: NULL before the first token; filled, and freed by the caller in all cases
 * @offers: the mechanisms, by enum spnego_mech
 * @step: token in; reply, claimed user and target out
 * @peer: filled on GSS_PROVED
 * @why: filled on GSS_REFUSED, GSS_MALFORMED and GSS_NO_ANSWER
 *
 * An empty token asks the server to speak first. A first token of a client begins the exchange
 * anew, also after others (MS-SMB2 section 3.3.5.5.2). May block as @take does.
 *
 * Return: the result.
 */
enum gss_outcome spnego_take(struct spnego **negotiation,
			     const struct spnego_offer offers[SPNEGO_MECHS],
			     struct auth_step *step, struct gss_peer *peer, struct why *why);
/* Free a negotiation; NULL is allowed. */
void spnego_free(struct spnego *s);

#endif
