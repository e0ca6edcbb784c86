// SPDX-License-Identifier: GPL-2.0-only
/* The domain that the machine is a member of; see own_domain.h. */

#include <stdio.h>
#include <string.h>

#include "own_domain.h"

void own_domain_get(struct rpc_call *call, struct own_domain *domain)
{
	const struct rows *rows;
	const struct row *row;

	memset(domain, 0, sizeof(*domain));
	snprintf(domain->name, sizeof(domain->name), "%s",
		 !rpc_list_get(call, RPC_LIST_SERVER, &rows) && rows->n ?
		 rows->row->text[SERVER_WORKGROUP] : DEFAULT_WORKGROUP);
	if (rpc_list_get(call, RPC_LIST_DOMAIN, &rows) || !rows->n)
		return;
	row = rows->row;
	if (!sid_parse(row->text[DOMAIN_SID], &domain->sid))
		return;
	snprintf(domain->name, sizeof(domain->name), "%s", row->text[DOMAIN_NAME]);
	snprintf(domain->dns_name, sizeof(domain->dns_name), "%s", row->text[DOMAIN_DNS_NAME]);
}
