// SPDX-License-Identifier: GPL-2.0-only
/* The accounts of the domains that samr serves; see samr.h. */

#include <errno.h>
#include <string.h>

#include "identity/identity.h"
#include "samr.h"

/* Relative identifiers of the aliases of BUILTIN. */
static const u32 builtin_rids[SAMR_BUILTIN_ALIASES] = { 544, 545, 546 };

void samr_domain_sid(const struct rpc_call *call, u32 domain, struct sid *sid)
{
	static const struct sid builtin = {
		.authority = SID_AUTHORITY_NT, .nsubs = 1, .sub = { SID_NT_BUILTIN }
	};

	*sid = domain == SAMR_MACHINE ? call->asks->accounts.machine : builtin;
}

void samr_domain_name(u32 domain, char name[NSS_NAME_SIZE])
{
	if (domain == SAMR_MACHINE)
		sid_machine_name(name);
	else
		memcpy(name, "Builtin", sizeof("Builtin"));
}

u32 samr_status(int rc)
{
	if (!rc)
		return STATUS_SUCCESS;
	return rc == -EACCES ? STATUS_ACCESS_DENIED : STATUS_UNSUCCESSFUL;
}

static void accounts_add_rows(struct samr_accounts *accounts, unsigned int kind,
			      const struct rows *rows)
{
	bool user = kind == SAMR_USERS;
	unsigned int i;

	for (i = 0; i < rows->n; i++) {
		const struct row *row = &rows->row[i];
		struct samr_account account = {
			.kind = kind,
			.listed = row->number[ACCOUNT_LISTED],
			.name = row->text[ACCOUNT_NAME],
			.full_name = user ? row->text[ACCOUNT_FULL_NAME] : "",
			.row = row,
		};

		if (identity_rid(user ? IDENTITY_USER : IDENTITY_GROUP,
				 (u32)row->number[ACCOUNT_ID], &account.rid))
			accounts->account[accounts->n++] = account;
	}
}

static void accounts_add_builtin(struct rpc_call *call, struct samr_accounts *accounts)
{
	struct sid sid = { .authority = SID_AUTHORITY_NT, .nsubs = 2, .sub = { SID_NT_BUILTIN } };
	struct sid_name name;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(builtin_rids); i++) {
		sid.sub[1] = builtin_rids[i];
		if (!sid_well_known_by_sid(&sid, &name))
			continue;
		accounts->account[accounts->n++] = (struct samr_account){
			.kind = SAMR_ALIASES, .rid = builtin_rids[i], .listed = true,
			.name = mem_chain_print(&call->memory, "%s", name.name), .full_name = "",
		};
	}
}

u32 samr_accounts_get(struct rpc_call *call, u32 domain, unsigned int kinds,
		      struct samr_accounts *out)
{
	static const struct rows none;
	const struct rows *users = &none, *groups = &none;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (domain == SAMR_MACHINE && kinds & SAMR_USERS)
		rc = rpc_list_get(call, RPC_LIST_USERS, &users);
	if (!rc && domain == SAMR_MACHINE && kinds & SAMR_ALIASES)
		rc = rpc_list_get(call, RPC_LIST_GROUPS, &groups);
	if (rc)
		return samr_status(rc);
	out->account = mem_chain_new(&call->memory, (users->n + groups->n + SAMR_BUILTIN_ALIASES) *
						    sizeof(*out->account));
	if (domain == SAMR_BUILTIN) {
		if (kinds & SAMR_ALIASES)
			accounts_add_builtin(call, out);
		return STATUS_SUCCESS;
	}
	accounts_add_rows(out, SAMR_USERS, users);
	if (kinds & SAMR_GROUPS)
		out->account[out->n++] = (struct samr_account){
			.kind = SAMR_GROUPS, .rid = SID_RID_NONE, .listed = true,
			.name = "None", .full_name = "Ordinary users",
		};
	accounts_add_rows(out, SAMR_ALIASES, groups);
	return STATUS_SUCCESS;
}

const struct samr_account *samr_account_find(const struct samr_accounts *accounts, u32 rid)
{
	unsigned int i;

	for (i = 0; i < accounts->n; i++)
		if (accounts->account[i].rid == rid)
			return &accounts->account[i];
	return NULL;
}

static bool members_have(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (; *names; names += strcspn(names, ","), names += *names == ',')
		if (strcspn(names, ",") == len && !strncmp(names, name, len))
			return true;
	return false;
}

bool samr_is_member(const struct samr_account *group, const struct samr_account *user)
{
	if (user->kind != SAMR_USERS)
		return false;
	if (group->kind == SAMR_GROUPS)
		return user->listed;
	return group->row && (group->row->number[ACCOUNT_ID] == user->row->number[ACCOUNT_GID] ||
			      members_have(group->row->text[ACCOUNT_MEMBERS], user->name));
}

u32 samr_member_count(const struct samr_accounts *accounts, const struct samr_account *group)
{
	unsigned int i;
	u32 n = 0;

	for (i = 0; i < accounts->n; i++)
		n += samr_is_member(group, &accounts->account[i]);
	return n;
}
