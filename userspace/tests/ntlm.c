// SPDX-License-Identifier: GPL-2.0-only
/*
 * The acceptor of NTLM: the examples of MS-NLMP section 4.2, and the messages of the clients that
 * there are, each with its own idea of which fields may be left out.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "auth/ntlm/ntlm.h"
#include "auth/ntlm/ntlm_msg.h"
#include "auth/ntlm/utf16.h"
#include "mem.h"
#include "ntlm_peer.h"
#include "test.h"

/* MS-NLMP section 4.2.1. */
static const u8 server_challenge[] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
static const u8 random_session_key[] = {
	0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
	0x55,
};

static const u8 plaintext[] = "P\0l\0a\0i\0n\0t\0e\0x\0t";

/* AUTHENTICATE of MS-NLMP section 4.2.4.3: User, Domain, COMPUTER, Password. */
static const u8 example[] = {
	0x4e, 0x54, 0x4c, 0x4d, 0x53, 0x53, 0x50, 0x00, 0x03, 0x00, 0x00, 0x00, 0x18, 0x00, 0x18,
	0x00, 0x6c, 0x00, 0x00, 0x00, 0x54, 0x00, 0x54, 0x00, 0x84, 0x00, 0x00, 0x00, 0x0c, 0x00,
	0x0c, 0x00, 0x48, 0x00, 0x00, 0x00, 0x08, 0x00, 0x08, 0x00, 0x54, 0x00, 0x00, 0x00, 0x10,
	0x00, 0x10, 0x00, 0x5c, 0x00, 0x00, 0x00, 0x10, 0x00, 0x10, 0x00, 0xd8, 0x00, 0x00, 0x00,
	0x35, 0x82, 0x88, 0xe2, 0x05, 0x01, 0x28, 0x0a, 0x00, 0x00, 0x00, 0x0f, 0x44, 0x00, 0x6f,
	0x00, 0x6d, 0x00, 0x61, 0x00, 0x69, 0x00, 0x6e, 0x00, 0x55, 0x00, 0x73, 0x00, 0x65, 0x00,
	0x72, 0x00, 0x43, 0x00, 0x4f, 0x00, 0x4d, 0x00, 0x50, 0x00, 0x55, 0x00, 0x54, 0x00, 0x45,
	0x00, 0x52, 0x00, 0x86, 0xc3, 0x50, 0x97, 0xac, 0x9c, 0xec, 0x10, 0x25, 0x54, 0x76, 0x4a,
	0x57, 0xcc, 0xcc, 0x19, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0x68, 0xcd, 0x0a,
	0xb8, 0x51, 0xe5, 0x1c, 0x96, 0xaa, 0xbc, 0x92, 0x7b, 0xeb, 0xef, 0x6a, 0x1c, 0x01, 0x01,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xaa,
	0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x0c, 0x00,
	0x44, 0x00, 0x6f, 0x00, 0x6d, 0x00, 0x61, 0x00, 0x69, 0x00, 0x6e, 0x00, 0x01, 0x00, 0x0c,
	0x00, 0x53, 0x00, 0x65, 0x00, 0x72, 0x00, 0x76, 0x00, 0x65, 0x00, 0x72, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc5, 0xda, 0xd2, 0x54, 0x4f, 0xc9, 0x79, 0x90, 0x94,
	0xce, 0x1c, 0xe9, 0x0b, 0xc9, 0xd0, 0x3e,
};

