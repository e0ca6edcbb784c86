/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The token of a user, with which permissions are checked: numbers, SIDs and privileges.
 *
 * All functions are thread-safe for different tokens.
 */
#ifndef _DITTOD_USER_TOKEN_H
#define _DITTOD_USER_TOKEN_H

#include "nss.h"
#include "sid_list.h"

/* Privileges of Windows, as bits: take ownership and restore lists; read and change audit lists. */
#define USER_TOKEN_TAKE_OWNERSHIP	1u
#define USER_TOKEN_SECURITY		2u
/* Milliseconds in which the sources of identities must answer about all groups of a user. */
#define USER_TOKEN_TIME		5000

/**
 * struct user_token - a user as permissions are checked
 * @uid: number of the user
 * @gid: primary group
 * @gids: all groups, including the primary group
 * @ngids: number of entries in @gids
 * @sids: SID of the user first, then further SIDs of the user, and the SIDs of the groups and of
 *	BUILTIN aliases; none that follow from the way of the login alone, such as Everyone
 * @complete: a SID of a domain that is not in @sids is not the user's; false if nothing tells who
 *	is in the groups of a domain
 * @privileges: USER_TOKEN_* bits
 */
struct user_token {
	uid_t uid;
	gid_t gid;
	u32 gids[NSS_GROUPS_MAX];
	unsigned int ngids;
	struct sid_list sids;
	bool complete;
	u32 privileges;
};

/**
 * user_token_fill - fill the token of a user
 * @t: @uid, @gid, @gids and @ngids set, all else zeroed
 * @vouched: SIDs by which a domain controller vouches for the user: the user's first, then the
 *	groups'; NULL if the user proved the name in another way; empty if a domain controller could
 *	have vouched but did not
 * @mapped: name of the user to whom a rule of the configuration gave the account; NULL if none did
 * @why: filled on error
 *
 * If that succeeds, the SIDs of @vouched are kept for later calls without any, if a source gives
 * the user the same SID; see login_sids.h. Groups of @vouched that have a number here are added to
 * the numbers. SIDs that no domain controller can vouch for are left out, see
 * user_token_may_vouch(). If a directory knows the user, @uid must be the number that it gives;
 * if it knows @uid, @vouched must not be empty, and the user must be the one that it gives unless
 * @mapped. If it does not, but knows the name @mapped, it is asked for the groups instead of
 * an empty @vouched, or a user would be in none of them by asking for a ticket without them. May
 * block for USER_TOKEN_TIME, and for that as long as the directory does.
 *
 * Without an answer about a single group there is no token: it could be one that a list denies.
 *
 * Return: 0, -EACCES (the user is another one, or is in too many groups), -EAGAIN (a source does
 * not answer). The caller clears @t in all cases.
 */
int user_token_fill(struct user_token *t, const struct sid_list *vouched, const char *mapped,
		    struct why *why);
/* Fill the token of clients that gave no name; the numbers are set as for user_token_fill(). */
void user_token_fill_anonymous(struct user_token *t);
/* Free what a token owns. */
void user_token_clear(struct user_token *t);
/*
 * Can a domain controller vouch for a SID? Only for SIDs of users and groups of domains: not for
 * this machine's, nor for aliases and well-known SIDs, which say what somebody may do here.
 */
bool user_token_may_vouch(const struct sid *sid);

#endif
