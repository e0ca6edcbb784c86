// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signatures and encryption of the load generator's messages ([MS-SMB2] sections 3.1.4.1 and
 * 3.1.4.3), with keys that user space derived.
 *
 * Answers are decrypted, as their contents are needed, but their signatures are not verified:
 * the generator is thin, and what it does costs the same beside every server.
 */
#include <crypto/aead.h>
#include <crypto/hash.h>
#include <linux/crypto.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/unaligned.h>

#include "load.h"

#define SMB_HEADER		64
#define SMB_SIGNED		BIT(3)
/* Offsets in a header. */
#define HEADER_FLAGS		16
#define HEADER_NEXT		20
#define HEADER_MESSAGE_ID	24
#define HEADER_SIGNATURE	48
#define TAG_SIZE		16

/* The header of an encrypted message (section 2.2.41), and its offsets. */
#define TRANSFORM		52
#define TRANSFORM_TAG		4
#define TRANSFORM_NONCE		20
#define TRANSFORM_SIZE		36
#define TRANSFORM_FLAGS		42
#define TRANSFORM_SESSION	44
#define GCM_NONCE		12
/* In the last bytes of a nonce; user space, which has the same key, has zeros there. */
#define NONCE_MARK		1

/**
 * struct load_guard - the keys of a run and the memory to compute with
 * @run: what it is for
 * @hash: signs with AES-CMAC, or NULL
 * @mac: signs with AES-GMAC, or NULL
 * @seal: encrypts, or NULL
 * @unseal: decrypts, if @seal encrypts
 * @req: for all of them
 * @wait: completion of @req
 * @sg: data of @req, and where it goes
 * @iv: of @req
 * @tag: of @req
 * @zero: zeros, in place of a signature
 * @out: encrypted calls, by slot, with room for what goes before them
 */
struct load_guard {
	struct load_run *run;
	struct crypto_shash *hash;
	struct crypto_aead *mac;
	struct crypto_aead *seal;
	struct crypto_aead *unseal;
	struct aead_request *req;
	struct crypto_wait wait;
	struct scatterlist sg[2][5];
	u8 iv[16];
	u8 tag[TAG_SIZE];
	u8 zero[TAG_SIZE];
	u8 *out[LOAD_SLOTS_MAX];
};

static struct crypto_aead *guard_gcm(const u8 *key)
{
	struct crypto_aead *aead = crypto_alloc_aead("gcm(aes)", 0, 0);
	int err;

	if (IS_ERR(aead))
		return aead;
	err = crypto_aead_setkey(aead, key, LOAD_KEY_SIZE) ?:
	      crypto_aead_setauthsize(aead, TAG_SIZE);
	if (!err)
		return aead;
	crypto_free_aead(aead);
	return ERR_PTR(err);
}

static int guard_init_sign(struct load_guard *guard)
{
	const struct load_run *run = guard->run;

	if (run->sign == LOAD_SIGN_GMAC) {
		guard->mac = guard_gcm(run->sign_key);
		return PTR_ERR_OR_ZERO(guard->mac);
	}
	guard->hash = crypto_alloc_shash("cmac(aes)", 0, 0);
	if (IS_ERR(guard->hash))
		return PTR_ERR(guard->hash);
	return crypto_shash_setkey(guard->hash, run->sign_key, LOAD_KEY_SIZE);
}

static int guard_init_seal(struct load_guard *guard)
{
	const struct load_run *run = guard->run;
	u32 i;

	guard->seal = guard_gcm(run->out_key);
	if (IS_ERR(guard->seal))
		return PTR_ERR(guard->seal);
	guard->unseal = guard_gcm(run->in_key);
	if (IS_ERR(guard->unseal))
		return PTR_ERR(guard->unseal);
	for (i = 0; i < run->outstanding; i++) {
		guard->out[i] = kmalloc(TRANSFORM + sizeof_field(struct load_slot, call) +
					run->size, GFP_KERNEL);
		if (!guard->out[i])
			return -ENOMEM;
	}
	return 0;
}