static bool bytes_are(const void *got, const char *hex, size_t len)
{
	const u8 *p = got;
	char text[128];
	size_t i;

	for (i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", p[i]);
	return test_same(text, hex, __FILE__, __LINE__);
}

/* NTOWFv1 and NTOWFv2 of sections 4.2.2.1.2 and 4.2.4.1.1. */
static void example_hash(u8 hash[NTLM_KEY_SIZE], u8 key[NTLM_KEY_SIZE])
{
	const struct ntlm_bytes user = { "U\0S\0E\0R", 8 };
	const struct ntlm_bytes domain = { "D\0o\0m\0a\0i\0n", 12 };

	ntlm_hash("P\0a\0s\0s\0w\0o\0r\0d", 16, hash);
	ntlm_response_key(hash, &user, &domain, key);
}

/* Section 4.2.4: each value that the example has. */
static void example_of_version_2(void)
{
	struct ntlm_bytes rest, own;
	struct ntlm_authenticate auth;
	u8 hash[16], key[16], out[16];
	struct ntlm_claim claim;
	char name[64];

	example_hash(hash, key);
	bytes_are(hash, "a4f49c406510bdcab6824ee7c30fd852", 16);
	bytes_are(key, "0c868a403bfd7a93a3001ef22ef02e3f", 16);
	if (!CHECK(ntlm_authenticate_decode(example, sizeof(example), 0, &auth)))
		return;
	CHECK(auth.flags == 0xe2888235 && auth.unicode);
	CHECK(ntlm_name_decode(&auth, &auth.user, name, sizeof(name)));
	SAME(name, "User");
	CHECK(ntlm_name_decode(&auth, &auth.domain, name, sizeof(name)));
	SAME(name, "Domain");
	CHECK(ntlm_name_decode(&auth, &auth.workstation, name, sizeof(name)));
	SAME(name, "COMPUTER");
	CHECK(auth.nt.len == 84 && auth.lm.len == 24 && auth.key.len == 16);
	CHECK(ntlm_claim_decode(&auth.nt, &claim) && !claim.has_mic && !claim.bound);
	SAME(claim.target, "");
	rest = (struct ntlm_bytes){ (const u8 *)auth.nt.data + 16, auth.nt.len - 16 };
	ntlm_proof(key, server_challenge, &rest, out);
	bytes_are(out, "68cd0ab851e51c96aabc927bebef6a1c", 16);
	CHECK(ntlm_equal(out, auth.nt.data, 16));
	/* LMv2_RESPONSE has the same key and only the client's challenge. */
	own = (struct ntlm_bytes){ "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa", 8 };
	ntlm_proof(key, server_challenge, &own, out);
	bytes_are(out, "86c35097ac9cec102554764a57cccc19", 16);
	CHECK(ntlm_equal(out, auth.lm.data, 16));
	ntlm_session_base_key(key, auth.nt.data, out);
	bytes_are(out, "8de40ccadbc14a82f15cb0ad0de95ca3", 16);
	ntlm_rc4(out, auth.key.data, 16, key);
	CHECK(ntlm_equal(key, random_session_key, 16));
}

/* Section 4.2.4.4: the RC4 state is behind the sealed message there. */
static void example_of_signature(void)
{
	const struct ntlm_bytes message = { plaintext, 18 };
	u8 key[16], stream[26], signature[16];
	const struct ntlm_bytes parts[] = { { "\0\0\0", 4 }, message };

	ntlm_seal_key(random_session_key, 0xe28a8233, false, key);
	bytes_are(key, "59f600973cc4960a25480a7c196e4c58", 16);
	ntlm_sign_key(random_session_key, false, key);
	bytes_are(key, "4788dc861b4782f35d43fd98fe1a2d39", 16);
	memcpy(stream, plaintext, 18);
	ntlm_hmac(key, parts, ARRAY_SIZE(parts), signature);
	memcpy(stream + 18, signature, 8);
	bytes_are(stream + 18, "70352851f2564309", 8);
	ntlm_seal_key(random_session_key, 0xe28a8233, false, key);
	ntlm_rc4(key, stream, sizeof(stream), stream);
	bytes_are(stream, "54e50165bf1936dc996020c1811b0f06fb5f", 18);
	bytes_are(stream + 18, "7fb38ec5c55d4976", 8);
	/* Without a sealed message before it, the signature is the start of the stream. */
	ntlm_rc4(key, signature, 8, stream);
	ntlm_first_signature(random_session_key, 0xe28a8233, false, &message, signature);
	CHECK(!memcmp(signature, "\x01\0\0", 4) && !memcmp(signature + 4, stream, 8) &&
	      !memcmp(signature + 12, "\0\0\0", 4));
}

/* Section 4.2.3.4: 56 bits, and no key exchange, so that the checksum is not encrypted. */
static void example_of_short_key(void)
{
	static const u8 exported[] = {
		0xeb, 0x93, 0x42, 0x9a, 0x8b, 0xd9, 0x52, 0xf8, 0xb8, 0x9c, 0x55, 0xb8, 0x7f, 0x47,
		0x5e, 0xdc,
	};
	const struct ntlm_bytes message = { plaintext, 18 };
	u8 key[16], signature[16], other[16];

	ntlm_seal_key(exported, 0x82088233, false, key);
	bytes_are(key, "04dd7f014d8504d265a25cc86a3a7c06", 16);
	ntlm_sign_key(exported, false, key);
	bytes_are(key, "60e799be5c72fc92922ae8ebe961fb8d", 16);
	ntlm_first_signature(exported, 0x82088233, false, &message, signature);
	bytes_are(signature, "01000000ff2aeb52f681793a00000000", 16);
	ntlm_first_signature(exported, 0x82088233, true, &message, other);
	CHECK(memcmp(signature, other, sizeof(other)));
}

static const struct ntlm_server here = { "SERVER", "SERVER", "server.example.org", "example.org" };

/* Users of the test: alice's password is "Password"; nobody answers about slow. */
static int test_find(void *arg, const struct ntlm_names *names, u8 hash[NTLM_KEY_SIZE])
{
	unsigned int *asked = arg;
	u8 wide[64];

	(*asked)++;
	if (!strcasecmp(names->user, "slow"))
		return -EAGAIN;
	if (strcasecmp(names->user, "alice") && strcmp(names->user, "\xc3\xa4lla"))
		return -ENOENT;
	ntlm_hash(wide, 2 * utf16_from_utf8("Password", wide), hash);
	return 0;
}

#define UNICODE		NTLMSSP_NEGOTIATE_UNICODE
#define OEM		NTLMSSP_NEGOTIATE_OEM
#define TARGET		NTLMSSP_REQUEST_TARGET
#define SIGN		NTLMSSP_NEGOTIATE_SIGN
#define SEAL		NTLMSSP_NEGOTIATE_SEAL
#define NTLM		NTLMSSP_NEGOTIATE_NTLM
#define ALWAYS_SIGN	NTLMSSP_NEGOTIATE_ALWAYS_SIGN
#define ESS		NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY
#define INFO		NTLMSSP_NEGOTIATE_TARGET_INFO
#define VERSION		NTLMSSP_NEGOTIATE_VERSION
#define KEY_128		NTLMSSP_NEGOTIATE_128
#define KEY_EXCH	NTLMSSP_NEGOTIATE_KEY_EXCH
#define KEY_56		NTLMSSP_NEGOTIATE_56
#define ANONYMOUS	0x00000800

/* What Windows asks for. */
#define WINDOWS		(UNICODE | OEM | TARGET | SIGN | NTLM | ALWAYS_SIGN | ESS | VERSION | \
			 KEY_128 | KEY_EXCH | KEY_56 | 0x80)

