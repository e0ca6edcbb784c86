// SPDX-License-Identifier: GPL-2.0-only
/*
 * Acceptor of NTLM version 2; see ntlm.h.
 *
 * Everything that the server keeps of an exchange are NEGOTIATE and CHALLENGE, because the MIC of
 * AUTHENTICATE covers them as they were sent.
 */

#include <errno.h>
#include <gcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "ntlm.h"
#include "ntlm_winbind.h"
#include "utf16.h"

/* Longest NEGOTIATE that is taken: it is kept, and its names are short. */
#define NEGOTIATE_MAX	1024
/* Seconds from 1601 to 1970, and units of FILETIME in a second (MS-DTYP section 2.3.3). */
#define FILETIME_EPOCH	11644473600ULL
#define FILETIME_SECOND	10000000ULL
/* Flags that CHALLENGE has if NEGOTIATE has them (MS-NLMP section 3.2.5.1.1). */
#define FLAGS_ECHOED	(NTLMSSP_REQUEST_TARGET | NTLMSSP_NEGOTIATE_SIGN | \
			 NTLMSSP_NEGOTIATE_SEAL | NTLMSSP_NEGOTIATE_ALWAYS_SIGN | \
			 NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY | NTLMSSP_NEGOTIATE_VERSION | \
			 NTLMSSP_NEGOTIATE_128 | NTLMSSP_NEGOTIATE_KEY_EXCH | NTLMSSP_NEGOTIATE_56)

enum ntlm_state {
	NTLM_EXPECTS_NEGOTIATE,
	NTLM_EXPECTS_AUTHENTICATE,
	NTLM_ENDED,
};

/**
 * struct ntlm - an exchange
 * @server: names of the server
 * @state: the message that is expected
 * @flags: flags of CHALLENGE; later only the ones that AUTHENTICATE has, too
 * @challenge: ServerChallenge
 * @negotiate: the message of the client
 * @negotiate_len: its length in bytes
 * @sent: CHALLENGE
 * @sent_len: its length in bytes
 * @exported: ExportedSessionKey
 * @signs: there is a key for signatures
 */
struct ntlm {
	struct ntlm_server server;
	enum ntlm_state state;
	u32 flags;
	u8 challenge[NTLM_CHALLENGE_SIZE];
	u8 *negotiate;
	size_t negotiate_len;
	u8 *sent;
	size_t sent_len;
	u8 exported[NTLM_KEY_SIZE];
	bool signs;
};

bool ntlm_open(struct why *why)
{
	utf16_open();
	return ntlm_crypto_open(why);
}

/* As Windows does it, a machine without a domain is the domain of its users. */
void ntlm_server_fill(struct ntlm_server *server)
{
	char host[NSS_NAME_SIZE] = "";
	const char *dot;

	memset(server, 0, sizeof(*server));
	sid_machine_name(server->computer);
	memcpy(server->domain, server->computer, sizeof(server->domain));
	if (gethostname(host, sizeof(host) - 1) || !host[0])
		snprintf(host, sizeof(host), "%s", server->computer);
	memcpy(server->dns_computer, host, sizeof(host));
	dot = strchr(host, '.');
	snprintf(server->dns_domain, sizeof(server->dns_domain), "%s", dot ? dot + 1 : host);
}

struct ntlm *ntlm_new(const struct ntlm_server *server)
{
	struct ntlm *n = mem_new(sizeof(*n));

	n->server = *server;
	ntlm_winbind_names(&n->server);
	return n;
}

void ntlm_free(struct ntlm *n)
{
	if (!n)
		return;
	free(n->negotiate);
	free(n->sent);
	explicit_bzero(n, sizeof(*n));
	free(n);
}

static u32 challenge_flags(const struct ntlm *n, u32 asked)
{
	u32 flags = NTLMSSP_NEGOTIATE_NTLM | NTLMSSP_NEGOTIATE_TARGET_INFO | (asked & FLAGS_ECHOED);

	/* A client that names no character set sends UTF-16. */
	if ((asked & (NTLMSSP_NEGOTIATE_UNICODE | NTLMSSP_NEGOTIATE_OEM)) == NTLMSSP_NEGOTIATE_OEM)
		flags |= NTLMSSP_NEGOTIATE_OEM;
	else
		flags |= NTLMSSP_NEGOTIATE_UNICODE;
	if (asked & NTLMSSP_REQUEST_TARGET)
		flags |= strcmp(n->server.domain, n->server.computer) ?
			 NTLMSSP_TARGET_TYPE_DOMAIN : NTLMSSP_TARGET_TYPE_SERVER;
	return flags;
}

