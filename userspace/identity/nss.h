/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queries to the name service switch (nsswitch.conf(5)). All functions are thread-safe, and may
 * block as long as a name server does not answer.
 */
#ifndef _DITTOD_NSS_H
#define _DITTOD_NSS_H

#include <sys/types.h>

#include "text.h"

/* Most names of one address. */
#define NSS_NAMES_MAX	16
/* Longest name (RFC 1035 section 2.3.4), including the NUL. */
#define NSS_NAME_SIZE	256
/* Most groups of one user; the kernel accepts no more in an answer. */
#define NSS_GROUPS_MAX	1024

/* Names of an address. */
struct nss_names {
	unsigned int n;
	char name[NSS_NAMES_MAX][NSS_NAME_SIZE];
};

/* Return true if one of the names, or the address as text, is in a netgroup. */
bool nss_in_netgroup(const char *netgroup, const struct address *addr,
		     const struct nss_names *names);

/**
 * nss_groups - look up the groups of a user, including the primary group
 * @uid: the user
 * @gids: filled, at most NSS_GROUPS_MAX
 * @n: filled with the number of groups
 *
 * A service that does not answer is not one that has no groups, see nss_initgroups.h.
 *
 * Return: 0; -ENOENT (no such user); -EAGAIN (a service does not answer); -ESTALE (the name service
 * does not know the user's name any more, or as another user's: @gids has only the primary group);
 * another negative errno.
 */
int nss_groups(uid_t uid, u32 gids[NSS_GROUPS_MAX], unsigned int *n);

/**
 * struct nss_account - a user of this machine
 * @name: name of the user, as the name service writes it
 * @uid: number of the user
 * @gid: primary group
 * @gids: all groups, including the primary group
 * @ngids: number of entries in @gids
 */
struct nss_account {
	char name[NSS_NAME_SIZE];
	uid_t uid;
	gid_t gid;
	u32 gids[NSS_GROUPS_MAX];
	unsigned int ngids;
};

/*
 * Look up a user by name. Returns 0, -ENOENT (no such user), -EAGAIN (a service does not answer
 * about the user's groups) or another negative errno.
 */
int nss_account(const char *name, struct nss_account *out);

/**
 * enum nss_state - what the shadow file says about an account
 * @NSS_VALID: nothing that forbids its use; also if there is no entry, or it is not readable
 * @NSS_LOCKED: its password was locked
 * @NSS_EXPIRED: its day of expiry has come
 */
enum nss_state {
	NSS_VALID,
	NSS_LOCKED,
	NSS_EXPIRED,
};

/* Look up the state of an account. Returns 0 or a negative errno: a lack of resources. */
int nss_account_state(const char *name, enum nss_state *state);

/*
 * Map users and groups from number to name and back. Names have at most NSS_NAME_SIZE bytes
 * including the NUL. Return 0, -ENOENT or another negative errno.
 */
int nss_user_name(uid_t uid, char name[NSS_NAME_SIZE]);
int nss_group_name(gid_t gid, char name[NSS_NAME_SIZE]);
int nss_user_id(const char *name, uid_t *uid);
int nss_group_id(const char *name, gid_t *gid);

#endif
