// SPDX-License-Identifier: GPL-2.0-only
/* The accounts of the domains that samr serves; see samr.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "identity/identity.h"
#include "mem.h"
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

static void accounts_add(struct samr_accounts *accounts, const struct samr_account *account)
{
	accounts->account = mem_grow(accounts->account, accounts->n, sizeof(*accounts->account));
	accounts->account[accounts->n++] = *account;
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
			accounts_add(accounts, &account);
	}
}

/* The texts are kept in the rows of groups. */
static void accounts_add_builtin(struct samr_accounts *accounts)
{
	struct sid sid = { .authority = SID_AUTHORITY_NT, .nsubs = 2, .sub = { SID_NT_BUILTIN } };
	struct sid_name name;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(builtin_rids); i++) {
		struct row *row;

		sid.sub[1] = builtin_rids[i];
		if (!sid_well_known_by_sid(&sid, &name))
			continue;
		row = rows_add(&accounts->groups, name.name, NULL, NULL);
		accounts_add(accounts, &(struct samr_account){
			.kind = SAMR_ALIASES, .rid = builtin_rids[i], .listed = true,
			.name = row->text[0], .full_name = "",
		});
	}
}

u32 samr_accounts_get(struct rpc_call *call, u32 domain, unsigned int kinds,
		      struct samr_accounts *out)
{
	const struct rpc_asks *asks = call->asks;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (domain == SAMR_BUILTIN) {
		if (kinds & SAMR_ALIASES)
			accounts_add_builtin(out);
		return STATUS_SUCCESS;
	}
	if (kinds & SAMR_USERS)
		rc = asks->list(asks->accounts.arg, RPC_LIST_USERS, &out->users);
	if (!rc && kinds & SAMR_ALIASES)
		rc = asks->list(asks->accounts.arg, RPC_LIST_GROUPS, &out->groups);
	if (rc)
		return samr_status(rc);
	if (kinds & SAMR_USERS)
		accounts_add_rows(out, SAMR_USERS, &out->users);
	if (kinds & SAMR_GROUPS)
		accounts_add(out, &(struct samr_account){
			.kind = SAMR_GROUPS, .rid = SID_RID_NONE, .listed = true,
			.name = "None", .full_name = "Ordinary users",
		});
	if (kinds & SAMR_ALIASES)
		accounts_add_rows(out, SAMR_ALIASES, &out->groups);
	return STATUS_SUCCESS;
}

void samr_accounts_free(struct samr_accounts *accounts)
{
	free(accounts->account);
	rows_free(&accounts->users);
	rows_free(&accounts->groups);
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

void samr_put_numbers(struct ndr_out *out, const u32 *number, u32 n)
{
	u32 i;

	ndr_put32(out, n);
	ndr_put_pointer(out, n);
	if (n)
		ndr_put32(out, n);
	for (i = 0; i < n; i++)
		ndr_put32(out, number[i]);
}
