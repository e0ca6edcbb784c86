/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client of NTLM. It builds its messages (MS-NLMP section 2.2.1) as one of the clients that there
 * are, which differ in the fields that they leave out.
 */
#ifndef _DITTO_TESTS_NTLM_PEER_H
#define _DITTO_TESTS_NTLM_PEER_H

#include "auth/ntlm/ntlm.h"
#include "auth/ntlm/ntlm_msg.h"

/* Bits of @does of struct ntlm_shape. */
#define PEER_MIC		0x001	/* sends a MIC, and says so */
#define PEER_TARGET		0x002	/* says which server it wants */
#define PEER_UNBOUND		0x004	/* sends channel bindings that are zero */
#define PEER_BOUND		0x008	/* sends channel bindings */
#define PEER_LM_Z1		0x010	/* LmChallengeResponse is one byte */
#define PEER_LM_ZEROS		0x020	/* LmChallengeResponse is 24 zeros */
#define PEER_LM_V2		0x040	/* LmChallengeResponse is LMv2_RESPONSE */
#define PEER_ODD_OFFSETS	0x080	/* fields without bytes have offsets outside the message */
#define PEER_UPPER_DOMAIN	0x100	/* the key has the domain in upper case */
#define PEER_SAYS_KEY		0x200	/* sends EncryptedRandomSessionKey without need */
#define PEER_V1			0x400	/* the response is one of version 1 */
#define PEER_NO_PAIRS		0x800	/* repeats nothing of TargetInfo */
#define PEER_OVERLAP		0x1000	/* the workstation has the bytes of the user */
#define PEER_NO_FLAGS		0x2000	/* AUTHENTICATE has no flags */
#define PEER_ALL_FLAGS		0x4000	/* AUTHENTICATE has all flags of CHALLENGE */

/**
 * struct ntlm_shape - how a client builds its messages
 * @title: which client
 * @flags: flags of NEGOTIATE
 * @negotiate_size: where NEGOTIATE ends: 16, or 32 without and 40 with a version
 * @names: NEGOTIATE has names behind that
 * @authenticate_flags: flags of AUTHENTICATE; 0 for those of NEGOTIATE that CHALLENGE has
 * @authenticate_size: where the payload of AUTHENTICATE begins: 64, 72 behind a version, 88 behind
 *	a MIC
 * @does: PEER_* bits
 */
struct ntlm_shape {
	const char *title;
	u32 flags;
	size_t negotiate_size;
	bool names;
	u32 authenticate_flags;
	size_t authenticate_size;
	unsigned int does;
};

/**
 * struct ntlm_peer - a client in an exchange
 * @shape: how it builds its messages
 * @negotiate: NEGOTIATE
 * @negotiate_len: length of @negotiate in bytes
 * @exported: ExportedSessionKey
 * @used: flags of AUTHENTICATE as they were sent
 */
struct ntlm_peer {
	struct ntlm_shape shape;
	u8 negotiate[128];
	size_t negotiate_len;
	u8 exported[NTLM_KEY_SIZE];
	u32 used;
};

/* Build NEGOTIATE in @negotiate of the client. */
void peer_negotiate(struct ntlm_peer *p);
/*
 * Build AUTHENTICATE, freed by the caller; @user is NULL for an anonymous client. The password is
 * in ASCII.
 */
u8 *peer_authenticate(struct ntlm_peer *p, const u8 *challenge, size_t challenge_len,
		      const char *user, const char *domain, const char *password, size_t *len);
/* Find an AV_PAIR in CHALLENGE. Returns NULL if there is none. */
const u8 *peer_find_pair(const u8 *challenge, size_t challenge_len, enum ntlm_av_id id,
			 size_t *len);

#endif
