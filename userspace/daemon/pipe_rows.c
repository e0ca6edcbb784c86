// SPDX-License-Identifier: GPL-2.0-only
/* Lists for clients of pipes; see pipe_rows.h and enum rpc_list (rpc.h). */

#include <errno.h>
#include <string.h>

#include "account_list.h"
#include "auth_account.h"
#include "identity/identity.h"
#include "pipe_rows.h"

static int rows_of_users(const struct identity_who *who, struct rows *out)
{
	(void)who;
	return account_list_users(account_min_uid(), out);
}

static int rows_of_groups(const struct identity_who *who, struct rows *out)
{
	(void)who;
	return account_list_groups(account_min_uid(), out);
}

/* Groups that cannot be found out are left out. */
static int rows_of_aliases(const struct identity_who *who, struct rows *out)
{
	struct sid alias[IDENTITY_ALIASES_MAX];
	unsigned int n = identity_aliases_get(alias), i;

	for (i = 0; i < n; i++) {
		struct identity group;
		char sid[NSS_NAME_SIZE];
		struct row *row;

		if (identity_by_sid(who, &alias[i], &group) ||
		    !(group.kinds & IDENTITY_GROUP) ||
		    identity_by_id(who, IDENTITY_GROUP, group.id, &group))
			continue;
		sid_text(&group.sid, sid);
		row = rows_add(out, sid, NULL, NULL);
		row->number[ALIAS_RID] = alias[i].sub[1];
		row->number[ALIAS_GID] = group.id;
	}
	return 0;
}

/* A domain that cannot be found out counts as none. */
static int rows_of_domain(const struct identity_who *who, struct rows *out)
{
	struct identity domain;
	char sid[NSS_NAME_SIZE];

	if (identity_joined(who, &domain))
		return 0;
	sid_text(&domain.sid, sid);
	rows_add(out, domain.name.domain, domain.realm, sid);
	return 0;
}

/* @known: users who gave and proved their names may see the list. Otherwise everybody may. */
static const struct {
	int (*get)(const struct identity_who *who, struct rows *out);
	bool known;
} lists[RPC_LISTS] = {
	[RPC_LIST_USERS] = { rows_of_users, true },
	[RPC_LIST_GROUPS] = { rows_of_groups, true },
	[RPC_LIST_ALIASES] = { rows_of_aliases, true },
	[RPC_LIST_DOMAIN] = { rows_of_domain, false },
};

int pipe_rows_get(const struct rpc_user *user, enum rpc_list list, u64 deadline,
		  struct rows *out)
{
	const struct identity_who who = { .user = user->uid, .until = deadline };

	memset(out, 0, sizeof(*out));
	if (lists[list].known && (user->anonymous || user->guest))
		return -EACCES;
	return lists[list].get(&who, out);
}
