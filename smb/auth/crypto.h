/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys, signatures and encryption, on the kernel's crypto API. Transforms are
 * made once for a key; nothing is allocated for a message.
 */
#ifndef _DITTO_SMB_AUTH_CRYPTO_H
#define _DITTO_SMB_AUTH_CRYPTO_H

#include <linux/types.h>
#include <linux/uio.h>

#include "../transport/wire.h"

struct dsmb_buf;
struct scatterlist;

#define DSMB_KEY_MAX		32
#define DSMB_PREAUTH_SIZE	64	/* SHA-512 */
#define DSMB_SIGNATURE_SIZE	16

/**
 * dsmb_kdf - SP800-108 in counter mode with HMAC-SHA256, r = 32 (MS-SMB2 3.1.4.2)
 * @key: the session key
 * @key_len: 16 or 32
 * @label: with its terminating zero
 * @label_len: bytes
 * @context: bytes
 * @context_len: how many
 * @out: filled
 * @out_len: 16 or 32
 */
int dsmb_kdf(const u8 *key, size_t key_len, const void *label, size_t label_len,
	     const void *context, size_t context_len, u8 *out, size_t out_len);

/* hash = SHA512(hash | message), MS-SMB2 3.1.4.4.1 and .2 */
int dsmb_preauth_update(u8 hash[DSMB_PREAUTH_SIZE], const void *message, size_t len);

struct dsmb_signer;	/* a signing key, ready to use by many threads at once */
struct dsmb_sealer;	/* one direction's encryption key, ready to use by many threads at once */

/**
 * dsmb_signer_new - a signing key
 * @alg: algorithm
 * @key: the key
 * @len: bytes of it
 * @home: number of the connection whose answers it signs
 * @since: MessageId of the SESSION_SETUP that made it; 0 if it signs nowhere but at home
 *
 * The nonce of AES-GMAC is the MessageId (MS-SMB2 3.1.4.1), which is unique on one
 * connection only. A key of AES-GMAC signs at home what has a MessageId from @since on.
 * Elsewhere it signs what has a lower one, each MessageId once, and no more.
 *
 * Return: it, with one reference, or an ERR_PTR.
 */
struct dsmb_signer *dsmb_signer_new(enum dsmb_signing alg, const u8 *key, size_t len, u64 home,
				    u64 since);
struct dsmb_signer *dsmb_signer_hold(struct dsmb_signer *signer);
void dsmb_signer_put(struct dsmb_signer *signer);
/* Is it a key of AES-GMAC that belongs to another connection than @conn? */
bool dsmb_signer_is_away(const struct dsmb_signer *signer, u64 conn);

/**
 * struct dsmb_nonce - what one answer is signed under, once
 * @conn: number of the connection
 * @message_id: of the request, which is unique there (credit.c)
 * @taken: a signature was made
 */
struct dsmb_nonce {
	u64 conn;
	u64 message_id;
	bool taken;
};

/**
 * dsmb_sign - sign an answer (MS-SMB2 3.1.4.1)
 * @signer: the key
 * @nonce: of the answer; a second signature under it is a bug, and refused
 * @iov: the message; in its first part is the header, whose flag and signature are set
 * @nr: parts
 *
 * Nothing else signs: with two signatures under one nonce of AES-GMAC, whoever sees
 * them can compute the key that authenticates.
 *
 * Context: may sleep. Return: 0, -EKEYREJECTED if the key has no nonce for this answer,
 * which goes out unsigned then, or another errno.
 */
int dsmb_sign(struct dsmb_signer *signer, struct dsmb_nonce *nonce, const struct kvec *iov,
	      int nr);

/**
 * dsmb_verify - look at the signature of a message
 * @signer: the key
 * @iov: the message; its first part begins with the header
 * @nr: parts
 *
 * Context: may sleep. Return: 0, -EBADMSG if it is wrong, or another errno.
 */
int dsmb_verify(struct dsmb_signer *signer, const struct kvec *iov, int nr);

struct dsmb_sealer *dsmb_sealer_new(enum dsmb_cipher cipher, const u8 *key);
void dsmb_sealer_free(struct dsmb_sealer *sealer);
size_t dsmb_cipher_key_size(enum dsmb_cipher cipher);

/**
 * dsmb_seal - encrypt a message in place
 * @sealer: the key; gives each message its own nonce, and fails with -EKEYEXPIRED when they
 *	are used up
 * @buf: holds a struct dsmb_transform, of which protocol id, size, flags and
 *	session id are set, and behind it the plain text
 * @offset: of the transform header in @buf
 * @len: of the plain text
 */
int dsmb_seal(struct dsmb_sealer *sealer, struct dsmb_buf *buf, u32 offset, u32 len);
/* Decrypt in place; -EBADMSG if it was not made with this key. */
int dsmb_unseal(struct dsmb_sealer *sealer, struct dsmb_buf *buf, u32 offset, u32 len);

int dsmb_crypto_init(void);
void dsmb_crypto_exit(void);

#endif