static u64 filetime_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return ((u64)t.tv_sec + FILETIME_EPOCH) * FILETIME_SECOND + (u64)t.tv_nsec / 100;
}

static u8 *copy_bytes(const void *bytes, size_t len)
{
	return memcpy(mem_new(len + 1), bytes, len);
}

enum gss_outcome ntlm_take_negotiate(struct ntlm *n, const u8 *message, size_t len,
				     u8 **challenge, size_t *challenge_len, struct why *why)
{
	struct ntlm_challenge c = { .time = filetime_now(), .names = &n->server };
	u32 asked;

	*challenge = NULL;
	*challenge_len = 0;
	if (n->state != NTLM_EXPECTS_NEGOTIATE || len > NEGOTIATE_MAX ||
	    !ntlm_negotiate_decode(message, len, &asked)) {
		n->state = NTLM_ENDED;
		why_not(why, "its NTLM NEGOTIATE message is malformed");
		return GSS_MALFORMED;
	}
	n->flags = challenge_flags(n, asked);
	gcry_randomize(n->challenge, sizeof(n->challenge), GCRY_STRONG_RANDOM);
	c.flags = n->flags;
	memcpy(c.challenge, n->challenge, sizeof(c.challenge));
	n->sent = ntlm_challenge_encode(&c, &n->sent_len);
	n->negotiate = copy_bytes(message, len);
	n->negotiate_len = len;
	n->state = NTLM_EXPECTS_AUTHENTICATE;
	*challenge = copy_bytes(n->sent, n->sent_len);
	*challenge_len = n->sent_len;
	return GSS_MORE;
}

/* Neither a name nor a proof: MS-NLMP section 3.2.5.1.2. */
static bool is_anonymous(const struct ntlm_authenticate *auth)
{
	return !auth->user.len && !auth->nt.len && auth->lm.len <= 1;
}

/*
 * Check the proof with the user's hash, and compute SessionBaseKey. The domain is in the key as the
 * client sends it, but some clients write it into the key in upper case.
 */
static bool proof_check(const struct ntlm *n, const struct ntlm_names *said,
			const struct ntlm_bytes *nt, const u8 hash[NTLM_KEY_SIZE],
			u8 base_key[NTLM_KEY_SIZE])
{
	const struct ntlm_bytes rest = { (const u8 *)nt->data + NTLM_PROOF_SIZE,
					 nt->len - NTLM_PROOF_SIZE };
	u8 user[2 * sizeof(said->user)], domain[2 * sizeof(said->domain)];
	u8 key[NTLM_KEY_SIZE], proof[NTLM_PROOF_SIZE];
	size_t user_units = utf16_from_utf8(said->user, user);
	size_t domain_units = utf16_from_utf8(said->domain, domain);
	const struct ntlm_bytes user_name = { user, 2 * user_units };
	const struct ntlm_bytes domain_name = { domain, 2 * domain_units };
	bool good = false;
	int i;

	utf16_to_upper(user, user_units);
	for (i = 0; i < 2 && !good; i++) {
		ntlm_response_key(hash, &user_name, &domain_name, key);
		ntlm_proof(key, n->challenge, &rest, proof);
		good = ntlm_equal(proof, nt->data, sizeof(proof));
		if (good)
			ntlm_session_base_key(key, proof, base_key);
		utf16_to_upper(domain, domain_units);
	}
	explicit_bzero(key, sizeof(key));
	return good;
}

/* Check the proof of a local user. */
static enum gss_outcome local_find(const struct ntlm *n, const struct ntlm_authenticate *auth,
				   const u8 hash[NTLM_KEY_SIZE], struct ntlm_result *result,
				   u8 base_key[NTLM_KEY_SIZE])
{
	const struct ntlm_names *said = &result->said;

	if (!proof_check(n, said, &auth->nt, hash, base_key)) {
		why_not(&result->why, "user '%s' of '%s' with a wrong password", said->user,
			said->domain);
		return GSS_REFUSED;
	}
	return GSS_PROVED;
}

