// SPDX-License-Identifier: GPL-2.0-only
/* Key derivation: SP800-108 in counter mode, as used by MS-SMB2 section 3.1.4.2. */
#include <crypto/hash.h>
#include <linux/array_size.h>
#include <linux/err.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "crypto.h"

#define HMAC_SIZE	32	/* SHA-256; the longest key, so one round is enough */

static int hmac_round(struct shash_desc *desc, const void *label, size_t label_len,
		      const void *context, size_t context_len, size_t out_len, u8 *digest)
{
	const struct {
		const void *data;
		size_t len;
	} parts[] = {
		{ "\0\0\0\1", 4 },	/* the first round */
		{ label, label_len },
		{ "\0", 1 },
		{ context, context_len },
	};
	u8 bits[4];
	int err;

	err = crypto_shash_init(desc);
	for (unsigned int i = 0; !err && i < ARRAY_SIZE(parts); i++)
		err = crypto_shash_update(desc, parts[i].data, parts[i].len);
	if (err)
		return err;
	put_unaligned_be32(out_len * 8, bits);
	return crypto_shash_finup(desc, bits, sizeof(bits), digest);
}

/*
 * Derive a key (MS-SMB2 section 3.1.4.2). @key_len: its bytes, 16 or more; @label_len: bytes of
 * @label; @context_len: bytes of @context. This is SP800-108 in counter mode with HMAC-SHA256 and r
 * = 32. Return: 0 or a negative errno.
 */
int dsmb_kdf(const u8 *key, size_t key_len, const void *label, size_t label_len,
	     const void *context, size_t context_len, u8 *out, size_t out_len)
{
	struct crypto_shash *tfm;
	u8 digest[HMAC_SIZE];
	int err;

	if (WARN_ON_ONCE(out_len > sizeof(digest)))
		return -EINVAL;
	tfm = crypto_alloc_shash("hmac(sha256)", 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = crypto_shash_setkey(tfm, key, key_len);
	if (!err) {
		SHASH_DESC_ON_STACK(desc, tfm);

		desc->tfm = tfm;
		err = hmac_round(desc, label, label_len, context, context_len, out_len, digest);
		shash_desc_zero(desc);
	}
	if (!err)
		memcpy(out, digest, out_len);
	memzero_explicit(digest, sizeof(digest));
	crypto_free_shash(tfm);
	return err;
}