static const struct ntlm_shape clients[] = {
	{ "Windows", WINDOWS, 40, false, 0, 88,
	  PEER_MIC | PEER_TARGET | PEER_UNBOUND | PEER_LM_ZEROS },
	{ "Windows, LmCompatibilityLevel 3", WINDOWS, 40, false, 0, 72, PEER_LM_V2 },
	{ "Windows that knows its domain", WINDOWS | 0x3000, 40, true, 0, 88,
	  PEER_MIC | PEER_TARGET | PEER_UNBOUND | PEER_LM_ZEROS },
	{ "go-smb2", UNICODE | TARGET | SIGN | NTLM | ALWAYS_SIGN | ESS | INFO | VERSION |
	  KEY_128 | KEY_EXCH | KEY_56, 40, false, 0, 88,
	  PEER_MIC | PEER_TARGET | PEER_UNBOUND | PEER_LM_V2 },
	{ "smbj", KEY_128 | TARGET | ESS | SIGN | ALWAYS_SIGN | KEY_EXCH | VERSION, 40, false, 0,
	  88, PEER_MIC | PEER_TARGET | PEER_ALL_FLAGS },
	{ "smbj without integrity", KEY_128 | TARGET | ESS | SIGN | ALWAYS_SIGN | KEY_EXCH |
	  VERSION, 40, false, 0, 72, PEER_TARGET | PEER_ALL_FLAGS },
	{ "smbj without a version", KEY_128 | TARGET | ESS | SIGN | ALWAYS_SIGN | KEY_EXCH | 0x3000,
	  32, true, 0, 64, PEER_ALL_FLAGS },
	{ "smbj as a guest", KEY_128 | TARGET | ESS, 32, false, 0, 64,
	  PEER_ALL_FLAGS | PEER_SAYS_KEY },
	{ "jcifs-ng", UNICODE | TARGET | SIGN | NTLM | ALWAYS_SIGN | ESS | VERSION | KEY_128 |
	  KEY_EXCH, 40, false, 0, 88, PEER_MIC | PEER_TARGET | PEER_UNBOUND | PEER_LM_ZEROS },
	{ "jcifs", OEM | NTLM | 0x3000, 32, true, 0, 64, PEER_LM_V2 },
	{ "impacket", UNICODE | TARGET | NTLM | ESS | INFO | KEY_128 | KEY_56, 32, false, 0, 64,
	  PEER_TARGET | PEER_LM_V2 },
	{ "impacket that signs", UNICODE | TARGET | NTLM | ESS | INFO | KEY_128 | KEY_56 | SIGN |
	  SEAL | ALWAYS_SIGN | KEY_EXCH, 32, false, 0, 64, PEER_TARGET | PEER_LM_V2 },
	{ "libsmb2", KEY_128 | ESS | NTLM | SEAL | TARGET | OEM | UNICODE, 32, false,
	  KEY_128 | ESS | ALWAYS_SIGN | SIGN | TARGET | OEM | UNICODE | SEAL, 72, PEER_TARGET },
	{ "v9u-smb2", UNICODE | TARGET | NTLM | ALWAYS_SIGN | ESS | VERSION | KEY_128, 40, false, 0,
	  64, 0 },
	{ "cifs.ko", UNICODE | TARGET | SIGN | SEAL | NTLM | ALWAYS_SIGN | ESS | INFO | KEY_128 |
	  KEY_EXCH | VERSION, 40, false, 0, 72, PEER_TARGET | PEER_ODD_OFFSETS },
	{ "cifs.ko before 5.19", UNICODE | TARGET | SIGN | SEAL | NTLM | ESS | KEY_128 | KEY_EXCH,
	  32, false, 0, 64, 0 },
	{ "smbclient", UNICODE | OEM | TARGET | SIGN | NTLM | ALWAYS_SIGN | ESS | VERSION |
	  KEY_128 | KEY_EXCH, 40, false, 0, 88,
	  PEER_MIC | PEER_TARGET | PEER_UNBOUND | PEER_LM_ZEROS },
	{ "Microsoft's protocol suites", UNICODE | OEM | TARGET | SIGN | SEAL | NTLM | ALWAYS_SIGN |
	  ESS | INFO | VERSION | KEY_128 | KEY_EXCH | KEY_56, 40, false, 0, 88,
	  PEER_MIC | PEER_LM_V2 | PEER_TARGET },
	{ "one that asks for 40 bits", UNICODE | TARGET | SIGN | NTLM | ESS | KEY_EXCH, 32, false,
	  0, 64, 0 },
	{ "one without extended security", UNICODE | TARGET | NTLM | SIGN, 32, false, 0, 64, 0 },
	{ "one that sends no fields", UNICODE | NTLM, 16, false, 0, 64, PEER_NO_PAIRS },
	{ "one with a domain in upper case", UNICODE | NTLM | KEY_128, 32, false, 0, 64,
	  PEER_UPPER_DOMAIN },
	{ "one with bytes of two fields", UNICODE | NTLM | KEY_128, 32, false, 0, 64,
	  PEER_OVERLAP },
};

