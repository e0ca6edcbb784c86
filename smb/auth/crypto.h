/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys, signatures and encryption, on top of the kernel's crypto API. A transform is made once
 * for a key; nothing is allocated per message.
 */
#ifndef _DITTO_SMB_AUTH_CRYPTO_H
#define _DITTO_SMB_AUTH_CRYPTO_H

#include <linux/types.h>
#include <linux/uio.h>

#include "../wire/wire.h"

struct bio_vec;
struct dsmb_buf;
struct scatterlist;

#define DSMB_KEY_MAX		32
#define DSMB_PREAUTH_SIZE	64	/* SHA-512 */
#define DSMB_SIGNATURE_SIZE	16

/**
 * dsmb_kdf - derive a key (MS-SMB2 section 3.1.4.2)
 * @key: the session key
 * @key_len: its bytes, 16 or more
 * @label: label, including its terminating zero
 * @label_len: bytes of @label
 * @context: context
 * @context_len: bytes of @context
 * @out: filled with the derived key
 * @out_len: 16 or 32
 *
 * This is SP800-108 in counter mode with HMAC-SHA256 and r = 32.
 *
 * Return: 0 or a negative errno.
 */
int dsmb_kdf(const u8 *key, size_t key_len, const void *label, size_t label_len,
	     const void *context, size_t context_len, u8 *out, size_t out_len);

/**
 * dsmb_preauth_update - extend a preauthentication hash by a message
 * @hash: replaced by SHA-512 over the old value and the message
 * @message: the message from its header on
 * @len: its bytes
 *
 * See MS-SMB2 sections 3.1.4.4.1 and 3.1.4.4.2.
 *
 * Return: 0 or a negative errno.
 */
int dsmb_preauth_update(u8 hash[DSMB_PREAUTH_SIZE], const void *message, size_t len);

struct dsmb_signer;	/* signing key; usable by many threads in parallel */
struct dsmb_sealer;	/* encryption key of one direction; usable by many threads in parallel */

/**
 * dsmb_signer_new - make a signing key
 * @alg: algorithm
 * @key: the key; copied
 * @len: bytes of @key
 * @home: number of the connection whose responses it signs
 * @since: MessageId of the SESSION_SETUP that made it; 0 if it signs on @home only
 *
 * The nonce of AES-GMAC is the MessageId (MS-SMB2 section 3.1.4.1), which is unique on one
 * connection only. An AES-GMAC key therefore signs on @home only responses with a MessageId of
 * @since or more. On other connections it signs responses with lower MessageIds, each at most
 * once.
 *
 * Return: the key with one reference, or an ERR_PTR.
 */
struct dsmb_signer *dsmb_signer_new(enum dsmb_signing alg, const u8 *key, size_t len, u64 home,
				    u64 since);

/**
 * dsmb_signer_hold - take a reference to a signing key
 * @signer: the key
 *
 * Context: any.
 * Return: @signer.
 */
struct dsmb_signer *dsmb_signer_hold(struct dsmb_signer *signer);

/**
 * dsmb_signer_put - drop a reference to a signing key
 * @signer: the key; may be NULL
 */
void dsmb_signer_put(struct dsmb_signer *signer);

/**
 * dsmb_signer_is_away - is this an AES-GMAC key of another connection?
 * @signer: the key
 * @conn: number of a connection
 *
 * Context: any.
 * Return: true if it is; its nonces on @conn are limited then.
 */
bool dsmb_signer_is_away(const struct dsmb_signer *signer, u64 conn);

/**
 * struct dsmb_nonce - identity of one response, for signing it once
 * @conn: number of the connection
 * @message_id: MessageId of the request, unique on the connection (transport/credit.c)
 * @taken: a signature was made
 */
struct dsmb_nonce {
	u64 conn;
	u64 message_id;
	bool taken;
};

