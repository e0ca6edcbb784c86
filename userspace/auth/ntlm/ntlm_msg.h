/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages of NTLM on the wire (MS-NLMP section 2.2). Decoded messages point into the bytes that
 * they were decoded from.
 */
#ifndef _DITTOD_NTLM_MSG_H
#define _DITTOD_NTLM_MSG_H

#include "ntlm_crypto.h"

struct ntlm_server;

/* NegotiateFlags (MS-NLMP section 2.2.2.5), as far as they matter here. */
#define NTLMSSP_NEGOTIATE_UNICODE			0x00000001
#define NTLMSSP_NEGOTIATE_OEM				0x00000002
#define NTLMSSP_REQUEST_TARGET				0x00000004
#define NTLMSSP_NEGOTIATE_SIGN				0x00000010
#define NTLMSSP_NEGOTIATE_SEAL				0x00000020
#define NTLMSSP_NEGOTIATE_NTLM				0x00000200
#define NTLMSSP_NEGOTIATE_ALWAYS_SIGN			0x00008000
#define NTLMSSP_TARGET_TYPE_DOMAIN			0x00010000
#define NTLMSSP_TARGET_TYPE_SERVER			0x00020000
#define NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY	0x00080000
#define NTLMSSP_NEGOTIATE_TARGET_INFO			0x00800000
#define NTLMSSP_NEGOTIATE_VERSION			0x02000000
#define NTLMSSP_NEGOTIATE_128				0x20000000
#define NTLMSSP_NEGOTIATE_KEY_EXCH			0x40000000
#define NTLMSSP_NEGOTIATE_56				0x80000000

/* AvId of AV_PAIR (MS-NLMP section 2.2.2.1). */
enum ntlm_av_id {
	NTLM_AV_EOL,
	NTLM_AV_NB_COMPUTER_NAME,
	NTLM_AV_NB_DOMAIN_NAME,
	NTLM_AV_DNS_COMPUTER_NAME,
	NTLM_AV_DNS_DOMAIN_NAME,
	NTLM_AV_DNS_TREE_NAME,
	NTLM_AV_FLAGS,
	NTLM_AV_TIMESTAMP,
	NTLM_AV_SINGLE_HOST,
	NTLM_AV_TARGET_NAME,
	NTLM_AV_CHANNEL_BINDINGS,
};

/* Bit of MsvAvFlags: AUTHENTICATE has a MIC. */
#define NTLM_AV_FLAG_MIC	2

/* NTLM_RESPONSE of version 1, and the shortest one of version 2 (sections 2.2.2.6 to 2.2.2.8). */
#define NTLM_RESPONSE_V1	24
#define NTLM_RESPONSE_V2	44

/* Where the MIC is in AUTHENTICATE. */
#define NTLM_MIC_OFFSET		72

/**
 * struct ntlm_challenge - what CHALLENGE says (MS-NLMP section 2.2.1.2)
 * @flags: NegotiateFlags
 * @challenge: ServerChallenge
 * @time: MsvAvTimestamp, as FILETIME
 * @names: names of the server
 */
struct ntlm_challenge {
	u32 flags;
	u8 challenge[NTLM_CHALLENGE_SIZE];
	u64 time;
	const struct ntlm_server *names;
};

/**
 * struct ntlm_authenticate - AUTHENTICATE (MS-NLMP section 2.2.1.3)
 * @flags: NegotiateFlags
 * @lm: LmChallengeResponse
 * @nt: NtChallengeResponse
 * @domain: DomainName
 * @user: UserName
 * @workstation: Workstation
 * @key: EncryptedRandomSessionKey
 * @unicode: names are in UTF-16, not in the OEM character set
 */
struct ntlm_authenticate {
	u32 flags;
	struct ntlm_bytes lm;
	struct ntlm_bytes nt;
	struct ntlm_bytes domain;
	struct ntlm_bytes user;
	struct ntlm_bytes workstation;
	struct ntlm_bytes key;
	bool unicode;
};

/**
 * struct ntlm_claim - the AV_PAIRs in NTLMv2_CLIENT_CHALLENGE (MS-NLMP section 2.2.2.7)
 * @has_mic: AUTHENTICATE has a MIC
 * @bound: MsvAvChannelBindings belong to a channel, and are not zero
 * @target: MsvAvTargetName; empty if there is none, and "?" if it is too long or not valid
 */
struct ntlm_claim {
	bool has_mic;
	bool bound;
	char target[NSS_NAME_SIZE];
};

/*
 * Decode NEGOTIATE (MS-NLMP section 2.2.1.1) into its flags. Names and version do not matter, and
 * many clients leave them out. Returns false if it is malformed.
 */
bool ntlm_negotiate_decode(const u8 *message, size_t len, u32 *flags);
/* Encode CHALLENGE; the result is freed by the caller. */
u8 *ntlm_challenge_encode(const struct ntlm_challenge *challenge, size_t *len);
/*
 * Decode AUTHENTICATE; @flags: flags of CHALLENGE. A field without bytes may say any offset, the
 * bytes of fields may overlap, and version and MIC may be missing. Returns false if it is
 * malformed.
 */
bool ntlm_authenticate_decode(const u8 *message, size_t len, u32 flags,
			      struct ntlm_authenticate *auth);
/* Convert a name of AUTHENTICATE to UTF-8. Returns false if it is not valid or does not fit. */
bool ntlm_name_decode(const struct ntlm_authenticate *auth, const struct ntlm_bytes *name,
		      char *out, size_t size);
/* Decode the AV_PAIRs of NTLMv2_RESPONSE, which is long enough. False if they are malformed. */
bool ntlm_claim_decode(const struct ntlm_bytes *nt, struct ntlm_claim *claim);

#endif