/* An exchange of the test, its client and its results. */
struct exchange {
	struct ntlm *n;
	struct ntlm_peer peer;
	u8 *challenge;
	size_t challenge_len;
	u8 *message;
	size_t len;
	unsigned int asked;
	struct ntlm_result result;
};

static bool exchange_begin(struct exchange *e, const struct ntlm_shape *shape)
{
	struct why why = { "" };

	memset(e, 0, sizeof(*e));
	e->n = ntlm_new(&here);
	e->peer.shape = *shape;
	peer_negotiate(&e->peer);
	if (ntlm_take_negotiate(e->n, e->peer.negotiate, e->peer.negotiate_len, &e->challenge,
				&e->challenge_len, &why) == GSS_MORE)
		return true;
	SAME(why.text, "");
	return false;
}

static void exchange_answer(struct exchange *e, const char *user, const char *domain,
			    const char *password)
{
	e->message = peer_authenticate(&e->peer, e->challenge, e->challenge_len, user, domain,
				       password, &e->len);
}

static enum gss_outcome exchange_take(struct exchange *e)
{
	const struct ntlm_users users = { test_find, &e->asked };

	return ntlm_take_authenticate(e->n, e->message, e->len, &users, &e->result);
}

static void exchange_end(struct exchange *e)
{
	sid_list_clear(&e->result.peer.vouched);
	ntlm_free(e->n);
	free(e->challenge);
	free(e->message);
}

/* Run an exchange whose result is in @e. */
static enum gss_outcome exchange_run(struct exchange *e, const struct ntlm_shape *shape,
				     const char *user, const char *domain, const char *password)
{
	if (!exchange_begin(e, shape))
		return GSS_MALFORMED;
	exchange_answer(e, user, domain, password);
	return exchange_take(e);
}