static void guard_free_aead(struct crypto_aead *aead)
{
	if (!IS_ERR_OR_NULL(aead))
		crypto_free_aead(aead);
}

void load_guard_free(struct load_guard *guard)
{
	u32 i;

	if (IS_ERR_OR_NULL(guard))
		return;
	if (!IS_ERR_OR_NULL(guard->hash))
		crypto_free_shash(guard->hash);
	guard_free_aead(guard->mac);
	guard_free_aead(guard->seal);
	guard_free_aead(guard->unseal);
	for (i = 0; i < LOAD_SLOTS_MAX; i++)
		kfree(guard->out[i]);
	kfree(guard->req);
	kfree(guard);
}

static int guard_init(struct load_guard *guard)
{
	struct crypto_aead *aead;
	int err = 0;

	if (guard->run->sign != LOAD_SIGN_NONE)
		err = guard_init_sign(guard);
	if (!err && guard->run->sealed)
		err = guard_init_seal(guard);
	aead = guard->seal ?: guard->mac;
	if (err || !aead)
		return err;
	/* The keys are of one algorithm, so that there is room for each of them. */
	guard->req = kmalloc(sizeof(*guard->req) + crypto_aead_reqsize(aead), GFP_KERNEL);
	return guard->req ? 0 : -ENOMEM;
}

struct load_guard *load_guard_new(struct load_run *run)
{
	struct load_guard *guard;
	int err;

	if (run->sign == LOAD_SIGN_NONE && !run->sealed)
		return NULL;
	guard = kzalloc(sizeof(*guard), GFP_KERNEL);
	if (!guard)
		return ERR_PTR(-ENOMEM);
	guard->run = run;
	err = guard_init(guard);
	if (!err)
		return guard;
	load_guard_free(guard);
	return ERR_PTR(err);
}

/* Compute with what is in @sg and @iv; the tag is the last entry of the second. */
static int guard_compute(struct load_guard *guard, struct crypto_aead *aead, bool encrypt,
			 u32 assoc, u32 len)
{
	struct aead_request *req = guard->req;

	crypto_init_wait(&guard->wait);
	aead_request_set_tfm(req, aead);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG | CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &guard->wait);
	aead_request_set_ad(req, assoc);
	aead_request_set_crypt(req, guard->sg[0], guard->sg[1], len, guard->iv);
	return crypto_wait_req(encrypt ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req),
			       &guard->wait);
}

static int guard_sign_hash(struct load_guard *guard, u8 *p, size_t len, const void *payload,
			   size_t size)
{
	SHASH_DESC_ON_STACK(desc, guard->hash);

	desc->tfm = guard->hash;
	return crypto_shash_init(desc) ?:
	       crypto_shash_update(desc, p, len) ?:
	       crypto_shash_update(desc, payload, size) ?:
	       crypto_shash_final(desc, p + HEADER_SIGNATURE);
}

static int guard_sign_gmac(struct load_guard *guard, u8 *p, size_t len, const void *payload,
			   size_t size)
{
	int way, n, err;

	for (way = 0; way < 2; way++) {
		n = size ? 3 : 2;
		sg_init_table(guard->sg[way], n);
		sg_set_buf(&guard->sg[way][0], p, len);
		if (size)
			sg_set_buf(&guard->sg[way][1], payload, size);
		sg_set_buf(&guard->sg[way][n - 1], guard->tag, TAG_SIZE);
	}
	/* The MessageId, and a word that is zero for requests. */
	memset(guard->iv, 0, sizeof(guard->iv));
	memcpy(guard->iv, p + HEADER_MESSAGE_ID, sizeof(u64));
	err = guard_compute(guard, guard->mac, true, len + size, 0);
	memcpy(p + HEADER_SIGNATURE, guard->tag, TAG_SIZE);
	return err;
}

