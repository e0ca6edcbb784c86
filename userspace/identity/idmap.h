/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps users and groups to user@domain and back (RFC 8881 section 5.9), by the name service; and to
 * SIDs and back, by identity/identity.h.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_IDMAP_H
#define _DITTOD_IDMAP_H

#include <sys/types.h>

#include "identity.h"
#include "nss.h"

/* Longest name with its domain, including the NUL. */
#define IDMAP_NAME_SIZE	256

/*
 * Set the domain of our users; "" means the domain of the host name. May be called while other
 * threads map names.
 */
void idmap_set_domain(const char *domain);

/*
 * Use libnfsidmap with its own configuration (idmapd.conf(5)) instead of the domain and of
 * identity/identity.h, or stop to use it. Its configuration is read again. If the library is
 * missing, an error is logged and it is not used.
 */
void idmap_use_library(bool use);

/*
 * Map a user or group, by its IDENTITY_* bit, from number to name or back. @until is a deadline by
 * clock_ms(), and @asker the client for which the kernel asks, or NULL. Return 0, -ENOENT (no such
 * user or group, or a foreign domain), -EAGAIN or another negative errno. May block on the name
 * service.
 */
int idmap_name(unsigned int kind, u32 id, u64 until, const struct address *asker,
	       char name[IDMAP_NAME_SIZE]);
int idmap_id(unsigned int kind, const char *name, u64 until, const struct address *asker, u32 *id);

/*
 * Look up the groups of a user as nss_groups() does. If the name service goes on with a name that
 * the user had before being renamed, a directory is asked by the user's SID. Returns as
 * nss_groups(), but not -ESTALE; -EAGAIN if the directory does not answer.
 */
int idmap_groups(uid_t uid, u32 gids[NSS_GROUPS_MAX], unsigned int *n);

/*
 * Get the SID of a user or group. Returns 0; -ENOENT if it has none but the one made of its number;
 * or as above.
 */
int idmap_sid(unsigned int kind, u32 id, u64 until, const struct address *asker, struct sid *sid);
/*
 * Get the account of a SID: its IDENTITY_* bits and number. Returns 0; -ENOENT, also if the account
 * is shown by another SID now; or as above.
 */
int idmap_account(const struct sid *sid, u64 until, const struct address *asker,
		  unsigned int *kinds, u32 *id);

#endif