static void clients_log_in(void)
{
	struct exchange e;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clients); i++) {
		if (exchange_run(&e, &clients[i], "Alice", "Laptop", "Password") != GSS_PROVED)
			test_same(e.result.why.text, clients[i].title, __FILE__, __LINE__);
		CHECK(e.asked == 1 && e.result.peer.way == GSS_WAY_NTLM);
		CHECK(e.result.peer.expires == AUTH_NEVER && !e.result.peer.vouched.n);
		SAME(e.result.peer.name, "Laptop\\Alice");
		SAME(e.result.said.user, "Alice");
		SAME(e.result.said.domain, "Laptop");
		SAME(e.result.target, e.peer.shape.does & PEER_TARGET ? "cifs/localhost" : "");
		CHECK(e.result.peer.key_len == 16 &&
		      ntlm_equal(e.result.peer.key, e.peer.exported, 16));
		CHECK(ntlm_can_sign(e.n) ==
		      ((e.peer.shape.flags & SIGN) && (e.peer.shape.flags & ESS)));
		exchange_end(&e);
	}
}

static void wrong_passwords(void)
{
	struct exchange e;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clients); i++) {
		CHECK(exchange_run(&e, &clients[i], "Alice", "Laptop", "password") == GSS_REFUSED);
		SAME(e.result.why.text, "user 'Alice' of 'Laptop' with a wrong password");
		SAME(e.result.said.user, "Alice");
		CHECK(!e.result.peer.key_len && !e.result.peer.name[0]);
		exchange_end(&e);
	}
}

/* Each of these leaves out something else of what an anonymous client may. */
static const struct ntlm_shape nobodies[] = {
	{ "Windows", WINDOWS | ANONYMOUS, 40, false, 0, 88, PEER_LM_Z1 },
	{ "Windows 7", WINDOWS, 40, false, 0, 72, PEER_LM_Z1 },
	{ "smbclient", UNICODE | OEM | TARGET | SIGN | NTLM | ALWAYS_SIGN | ESS | VERSION |
	  KEY_128 | KEY_EXCH | ANONYMOUS, 40, false, 0, 88, PEER_LM_Z1 },
	{ "smbclient without LM", UNICODE | OEM | TARGET | NTLM | ESS | VERSION | KEY_128, 40,
	  false, 0, 88, 0 },
	{ "go-smb2", UNICODE | TARGET | SIGN | NTLM | ALWAYS_SIGN | ESS | INFO | VERSION |
	  KEY_128 | KEY_EXCH | KEY_56, 40, false, 0, 88, PEER_NO_FLAGS },
	{ "smbj", KEY_128 | TARGET | ESS | ANONYMOUS | VERSION, 40, false, 0, 72, 0 },
	{ "smbj without a version", KEY_128 | TARGET | ESS | ANONYMOUS, 32, false, 0, 64, 0 },
	{ "jcifs-ng", UNICODE | TARGET | NTLM | ESS | VERSION | KEY_128, 40, false, 0, 72, 0 },
	{ "jcifs", OEM | NTLM | 0x3000, 32, true, 0, 64, 0 },
	{ "impacket", UNICODE | TARGET | NTLM | ESS | INFO | KEY_128 | KEY_56, 32, false, 0, 64,
	  PEER_LM_Z1 },
	{ "impacket that signs", UNICODE | TARGET | NTLM | ESS | INFO | KEY_128 | KEY_56 | SIGN |
	  SEAL | ALWAYS_SIGN | KEY_EXCH, 32, false, 0, 64, PEER_LM_Z1 },
	{ "libsmb2", KEY_128 | ESS | NTLM | SEAL | TARGET | OEM | UNICODE, 32, false,
	  KEY_128 | ESS | ALWAYS_SIGN | SIGN | TARGET | OEM | UNICODE | ANONYMOUS, 72, 0 },
	{ "v9u-smb2", UNICODE | TARGET | NTLM | ALWAYS_SIGN | ESS | VERSION | KEY_128, 40, false, 0,
	  64, 0 },
	{ "cifs.ko", UNICODE | TARGET | SIGN | SEAL | NTLM | ALWAYS_SIGN | ESS | INFO | KEY_128 |
	  KEY_EXCH | VERSION, 40, false, 0, 72, PEER_ODD_OFFSETS },
	{ "cifs.ko before 5.19", UNICODE | TARGET | NTLM | ESS | KEY_128 | KEY_EXCH, 32, false, 0,
	  64, PEER_ODD_OFFSETS },
};

static void anonymous_clients(void)
{
	static const char * const domains[] = { "", "WORKGROUP" };
	struct exchange e;
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(nobodies); i++) {
		if (exchange_run(&e, &nobodies[i / 2], NULL, domains[i % 2], NULL) != GSS_PROVED)
			test_same(e.result.why.text, nobodies[i / 2].title, __FILE__, __LINE__);
		CHECK(!e.asked && e.result.peer.way == GSS_WAY_ANONYMOUS);
		CHECK(!e.result.peer.key_len && !e.result.peer.name[0]);
		CHECK(e.result.peer.expires == AUTH_NEVER && !ntlm_can_sign(e.n));
		SAME(e.result.said.user, "");
		exchange_end(&e);
	}
}

