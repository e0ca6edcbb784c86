/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * READ and WRITE of NFSv3 carry no lock owner. They must not conflict with reservations of the same
 * machine: the client is exempt from the reservations of all hosts at the address.
 */
#ifndef _DITTO_FS_NFS_NLM_SHARER_H
#define _DITTO_FS_NFS_NLM_SHARER_H

#include "nlm.h"

/* The hash of an address in the table of hosts. */
static inline u64 dnlm_host_hash(const struct dnlm_server *nlm, const struct in6_addr *addr)
{
	return siphash(addr, sizeof(*addr), &nlm->hosts_key);
}

struct ditto_client *dnlm_sharer_find(struct dnlm_server *nlm, const struct in6_addr *addr);

/* The same; costs one load while there are no reservations. */
static inline struct ditto_client *dnlm_sharer(struct dnlm_server *nlm,
					       const struct in6_addr *addr)
{
	return likely(!atomic_read(&nlm->shares)) ? NULL : dnlm_sharer_find(nlm, addr);
}

#endif
