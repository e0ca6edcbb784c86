/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Identities, and the credentials that requests act with.
 *
 * A request carries an identity. The squash rules of the share map it to the user and groups that
 * the server acts as. The struct cred for the result is built once and cached; ditto_cred_get()
 * finds it again under RCU.
 */
#ifndef _DITTO_FS_SHARE_CRED_H
#define _DITTO_FS_SHARE_CRED_H

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/refcount.h>
#include <linux/uidgid.h>

struct ditto_server;
struct ditto_share_opts;
struct ditto_token;
struct ditto_names_park;
struct ditto_verdict;
struct in6_addr;

/* Cached credentials of one server; idle ones are evicted first. */
#define DITTO_CREDS_MAX		4096

/**
 * struct ditto_groups_query - groups that the helper is asked for
 * @needed: they are not known yet
 * @uid: whose groups they are
 */
struct ditto_groups_query {
	bool needed;
	kuid_t uid;
};

/**
 * struct ditto_ident - the identity that a request carries
 * @uid: user
 * @gid: primary group
 * @ngroups: number of @groups
 * @groups: supplementary groups; borrowed for the duration of the call
 * @anonymous: the request carries no identity; the share's anonymous user acts
 * @proven: the user has logged in; false if the request only claims to be this user
 * @admin: the share grants this identity the administrator's privileges
 * @token: SIDs of the user, if it brought them along; borrowed; or NULL
 * @from: address of the client, for a fair order of questions to the helper; borrowed; NULL for the
 *	server itself
 * @later: filled if the helper does not know the groups yet: the caller waits for them itself, by
 *	ditto_names_groups_prefetch(), and not with all its threads; borrowed; NULL to wait here
 * @park: waits for the groups instead, if the helper does not know them yet; borrowed; or NULL
 */
struct ditto_ident {
	kuid_t uid;
	kgid_t gid;
	unsigned int ngroups;
	const kgid_t *groups;
	bool anonymous;
	bool proven;
	bool admin;
	struct ditto_token *token;
	const struct in6_addr *from;
	struct ditto_groups_query *later;
	struct ditto_names_park *park;
};

int ditto_ident_groups(struct ditto_server *srv, const struct ditto_ident *ident, kuid_t uid,
		       kgid_t *groups, unsigned int max);

/**
 * struct ditto_cred - a cached credential
 * @cred: credential for override_creds(); immutable
 * @uid: user after squashing
 * @person: @uid, but where all act as one user the one who has logged in; for records
 * @gid: group after squashing
 * @admin: has the administrator's privileges, see ditto_admin_caps()
 * @anonymous: the identity was anonymous
 * @guest: acts as the share's anonymous user, because it is anonymous or by squashing
 * @forced: acts as the user that the share has for all
 * @own_groups: acts with the groups of the identity; false after squashing
 * @privileges: DITTO_TOKEN_* bits: those that the user logged in with, all for an administrator,
 *	none after squashing
 * @token: SIDs of the user, held; NULL if the identity had none or was squashed: then the SIDs
 *	of @uid count, which the helper is asked for when a list names SIDs
 * @ref: one reference of the cache, and one of each holder
 *
 * The members of the cache follow in struct cred_entry, fs/share/cred.c.
 */
struct ditto_cred {
	const struct cred *cred;
	kuid_t uid;
	kuid_t person;
	kgid_t gid;
	bool admin;
	bool anonymous;
	bool guest;
	bool forced;
	bool own_groups;
	u32 privileges;
	struct ditto_token *token;
	refcount_t ref;
};

struct ditto_cred *ditto_cred_get(struct ditto_server *srv,
				  const struct ditto_share_opts *opts,
				  const struct ditto_verdict *verdict,
				  const struct ditto_ident *ident);

/* Take a reference to a credential that is held. Any context. */
static inline struct ditto_cred *ditto_cred_hold(struct ditto_cred *cred)
{
	refcount_inc(&cred->ref);
	return cred;
}

void ditto_cred_put(struct ditto_cred *cred);

/* Privileges added to a credential for one VFS call whose access was checked before. */
enum ditto_privilege {
	DITTO_PRIVILEGE_ACCESS,	/* override mode bits */
	DITTO_PRIVILEGE_OWNER,	/* also act as the owner of the file */
	DITTO_PRIVILEGE_CHOWN,	/* also change owner and group */
	DITTO_PRIVILEGE_SERVER,	/* all of the server's, except exceeding quotas */
	DITTO_PRIVILEGES,
};

const struct cred *ditto_cred_privileged(struct ditto_cred *cred, enum ditto_privilege how);
struct ditto_cred *ditto_cred_backup(struct ditto_cred *cred);
kernel_cap_t ditto_admin_caps(void);
void ditto_creds_flush(struct ditto_server *srv);
u32 ditto_creds_epoch(const struct ditto_server *srv);

/* Set up and tear down the credential cache of a server. */
int ditto_creds_init(struct ditto_server *srv);
void ditto_creds_exit(struct ditto_server *srv);

#endif
