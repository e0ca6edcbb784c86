/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What gss-ntlmssp needs: messages with all that they may have, and passwords of
 * local users in its way.
 *
 * The client's proof is made with the domain that the client thinks it is in:
 * its own name, its work group, ours, none. gss-ntlmssp makes it with the
 * domain that stands in the file of users, so that only clients which happen to
 * say that one would get in. It therefore does not read our file, but one in
 * memory that dittod makes for each login: the user's line, for the client's domain.
 * The worker reads the two names out of the client's last message and asks for the
 * line; the proof is the library's to check.
 */
#ifndef _DITTOD_AUTH_NTLM_H
#define _DITTOD_AUTH_NTLM_H

#include "common/types.h"
#include "nss.h"

/* Longest domain, with its NUL. */
#define NTLM_DOMAIN_SIZE	256

/* Longest token that ntlm_first_pad() makes. */
#define NTLM_PADDED_SIZE	160

/**
 * struct ntlm_names - who the client says that it is
 * @user: name
 * @domain: of the user; may be empty
 */
struct ntlm_names {
	char user[NSS_NAME_SIZE];
	char domain[NTLM_DOMAIN_SIZE];
};

/**
 * ntlm_first_pad - make room in a first message for the version
 * @token: with a first message of NTLM (MS-NLMP section 2.2.1.1), also inside SPNEGO
 * @len: bytes
 * @padded: filled, with zeros where the version may be
 *
 * Older clients leave the version off, which the library does not take.
 *
 * Return: bytes of @padded; 0 if @token can stay as it is.
 */
size_t ntlm_first_pad(const u8 *token, size_t len, u8 padded[NTLM_PADDED_SIZE]);

/*
 * Does a last message of NTLM, also inside SPNEGO, have a proof that is none (MS-NLMP sections
 * 2.2.1.3, 2.2.2.8)? The library tells that from a wrong password by nothing.
 */
bool ntlm_is_malformed(const u8 *token, size_t len);

/* The names in a last message of NTLM, also inside SPNEGO. False if there is none. */
bool ntlm_names_read(const u8 *token, size_t len, struct ntlm_names *names);

/**
 * ntlm_user_open - the line of one user, for the library
 * @path: our file
 * @names: who
 * @local: filled with the name as it stands in our file, or nothing
 *
 * Return: a descriptor of a file in memory with the line only; -1 if there is no such user.
 */
int ntlm_user_open(const char *path, const struct ntlm_names *names, char local[NSS_NAME_SIZE]);

#endif
