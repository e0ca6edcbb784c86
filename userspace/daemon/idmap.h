/* SPDX-License-Identifier: GPL-2.0-only */
/* Users and groups as user@domain (RFC 8881 section 5.9), by the name service. */
#ifndef _DITTOD_IDMAP_H
#define _DITTOD_IDMAP_H

#include <sys/types.h>

#include "nss.h"

/* Longest name with its domain, and NUL. */
#define IDMAP_NAME_SIZE	256

/* The domain of our users; "" is that of the machine's name. Before and while others ask. */
void idmap_set_domain(const char *domain);

/* 0; -ENOENT: no such user or group, or another domain; another negative errno. May block. */
int idmap_user_name(uid_t uid, char name[IDMAP_NAME_SIZE]);
int idmap_group_name(gid_t gid, char name[IDMAP_NAME_SIZE]);
int idmap_user_id(const char *name, uid_t *uid);
int idmap_group_id(const char *name, gid_t *gid);

#endif