/* Have the proof of anybody else checked. */
static enum gss_outcome domain_find(const struct ntlm *n, const struct ntlm_authenticate *auth,
				    struct ntlm_result *result, u8 base_key[NTLM_KEY_SIZE])
{
	const struct ntlm_names *said = &result->said;
	char workstation[NSS_NAME_SIZE];
	struct ntlm_domain_user user;
	struct why why;
	int rc;

	if (!ntlm_name_decode(auth, &auth->workstation, workstation, sizeof(workstation)))
		workstation[0] = '\0';
	rc = ntlm_winbind_ask(said, workstation, n->challenge, auth, &user, &why);
	if (rc) {
		sid_list_clear(&user.sids);
		why_not(&result->why, "user '%s' of '%s' is no local user, and winbind %s: %s",
			said->user, said->domain, rc == -EAGAIN ? "cannot ask the domain" :
						  "does not accept the login", why.text);
		return rc == -EAGAIN ? GSS_NO_ANSWER : GSS_REFUSED;
	}
	result->peer.vouched = user.sids;
	memcpy(base_key, user.base_key, NTLM_KEY_SIZE);
	explicit_bzero(user.base_key, sizeof(user.base_key));
	return GSS_PROVED;
}

/* Find out whether the proof is right, and compute SessionBaseKey. */
static enum gss_outcome proof_find(const struct ntlm *n, const struct ntlm_authenticate *auth,
				   const struct ntlm_users *users, struct ntlm_result *result,
				   u8 base_key[NTLM_KEY_SIZE])
{
	const struct ntlm_names *said = &result->said;
	enum gss_outcome outcome;
	u8 hash[NTLM_KEY_SIZE];
	int rc;

	rc = users->find(users->arg, said, hash);
	if (rc == -ENOENT)
		return domain_find(n, auth, result, base_key);
	if (rc) {
		why_not(&result->why,
			"winbind does not answer about others, and user '%s' of '%s' waits",
			said->user, said->domain);
		return GSS_NO_ANSWER;
	}
	outcome = local_find(n, auth, hash, result, base_key);
	explicit_bzero(hash, sizeof(hash));
	return outcome;
}

/* Compute ExportedSessionKey (MS-NLMP section 3.2.5.1.2). */
static void find_key(struct ntlm *n, const struct ntlm_authenticate *auth,
		     const u8 base_key[NTLM_KEY_SIZE])
{
	if (n->flags & NTLMSSP_NEGOTIATE_KEY_EXCH && auth->key.len == NTLM_KEY_SIZE)
		ntlm_rc4(base_key, auth->key.data, NTLM_KEY_SIZE, n->exported);
	else
		memcpy(n->exported, base_key, NTLM_KEY_SIZE);
}

/* Verify the MIC over all three messages; in the last one it counts as zeros. */
static bool mic_check(const struct ntlm *n, const u8 *message, size_t len)
{
	static const u8 zeros[NTLM_MIC_SIZE];
	const size_t after = NTLM_MIC_OFFSET + NTLM_MIC_SIZE;
	const struct ntlm_bytes parts[] = {
		{ n->negotiate, n->negotiate_len }, { n->sent, n->sent_len },
		{ message, NTLM_MIC_OFFSET }, { zeros, sizeof(zeros) },
		{ message + after, len - after },
	};
	u8 mic[NTLM_MIC_SIZE];

	ntlm_hmac(n->exported, parts, ARRAY_SIZE(parts), mic);
	return ntlm_equal(mic, message + NTLM_MIC_OFFSET, sizeof(mic));
}

/*
 * Refuse what cannot be a proof of version 2, before anybody is asked about the user. Then nothing
 * of it depends on whether the password is right.
 */
static enum gss_outcome proof_read(const struct ntlm_authenticate *auth, size_t len,
				   struct ntlm_claim *claim, struct ntlm_result *result)
{
	const struct ntlm_names *said = &result->said;
	struct why *why = &result->why;

	if (!said->user[0]) {
		why_not(why, "it sends a proof of a password, and no name of a user");
		return GSS_REFUSED;
	}
	if (!auth->nt.len && auth->lm.len <= 1) {
		why_not(why, "user '%s' of '%s' sends no proof of a password", said->user,
			said->domain);
		return GSS_REFUSED;
	}
	if (!auth->nt.len || auth->nt.len == NTLM_RESPONSE_V1) {
		why_not(why,
			"user '%s' of '%s' comes with LM or NTLM version 1, which are not allowed: only NTLM version 2 is",
			said->user, said->domain);
		return GSS_REFUSED;
	}
	if (auth->nt.len >= NTLM_RESPONSE_V2 && ntlm_claim_decode(&auth->nt, claim) &&
	    (!claim->has_mic || len >= NTLM_MIC_OFFSET + NTLM_MIC_SIZE))
		return GSS_PROVED;
	why_not(why, "the message with the proof of its password is malformed");
	return GSS_MALFORMED;
}

