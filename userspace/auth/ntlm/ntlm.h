/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Acceptor of NTLM version 2 (MS-NLMP section 3.2). An exchange takes the bare messages of a
 * client: NEGOTIATE, which is answered by CHALLENGE, and AUTHENTICATE, which ends it. SPNEGO is
 * around them or not, which is the caller's. Only the login worker passes messages of clients to
 * it.
 *
 * The proof of a local user is checked here with the NT hash that dittod hands out for this login.
 * Winbind is asked about all others. A domain in AUTHENTICATE is only a part of the key: clients
 * name their own machine, a work group, our domain or none.
 *
 * Thread-safe for different exchanges.
 */
#ifndef _DITTOD_NTLM_H
#define _DITTOD_NTLM_H

#include "auth/auth_gss.h"
#include "ntlm_crypto.h"

struct ntlm;

/**
 * struct ntlm_server - the names in CHALLENGE (MS-NLMP section 2.2.2.1)
 * @computer: MsvAvNbComputerName
 * @domain: MsvAvNbDomainName; for a machine without a domain its own name
 * @dns_computer: MsvAvDnsComputerName
 * @dns_domain: MsvAvDnsDomainName; may be empty
 */
struct ntlm_server {
	char computer[NSS_NAME_SIZE];
	char domain[NTLM_DOMAIN_SIZE];
	char dns_computer[NSS_NAME_SIZE];
	char dns_domain[NTLM_DOMAIN_SIZE];
};

/**
 * struct ntlm_users - source of the NT hashes of local users
 * @find: fills the hash of a user. Returns 0; -ENOENT if there is no such local user, and winbind
 *	may be asked; -EAGAIN if nobody can be asked about others now. Called at most once in an
 *	exchange, and not for anonymous clients; may block
 * @arg: argument of @find
 */
struct ntlm_users {
	int (*find)(void *arg, const struct ntlm_names *names, u8 hash[NTLM_KEY_SIZE]);
	void *arg;
};

/**
 * struct ntlm_result - what AUTHENTICATE was found to be
 * @said: the names that the client claims, also on error; empty if they could not be read or the
 *	client is anonymous. A refusal is counted for @said.user whether or not the proof was right
 * @target: MsvAvTargetName, such as "cifs/server"; empty if it was not sent. Only after
 *	GSS_PROVED it is known to be the client's
 * @peer: filled on GSS_PROVED, except @local; the key is ExportedSessionKey. SIDs only of users
 *	for whom winbind vouches; cleared by the caller
 * @why: filled on GSS_REFUSED, GSS_MALFORMED and GSS_NO_ANSWER; says of a proof that was right that
 *	it was
 */
struct ntlm_result {
	struct ntlm_names said;
	char target[NSS_NAME_SIZE];
	struct gss_peer peer;
	struct why why;
};

/*
 * Make NTLM available; to be called before threads are started. Returns false and fills @why if
 * this machine does not allow MD4, which the NT hash is.
 */
bool ntlm_open(struct why *why);
/* Fill in the names of this machine, as one without a domain. */
void ntlm_server_fill(struct ntlm_server *server);

/* Does a token begin as a message of NTLM, and not of SPNEGO (MS-NLMP section 2.2.1)? */
bool ntlm_is_message(const u8 *token, size_t len);

/* Begin an exchange. @server is copied; the caller frees the result with ntlm_free(). */
struct ntlm *ntlm_new(const struct ntlm_server *server);
/* NULL is allowed. */
void ntlm_free(struct ntlm *n);

/**
 * ntlm_take_negotiate - take NEGOTIATE, and make CHALLENGE
 * @n: an exchange that has taken nothing yet
 * @message: the message
 * @len: length of @message in bytes
 * @challenge: filled on GSS_MORE; freed by the caller
 * @challenge_len: length of @challenge in bytes
 * @why: filled on GSS_MALFORMED
 *
 * Return: GSS_MORE or GSS_MALFORMED.
 */
enum gss_outcome ntlm_take_negotiate(struct ntlm *n, const u8 *message, size_t len,
				     u8 **challenge, size_t *challenge_len, struct why *why);
/**
 * ntlm_take_authenticate - take AUTHENTICATE
 * @n: an exchange that has made CHALLENGE
 * @message: the message
 * @len: length of @message in bytes
 * @users: local users
 * @result: filled
 *
 * An exchange takes one AUTHENTICATE. May block on @users and winbind.
 *
 * Return: GSS_PROVED, also for anonymous clients, see @way of struct gss_peer; GSS_REFUSED,
 * GSS_MALFORMED or GSS_NO_ANSWER.
 */
enum gss_outcome ntlm_take_authenticate(struct ntlm *n, const u8 *message, size_t len,
					const struct ntlm_users *users,
					struct ntlm_result *result);

/*
 * Have client and server negotiated signatures? If not, or if the client is anonymous, there is no
 * mechListMIC (RFC 4178 section 5). Only after GSS_PROVED.
 */
bool ntlm_can_sign(const struct ntlm *n);
/*
 * Sign data as the server's first message, and verify the signature of the client's first message
 * (MS-NLMP section 3.4.4): the mechListMIC of SPNEGO. Each call begins with sequence number 0 and a
 * new RC4 state, as MS-SPNG section 3.3.5.1 wants it; SMB signs with the session key and not by
 * this. Only if ntlm_can_sign().
 */
void ntlm_sign(const struct ntlm *n, const void *data, size_t len,
	       u8 signature[NTLM_SIGNATURE_SIZE]);
bool ntlm_verify(const struct ntlm *n, const void *data, size_t len, const u8 *signature,
		 size_t signature_len);

#endif
