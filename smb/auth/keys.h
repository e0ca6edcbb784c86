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

/**
 * dsmb_key_derive - derive a key of a 3.x session
 * @use: purpose of the key
 * @dialect: 0x0300 or above
 * @key: the session key
 * @key_len: bytes of @key
 * @preauth: Session.PreauthIntegrityHashValue up to the last SESSION_SETUP request; used by
 *	3.1.1
 * @out: filled
 * @out_len: 16 or 32
 *
 * Return: 0 or a negative errno.
 */
int dsmb_key_derive(enum dsmb_key_use use, u16 dialect, const u8 *key, size_t key_len,
		    const u8 preauth[DSMB_PREAUTH_SIZE], u8 *out, size_t out_len);

/**
 * dsmb_signing_key - derive the signing key of an authentication on a connection
 * @conn: negotiated
 * @auth: succeeded, with a key
 * @preauth: see dsmb_key_derive()
 * @out: filled
 *
 * Before 3.0 the session key itself signs.
 *
 * Return: 0 or a negative errno.
 */
int dsmb_signing_key(const struct dsmb_conn *conn, const struct ditto_auth *auth,
		     const u8 preauth[DSMB_PREAUTH_SIZE], u8 out[DSMB_SESSION_KEY_SIZE]);

/**
 * dsmb_sealing_key - derive the encryption key of one direction
 * @conn: negotiated, with a cipher
 * @auth: succeeded, with a key
 * @preauth: see dsmb_key_derive()
 * @use: DSMB_KEY_SEAL or DSMB_KEY_UNSEAL
 *
 * Return: the key, or an ERR_PTR.
 */
struct dsmb_sealer *dsmb_sealing_key(const struct dsmb_conn *conn, const struct ditto_auth *auth,
				     const u8 preauth[DSMB_PREAUTH_SIZE], enum dsmb_key_use use);

#endif