static enum gss_outcome exchange_end(struct ntlm *n, const u8 *message, size_t len,
				     const struct ntlm_authenticate *auth,
				     const struct ntlm_users *users, struct ntlm_result *result)
{
	const struct ntlm_names *said = &result->said;
	u8 base_key[NTLM_KEY_SIZE];
	enum gss_outcome outcome;
	struct ntlm_claim claim;

	outcome = proof_read(auth, len, &claim, result);
	if (outcome != GSS_PROVED)
		return outcome;
	outcome = proof_find(n, auth, users, result, base_key);
	if (outcome != GSS_PROVED)
		return outcome;
	n->flags &= auth->flags;
	find_key(n, auth, base_key);
	explicit_bzero(base_key, sizeof(base_key));
	memcpy(result->target, claim.target, sizeof(result->target));
	if (claim.has_mic && !mic_check(n, message, len)) {
		why_not(&result->why,
			"the proof of user '%s' of '%s' was right, but the MIC of the message is not: somebody has changed the messages of client or server, or the client computes it wrongly",
			said->user, said->domain);
		return GSS_REFUSED;
	}
	if (claim.bound) {
		why_not(&result->why,
			"the proof of user '%s' of '%s' was right, but is for a connection over TLS",
			said->user, said->domain);
		return GSS_REFUSED;
	}
	result->peer.way = GSS_WAY_NTLM;
	snprintf(result->peer.name, sizeof(result->peer.name), "%s%s%s", said->domain,
		 said->domain[0] ? "\\" : "", said->user);
	result->peer.key_len = NTLM_KEY_SIZE;
	memcpy(result->peer.key, n->exported, NTLM_KEY_SIZE);
	n->signs = (n->flags & NTLMSSP_NEGOTIATE_SIGN) &&
		   (n->flags & NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY);
	return GSS_PROVED;
}

enum gss_outcome ntlm_take_authenticate(struct ntlm *n, const u8 *message, size_t len,
					const struct ntlm_users *users,
					struct ntlm_result *result)
{
	enum ntlm_state state = n->state;
	struct ntlm_authenticate auth;
	enum gss_outcome outcome;

	memset(result, 0, sizeof(*result));
	result->peer.expires = AUTH_NEVER;
	result->peer.way = GSS_WAY_ANONYMOUS;
	n->state = NTLM_ENDED;
	if (state != NTLM_EXPECTS_AUTHENTICATE ||
	    !ntlm_authenticate_decode(message, len, n->flags, &auth))
		goto malformed;
	if (is_anonymous(&auth))
		return GSS_PROVED;
	if (!ntlm_name_decode(&auth, &auth.user, result->said.user, sizeof(result->said.user)) ||
	    !ntlm_name_decode(&auth, &auth.domain, result->said.domain,
			      sizeof(result->said.domain)))
		goto malformed;
	outcome = exchange_end(n, message, len, &auth, users, result);
	if (outcome != GSS_PROVED)
		sid_list_clear(&result->peer.vouched);
	return outcome;
malformed:
	memset(&result->said, 0, sizeof(result->said));
	why_not(&result->why, "its NTLM AUTHENTICATE message is malformed");
	return GSS_MALFORMED;
}

bool ntlm_can_sign(const struct ntlm *n)
{
	return n->signs;
}

void ntlm_sign(const struct ntlm *n, const void *data, size_t len,
	       u8 signature[NTLM_SIGNATURE_SIZE])
{
	const struct ntlm_bytes message = { data, len };

	ntlm_first_signature(n->exported, n->flags, true, &message, signature);
}

bool ntlm_verify(const struct ntlm *n, const void *data, size_t len, const u8 *signature,
		 size_t signature_len)
{
	const struct ntlm_bytes message = { data, len };
	u8 right[NTLM_SIGNATURE_SIZE];

	ntlm_first_signature(n->exported, n->flags, false, &message, right);
	return signature_len == sizeof(right) && ntlm_equal(right, signature, sizeof(right));
}
