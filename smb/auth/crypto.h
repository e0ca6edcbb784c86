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

int dsmb_kdf(const u8 *key, size_t key_len, const void *label, size_t label_len,
	     const void *context, size_t context_len, u8 *out, size_t out_len);

int dsmb_preauth_update(u8 hash[DSMB_PREAUTH_SIZE], const void *message, size_t len);

struct dsmb_signer;	/* signing key; usable by many threads in parallel */
struct dsmb_sealer;	/* encryption key of one direction; usable by many threads in parallel */

struct dsmb_signer *dsmb_signer_new(enum dsmb_signing alg, const u8 *key, size_t len, u64 home,
				    u64 since);
struct dsmb_signer *dsmb_signer_hold(struct dsmb_signer *signer);
void dsmb_signer_put(struct dsmb_signer *signer);
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

int dsmb_sign(struct dsmb_signer *signer, struct dsmb_nonce *nonce, const struct kvec *iov,
	      int nr);
int dsmb_verify(struct dsmb_signer *signer, const struct kvec *iov, int nr);

struct dsmb_sealer *dsmb_sealer_new(enum dsmb_cipher cipher, const u8 *key);
void dsmb_sealer_free(struct dsmb_sealer *sealer);
size_t dsmb_cipher_key_size(enum dsmb_cipher cipher);
bool dsmb_sealer_reads_once(const struct dsmb_sealer *sealer);
int dsmb_seal(struct dsmb_sealer *sealer, struct dsmb_buf *buf, u32 offset, u32 len,
	      const struct bio_vec *pages, unsigned int npages);
int dsmb_unseal(struct dsmb_sealer *sealer, struct dsmb_buf *buf, u32 offset, u32 len);

/* Check for the algorithms and allocate what all keys share; once for the module. */
int dsmb_crypto_init(void);
void dsmb_crypto_exit(void);

#endif
