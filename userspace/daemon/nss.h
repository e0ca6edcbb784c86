/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers of the name service switch (nsswitch.conf(5)). All of this may
 * block for as long as a name server pleases.
 */
#ifndef _DITTOD_NSS_H
#define _DITTOD_NSS_H

#include <sys/types.h>

#include "text.h"

/* Names of one address. */
#define NSS_NAMES_MAX	16
/* Longest name (RFC 1035 section 2.3.4) and NUL. */
#define NSS_NAME_SIZE	256
/* Groups of one user, as many as the kernel takes in an answer. */
#define NSS_GROUPS_MAX	1024

/* Names of an address. */
struct nss_names {
	unsigned int n;
	char name[NSS_NAMES_MAX][NSS_NAME_SIZE];
};

/* Is one of the names, or the address as text, in a netgroup? */
bool nss_in_netgroup(const char *netgroup, const struct address *addr,
		     const struct nss_names *names);

/**
 * nss_groups - the groups of a user, the primary one included
 * @uid: the user
 * @gids: filled, at most NSS_GROUPS_MAX
 * @n: how many
 *
 * Return: 0, -ENOENT (no such user), another negative errno.
 */
int nss_groups(uid_t uid, u32 gids[NSS_GROUPS_MAX], unsigned int *n);

/**
 * struct nss_account - a user of this machine
 * @name: of the user, as the name service writes it
 * @uid: of the user
 * @gid: primary group
 * @gids: all groups, the primary one included
 * @ngids: of @gids
 */
struct nss_account {
	char name[NSS_NAME_SIZE];
	uid_t uid;
	gid_t gid;
	u32 gids[NSS_GROUPS_MAX];
	unsigned int ngids;
};

/* The user with a name. 0, -ENOENT (no such user), another negative errno. */
int nss_account(const char *name, struct nss_account *out);

/*
 * Names of users and groups, and back; a name is at most NSS_NAME_SIZE with
 * its NUL. 0, -ENOENT, another negative errno.
 */
int nss_user_name(uid_t uid, char name[NSS_NAME_SIZE]);
int nss_group_name(gid_t gid, char name[NSS_NAME_SIZE]);
int nss_user_id(const char *name, uid_t *uid);
int nss_group_id(const char *name, gid_t *gid);

#endif
