/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys, proofs and signatures of NTLM version 2 (MS-NLMP sections 3.3.2 and 3.4), by libgcrypt.
 *
 * All functions are thread-safe after ntlm_crypto_open().
 */
#ifndef _DITTOD_NTLM_CRYPTO_H
#define _DITTOD_NTLM_CRYPTO_H

#include "ntlm_users.h"
#include "text.h"

/* ServerChallenge, and the proof at the start of NTLMv2_RESPONSE (NTProofStr). */
#define NTLM_CHALLENGE_SIZE	8
#define NTLM_PROOF_SIZE		16
/* Signature of a message (MS-NLMP section 2.2.2.9.2), and MIC of AUTHENTICATE. */
#define NTLM_SIGNATURE_SIZE	16
#define NTLM_MIC_SIZE		16

/* Bytes in memory; the functions below hash several of them one behind the other. */
struct ntlm_bytes {
	const void *data;
	size_t len;
};

/* See ntlm_open(). */
bool ntlm_crypto_open(struct why *why);

/* NTOWFv1: the NT hash of a password in UTF-16. */
void ntlm_hash(const void *password, size_t len, u8 hash[NTLM_KEY_SIZE]);
/* HMAC_MD5 over @n parts. */
void ntlm_hmac(const u8 key[NTLM_KEY_SIZE], const struct ntlm_bytes *parts, unsigned int n,
	       u8 out[16]);
/* RC4 with a new state: encrypts and decrypts. */
void ntlm_rc4(const u8 key[NTLM_KEY_SIZE], const u8 *in, size_t len, u8 *out);
/* NTOWFv2 from the NT hash, and names in UTF-16; the user's is in upper case already. */
void ntlm_response_key(const u8 hash[NTLM_KEY_SIZE], const struct ntlm_bytes *user,
		       const struct ntlm_bytes *domain, u8 key[NTLM_KEY_SIZE]);
/* NTProofStr over the rest of NTLMv2_RESPONSE. */
void ntlm_proof(const u8 key[NTLM_KEY_SIZE], const u8 challenge[NTLM_CHALLENGE_SIZE],
		const struct ntlm_bytes *rest, u8 proof[NTLM_PROOF_SIZE]);
/* SessionBaseKey, which is KeyExchangeKey in version 2. */
void ntlm_session_base_key(const u8 key[NTLM_KEY_SIZE], const u8 proof[NTLM_PROOF_SIZE],
			   u8 out[NTLM_KEY_SIZE]);

/**
 * ntlm_first_signature - sign the first message of one side (MS-NLMP section 3.4.4.2)
 * @exported: ExportedSessionKey
 * @flags: negotiated flags with NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY
 * @server: the server signs, not the client
 * @message: the message
 * @signature: filled; sequence number 0, and the RC4 state at its start
 */
void ntlm_first_signature(const u8 exported[NTLM_KEY_SIZE], u32 flags, bool server,
			  const struct ntlm_bytes *message, u8 signature[NTLM_SIGNATURE_SIZE]);
/* SIGNKEY and SEALKEY (MS-NLMP sections 3.4.5.2 and 3.4.5.3), for the same flags. */
void ntlm_sign_key(const u8 exported[NTLM_KEY_SIZE], bool server, u8 key[NTLM_KEY_SIZE]);
void ntlm_seal_key(const u8 exported[NTLM_KEY_SIZE], u32 flags, bool server,
		   u8 key[NTLM_KEY_SIZE]);

/* Compare in a time that does not depend on the bytes. */
bool ntlm_equal(const u8 *a, const u8 *b, size_t len);

#endif
