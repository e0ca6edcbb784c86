/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NFSv4 names by libnfsidmap, which the clients use too, with its own configuration
 * (idmapd.conf(5)). The library is loaded when it is used, so that Ditto does not depend on it.
 *
 * All functions are thread-safe.
 */
#ifndef _DITTOD_NFSIDMAP_H
#define _DITTOD_NFSIDMAP_H

#include "idmap.h"

/* Load the library and read its configuration. Returns 0, or -ENOENT after an error is logged. */
int nfsidmap_open(void);
/*
 * Map a user or group, by its IDENTITY_* bit, from number to name or back. Return 0, -ENOENT or
 * another negative errno. May block on the name service, without a deadline.
 */
int nfsidmap_name(unsigned int kind, u32 id, char name[IDMAP_NAME_SIZE]);
int nfsidmap_id(unsigned int kind, const char *name, u32 *id);

#endif
