// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signatures of messages: MS-SMB2 section 3.1.4.1.
 *
 * HMAC-SHA256 and AES-CMAC are hashes with a key; AES-CMAC of larger messages is computed
 * by AES-CBC where that is faster (cmac.h). AES-GMAC is AES-GCM without text, with a
 * nonce made of the MessageId. Two messages must never be signed with the same nonce, so each
 * response is signed once, and an AES-GMAC key keeps track of its nonces on other connections
 * than its own.
 */
#include <crypto/aead.h>
#include <crypto/hash.h>
#include <crypto/utils.h>
#include <linux/bitmap.h>
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "cmac.h"
#include "crypto.h"
#include "crypto_job.h"

#define DIGEST_MAX		32	/* HMAC-SHA256 */
/* MessageIds an AES-GMAC key can sign on another connection; binding comes first there. */
#define AWAY_IDS		64
#define GMAC_NONCE_RESPONSE	BIT(0)
#define GMAC_NONCE_CANCEL	BIT(1)

/**
 * struct dsmb_signer - a signing key; all members except @away are constant
 * @ref: one for the session, and one for each channel with this key
 * @home: number of the connection whose responses it signs
 * @since: first MessageId it signs there
 * @away: MessageIds below @since that it signed on other connections
 * @hash: for HMAC-SHA256 and AES-CMAC
 * @cmac: for AES-CMAC of larger messages, or NULL if @hash is better
 * @aead: for AES-GMAC, which is AES-GCM without text
 */
struct dsmb_signer {
	refcount_t ref;
	u64 home;
	u64 since;
	DECLARE_BITMAP(away, AWAY_IDS);
	struct crypto_shash *hash;
	struct dsmb_cmac *cmac;
	struct crypto_aead *aead;
};

static int signer_key_gmac(struct dsmb_signer *signer, const u8 *key, size_t len)
{
	int err;

	signer->aead = crypto_alloc_aead("gcm(aes)", 0, 0);
	if (IS_ERR(signer->aead)) {
		err = PTR_ERR(signer->aead);
		signer->aead = NULL;
		return err;
	}
	err = crypto_aead_setkey(signer->aead, key, len);
	return err ?: crypto_aead_setauthsize(signer->aead, DSMB_SIGNATURE_SIZE);
}

static int signer_key_hash(struct dsmb_signer *signer, const char *name, const u8 *key, size_t len)
{
	int err;

	signer->hash = crypto_alloc_shash(name, 0, 0);
	if (IS_ERR(signer->hash)) {
		err = PTR_ERR(signer->hash);
		signer->hash = NULL;
		return err;
	}
	return crypto_shash_setkey(signer->hash, key, len);
}

static int signer_key_cmac(struct dsmb_signer *signer, const u8 *key, size_t len)
{
	int err = signer_key_hash(signer, "cmac(aes)", key, len);

	if (err || !dsmb_cmac_is_faster(crypto_shash_driver_name(signer->hash)))
		return err;
	signer->cmac = dsmb_cmac_new(key, len);
	if (!IS_ERR(signer->cmac))
		return 0;
	err = PTR_ERR(signer->cmac);
	signer->cmac = NULL;
	return err;
}

/*
 * Make a signing key. @len: bytes of @key. The nonce of AES-GMAC is the MessageId (MS-SMB2 section
 * 3.1.4.1), which is unique on one connection only. An AES-GMAC key therefore signs on @home only
 * responses with a MessageId of @since or more. On other connections it signs responses with lower
 * MessageIds, each at most once. Return: the key with one reference, or an ERR_PTR.
 */
struct dsmb_signer *dsmb_signer_new(enum dsmb_signing alg, const u8 *key, size_t len, u64 home,
				    u64 since)
{
	struct dsmb_signer *signer = kzalloc(sizeof(*signer), GFP_KERNEL);
	int err;

	if (!signer)
		return ERR_PTR(-ENOMEM);
	refcount_set(&signer->ref, 1);
	signer->home = home;
	signer->since = since;
	if (alg == DSMB_SIGNING_AES_GMAC)
		err = signer_key_gmac(signer, key, len);
	else if (alg == DSMB_SIGNING_AES_CMAC)
		err = signer_key_cmac(signer, key, len);
	else
		err = signer_key_hash(signer, "hmac(sha256)", key, len);
	if (err) {
		dsmb_signer_put(signer);
		return ERR_PTR(err);
	}
	return signer;
}

/* Take a reference to a signing key. Context: any. Return: @signer. */
struct dsmb_signer *dsmb_signer_hold(struct dsmb_signer *signer)
{
	refcount_inc(&signer->ref);
	return signer;
}

/* Drop a reference to a signing key. @signer: the key; may be NULL. */
void dsmb_signer_put(struct dsmb_signer *signer)
{
	if (!signer || !refcount_dec_and_test(&signer->ref))
		return;
	crypto_free_shash(signer->hash);
	dsmb_cmac_free(signer->cmac);
	crypto_free_aead(signer->aead);
	kfree(signer);
}

/*
 * Is this an AES-GMAC key of another connection? Context: any. Return: true if it is; its nonces on
 * @conn are limited then.
 */
bool dsmb_signer_is_away(const struct dsmb_signer *signer, u64 conn)
{
	return signer->aead && signer->home != conn;
}

