// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encryption of messages: MS-SMB2 sections 3.1.4.3 and 2.2.41.
 *
 * Each direction of a session has a key of its own. Nonces are a counter and a random salt, so
 * a key never uses a nonce twice, even when many threads encrypt in parallel.
 */
#include <crypto/aead.h>
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/bvec.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../transport/buf.h"
#include "crypto.h"
#include "crypto_job.h"

/* The part of the transform header that is authenticated: from its nonce on. */
#define ASSOC_OFFSET	offsetof(struct dsmb_transform, nonce)
#define ASSOC_SIZE	(sizeof(struct dsmb_transform) - ASSOC_OFFSET)

static_assert(ASSOC_SIZE == 32);

/* Entries for the header and the text before pages, which are shorter than a page. */
#define DSMB_SEAL_TEXT_SG	2

#define COUNTER_SIZE	8	/* bytes of the counter in a nonce */
/* Limit of messages per key; the counter never comes near its end or wraps. */
#define SEALS_MAX	BIT_ULL(62)

/**
 * struct cipher - properties of a negotiated cipher
 * @name: name in the crypto API
 * @key: bytes of a key
 * @nonce: bytes of dsmb_transform.nonce in use
 * @ccm: the crypto API wants the width of the length field before the nonce (RFC 3610 section
 *	2.3)
 */
struct cipher {
	const char *name;
	u8 key;
	u8 nonce;
	bool ccm;
};

static const struct cipher ciphers[] = {
	[DSMB_CIPHER_AES128_CCM] = { "ccm(aes)", 16, 11, true },
	[DSMB_CIPHER_AES128_GCM] = { "gcm(aes)", 16, 12 },
	[DSMB_CIPHER_AES256_CCM] = { "ccm(aes)", 32, 11, true },
	[DSMB_CIPHER_AES256_GCM] = { "gcm(aes)", 32, 12 },
};

/**
 * struct dsmb_sealer - encryption key of one direction
 * @tfm: transform with the key; only read while messages are encrypted
 * @cipher: the cipher
 * @sealed: messages encrypted so far; counter of the nonce
 * @salt: the rest of the nonce
 */
struct dsmb_sealer {
	struct crypto_aead *tfm;
	const struct cipher *cipher;
	atomic64_t sealed;
	u8 salt[4];
};

/* Get the key size of a cipher. Return: bytes. */
size_t dsmb_cipher_key_size(enum dsmb_cipher cipher)
{
	return ciphers[cipher].key;
}

/*
 * Make an encryption key of one direction. @key: dsmb_cipher_key_size() bytes; copied. Return: the
 * key, to be freed by dsmb_sealer_free(), or an ERR_PTR.
 */
struct dsmb_sealer *dsmb_sealer_new(enum dsmb_cipher cipher, const u8 *key)
{
	struct dsmb_sealer *sealer = kzalloc(sizeof(*sealer), GFP_KERNEL);
	int err;

	if (!sealer)
		return ERR_PTR(-ENOMEM);
	sealer->cipher = &ciphers[cipher];
	get_random_bytes(sealer->salt, sizeof(sealer->salt));
	sealer->tfm = crypto_alloc_aead(sealer->cipher->name, 0, 0);
	if (IS_ERR(sealer->tfm)) {
		err = PTR_ERR(sealer->tfm);
		sealer->tfm = NULL;
		goto free;
	}
	err = crypto_aead_setkey(sealer->tfm, key, sealer->cipher->key);
	if (err)
		goto free;
	err = crypto_aead_setauthsize(sealer->tfm, DSMB_SIGNATURE_SIZE);
	if (err)
		goto free;
	return sealer;
free:
	dsmb_sealer_free(sealer);
	return ERR_PTR(err);
}

/* Free an encryption key. @sealer: not in use; may be NULL. */
void dsmb_sealer_free(struct dsmb_sealer *sealer)
{
	if (!sealer)
		return;
	crypto_free_aead(sealer->tfm);
	kfree(sealer);
}

/* Makes a nonce that this key has never used. */
static int nonce_make(struct dsmb_sealer *sealer, struct dsmb_transform *head)
{
	u64 number = atomic64_inc_return(&sealer->sealed);

	if (number > SEALS_MAX)
		return -EKEYEXPIRED;
	memset(head->nonce, 0, sizeof(head->nonce));
	memcpy(head->nonce, &number, COUNTER_SIZE);
	memcpy(head->nonce + COUNTER_SIZE, sealer->salt, sealer->cipher->nonce - COUNTER_SIZE);
	return 0;
}

static void iv_make(const struct cipher *cipher, const struct dsmb_transform *head, u8 iv[16])
{
	memset(iv, 0, 16);
	if (cipher->ccm)
		*iv++ = 15 - cipher->nonce - 1;
	memcpy(iv, head->nonce, cipher->nonce);
}

