// SPDX-License-Identifier: GPL-2.0-only
/* Keys, proofs and signatures of NTLM; see ntlm_crypto.h. */

#include <gcrypt.h>
#include <string.h>

#include "mem.h"
#include "ntlm_crypto.h"
#include "ntlm_msg.h"

/* MS-NLMP sections 3.4.5.2 and 3.4.5.3: constants of both directions, with their NUL. */
static const char sign_magic[2][59] = {
	"session key to client-to-server signing key magic constant",
	"session key to server-to-client signing key magic constant",
};

static const char seal_magic[2][59] = {
	"session key to client-to-server sealing key magic constant",
	"session key to server-to-client sealing key magic constant",
};

bool ntlm_crypto_open(struct why *why)
{
	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
		gcry_check_version(NULL);
		gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
		gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	}
	if (!gcry_fips_mode_active() && !gcry_md_test_algo(GCRY_MD_MD4) &&
	    !gcry_md_test_algo(GCRY_MD_MD5) && !gcry_cipher_test_algo(GCRY_CIPHER_ARCFOUR))
		return true;
	return why_not(why,
		       "libgcrypt does not allow MD4, MD5 and RC4, as in FIPS mode, and NTLM needs them");
}

/* Hash with or without a key. Only allocations can fail: ntlm_crypto_open() has tried the rest. */
static void ntlm_digest(int algorithm, const void *key, const struct ntlm_bytes *parts,
			unsigned int n, u8 out[16])
{
	gcry_md_hd_t md;
	unsigned int i;

	if (gcry_md_open(&md, algorithm, key ? GCRY_MD_FLAG_HMAC : 0))
		mem_out();
	if (key && gcry_md_setkey(md, key, NTLM_KEY_SIZE))
		mem_out();
	for (i = 0; i < n; i++)
		gcry_md_write(md, parts[i].data, parts[i].len);
	memcpy(out, gcry_md_read(md, algorithm), 16);
	gcry_md_close(md);
}

void ntlm_hash(const void *password, size_t len, u8 hash[NTLM_KEY_SIZE])
{
	const struct ntlm_bytes part = { password, len };

	ntlm_digest(GCRY_MD_MD4, NULL, &part, 1, hash);
}

void ntlm_hmac(const u8 key[NTLM_KEY_SIZE], const struct ntlm_bytes *parts, unsigned int n,
	       u8 out[16])
{
	ntlm_digest(GCRY_MD_MD5, key, parts, n, out);
}

void ntlm_rc4(const u8 key[NTLM_KEY_SIZE], const u8 *in, size_t len, u8 *out)
{
	gcry_cipher_hd_t cipher;

	if (gcry_cipher_open(&cipher, GCRY_CIPHER_ARCFOUR, GCRY_CIPHER_MODE_STREAM, 0) ||
	    gcry_cipher_setkey(cipher, key, NTLM_KEY_SIZE) ||
	    gcry_cipher_encrypt(cipher, out, len, in, len))
		mem_out();
	gcry_cipher_close(cipher);
}

void ntlm_response_key(const u8 hash[NTLM_KEY_SIZE], const struct ntlm_bytes *user,
		       const struct ntlm_bytes *domain, u8 key[NTLM_KEY_SIZE])
{
	const struct ntlm_bytes parts[] = { *user, *domain };

	ntlm_hmac(hash, parts, ARRAY_SIZE(parts), key);
}

void ntlm_proof(const u8 key[NTLM_KEY_SIZE], const u8 challenge[NTLM_CHALLENGE_SIZE],
		const struct ntlm_bytes *rest, u8 proof[NTLM_PROOF_SIZE])
{
	const struct ntlm_bytes parts[] = { { challenge, NTLM_CHALLENGE_SIZE }, *rest };

	ntlm_hmac(key, parts, ARRAY_SIZE(parts), proof);
}

void ntlm_session_base_key(const u8 key[NTLM_KEY_SIZE], const u8 proof[NTLM_PROOF_SIZE],
			   u8 out[NTLM_KEY_SIZE])
{
	const struct ntlm_bytes part = { proof, NTLM_PROOF_SIZE };

	ntlm_hmac(key, &part, 1, out);
}

void ntlm_sign_key(const u8 exported[NTLM_KEY_SIZE], bool server, u8 key[NTLM_KEY_SIZE])
{
	const struct ntlm_bytes parts[] = {
		{ exported, NTLM_KEY_SIZE }, { sign_magic[server], sizeof(sign_magic[server]) },
	};

	ntlm_digest(GCRY_MD_MD5, NULL, parts, ARRAY_SIZE(parts), key);
}

void ntlm_seal_key(const u8 exported[NTLM_KEY_SIZE], u32 flags, bool server,
		   u8 key[NTLM_KEY_SIZE])
{
	size_t len = flags & NTLMSSP_NEGOTIATE_128 ? NTLM_KEY_SIZE :
		     flags & NTLMSSP_NEGOTIATE_56 ? 7 : 5;
	const struct ntlm_bytes parts[] = {
		{ exported, len }, { seal_magic[server], sizeof(seal_magic[server]) },
	};

	ntlm_digest(GCRY_MD_MD5, NULL, parts, ARRAY_SIZE(parts), key);
}

void ntlm_first_signature(const u8 exported[NTLM_KEY_SIZE], u32 flags, bool server,
			  const struct ntlm_bytes *message, u8 signature[NTLM_SIGNATURE_SIZE])
{
	static const u8 first[4] = { 0 };
	const struct ntlm_bytes parts[] = { { first, sizeof(first) }, *message };
	u8 key[NTLM_KEY_SIZE], hmac[16];

	ntlm_sign_key(exported, server, key);
	ntlm_hmac(key, parts, ARRAY_SIZE(parts), hmac);
	memset(signature, 0, NTLM_SIGNATURE_SIZE);
	signature[0] = 1;
	memcpy(signature + 4, hmac, 8);
	if (flags & NTLMSSP_NEGOTIATE_KEY_EXCH) {
		ntlm_seal_key(exported, flags, server, key);
		ntlm_rc4(key, hmac, 8, signature + 4);
	}
	explicit_bzero(key, sizeof(key));
}

bool ntlm_equal(const u8 *a, const u8 *b, size_t len)
{
	u8 different = 0;
	size_t i;

	for (i = 0; i < len; i++)
		different |= a[i] ^ b[i];
	return !different;
}
