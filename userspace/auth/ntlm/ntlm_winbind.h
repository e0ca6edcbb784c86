/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks winbind whether a domain controller accepts the proof of a user of a domain. */
#ifndef _DITTOD_NTLM_WINBIND_H
#define _DITTOD_NTLM_WINBIND_H

#include "ntlm_msg.h"
#include "identity/sid_list.h"

/**
 * struct ntlm_domain_user - the user for whom a domain controller vouches
 * @base_key: SessionBaseKey
 * @sids: the SIDs of the user and then of groups; cleared by the caller
 */
struct ntlm_domain_user {
	u8 base_key[NTLM_KEY_SIZE];
	struct sid_list sids;
};

/**
 * ntlm_winbind_ask - have a proof checked
 * @said: the names that the client claims
 * @workstation: the client's name of itself
 * @challenge: ServerChallenge
 * @auth: the message with the responses
 * @user: filled on 0
 * @why: filled on error
 *
 * Blocks as long as winbind does.
 *
 * Return: 0, -EACCES (the login is not accepted, or there is no winbind), -EAGAIN (winbind cannot
 * ask a domain controller).
 */
int ntlm_winbind_ask(const struct ntlm_names *said, const char *workstation,
		     const u8 challenge[NTLM_CHALLENGE_SIZE], const struct ntlm_authenticate *auth,
		     struct ntlm_domain_user *user, struct why *why);

/*
 * Start a thread that asks winbind from time to time which domain the machine has joined, and by
 * which name. CHALLENGE has both. A client repeats them in its proof, and a domain controller
 * refuses a proof without the names of the server that asks. Clients without a user's domain use
 * this one. Must be called before the sandbox is closed.
 */
void ntlm_winbind_watch(void);
/* Fill in these names, once they are known. Does not block. */
void ntlm_winbind_names(struct ntlm_server *server);

#endif