/* Only who gives neither a name nor any response is anonymous (MS-NLMP section 2.2.1.3). */
static void nobody_in_part(void)
{
	static const size_t lengths[] = { 12, 20, 36 };
	struct exchange e;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		if (!CHECK(exchange_begin(&e, &nobodies[1])))
			return;
		exchange_answer(&e, NULL, "", NULL);
		e.message[lengths[i]] = 2;
		e.message[lengths[i] + 4] = 72;
		CHECK(exchange_take(&e) == GSS_REFUSED && e.result.why.text[0] && !e.asked);
		exchange_end(&e);
	}
}

static void challenge_has(const struct exchange *e, enum ntlm_av_id id, const char *want)
{
	char text[64];
	size_t len;
	const u8 *p = peer_find_pair(e->challenge, e->challenge_len, id, &len);

	SAME(p && utf16_to_utf8(p, len / 2, text, sizeof(text)) ? text : NULL, want);
}

/* CHALLENGE is that of Windows Server without a domain: sections 2.2.1.2 and 3.2.5.1.1. */
static void challenge_of_windows(void)
{
	const struct ntlm_shape oem = { "OEM", OEM | NTLM, 16, false, 0, 64, 0 };
	u8 before[NTLM_CHALLENGE_SIZE];
	struct exchange e;
	size_t len = 0;

	if (!CHECK(exchange_begin(&e, &clients[0])))
		return;
	CHECK(e.challenge[20] == 0x15 && e.challenge[21] == 0x82 && e.challenge[22] == 0x8a &&
	      e.challenge[23] == 0xe2);
	CHECK(e.challenge[48] == 10 && e.challenge[55] == 15);
	CHECK(e.challenge[12] == 12 && e.challenge[16] == 56 && e.challenge[56] == 'S' &&
	      !e.challenge[57]);
	challenge_has(&e, NTLM_AV_NB_DOMAIN_NAME, "SERVER");
	challenge_has(&e, NTLM_AV_NB_COMPUTER_NAME, "SERVER");
	challenge_has(&e, NTLM_AV_DNS_DOMAIN_NAME, "example.org");
	challenge_has(&e, NTLM_AV_DNS_COMPUTER_NAME, "server.example.org");
	challenge_has(&e, NTLM_AV_EOL, "");
	CHECK(peer_find_pair(e.challenge, e.challenge_len, NTLM_AV_TIMESTAMP, &len) && len == 8);
	/* A client could change it before it computes the MIC. */
	CHECK(!peer_find_pair(e.challenge, e.challenge_len, NTLM_AV_FLAGS, &len));
	memcpy(before, e.challenge + 24, sizeof(before));
	exchange_end(&e);
	if (!CHECK(exchange_begin(&e, &oem)))
		return;
	CHECK(memcmp(before, e.challenge + 24, sizeof(before)));
	CHECK(e.challenge[20] == 0x02 && e.challenge[21] == 0x02 && e.challenge[22] == 0x80 &&
	      !e.challenge[23] && !e.challenge[48] && !e.challenge[55]);
	CHECK(e.challenge[12] == 6 && !memcmp(e.challenge + 56, "SERVER", 6));
	challenge_has(&e, NTLM_AV_NB_COMPUTER_NAME, "SERVER");
	exchange_end(&e);
}

