/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of local users, as dittod reads it for the login worker: names and NT hashes.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_NTLM_USERS_H
#define _DITTOD_NTLM_USERS_H

#include "common/types.h"
#include "nss.h"

/* Longest domain, including the NUL. */
#define NTLM_DOMAIN_SIZE	256
/* NT hash, and every key that is made from it (MS-NLMP section 3.3.2). */
#define NTLM_KEY_SIZE		16

/**
 * struct ntlm_names - the identity that the client claims
 * @user: user name; empty if the client gives none
 * @domain: domain of the user; may be empty
 */
struct ntlm_names {
	char user[NSS_NAME_SIZE];
	char domain[NTLM_DOMAIN_SIZE];
};

#endif
