/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps users and groups to user@domain and back (RFC 8881 section 5.9), by the name service.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_IDMAP_H
#define _DITTOD_IDMAP_H

#include <sys/types.h>

#include "nss.h"

/* Longest name with its domain, including the NUL. */
#define IDMAP_NAME_SIZE	256

/*
 * Set the domain of our users; "" means the domain of the host name. May be called while other
 * threads map names.
 */
void idmap_set_domain(const char *domain);

/*
 * Map a number to a name or back. Return 0, -ENOENT (no such user or group, or a foreign domain)
 * or another negative errno. May block on the name service.
 */
int idmap_user_name(uid_t uid, char name[IDMAP_NAME_SIZE]);
int idmap_group_name(gid_t gid, char name[IDMAP_NAME_SIZE]);
int idmap_user_id(const char *name, uid_t *uid);
int idmap_group_id(const char *name, gid_t *gid);

#endif