/* A right proof in a message that somebody has changed, or that is for another channel. */
static void right_proofs_refused(void)
{
	struct ntlm_shape bound = clients[1];
	struct exchange e;

	bound.does |= PEER_BOUND;
	CHECK(exchange_run(&e, &bound, "alice", "", "Password") == GSS_REFUSED);
	SAME(e.result.why.text,
	     "the proof of user 'alice' of '' was right, but is for a connection over TLS");
	SAME(e.result.said.user, "alice");
	CHECK(!e.result.peer.key_len);
	exchange_end(&e);
	CHECK(exchange_run(&e, &bound, "alice", "", "password") == GSS_REFUSED);
	SAME(e.result.why.text, "user 'alice' of '' with a wrong password");
	exchange_end(&e);

	/* The flags, which say what protects the connection. */
	if (!CHECK(exchange_begin(&e, &clients[0])))
		return;
	exchange_answer(&e, "alice", "", "Password");
	e.message[63] ^= 0x20;
	CHECK(exchange_take(&e) == GSS_REFUSED);
	CHECK(strstr(e.result.why.text, "'alice'") && strstr(e.result.why.text, "was right") &&
	      strstr(e.result.why.text, "MIC") && !strstr(e.result.why.text, "password"));
	SAME(e.result.said.user, "alice");
	CHECK(!e.result.peer.key_len);
	exchange_end(&e);

	/* The first two messages. */
	if (!CHECK(exchange_begin(&e, &clients[0])))
		return;
	e.peer.negotiate[14] ^= 1;
	exchange_answer(&e, "alice", "", "Password");
	CHECK(exchange_take(&e) == GSS_REFUSED && strstr(e.result.why.text, "MIC"));
	exchange_end(&e);
	if (!CHECK(exchange_begin(&e, &clients[0])))
		return;
	e.challenge[48] ^= 1;
	exchange_answer(&e, "alice", "", "Password");
	CHECK(exchange_take(&e) == GSS_REFUSED && strstr(e.result.why.text, "MIC"));
	exchange_end(&e);
}

/* Responses that are none of version 2, and users for whom nobody answers. */
static void other_refusals(void)
{
	struct ntlm_shape old = clients[1];
	struct exchange e;

	old.does |= PEER_V1;
	CHECK(exchange_run(&e, &old, "alice", "D", "Password") == GSS_REFUSED && !e.asked);
	SAME(e.result.why.text,
	     "user 'alice' of 'D' comes with LM or NTLM version 1, which are not allowed: only NTLM version 2 is");
	SAME(e.result.said.user, "alice");
	exchange_end(&e);

	CHECK(exchange_run(&e, &clients[1], "slow", "D", "Password") == GSS_NO_ANSWER);
	SAME(e.result.why.text,
	     "winbind does not answer about others, and user 'slow' of 'D' waits");
	exchange_end(&e);

	CHECK(exchange_run(&e, &clients[1], "other", "D", "Password") == GSS_REFUSED);
	CHECK(!strncmp(e.result.why.text,
		       "user 'other' of 'D' is no local user, and winbind does not accept the login:",
		       76));
	SAME(e.result.said.user, "other");
	exchange_end(&e);
}

/* The key has the user's name in upper case, beyond ASCII, too (MS-NLMP section 3.3.2). */
static void names_of_users(void)
{
	struct exchange e;

	CHECK(exchange_run(&e, &clients[0], "\xc3\xa4lla", "", "Password") == GSS_PROVED);
	SAME(e.result.peer.name, "\xc3\xa4lla");
	exchange_end(&e);
}

static void mech_list_signatures(void)
{
	u8 signature[NTLM_SIGNATURE_SIZE], other[NTLM_SIGNATURE_SIZE];
	const struct ntlm_bytes list = { "mechTypes", 9 };
	struct exchange e;

	CHECK(exchange_run(&e, &clients[0], "alice", "", "Password") == GSS_PROVED);
	ntlm_first_signature(e.peer.exported, e.peer.used, false, &list, signature);
	CHECK(ntlm_verify(e.n, list.data, list.len, signature, sizeof(signature)));
	/* Again: the state is the same. */
	CHECK(ntlm_verify(e.n, list.data, list.len, signature, sizeof(signature)));
	CHECK(!ntlm_verify(e.n, list.data, list.len - 1, signature, sizeof(signature)));
	CHECK(!ntlm_verify(e.n, list.data, list.len, signature, sizeof(signature) - 1));
	signature[5] ^= 1;
	CHECK(!ntlm_verify(e.n, list.data, list.len, signature, sizeof(signature)));
	ntlm_sign(e.n, list.data, list.len, signature);
	ntlm_first_signature(e.peer.exported, e.peer.used, true, &list, other);
	CHECK(!memcmp(signature, other, sizeof(other)));
	exchange_end(&e);
}

/* Every shorter message is malformed or refused, and each bit may have any value. */
static void damaged_messages(void)
{
	struct exchange e;
	size_t i, len;
	struct why why;
	u8 *challenge;

	for (i = 0; i < 40; i++) {
		struct ntlm *n = ntlm_new(&here);

		if (i < 16)
			CHECK(ntlm_take_negotiate(n, example, i, &challenge, &len, &why) ==
			      GSS_MALFORMED && !challenge);
		ntlm_free(n);
	}
	for (i = 0;; i++) {
		if (!CHECK(exchange_begin(&e, &clients[0])))
			return;
		exchange_answer(&e, "alice", "", "Password");
		len = e.len;
		e.len = i;
		if (i < len)
			CHECK(exchange_take(&e) != GSS_PROVED && e.result.why.text[0]);
		exchange_end(&e);
		if (i == len)
			break;
	}
	for (i = 0; i < 8 * len; i++) {
		if (!exchange_begin(&e, &clients[0]))
			return;
		exchange_answer(&e, "alice", "", "Password");
		e.message[i / 8] ^= (u8)(1 << i % 8);
		/* What is not read, such as maximum lengths, is covered by the MIC. */
		CHECK(exchange_take(&e) != GSS_PROVED && e.result.why.text[0]);
		exchange_end(&e);
	}
}

