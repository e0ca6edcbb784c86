/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Help for gss-ntlmssp: messages completed with optional fields, and password lines of local
 * users in the format that the library needs.
 *
 * The client computes its proof with the domain that it believes to be in: its own name, its work
 * group, our domain or none. gss-ntlmssp computes the proof with the domain that the file of
 * users contains, so only clients that happen to send that domain would be accepted. The library
 * therefore does not read our file. For each login dittod creates a file in memory with the line
 * of that user for the domain of the client. The worker reads both names from the last message of
 * the client and requests the line from dittod. The library checks the proof.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_AUTH_NTLM_H
#define _DITTOD_AUTH_NTLM_H

#include "ntlm_users.h"

/* Longest token that ntlm_first_pad() produces. */
#define NTLM_PADDED_SIZE	160

/**
 * ntlm_first_pad - make room for the version in a first message
 * @token: token with an NTLM NEGOTIATE_MESSAGE (MS-NLMP section 2.2.1.1), also inside SPNEGO
 * @len: length of @token in bytes
 * @padded: filled, with zeros in place of the version
 *
 * Older clients omit the version, and the library rejects such messages.
 *
 * Return: number of bytes in @padded; 0 if @token can be used unchanged.
 */
size_t ntlm_first_pad(const u8 *token, size_t len, u8 padded[NTLM_PADDED_SIZE]);

/*
 * Return true if an NTLM AUTHENTICATE_MESSAGE, also inside SPNEGO, contains a malformed proof
 * (MS-NLMP sections 2.2.1.3 and 2.2.2.8), or names that cannot be read, or is followed by another
 * one. The library reports the same error for such a proof and for a wrong password. Of several
 * messages it could take another one than ntlm_names_read(), and ask a directory about a user for
 * whom nobody was asked whether a directory may be asked.
 */
bool ntlm_is_malformed(const u8 *token, size_t len);

/*
 * Read the names in an NTLM AUTHENTICATE_MESSAGE, also inside SPNEGO. Returns false if there is
 * none.
 */
bool ntlm_names_read(const u8 *token, size_t len, struct ntlm_names *names);

/*
 * Return true if an NTLM AUTHENTICATE_MESSAGE, also inside SPNEGO, has neither a user nor a proof
 * (MS-NLMP section 3.2.5.1.2).
 */
bool ntlm_is_anonymous(const u8 *token, size_t len);

/**
 * struct ntlm_target - what a client says about the server it wants to log in to
 * @name: MsvAvTargetName, the service principal, such as "cifs/server"; empty if it was not sent
 * @bound: MsvAvChannelBindings are those of a channel, and not zero
 */
struct ntlm_target {
	char name[NSS_NAME_SIZE];
	bool bound;
};

/*
 * Read the target in the proof of an NTLM AUTHENTICATE_MESSAGE (MS-NLMP section 2.2.2.1), also
 * inside SPNEGO. Only after the proof was accepted it is known to be the client's. Returns false
 * if there is no such message. The name is "?" if it is too long or not valid, or if there are
 * several messages, since the library may have taken another one.
 */
bool ntlm_target_read(const u8 *token, size_t len, struct ntlm_target *target);

/**
 * ntlm_user_open - create the password line of one user for the library
 * @path: our file of local users
 * @names: the names that the client sent
 * @local: filled with the name as our file writes it, or empty
 * @any_domain: set if the line names no domain, and the client does
 *
 * Return: a descriptor of a file in memory that contains only this line, owned by the caller; -1
 * if there is no such user.
 */
int ntlm_user_open(const char *path, const struct ntlm_names *names, char local[NSS_NAME_SIZE],
		   bool *any_domain);

#endif