/* Sign each request of a message; the payload belongs to the last. */
static int guard_sign(struct load_guard *guard, u8 *p, size_t len, const void *payload,
		      size_t size)
{
	u32 next, flags;
	size_t part;
	int err;

	do {
		next = get_unaligned_le32(p + HEADER_NEXT);
		part = next ?: len;
		flags = get_unaligned_le32(p + HEADER_FLAGS);
		put_unaligned_le32(flags | SMB_SIGNED, p + HEADER_FLAGS);
		if (guard->mac)
			err = guard_sign_gmac(guard, p, part, payload, next ? 0 : size);
		else
			err = guard_sign_hash(guard, p, part, payload, next ? 0 : size);
		p += part;
		len -= part;
	} while (next && !err);
	return err;
}

static void guard_put_transform(struct load_guard *guard, u32 len, u64 mid, u8 *p)
{
	memset(p, 0, TRANSFORM);
	memcpy(p, "\xfdSMB", 4);
	/* A MessageId is used once in a session. */
	put_unaligned_le64(mid, p + TRANSFORM_NONCE);
	put_unaligned_le32(NONCE_MARK, p + TRANSFORM_NONCE + sizeof(u64));
	put_unaligned_le32(len, p + TRANSFORM_SIZE);
	put_unaligned_le16(1, p + TRANSFORM_FLAGS);
	put_unaligned_le64(guard->run->clientid, p + TRANSFORM_SESSION);
	memcpy(guard->iv, p + TRANSFORM_NONCE, GCM_NONCE);
}

/* Encrypt a message from where it is into the buffer of its slot. */
static int guard_seal(struct load_guard *guard, struct load_slot *slot, size_t len,
		      const void *payload, size_t size)
{
	u8 *mark = guard->out[slot->index], *p = mark + sizeof(*slot->call);
	int err;

	guard_put_transform(guard, len + size, slot->mid, p);
	sg_init_table(guard->sg[0], size ? 3 : 2);
	sg_set_buf(&guard->sg[0][0], p + TRANSFORM_NONCE, TRANSFORM - TRANSFORM_NONCE);
	sg_set_buf(&guard->sg[0][1], slot->call + 1, len);
	if (size)
		sg_set_buf(&guard->sg[0][2], payload, size);
	sg_init_table(guard->sg[1], 2);
	sg_set_buf(&guard->sg[1][0], p + TRANSFORM_NONCE, TRANSFORM - TRANSFORM_NONCE + len + size);
	sg_set_buf(&guard->sg[1][1], guard->tag, TAG_SIZE);
	err = guard_compute(guard, guard->seal, true, TRANSFORM - TRANSFORM_NONCE, len + size);
	memcpy(p + TRANSFORM_TAG, guard->tag, TAG_SIZE);
	put_unaligned_be32(TRANSFORM + len + size, mark);
	return err;
}

int load_guard_call(struct load_guard *guard, struct load_slot *slot, size_t len,
		    const void *payload, size_t size, struct kvec *out)
{
	int err;

	if (!guard->seal)
		return guard_sign(guard, (u8 *)(slot->call + 1), len, payload, size);
	err = guard_seal(guard, slot, len, payload, size);
	out->iov_base = guard->out[slot->index];
	out->iov_len = sizeof(*slot->call) + TRANSFORM + len + size;
	return err;
}

int load_guard_reply(struct load_guard *guard, u8 *data, size_t len)
{
	int way;

	if (!guard->seal)
		return 0;
	if (len < TRANSFORM + SMB_HEADER || memcmp(data, "\xfdSMB", 4))
		return -EBADMSG;
	memcpy(guard->tag, data + TRANSFORM_TAG, TAG_SIZE);
	memcpy(guard->iv, data + TRANSFORM_NONCE, GCM_NONCE);
	for (way = 0; way < 2; way++) {
		sg_init_table(guard->sg[way], 2);
		sg_set_buf(&guard->sg[way][0], data + TRANSFORM_NONCE, len - TRANSFORM_NONCE);
		sg_set_buf(&guard->sg[way][1], guard->tag, TAG_SIZE);
	}
	return guard_compute(guard, guard->unseal, false, TRANSFORM - TRANSFORM_NONCE,
			     len - TRANSFORM + TAG_SIZE) ?: TRANSFORM;
}
