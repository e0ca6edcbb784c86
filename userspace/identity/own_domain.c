// SPDX-License-Identifier: GPL-2.0-only
/* The domain that the machine is a member of; see joined.h. */

#include <stdio.h>
#include <string.h>

#include "own_domain.h"

#define WORK_GROUP	"WORKGROUP"

void joined_get(struct rpc_call *call, struct joined *joined)
{
	const struct rpc_asks *asks = call->asks;
	struct rows rows = { 0 };
	const struct row *row;

	memset(joined, 0, sizeof(*joined));
	memcpy(joined->name, WORK_GROUP, sizeof(WORK_GROUP));
	if (asks->list(asks->accounts.arg, RPC_LIST_DOMAIN, &rows) || !rows.n)
		goto out;
	row = rows.row;
	if (!sid_parse(row->text[DOMAIN_SID], &joined->sid))
		goto out;
	snprintf(joined->name, sizeof(joined->name), "%s", row->text[DOMAIN_NAME]);
	snprintf(joined->dns_name, sizeof(joined->dns_name), "%s", row->text[DOMAIN_DNS_NAME]);
out:
	rows_free(&rows);
}
