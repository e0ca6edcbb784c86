/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Identities and the credentials made from them.
 *
 * A request names an identity; squash rules turn it into what acts. The
 * struct cred for it is built once and kept, found again under RCU.
 */
#ifndef _DITTO_FS_SHARE_CRED_H
#define _DITTO_FS_SHARE_CRED_H

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/refcount.h>
#include <linux/uidgid.h>

struct ditto_server;
struct ditto_share_opts;
struct ditto_verdict;

/* Groups of one identity that count; NGROUPS_MAX is not for the wire. */
#define DITTO_GROUPS_MAX	1024
/* Cached credentials; idle ones leave first. */
#define DITTO_CREDS_MAX		4096

/**
 * struct ditto_ident - who a request says it is
 * @uid: user
 * @gid: group
 * @ngroups: supplementary groups
 * @groups: borrowed for the call
 * @anonymous: no identity was given: the share's anonymous user acts
 * @proven: the user logged in; false if the request only claims to be that user
 * @admin: a grant of the share lets him act with the administrator's privileges
 */
struct ditto_ident {
	kuid_t uid;
	kgid_t gid;
	unsigned int ngroups;
	const kgid_t *groups;
	bool anonymous;
	bool proven;
	bool admin;
};

/**
 * struct ditto_cred - a credential that can act
 * @cred: what override_creds() gets; immutable
 * @uid: after squashing
 * @gid: after squashing
 * @admin: acts with the administrator's privileges
 * @anonymous: nobody said who he is
 * @guest: acts as the share's anonymous user, because of that or by squashing
 * @ref: one of the cache, one of each holder
 *
 * The fields for the cache follow in fs/share/cred.c.
 */
struct ditto_cred {
	const struct cred *cred;
	kuid_t uid;
	kgid_t gid;
	bool admin;
	bool anonymous;
	bool guest;
	refcount_t ref;
};

/**
 * ditto_cred_get - the credential for an identity on a share
 * @srv: the server
 * @opts: the share's options, held by the caller
 * @verdict: of the client; brings the squash mode
 * @ident: who asks
 *
 * Steady state: one hash, one look-up under RCU, no allocation.
 *
 * Context: may sleep. Return: a credential to be put with ditto_cred_put(),
 * ERR_PTR(-ENOMEM), or ERR_PTR(-EJUKEBOX) while the helper is asked for
 * groups.
 */
struct ditto_cred *ditto_cred_get(struct ditto_server *srv,
				  const struct ditto_share_opts *opts,
				  const struct ditto_verdict *verdict,
				  const struct ditto_ident *ident);
void ditto_cred_put(struct ditto_cred *cred);

/* What a credential is raised by, for one call of the VFS that was checked before. */
enum ditto_privilege {
	DITTO_PRIVILEGE_ACCESS,	/* the mode does not stop it */
	DITTO_PRIVILEGE_OWNER,	/* nor that somebody else is the owner */
	DITTO_PRIVILEGE_CHOWN,	/* and it may change that */
	DITTO_PRIVILEGE_SERVER,	/* all that the server may, but for going beyond quotas */
	DITTO_PRIVILEGES,
};

/**
 * ditto_cred_privileged - the same somebody, with more power
 * @cred: held
 * @how: by what
 *
 * Made when it is first needed, and kept with @cred.
 *
 * Context: may sleep. Return: lives as long as @cred; NULL without memory.
 */
const struct cred *ditto_cred_privileged(struct ditto_cred *cred, enum ditto_privilege how);

/**
 * ditto_admin_caps - the capabilities of an administrator of a share
 *
 * They are about files only: ownership, modes, set-id bits, devices. An administrator has
 * none that reach beyond the share (CAP_SYS_ADMIN), none to change the security labels or
 * file capabilities that clients cannot see, and not CAP_SYS_RESOURCE, which would let quotas
 * and reserved blocks be used up.
 *
 * Context: any. Return: the effective set.
 */
kernel_cap_t ditto_admin_caps(void);

/* Forget all: settings or groups changed. */
void ditto_creds_flush(struct ditto_server *srv);

int ditto_creds_init(struct ditto_server *srv);
void ditto_creds_exit(struct ditto_server *srv);

#endif
