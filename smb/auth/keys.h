/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of a session and how each dialect makes them: MS-SMB2 section 3.3.5.5.3. */
#ifndef _DITTO_SMB_AUTH_KEYS_H
#define _DITTO_SMB_AUTH_KEYS_H

#include <linux/types.h>

#include "crypto.h"

struct ditto_auth;
struct dsmb_conn;

/* Session.SessionKey and every signing key: never longer, padded with zeros if it is shorter. */
#define DSMB_SESSION_KEY_SIZE	16

enum dsmb_key_use {
	DSMB_KEY_SIGN,
	DSMB_KEY_SEAL,		/* server to client */
	DSMB_KEY_UNSEAL,	/* client to server */
	DSMB_KEY_USES,
};

/**
 * dsmb_key_derive - a key of a 3.x session
 * @use: what for
 * @dialect: 0x0300 and above
 * @key: the session's
 * @key_len: bytes
 * @preauth: the hash up to the last SESSION_SETUP request; used by 3.1.1
 * @out: filled
 * @out_len: 16 or 32
 *
 * Return: 0 or an errno.
 */
int dsmb_key_derive(enum dsmb_key_use use, u16 dialect, const u8 *key, size_t key_len,
		    const u8 preauth[DSMB_PREAUTH_SIZE], u8 *out, size_t out_len);

/**
 * dsmb_signing_key - the signing key for what was authenticated on a connection
 * @conn: negotiated
 * @auth: succeeded
 * @preauth: see dsmb_key_derive()
 * @out: filled
 */
int dsmb_signing_key(const struct dsmb_conn *conn, const struct ditto_auth *auth,
		     const u8 preauth[DSMB_PREAUTH_SIZE], u8 out[DSMB_SESSION_KEY_SIZE]);

/* Encryption of one direction, @use SEAL or UNSEAL. ERR_PTR on error. */
struct dsmb_sealer *dsmb_sealing_key(const struct dsmb_conn *conn, const struct ditto_auth *auth,
				     const u8 preauth[DSMB_PREAUTH_SIZE], enum dsmb_key_use use);

#endif
