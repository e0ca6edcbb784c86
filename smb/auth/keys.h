/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of a session, and how each dialect derives them: MS-SMB2 section 3.3.5.5.3. */
#ifndef _DITTO_SMB_AUTH_KEYS_H
#define _DITTO_SMB_AUTH_KEYS_H

#include <linux/types.h>

#include "crypto.h"

struct ditto_auth;
struct dsmb_conn;

/* Bytes of Session.SessionKey and of every signing key; a shorter key is padded with zeros. */
#define DSMB_SESSION_KEY_SIZE	16

enum dsmb_key_use {
	DSMB_KEY_SIGN,
	DSMB_KEY_SEAL,		/* server to client */
	DSMB_KEY_UNSEAL,	/* client to server */
	DSMB_KEY_USES,
};

int dsmb_key_derive(enum dsmb_key_use use, u16 dialect, const u8 *key, size_t key_len,
		    const u8 preauth[DSMB_PREAUTH_SIZE], u8 *out, size_t out_len);
int dsmb_signing_key(const struct dsmb_conn *conn, const struct ditto_auth *auth,
		     const u8 preauth[DSMB_PREAUTH_SIZE], u8 out[DSMB_SESSION_KEY_SIZE]);
struct dsmb_sealer *dsmb_sealing_key(const struct dsmb_conn *conn, const struct ditto_auth *auth,
				     const u8 preauth[DSMB_PREAUTH_SIZE], enum dsmb_key_use use);

#endif
