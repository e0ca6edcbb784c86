/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _DITTO_COMPAT_CRYPTO_BLAKE2S_H
#define _DITTO_COMPAT_CRYPTO_BLAKE2S_H

#include_next <crypto/blake2s.h>

#ifndef DITTO_HAVE_BLAKE2S_CTX
#define blake2s_ctx	blake2s_state

static inline void ditto_blake2s(const u8 *key, size_t keylen, const u8 *in, size_t inlen, u8 *out,
				 size_t outlen)
{
	blake2s(out, in, key, outlen, inlen, keylen);
}

#define blake2s		ditto_blake2s
#endif

#endif