/**
 * dsmb_sign - sign a response (MS-SMB2 section 3.1.4.1)
 * @signer: the key
 * @nonce: identity of the response; a second signature under it is a bug and is refused
 * @iov: the message; its first part begins with the header, whose flag and signature are set
 * @nr: number of parts
 *
 * This is the only function that signs. Two signatures under one AES-GMAC nonce would let an
 * observer compute the authentication key.
 *
 * Return: 0; -EKEYREJECTED if the key has no nonce for this response, which is then sent
 * unsigned; or another negative errno.
 */
int dsmb_sign(struct dsmb_signer *signer, struct dsmb_nonce *nonce, const struct kvec *iov,
	      int nr);

/**
 * dsmb_verify - verify the signature of a message (MS-SMB2 section 3.1.5.1)
 * @signer: the key
 * @iov: the message; its first part begins with the header
 * @nr: number of parts
 *
 * Return: 0; -EBADMSG if the signature is wrong; or another negative errno.
 */
int dsmb_verify(struct dsmb_signer *signer, const struct kvec *iov, int nr);

/**
 * dsmb_sealer_new - make an encryption key of one direction
 * @cipher: the negotiated cipher, not NONE
 * @key: dsmb_cipher_key_size() bytes; copied
 *
 * Return: the key, to be freed by dsmb_sealer_free(), or an ERR_PTR.
 */
struct dsmb_sealer *dsmb_sealer_new(enum dsmb_cipher cipher, const u8 *key);

/**
 * dsmb_sealer_free - free an encryption key
 * @sealer: not in use; may be NULL
 */
void dsmb_sealer_free(struct dsmb_sealer *sealer);

/**
 * dsmb_cipher_key_size - get the key size of a cipher
 * @cipher: the cipher
 *
 * Return: bytes.
 */
size_t dsmb_cipher_key_size(enum dsmb_cipher cipher);

/**
 * dsmb_sealer_reads_once - does a key read each byte once to encrypt it?
 * @sealer: the key
 *
 * AES-GCM authenticates the ciphertext. AES-CCM reads the plaintext to authenticate it, and again
 * to encrypt it (RFC 3610 section 2), so the plaintext must not change in between.
 *
 * Context: any.
 * Return: true if the plaintext may change while it is encrypted, as the page cache does.
 */
bool dsmb_sealer_reads_once(const struct dsmb_sealer *sealer);

/**
 * dsmb_seal - encrypt a message (MS-SMB2 section 3.1.4.3)
 * @sealer: the key; gives each message a nonce of its own
 * @buf: holds a struct dsmb_transform with protocol id, size, flags and session id set, the
 *	plaintext behind it, and room for the bytes of @pages behind that
 * @offset: of the transform header in @buf
 * @len: bytes of the plaintext in @buf, which is encrypted in place; less than a page with @pages
 * @pages: the rest of the plaintext, which is not changed; only if dsmb_sealer_reads_once()
 * @npages: number of @pages; may be 0
 *
 * Return: 0; -EKEYEXPIRED if the key has no nonce left; -EINVAL if the message is not inside
 * @buf, or the key cannot encrypt pages; -ENOMEM; or another negative errno.
 */
int dsmb_seal(struct dsmb_sealer *sealer, struct dsmb_buf *buf, u32 offset, u32 len,
	      const struct bio_vec *pages, unsigned int npages);

/**
 * dsmb_unseal - decrypt a message in place
 * @sealer: the key
 * @buf: holds a struct dsmb_transform and the ciphertext behind it
 * @offset: of the transform header in @buf
 * @len: bytes of the ciphertext
 *
 * Return: 0; -EBADMSG if the message was not made with this key; or another negative errno.
 */
int dsmb_unseal(struct dsmb_sealer *sealer, struct dsmb_buf *buf, u32 offset, u32 len);

/* Check for the algorithms and allocate what all keys share; once for the module. */
int dsmb_crypto_init(void);
void dsmb_crypto_exit(void);

#endif
