/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grants of a share: what its users and groups may do. The rules (rules.h) say
 * which machines may use it; who may do what counts for both.
 */
#ifndef _DITTO_FS_SHARE_SHARE_USERS_H
#define _DITTO_FS_SHARE_SHARE_USERS_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct ditto_cred;
struct ditto_ident;
struct ditto_share;
struct ditto_share_opts;
struct ditto_verdict;

/* Grants of one share; a longer list belongs into a group. */
#define DITTO_SHARE_USERS_MAX	1024

/* In order of what they allow. The values are those of the netlink enum "grant-right". */
enum ditto_share_access {
	DITTO_SHARE_ACCESS_NONE,
	DITTO_SHARE_ACCESS_READ,
	DITTO_SHARE_ACCESS_WRITE,
	DITTO_SHARE_ACCESS_ADMIN,	/* acts with the administrator's privileges */
};

/**
 * struct ditto_share_user - what one user or group may do
 * @id: number of it
 * @grant: see there
 */
struct ditto_share_user {
	u32 id;
	enum ditto_share_access grant;
};

/**
 * struct ditto_share_users - the grants of a share
 * @others: for whom there is none
 * @nusers: users' entries
 * @ngroups: groups' entries
 * @entry: those of users, then those of groups, each sorted by number
 */
struct ditto_share_users {
	enum ditto_share_access others;
	unsigned int nusers;
	unsigned int ngroups;
	struct ditto_share_user *entry;
};

/**
 * ditto_share_users_make - grants from entries in any order
 * @share_users: filled but for @others; freed with ditto_share_users_free()
 * @users: sorted by this
 * @nusers: of @users
 * @groups: sorted by this
 * @ngroups: of @groups
 *
 * Context: may sleep. Return: 0, -ENOMEM, -E2BIG (above DITTO_SHARE_USERS_MAX
 * together), -EEXIST (a user or group is there twice).
 */
int ditto_share_users_make(struct ditto_share_users *share_users, struct ditto_share_user *users,
			   unsigned int nusers, struct ditto_share_user *groups,
			   unsigned int ngroups);
/* Any context. 0 or -ENOMEM. */
int ditto_share_users_copy(struct ditto_share_users *to, const struct ditto_share_users *from);
void ditto_share_users_free(struct ditto_share_users *share_users);

/**
 * ditto_share_users_find - what a user may do
 * @opts: of the share, held by the caller under RCU or otherwise
 * @uid: of the user
 * @gid: his group
 * @n: of @groups
 * @groups: his other groups
 *
 * The grant of the user counts, else the most of those of his groups, else
 * that for others.
 *
 * Context: any. Return: the grant.
 */
enum ditto_share_access
ditto_share_users_find(const struct ditto_share_opts *opts, kuid_t uid,
		       kgid_t gid, unsigned int n, const kgid_t *groups);

/**
 * ditto_share_access_is_admin - may an identity act with the administrator's privileges
 * @grant: what it was granted
 * @ident: who asks, before squashing
 * @verdict: of the client
 *
 * A user must have logged in for that. Where the squash mode of the client's rule, or of the
 * share, makes root an administrator, the client's word is enough: whoever is root there can
 * claim to be any user anyway.
 *
 * Context: any.
 * Return: true if so; without it, DITTO_SHARE_ACCESS_ADMIN is DITTO_SHARE_ACCESS_WRITE.
 */
bool ditto_share_access_is_admin(enum ditto_share_access grant, const struct ditto_ident *ident,
				 const struct ditto_verdict *verdict);

/**
 * ditto_share_access_of - what an identity may do on a share now
 * @share: held
 * @ident: who asks, before squashing; an anonymous one is the share's anonymous user
 * @cred: his on the share: has the groups that the helper knows, where those count
 *
 * Context: any. Return: the grant.
 */
enum ditto_share_access ditto_share_access_of(const struct ditto_share *share,
					      const struct ditto_ident *ident,
					      const struct ditto_cred *cred);

#endif
