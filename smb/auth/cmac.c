// SPDX-License-Identifier: GPL-2.0-only
/*
 * AES-CMAC by AES-CBC. See cmac.h.
 *
 * The MAC of a message is the last block of its CBC encryption with an IV of zeros, after a key
 * made from the first one was added to the message's last block (NIST SP 800-38B section 6.2).
 */
#include <crypto/aes.h>
#include <crypto/algapi.h>
#include <crypto/skcipher.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cmac.h"
#include "crypto_job.h"

/* Generic drivers of cmac(aes) are named cmac(DRIVER). */
#define GENERIC_DRIVER		"cmac("
/* The number that represents doubling in GF(2^128) (NIST SP 800-38B section 5.3). */
#define DOUBLE_CARRY		0x87
/* Padding of the last block begins with this byte. */
#define PADDING			0x80

/**
 * struct dsmb_cmac - a key
 * @cbc: AES-CBC with the key; only read while messages are signed
 * @last: added to the last block: the first if the block is complete, else the second
 */
struct dsmb_cmac {
	struct crypto_skcipher *cbc;
	u8 last[2][AES_BLOCK_SIZE];
};

/*
 * Is CBC the better way to compute AES-CMAC? Return: false if the driver was written for the
 * machine; true if it is the generic one.
 */
bool dsmb_cmac_is_faster(const char *driver)
{
	return strstarts(driver, GENERIC_DRIVER);
}

/* Encrypts @len bytes of @job->sg into @job->other; the last block is in @job->iv then. */
static int cbc_run(struct dsmb_cmac *cmac, struct dsmb_job *job, u32 len)
{
	struct skcipher_request *req = job->req;
	DECLARE_CRYPTO_WAIT(wait);

	memset(job->iv, 0, sizeof(job->iv));
	skcipher_request_set_tfm(req, cmac->cbc);
	skcipher_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG | CRYPTO_TFM_REQ_MAY_SLEEP,
				      crypto_req_done, &wait);
	skcipher_request_set_crypt(req, job->sg, job->other, len, job->iv);
	return crypto_wait_req(crypto_skcipher_encrypt(req), &wait);
}

static struct dsmb_job *cmac_job(struct dsmb_cmac *cmac)
{
	struct dsmb_job *job = dsmb_job_get(sizeof(struct skcipher_request) +
					    crypto_skcipher_reqsize(cmac->cbc));

	if (job && dsmb_job_make_other(job)) {
		dsmb_job_put(job);
		job = NULL;
	}
	return job;
}

static void block_double(u8 to[AES_BLOCK_SIZE], const u8 from[AES_BLOCK_SIZE])
{
	u8 carry = from[0] >> 7 ? DOUBLE_CARRY : 0;

	for (unsigned int i = 0; i < AES_BLOCK_SIZE - 1; i++)
		to[i] = from[i] << 1 | from[i + 1] >> 7;
	to[AES_BLOCK_SIZE - 1] = from[AES_BLOCK_SIZE - 1] << 1 ^ carry;
}

/* Makes what is added to last blocks, from the encryption of zeros. */
static int cmac_init_last(struct dsmb_cmac *cmac)
{
	struct dsmb_job *job = cmac_job(cmac);
	int err;

	if (!job)
		return -ENOMEM;
	err = dsmb_job_add(job->sg, 0, job->zero, sizeof(job->zero));
	if (err > 0)
		err = dsmb_job_discard(job, err);
	if (err)
		goto zero;
	err = cbc_run(cmac, job, AES_BLOCK_SIZE);
	if (err)
		goto zero;
	block_double(cmac->last[0], job->iv);
	block_double(cmac->last[1], cmac->last[0]);
zero:
	memzero_explicit(job->iv, sizeof(job->iv));
	dsmb_job_put(job);
	return err;
}

/*
 * Make a key. @len: bytes of @key. Return: the key, to be freed by dsmb_cmac_free(), or an ERR_PTR.
 */
struct dsmb_cmac *dsmb_cmac_new(const u8 *key, size_t len)
{
	struct dsmb_cmac *cmac = kzalloc(sizeof(*cmac), GFP_KERNEL);
	int err;

	if (!cmac)
		return ERR_PTR(-ENOMEM);
	cmac->cbc = crypto_alloc_skcipher("cbc(aes)", 0, 0);
	if (IS_ERR(cmac->cbc)) {
		err = PTR_ERR(cmac->cbc);
		cmac->cbc = NULL;
		goto free;
	}
	err = crypto_skcipher_setkey(cmac->cbc, key, len) ?: cmac_init_last(cmac);
	if (err)
		goto free;
	return cmac;
free:
	dsmb_cmac_free(cmac);
	return ERR_PTR(err);
}

/* Free a key. @cmac: not in use; may be NULL. */
void dsmb_cmac_free(struct dsmb_cmac *cmac)
{
	if (!cmac)
		return;
	crypto_free_skcipher(cmac->cbc);
	kfree_sensitive(cmac);
}

/* Makes the last block from the last @len bytes of the message. */
static void last_make(const struct dsmb_cmac *cmac, const struct kvec *iov, int nr, size_t len,
		      u8 block[AES_BLOCK_SIZE])
{
	const u8 *last = cmac->last[len < AES_BLOCK_SIZE];

	memset(block, 0, AES_BLOCK_SIZE);
	if (len < AES_BLOCK_SIZE)
		block[len] = PADDING;
	while (len) {
		const struct kvec *part = &iov[--nr];
		size_t n = min(len, part->iov_len);

		len -= n;
		memcpy(block + len, part->iov_base + part->iov_len - n, n);
	}
	crypto_xor(block, last, AES_BLOCK_SIZE);
}

/* Fills the scatterlist: the first @len bytes of the message, and the last block. */
static int cmac_parts(struct dsmb_job *job, const struct kvec *iov, int nr, size_t len)
{
	int n = dsmb_job_add_message(job, iov, nr, len);

	if (n >= 0)
		n = dsmb_job_add(job->sg, n, job->tag, AES_BLOCK_SIZE);
	return n < 0 ? n : dsmb_job_discard(job, n);
}

/*
 * Compute the AES-CMAC of a message as if its signature field was zero. @iov: the message,
 * DSMB_CMAC_MIN bytes or more; its first part begins with the header. Return: 0; -ENOMEM; -EMSGSIZE
 * if the message is too long; or another negative errno.
 */
int dsmb_cmac_sign(struct dsmb_cmac *cmac, const struct kvec *iov, int nr, size_t len,
		   u8 out[DSMB_SIGNATURE_SIZE])
{
	size_t tail = (len - 1) % AES_BLOCK_SIZE + 1;
	struct dsmb_job *job = cmac_job(cmac);
	int err;

	if (!job)
		return -ENOMEM;
	last_make(cmac, iov, nr, tail, job->tag);
	err = cmac_parts(job, iov, nr, len - tail);
	if (err)
		goto put;
	err = cbc_run(cmac, job, len - tail + AES_BLOCK_SIZE);
	if (err)
		goto put;
	memcpy(out, job->iv, DSMB_SIGNATURE_SIZE);
put:
	dsmb_job_put(job);
	return err;
}
