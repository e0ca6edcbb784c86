/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access of users and groups to a share. The client rules (rules.h) admit machines; this list
 * limits users, and both apply.
 */
#ifndef _DITTO_FS_SHARE_SHARE_USERS_H
#define _DITTO_FS_SHARE_SHARE_USERS_H

#include <linux/types.h>
#include <linux/uidgid.h>

#include "../../net/helper/token.h"

struct ditto_cred;
struct ditto_ident;
struct ditto_share;
struct ditto_share_opts;
struct ditto_verdict;

/* Entries of one share; put a longer list into a group. */
#define DITTO_SHARE_USERS_MAX	1024
/* Of these, entries for SIDs, which each request of some protocols compares. */
#define DITTO_SHARE_SIDS_MAX	256

/* In ascending order of access. The values are as in the netlink enum "share-access". */
enum ditto_share_access {
	DITTO_SHARE_ACCESS_NONE,
	DITTO_SHARE_ACCESS_READ,
	DITTO_SHARE_ACCESS_WRITE,
	DITTO_SHARE_ACCESS_ADMIN,	/* has the administrator's privileges */
};

/**
 * struct ditto_share_user - access of one user or group
 * @id: uid or gid
 * @access: access
 */
struct ditto_share_user {
	u32 id;
	enum ditto_share_access access;
};

/**
 * struct ditto_share_sid - access of who has a SID
 * @sid: packed and valid
 * @is_group: the SID is a group's: the highest access of the groups counts
 * @access: access to the share
 */
struct ditto_share_sid {
	u8 sid[DITTO_SID_MAX];
	bool is_group;
	enum ditto_share_access access;
};

/**
 * struct ditto_share_users - access of all users and groups to a share
 * @others: access of users without an entry
 * @nusers: number of entries for users
 * @ngroups: number of entries for groups
 * @entry: entries for users, then those for groups, each sorted by id; owned
 * @nsids: number of @sid
 * @sid: entries for SIDs; owned
 */
struct ditto_share_users {
	enum ditto_share_access others;
	unsigned int nusers;
	unsigned int ngroups;
	struct ditto_share_user *entry;
	unsigned int nsids;
	struct ditto_share_sid *sid;
};

/**
 * ditto_share_users_make - build the list from unsorted entries
 * @share_users: filled except for @others; freed with ditto_share_users_free()
 * @users: entries for users; sorted in place
 * @nusers: number of @users
 * @groups: entries for groups; sorted in place
 * @ngroups: number of @groups
 *
 * Return: 0, -ENOMEM, -E2BIG (more than DITTO_SHARE_USERS_MAX entries), -EEXIST (a duplicate user
 * or group).
 */
int ditto_share_users_make(struct ditto_share_users *share_users, struct ditto_share_user *users,
			   unsigned int nusers, struct ditto_share_user *groups,
			   unsigned int ngroups);

/**
 * ditto_share_users_add_sids - add entries for SIDs to a list
 * @share_users: made by ditto_share_users_make()
 * @sids: the entries, copied
 * @nsids: number of @sids
 *
 * Return: 0, -ENOMEM, -E2BIG (more than DITTO_SHARE_SIDS_MAX, or with the others more than
 * DITTO_SHARE_USERS_MAX entries), -EEXIST (a duplicate SID).
 */
int ditto_share_users_add_sids(struct ditto_share_users *share_users,
			       const struct ditto_share_sid *sids, unsigned int nsids);

/**
 * ditto_share_users_copy - copy a list
 * @to: filled; freed with ditto_share_users_free()
 * @from: list to copy
 *
 * Context: any; allocates atomically.
 * Return: 0 or -ENOMEM.
 */
int ditto_share_users_copy(struct ditto_share_users *to, const struct ditto_share_users *from);

/**
 * ditto_share_users_free - free the entries of a list
 * @share_users: the list; empty afterwards
 *
 * Context: any.
 */
void ditto_share_users_free(struct ditto_share_users *share_users);

/**
 * ditto_share_users_find - look up the access of a user
 * @opts: options of the share, held by the caller, for example under RCU
 * @uid: the user
 * @gid: primary group
 * @n: number of @groups
 * @groups: supplementary groups
 * @token: SIDs of the user; NULL if they are not known
 *
 * An entry for the user decides. Otherwise the highest access of the user's groups counts, and
 * without any entry the access of others. An entry whose SID may be one of the user's, if nobody
 * can tell, gives nothing, but it takes.
 *
 * Context: any.
 * Return: the access.
 */
enum ditto_share_access
ditto_share_users_find(const struct ditto_share_opts *opts, kuid_t uid,
		       kgid_t gid, unsigned int n, const kgid_t *groups,
		       const struct ditto_token *token);

/* Which entry decided about the access of a user. The values are as in "grant-by". */
enum ditto_grant_by {
	DITTO_GRANT_BY_DEFAULT,
	DITTO_GRANT_BY_USER,
	DITTO_GRANT_BY_GROUP,
	DITTO_GRANT_BY_SID,
	DITTO_GRANT_BY_UNDECIDED,	/* a SID of which nobody can tell whose it is */
};

/**
 * struct ditto_grant_reason - the entry that decided about the access of a user
 * @by: kind of the entry
 * @id: uid or gid of the entry
 * @sid: SID of the entry
 */
struct ditto_grant_reason {
	enum ditto_grant_by by;
	u32 id;
	u8 sid[DITTO_SID_MAX];
};

/**
 * ditto_share_access_is_admin - tell whether an identity gets the administrator's privileges
 * @access: access from the share's list
 * @ident: identity of the request, before squashing
 * @verdict: result of the client rules
 *
 * The user must have logged in. If the squash mode of the client's rule or of the share makes
 * root an administrator, the claim of the client suffices: root on that client can claim any user
 * anyway.
 *
 * Context: any.
 * Return: true for an administrator; otherwise DITTO_SHARE_ACCESS_ADMIN means
 * DITTO_SHARE_ACCESS_WRITE.
 */
bool ditto_share_access_is_admin(enum ditto_share_access access, const struct ditto_ident *ident,
				 const struct ditto_verdict *verdict);

/**
 * ditto_share_access_of - look up the current access of an identity to a share
 * @share: held
 * @ident: identity of the request, before squashing; anonymous means the user of @cred
 * @cred: credential of the identity on the share; provides the groups that the helper
 *	knows, if the share uses these
 *
 * If the list names SIDs and the identity brings none along, the helper is asked for them.
 *
 * Context: may sleep for memory.
 * Return: enum ditto_share_access; -EJUKEBOX while the helper is asked.
 */
int ditto_share_access_of(const struct ditto_share *share,
			  const struct ditto_ident *ident,
			  const struct ditto_cred *cred);

/**
 * ditto_share_access_explain - the same, with the entry that decides
 * @share: held
 * @ident: as for ditto_share_access_of()
 * @cred: as for ditto_share_access_of()
 * @why: filled; or NULL
 *
 * Context: may sleep for memory.
 * Return: as ditto_share_access_of().
 */
int ditto_share_access_explain(const struct ditto_share *share, const struct ditto_ident *ident,
			       const struct ditto_cred *cred, struct ditto_grant_reason *why);

#endif
