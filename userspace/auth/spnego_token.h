/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tokens of SPNEGO (RFC 4178 section 4.2, MS-SPNG section 2.2.1) and of mechanisms without it.
 *
 * Input is taken as clients send it: optional fields in any order, unknown ones skipped. Output is
 * what the RFC says.
 */
#ifndef _DITTOD_SPNEGO_TOKEN_H
#define _DITTOD_SPNEGO_TOKEN_H

#include "der.h"

/* Most mechanisms of a client that are looked at, and the longest list in bytes. */
#define SPNEGO_LIST_MAX		32
#define SPNEGO_LIST_BYTES	1024

/**
 * enum spnego_mech - mechanisms, in the order in which the server names them
 * @SPNEGO_MS_KERBEROS: Kerberos by the truncated OID of Windows (MS-SPNG section 3.1.5.2)
 * @SPNEGO_KERBEROS: Kerberos (RFC 4121)
 * @SPNEGO_NTLM: NTLM (MS-NLMP section 1.9)
 * @SPNEGO_MECHS: their number; any other mechanism
 */
enum spnego_mech {
	SPNEGO_MS_KERBEROS,
	SPNEGO_KERBEROS,
	SPNEGO_NTLM,
	SPNEGO_MECHS
};

/* Bits for sets of mechanisms. */
#define SPNEGO_BIT(mech)	(1U << (mech))

/* The state of a negotiation (RFC 4178 section 4.2.2). */
enum spnego_state {
	SPNEGO_ACCEPT_COMPLETED,
	SPNEGO_ACCEPT_INCOMPLETE,
	SPNEGO_REJECT,
	SPNEGO_REQUEST_MIC,
	SPNEGO_NO_STATE,
};

/* What a token is. */
enum spnego_kind {
	SPNEGO_INIT,		/* NegTokenInit, NegTokenInit2 */
	SPNEGO_RESP,		/* NegTokenResp */
	SPNEGO_BARE_NTLM,	/* a message of NTLM */
	SPNEGO_BARE_KERBEROS,	/* a token of Kerberos, with the header of RFC 2743 section 3.1 */
	SPNEGO_UNKNOWN,		/* the header names another mechanism */
	SPNEGO_MALFORMED,
};

/**
 * struct spnego_token - a token of a client; points into it
 * @kind: what it is
 * @list: of SPNEGO_INIT: MechTypeList with its tag, as it was sent
 * @mechs: of SPNEGO_INIT: the mechanisms of @list
 * @mechs_count: entries of @mechs
 * @state: of SPNEGO_RESP
 * @token: token for a mechanism; NULL if there is none
 * @mic: mechListMIC; NULL if there is none, or if it only repeats @token (RFC 4178 appendix C)
 */
struct spnego_token {
	enum spnego_kind kind;
	struct der list;
	enum spnego_mech mechs[SPNEGO_LIST_MAX];
	unsigned int mechs_count;
	enum spnego_state state;
	struct der token;
	struct der mic;
};

/* Read a token, whose kind may be SPNEGO_MALFORMED. */
void spnego_token_read(const u8 *token, size_t len, struct spnego_token *out);

/*
 * Return the first token of a server that speaks first: NegTokenInit2 with these mechanisms, freed
 * by the caller.
 */
u8 *spnego_hello(unsigned int mechs, size_t *len);

/**
 * struct spnego_resp - NegTokenResp for a client
 * @state: its state
 * @mech: supportedMech, only in the first reply; or SPNEGO_MECHS
 * @token: responseToken; may be empty
 * @mic: mechListMIC; may be empty
 */
struct spnego_resp {
	enum spnego_state state;
	enum spnego_mech mech;
	struct der token;
	struct der mic;
};

/* Encode a reply, freed by the caller. */
u8 *spnego_resp_encode(const struct spnego_resp *resp, size_t *len);

#endif
