/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of local users, as dittod reads it for the login worker. It has the format of
 * smbpasswd(5): a line has a name, a uid, an unused hash and the NT hash (MS-NLMP section 3.3.1) in
 * hexadecimal, and more that is not used, separated by colons.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_NTLM_USERS_H
#define _DITTOD_NTLM_USERS_H

#include "common/types.h"
#include "identity/nss.h"

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

/**
 * struct ntlm_user - a local user
 * @name: name as the file writes it
 * @any_domain: the line names no domain, and the client does
 * @hash: NT hash
 */
struct ntlm_user {
	char name[NSS_NAME_SIZE];
	bool any_domain;
	u8 hash[NTLM_KEY_SIZE];
};

/*
 * Find the user whom a client names. Names have no case. A line that begins with "DOMAIN\" is good
 * for that domain only, or for clients that name none. Returns false if there is no such user.
 */
bool ntlm_user_find(const char *path, const struct ntlm_names *names, struct ntlm_user *user);

#endif