/* A message of the wrong time ends the exchange. */
static void messages_in_order(void)
{
	struct exchange e;
	struct why why;
	u8 *challenge;
	size_t len;

	memset(&e, 0, sizeof(e));
	e.n = ntlm_new(&here);
	e.message = mem_new(sizeof(example));
	memcpy(e.message, example, sizeof(example));
	e.len = sizeof(example);
	CHECK(exchange_take(&e) == GSS_MALFORMED && !e.asked);
	exchange_end(&e);
	if (!CHECK(exchange_begin(&e, &clients[0])))
		return;
	CHECK(ntlm_take_negotiate(e.n, e.peer.negotiate, e.peer.negotiate_len, &challenge, &len,
				  &why) == GSS_MALFORMED);
	exchange_answer(&e, "alice", "", "Password");
	CHECK(exchange_take(&e) == GSS_MALFORMED);
	exchange_end(&e);
	/* One proof for each challenge. */
	CHECK(exchange_run(&e, &clients[0], "alice", "", "Password") == GSS_PROVED);
	CHECK(exchange_take(&e) == GSS_MALFORMED);
	exchange_end(&e);
}

/* The file of local users: its lines, and which of them is a client's. */
static void file_of_users(void)
{
	static const struct {
		const char *user;
		const char *domain;
		const char *name;
		u8 first;
		bool any_domain;
	} known[] = {
		{ "alice", "", "Alice", 0x11, false },
		{ "ALICE", "LAPTOP", "Alice", 0x11, true },
		{ "bob", "here", "bob", 0x22, false },
		{ "bob", "", "bob", 0x22, false },
		{ "bob", "elsewhere", "bob", 0x33, true },
		{ "carol", "", NULL, 0, false },
		{ "dave", "", NULL, 0, false },
		{ "#eve", "", NULL, 0, false },
		{ "HERE\\bob", "", NULL, 0, false },
		{ "alice:1000", "", NULL, 0, false },
		{ "alice@here", "", NULL, 0, false },
		{ "", "", NULL, 0, false },
		{ "Password", "", NULL, 0, false },
	};
	char path[] = "/tmp/ditto-users-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	struct ntlm_names names;
	struct ntlm_user user;
	size_t i;

	fprintf(file, "# users\n\n");
	fprintf(file, "Alice:1000:X:11aaBB00000000000000000000000000:[U          ]:LCT-0:\n");
	fprintf(file, "HERE\\bob:1:X:22000000000000000000000000000000:[U          ]:LCT-0:\n");
	fprintf(file, "bob:1:X:33000000000000000000000000000000:\n");
	fprintf(file, "carol:1:X:NO PASSWORDXXXXXXXXXXXXXXXXXXXXX:\ndave\n");
	fprintf(file, "#eve:1:X:44000000000000000000000000000000:\n");
	fprintf(file, "HERE:carol:Password\n");
	fclose(file);
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		snprintf(names.user, sizeof(names.user), "%s", known[i].user);
		snprintf(names.domain, sizeof(names.domain), "%s", known[i].domain);
		CHECK(ntlm_user_find(path, &names, &user) == !!known[i].name);
		SAME(user.name, known[i].name ?: "");
		CHECK(user.hash[0] == known[i].first && user.any_domain == known[i].any_domain);
	}
	unlink(path);
	CHECK(!ntlm_user_find(path, &names, &user));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(example_of_version_2), TEST(example_of_signature), TEST(example_of_short_key),
		TEST(clients_log_in), TEST(wrong_passwords), TEST(anonymous_clients),
		TEST(nobody_in_part), TEST(challenge_of_windows), TEST(right_proofs_refused),
		TEST(other_refusals), TEST(names_of_users), TEST(mech_list_signatures),
		TEST(damaged_messages), TEST(messages_in_order), TEST(file_of_users), { 0 }
	};
	struct why why;

	if (!ntlm_open(&why)) {
		printf("not ok ntlm: %s\n", why.text);
		return EXIT_FAILURE;
	}
	return test_main(tests);
}
