// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys of a session: MS-SMB2 sections 3.3.5.5.2 and 3.3.5.5.3. The labels and contexts
 * depend on the dialect; 3.1.1 uses the preauthentication hash as context.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "../../net/helper/auth.h"
#include "../transport/conn.h"
#include "keys.h"

/**
 * struct derivation - label and context of a key
 * @label: the terminating zero is part of it
 * @context: the terminating zero is part of it; NULL for the preauthentication hash (3.1.1)
 */
struct derivation {
	const char *label;
	const char *context;
};

static const struct derivation derivations_300[DSMB_KEY_USES] = {
	[DSMB_KEY_SIGN] = { "SMB2AESCMAC", "SmbSign" },
	[DSMB_KEY_SEAL] = { "SMB2AESCCM", "ServerOut" },
	[DSMB_KEY_UNSEAL] = { "SMB2AESCCM", "ServerIn " },
};

static const struct derivation derivations_311[DSMB_KEY_USES] = {
	[DSMB_KEY_SIGN] = { "SMBSigningKey" },
	[DSMB_KEY_SEAL] = { "SMBS2CCipherKey" },
	[DSMB_KEY_UNSEAL] = { "SMBC2SCipherKey" },
};

/* Derive a key of a 3.x session. @key_len: bytes of @key. Return: 0 or a negative errno. */
int dsmb_key_derive(enum dsmb_key_use use, u16 dialect, const u8 *key, size_t key_len,
		    const u8 preauth[DSMB_PREAUTH_SIZE], u8 *out, size_t out_len)
{
	const struct derivation *d = dialect == DSMB_DIALECT_311 ? &derivations_311[use] :
				     &derivations_300[use];
	const void *context = d->context ?: (const void *)preauth;
	size_t context_len = d->context ? strlen(d->context) + 1 : DSMB_PREAUTH_SIZE;

	return dsmb_kdf(key, key_len, d->label, strlen(d->label) + 1, context, context_len,
			out, out_len);
}

static void session_key(const struct ditto_auth *auth, u8 out[DSMB_SESSION_KEY_SIZE])
{
	memset(out, 0, DSMB_SESSION_KEY_SIZE);
	memcpy(out, auth->key, min_t(size_t, auth->key_len, DSMB_SESSION_KEY_SIZE));
}

/*
 * Derive the signing key of an authentication on a connection. Before 3.0 the session key itself
 * signs. Return: 0 or a negative errno.
 */
int dsmb_signing_key(const struct dsmb_conn *conn, const struct ditto_auth *auth,
		     const u8 preauth[DSMB_PREAUTH_SIZE], u8 out[DSMB_SESSION_KEY_SIZE])
{
	u8 key[DSMB_SESSION_KEY_SIZE];
	int err = 0;

	session_key(auth, key);
	if (dsmb_dialect_is_3x(conn->dialect))
		err = dsmb_key_derive(DSMB_KEY_SIGN, conn->dialect, key, sizeof(key), preauth,
				      out, DSMB_SESSION_KEY_SIZE);
	else
		memcpy(out, key, sizeof(key));
	memzero_explicit(key, sizeof(key));
	return err;
}

/* Derive the encryption key of one direction. Return: the key, or an ERR_PTR. */
struct dsmb_sealer *dsmb_sealing_key(const struct dsmb_conn *conn, const struct ditto_auth *auth,
				     const u8 preauth[DSMB_PREAUTH_SIZE], enum dsmb_key_use use)
{
	size_t size = dsmb_cipher_key_size(conn->cipher);
	u8 key[DSMB_SESSION_KEY_SIZE], out[DSMB_KEY_MAX];
	struct dsmb_sealer *sealer;
	const u8 *from = key;
	size_t len = sizeof(key);
	int err;

	session_key(auth, key);
	/*
	 * Ciphers with longer keys use the full key of the authentication:
	 * Session.FullSessionKey.
	 */
	if (size > sizeof(key) && auth->key_len > sizeof(key)) {
		from = auth->key;
		len = auth->key_len;
	}
	err = dsmb_key_derive(use, conn->dialect, from, len, preauth, out, size);
	sealer = err ? ERR_PTR(err) : dsmb_sealer_new(conn->cipher, out);
	memzero_explicit(key, sizeof(key));
	memzero_explicit(out, sizeof(out));
	return sealer;
}
