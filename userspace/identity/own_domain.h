/* SPDX-License-Identifier: GPL-2.0-only */
/* The domain that the machine is a member of, for the handlers of remote calls. */
#ifndef _DITTOD_OWN_DOMAIN_H
#define _DITTOD_OWN_DOMAIN_H

#include "rpc/rpc.h"

/**
 * struct own_domain - a domain or work group
 * @name: its name, without DNS
 * @dns_name: name of a domain in DNS; empty for a work group
 * @sid: SID of a domain; without sub-authorities for a work group
 */
struct own_domain {
	char name[NSS_NAME_SIZE];
	char dns_name[NSS_NAME_SIZE];
	struct sid sid;
};

/* Get the domain, or the work group of a machine that is in none. May block. */
void own_domain_get(struct rpc_call *call, struct own_domain *domain);

#endif