/* Fills the scatterlist in the order the crypto API wants: header from the nonce on, text, tag. */
static int seal_parts(struct dsmb_job *job, struct dsmb_buf *buf, u32 offset, u32 len)
{
	/*
	 * One entry for each page and one more, because the message begins anywhere in a page;
	 * the tag may need two.
	 */
	int max = min_t(u32, DSMB_JOB_SG - 2, (ASSOC_SIZE + len) / PAGE_SIZE + 2);
	int n = dsmb_buf_sg(buf, offset + ASSOC_OFFSET, ASSOC_SIZE + len, job->sg, max);

	return n < 0 ? n : dsmb_job_add(job->sg, n, job->tag, sizeof(job->tag));
}

/*
 * Fills both scatterlists to encrypt @pages behind the text: what is read, and where it goes. The
 * header and the text stay in place.
 */
static int seal_parts_of_pages(struct dsmb_job *job, struct dsmb_buf *buf, u32 offset, u32 len,
			       const struct bio_vec *pages, unsigned int npages, u32 page_bytes)
{
	u32 all = ASSOC_SIZE + len + page_bytes;
	int max = min_t(u32, DSMB_JOB_SG - 2, all / PAGE_SIZE + 2);
	int n;

	n = dsmb_job_make_other(job);
	if (n < 0)
		return n;
	n = dsmb_buf_sg(buf, offset + ASSOC_OFFSET, ASSOC_SIZE + len, job->sg, DSMB_SEAL_TEXT_SG);
	for (unsigned int i = 0; i < npages && n >= 0; i++)
		n = dsmb_job_add_page(job->sg, n, pages[i].bv_page, pages[i].bv_len,
				      pages[i].bv_offset);
	if (n < 0)
		return n;
	n = dsmb_buf_sg(buf, offset + ASSOC_OFFSET, all, job->other, max);
	return n < 0 ? n : dsmb_job_add(job->other, n, job->tag, sizeof(job->tag));
}

static struct dsmb_transform *transform_of(struct dsmb_buf *buf, u32 offset, u32 len)
{
	if (offset > buf->size || buf->size - offset < sizeof(struct dsmb_transform) ||
	    buf->size - offset - sizeof(struct dsmb_transform) < len)
		return NULL;
	return (struct dsmb_transform *)(buf->data + offset);
}

/*
 * Does a key read each byte once to encrypt it? AES-GCM authenticates the ciphertext. AES-CCM reads
 * the plaintext to authenticate it, and again to encrypt it (RFC 3610 section 2), so the plaintext
 * must not change in between. Context: any. Return: true if the plaintext may change while it is
 * encrypted, as the page cache does.
 */
bool dsmb_sealer_reads_once(const struct dsmb_sealer *sealer)
{
	return !sealer->cipher->ccm;
}

/*
 * Encrypt a message (MS-SMB2 section 3.1.4.3). @buf: holds a struct dsmb_transform with protocol
 * id, size, flags and session id set, the plaintext behind it, and room for the bytes of @pages
 * behind that; @len: bytes of the plaintext in @buf, which is encrypted in place; less than a page
 * with @pages. Return: 0; -EKEYEXPIRED if the key has no nonce left; -EINVAL if the message is not
 * inside @buf, or the key cannot encrypt pages; -ENOMEM; or another negative errno.
 */
int dsmb_seal(struct dsmb_sealer *sealer, struct dsmb_buf *buf, u32 offset, u32 len,
	      const struct bio_vec *pages, unsigned int npages)
{
	u32 page_bytes = dsmb_pages_len(pages, npages);
	struct dsmb_transform *head = transform_of(buf, offset, len + page_bytes);
	struct dsmb_job *job;
	int err;

	if (!head || (npages && !dsmb_sealer_reads_once(sealer)))
		return -EINVAL;
	err = nonce_make(sealer, head);
	if (err)
		return err;
	job = dsmb_job_get_aead(sealer->tfm);
	if (!job)
		return -ENOMEM;
	iv_make(sealer->cipher, head, job->iv);
	if (npages)
		err = seal_parts_of_pages(job, buf, offset, len, pages, npages, page_bytes);
	else
		err = seal_parts(job, buf, offset, len);
	if (err >= 0)
		err = dsmb_job_run(job, npages ? job->other : job->sg, sealer->tfm, true,
				   ASSOC_SIZE, len + page_bytes);
	if (!err)
		memcpy(head->signature, job->tag, sizeof(head->signature));
	dsmb_job_put(job);
	return err;
}

/*
 * Decrypt a message in place. Return: 0; -EBADMSG if the message was not made with this key; or
 * another negative errno.
 */
int dsmb_unseal(struct dsmb_sealer *sealer, struct dsmb_buf *buf, u32 offset, u32 len)
{
	struct dsmb_transform *head = transform_of(buf, offset, len);
	struct dsmb_job *job;
	int err;

	if (!head)
		return -EINVAL;
	job = dsmb_job_get_aead(sealer->tfm);
	if (!job)
		return -ENOMEM;
	iv_make(sealer->cipher, head, job->iv);
	memcpy(job->tag, head->signature, sizeof(job->tag));
	err = seal_parts(job, buf, offset, len);
	if (err >= 0)
		err = dsmb_job_run(job, job->sg, sealer->tfm, false, ASSOC_SIZE,
				   len + DSMB_SIGNATURE_SIZE);
	dsmb_job_put(job);
	return err;
}