static int sign_hash(struct dsmb_signer *signer, const struct kvec *iov, int nr,
		     u8 out[DSMB_SIGNATURE_SIZE])
{
	static const u8 no_signature[DSMB_SIGNATURE_SIZE];
	SHASH_DESC_ON_STACK(desc, signer->hash);
	u8 digest[DIGEST_MAX];
	int i, err;

	desc->tfm = signer->hash;
	err = crypto_shash_init(desc);
	if (err)
		goto zero;
	err = crypto_shash_update(desc, iov[0].iov_base, offsetof(struct dsmb_header, signature));
	if (err)
		goto zero;
	err = crypto_shash_update(desc, no_signature, sizeof(no_signature));
	if (err)
		goto zero;
	err = crypto_shash_update(desc, iov[0].iov_base + sizeof(struct dsmb_header),
				  iov[0].iov_len - sizeof(struct dsmb_header));
	for (i = 1; i < nr && !err; i++)
		err = crypto_shash_update(desc, iov[i].iov_base, iov[i].iov_len);
	if (err)
		goto zero;
	err = crypto_shash_final(desc, digest);
	if (err)
		goto zero;
	memcpy(out, digest, DSMB_SIGNATURE_SIZE);
zero:
	shash_desc_zero(desc);
	return err;
}

/* Fills the scatterlist: the message is authenticated, and there is no text to encrypt. */
static int gmac_parts(struct dsmb_job *job, const struct kvec *iov, int nr, size_t len)
{
	int n = dsmb_job_add_message(job, iov, nr, len);

	return n < 0 ? n : dsmb_job_add(job->sg, n, job->tag, sizeof(job->tag));
}

/* The MessageId, then a word that distinguishes the directions and CANCEL. */
static void gmac_nonce(const struct dsmb_header *head, u8 *iv)
{
	u32 flags = 0;

	if (head->flags & cpu_to_le32(DSMB_FLAG_RESPONSE))
		flags |= GMAC_NONCE_RESPONSE;
	if (head->command == cpu_to_le16(DSMB_CANCEL))
		flags |= GMAC_NONCE_CANCEL;
	memcpy(iv, &head->message_id, sizeof(head->message_id));
	put_unaligned_le32(flags, iv + sizeof(head->message_id));
}

static int sign_gmac(struct dsmb_signer *signer, const struct kvec *iov, int nr, size_t len,
		     u8 out[DSMB_SIGNATURE_SIZE])
{
	struct dsmb_job *job = dsmb_job_get_aead(signer->aead);
	int err;

	if (!job)
		return -ENOMEM;
	gmac_nonce(iov[0].iov_base, job->iv);
	err = gmac_parts(job, iov, nr, len);
	if (err >= 0)
		err = dsmb_job_run(job, job->sg, signer->aead, true, len, 0);
	if (!err)
		memcpy(out, job->tag, DSMB_SIGNATURE_SIZE);
	dsmb_job_put(job);
	return err;
}

/*
 * Consumes the nonce of a response. Each key signs a MessageId at most once, and only responses
 * are signed.
 */
static int signer_take(struct dsmb_signer *signer, struct dsmb_nonce *nonce)
{
	u64 id = nonce->message_id;

	if (WARN_ON_ONCE(nonce->taken))
		return -EALREADY;
	if (signer->aead) {
		bool away = nonce->conn != signer->home, before = id < signer->since;

		if (away != before)
			return -EKEYREJECTED;
		if (away && (id >= AWAY_IDS || test_and_set_bit(id, signer->away)))
			return -EKEYREJECTED;
	}
	nonce->taken = true;
	return 0;
}

static int signer_compute(struct dsmb_signer *signer, const struct kvec *iov, int nr,
			  u8 out[DSMB_SIGNATURE_SIZE])
{
	size_t len = dsmb_iov_len(iov, nr);

	if (nr < 1 || iov[0].iov_len < sizeof(struct dsmb_header))
		return -EINVAL;
	if (signer->aead)
		return sign_gmac(signer, iov, nr, len, out);
	if (signer->cmac && len >= DSMB_CMAC_MIN)
		return dsmb_cmac_sign(signer->cmac, iov, nr, len, out);
	return sign_hash(signer, iov, nr, out);
}

/*
 * Sign a response (MS-SMB2 section 3.1.4.1). This is the only function that signs. Two signatures
 * under one AES-GMAC nonce would let an observer compute the authentication key. Return: 0;
 * -EKEYREJECTED if the key has no nonce for this response, which is then sent unsigned; or another
 * negative errno.
 */
int dsmb_sign(struct dsmb_signer *signer, struct dsmb_nonce *nonce, const struct kvec *iov,
	      int nr)
{
	struct dsmb_header *head = iov[0].iov_base;
	int err;

	if (WARN_ON_ONCE(!(head->flags & cpu_to_le32(DSMB_FLAG_RESPONSE)) ||
			 head->message_id != cpu_to_le64(nonce->message_id)))
		return -EINVAL;
	err = signer_take(signer, nonce);
	if (err)
		return err;
	head->flags |= cpu_to_le32(DSMB_FLAG_SIGNED);
	return signer_compute(signer, iov, nr, head->signature);
}

/*
 * Verify the signature of a message (MS-SMB2 section 3.1.5.1). Return: 0; -EBADMSG if the signature
 * is wrong; or another negative errno.
 */
int dsmb_verify(struct dsmb_signer *signer, const struct kvec *iov, int nr)
{
	const struct dsmb_header *head = iov[0].iov_base;
	u8 signature[DSMB_SIGNATURE_SIZE];
	int err = signer_compute(signer, iov, nr, signature);

	if (err)
		return err;
	return crypto_memneq(signature, head->signature, sizeof(signature)) ? -EBADMSG : 0;
}
