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

int ditto_share_users_make(struct ditto_share_users *share_users, struct ditto_share_user *users,
			   unsigned int nusers, struct ditto_share_user *groups,
			   unsigned int ngroups);
int ditto_share_users_add_sids(struct ditto_share_users *share_users,
			       const struct ditto_share_sid *sids, unsigned int nsids);
int ditto_share_users_copy(struct ditto_share_users *to, const struct ditto_share_users *from);
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

bool ditto_share_access_is_admin(enum ditto_share_access access, const struct ditto_ident *ident,
				 const struct ditto_verdict *verdict);
int ditto_share_access_of(const struct ditto_share *share,
			  const struct ditto_ident *ident,
			  const struct ditto_cred *cred);
int ditto_share_access_explain(const struct ditto_share *share, const struct ditto_ident *ident,
			       const struct ditto_cred *cred, struct ditto_grant_reason *why);

#endif
