// SPDX-License-Identifier: GPL-2.0-only
/* Membership of groups (MS-SAMR sections 3.1.5.8 and 3.1.5.9); see samr.h. */

#include <stdlib.h>
#include <string.h>

#include "identity/identity.h"
#include "mem.h"
#include "samr.h"

/* Most SIDs in one call (MS-SAMR section 2.2.3). */
#define SIDS_MAX	1024
/* Most members of a group or alias, and most aliases of a member, that one answer tells. */
#define MEMBERS_MAX	1024

/* SamrGetGroupsForUser (MS-SAMR section 3.1.5.9.1). All users are members of the same group. */
u32 samr_groups_of_user(struct rpc_call *call)
{
	struct rpc_object user;
	struct ndr_out *out = &call->out;
	u32 fault;

	fault = rpc_handle_get(call, RPC_HANDLE_USER, &user);
	if (fault)
		return fault;
	ndr_put_pointer(out, true);
	ndr_put32(out, 1);
	ndr_put_pointer(out, true);
	ndr_put32(out, 1);
	ndr_put32(out, SID_RID_NONE);
	ndr_put32(out, SAMR_GROUP_ATTRIBUTES);
	return rpc_put_status(call, STATUS_SUCCESS);
}

/* Find the account of this machine that has a SID, in either of its two forms. */
static const struct samr_account *members_find_sid(const struct rpc_call *call,
						   const struct samr_accounts *accounts,
						   const struct sid *sid)
{
	const struct samr_account *found = NULL;
	struct sid domain;
	u32 rid;

	sid_domain(sid, &domain);
	if (sid_same(&domain, &call->asks->accounts.machine))
		found = samr_account_find(accounts, sid->sub[sid->nsubs - 1]);
	else if (sid->authority == SID_AUTHORITY_UNIX && sid->nsubs == 2 &&
		 (sid->sub[0] == SID_UNIX_USERS || sid->sub[0] == SID_UNIX_GROUPS) &&
		 identity_rid(sid->sub[0] == SID_UNIX_USERS ? IDENTITY_USER : IDENTITY_GROUP,
			      sid->sub[1], &rid))
		found = samr_account_find(accounts, rid);
	return found;
}

/* Is the account a member of the alias, or the group that the alias stands for? */
static bool members_in_alias(const struct samr_account *group, const struct samr_account *account)
{
	return group == account || samr_is_member(group, account);
}

/* Collect the aliases of BUILTIN that have one of some accounts as a member. */
static u32 members_builtin_aliases(struct rpc_call *call, const struct samr_accounts *accounts,
				   const struct samr_account *const *member, u32 n, u32 *rids)
{
	const struct rpc_asks *asks = call->asks;
	struct rows aliases = { 0 };
	unsigned int i;
	u32 found = 0, j;

	if (asks->list(asks->accounts.arg, RPC_LIST_ALIASES, &aliases))
		return 0;
	for (i = 0; i < aliases.n && found < SAMR_BUILTIN_ALIASES; i++) {
		const struct samr_account *group = NULL;
		unsigned int k;

		for (k = 0; k < accounts->n && !group; k++)
			if (accounts->account[k].kind == SAMR_ALIASES &&
			    accounts->account[k].row->number[ACCOUNT_ID] ==
			    aliases.row[i].number[ALIAS_GID])
				group = &accounts->account[k];
		for (j = 0; group && j < n; j++)
			if (members_in_alias(group, member[j]))
				break;
		if (group && j < n)
			rids[found++] = (u32)aliases.row[i].number[ALIAS_RID];
	}
	rows_free(&aliases);
	return found;
}

/**
 * struct crowd - users whose aliases are asked for
 * @name: their names, sorted
 * @gid: their primary groups, sorted
 * @n: number of users
 */
struct crowd {
	const char *name[SIDS_MAX];
	u32 gid[SIDS_MAX];
	u32 n;
};

/* A name inside a text. */
struct word {
	const char *text;
	size_t len;
};

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int gid_compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static int word_compare(const void *a, const void *b)
{
	const char *name = *(const char *const *)b;
	const struct word *word = a;
	int order = strncmp(word->text, name, word->len);

	if (order)
		return order;
	return name[word->len] ? -1 : 0;
}

static void crowd_gather(struct crowd *c, const struct samr_account *const *member, u32 n)
{
	u32 i;

	c->n = 0;
	for (i = 0; i < n; i++) {
		if (member[i]->kind != SAMR_USERS)
			continue;
		c->name[c->n] = member[i]->name;
		c->gid[c->n++] = (u32)member[i]->row->number[ACCOUNT_GID];
	}
	qsort(c->name, c->n, sizeof(c->name[0]), name_compare);
	qsort(c->gid, c->n, sizeof(c->gid[0]), gid_compare);
}

/* True if one of the crowd belongs to a group of the machine; see samr_is_member(). */
static bool crowd_meets(const struct crowd *c, const struct row *group)
{
	u32 gid = (u32)group->number[ACCOUNT_ID];
	struct word word = { .text = group->text[ACCOUNT_MEMBERS] };

	if (bsearch(&gid, c->gid, c->n, sizeof(c->gid[0]), gid_compare))
		return true;
	for (; *word.text; word.text += word.len, word.text += *word.text == ',') {
		word.len = strcspn(word.text, ",");
		if (bsearch(&word, c->name, c->n, sizeof(c->name[0]), word_compare))
			return true;
	}
	return false;
}

/* There may be a thousand members and thousands of groups: each group is read once. */
static u32 members_aliases(const struct samr_accounts *accounts,
			   const struct samr_account *const *member, u32 n, u32 *rids)
{
	struct crowd crowd;
	unsigned int i;
	u32 found = 0;

	crowd_gather(&crowd, member, n);
	for (i = 0; i < accounts->n && found < MEMBERS_MAX; i++)
		if (accounts->account[i].kind == SAMR_ALIASES &&
		    crowd_meets(&crowd, accounts->account[i].row))
			rids[found++] = accounts->account[i].rid;
	return found;
}

/* SamrGetAliasMembership (MS-SAMR section 3.1.5.9.2). */
u32 samr_aliases_of_sids(struct rpc_call *call)
{
	const struct samr_account *member[SIDS_MAX];
	u32 rids[MEMBERS_MAX], status, fault, n, i, members = 0, found = 0;
	struct samr_accounts accounts;
	struct ndr_in *in = &call->in;
	struct rpc_object domain;
	struct sid sid;

	fault = rpc_handle_get(call, RPC_HANDLE_DOMAIN, &domain);
	if (fault)
		return fault;
	n = ndr_get32(in);
	if (n > SIDS_MAX || ndr_get_pointer(in) != !!n)
		return RPC_FAULT_NDR;
	if (n)
		ndr_get_count(in, n);
	for (i = 0; i < n; i++)
		if (!ndr_get_pointer(in))
			in->bad = true;
	status = samr_accounts_get(call, SAMR_MACHINE, SAMR_USERS | SAMR_ALIASES, &accounts);
	for (i = 0; i < n && !in->bad; i++) {
		ndr_get_sid(in, &sid);
		member[members] = members_find_sid(call, &accounts, &sid);
		members += !!member[members];
	}
	if (!in->bad && !status && domain.domain == SAMR_BUILTIN)
		found = members_builtin_aliases(call, &accounts, member, members, rids);
	else if (!in->bad && !status)
		found = members_aliases(&accounts, member, members, rids);
	samr_put_numbers(&call->out, rids, found);
	samr_accounts_free(&accounts);
	return rpc_put_status(call, status);
}

/* SamrGetMembersInGroup (MS-SAMR section 3.1.5.8.3). */
u32 samr_members_of_group(struct rpc_call *call)
{
	u32 rids[MEMBERS_MAX], attributes[MEMBERS_MAX], status, fault, n = 0, i;
	struct samr_accounts accounts;
	struct ndr_out *out = &call->out;
	struct rpc_object group;

	fault = rpc_handle_get(call, RPC_HANDLE_GROUP, &group);
	if (fault)
		return fault;
	status = samr_accounts_get(call, group.domain, SAMR_USERS, &accounts);
	for (i = 0; i < accounts.n && !status; i++) {
		if (!accounts.account[i].listed)
			continue;
		if (n == MEMBERS_MAX) {
			status = STATUS_INSUFFICIENT_RESOURCES;
			break;
		}
		attributes[n] = SAMR_GROUP_ATTRIBUTES;
		rids[n++] = accounts.account[i].rid;
	}
	samr_accounts_free(&accounts);
	if (status) {
		ndr_put_pointer(out, false);
		return rpc_put_status(call, status);
	}
	/* SAMPR_GET_MEMBERS_BUFFER (MS-SAMR section 2.2.3.14). */
	ndr_put_pointer(out, true);
	ndr_put32(out, n);
	ndr_put_pointer(out, n);
	ndr_put_pointer(out, n);
	if (n)
		ndr_put32(out, n);
	for (i = 0; i < n; i++)
		ndr_put32(out, rids[i]);
	if (n)
		ndr_put32(out, n);
	for (i = 0; i < n; i++)
		ndr_put32(out, attributes[i]);
	return rpc_put_status(call, STATUS_SUCCESS);
}

/* SAMPR_PSID_ARRAY_OUT (MS-SAMR section 2.2.3.7). */
static u32 members_put_sids(struct rpc_call *call, const struct sid *sids, u32 n, u32 status)
{
	struct ndr_out *out = &call->out;
	u32 i;

	ndr_put32(out, n);
	ndr_put_pointer(out, n);
	if (n)
		ndr_put32(out, n);
	for (i = 0; i < n; i++)
		ndr_put_pointer(out, true);
	for (i = 0; i < n; i++)
		ndr_put_sid(out, &sids[i]);
	return rpc_put_status(call, status);
}

/* The member of an alias of BUILTIN is the group that it stands for. */
static u32 members_put_builtin(struct rpc_call *call, u32 rid)
{
	const struct rpc_asks *asks = call->asks;
	struct rows aliases = { 0 };
	struct sid sid;
	unsigned int i;
	u32 n = 0;
	int rc;

	rc = asks->list(asks->accounts.arg, RPC_LIST_ALIASES, &aliases);
	for (i = 0; i < aliases.n && !rc; i++)
		if (aliases.row[i].number[ALIAS_RID] == rid)
			n = sid_parse(aliases.row[i].text[ALIAS_GROUP_SID], &sid);
	rows_free(&aliases);
	return members_put_sids(call, &sid, n, samr_status(rc));
}

/* SamrGetMembersInAlias (MS-SAMR section 3.1.5.8.6). */
u32 samr_members_of_alias(struct rpc_call *call)
{
	struct samr_accounts accounts;
	struct rpc_object alias;
	struct sid *sids;
	const struct samr_account *group;
	u32 status, fault, n = 0;
	unsigned int i;

	fault = rpc_handle_get(call, RPC_HANDLE_ALIAS, &alias);
	if (fault)
		return fault;
	if (alias.domain == SAMR_BUILTIN)
		return members_put_builtin(call, alias.rid);
	sids = mem_new(MEMBERS_MAX * sizeof(*sids));
	status = samr_accounts_get(call, alias.domain, SAMR_USERS | SAMR_ALIASES, &accounts);
	group = samr_account_find(&accounts, alias.rid);
	if (!status && !group)
		status = STATUS_NO_SUCH_ALIAS;
	for (i = 0; i < accounts.n && !status; i++) {
		if (!samr_is_member(group, &accounts.account[i]))
			continue;
		if (n == MEMBERS_MAX) {
			status = STATUS_INSUFFICIENT_RESOURCES;
			n = 0;
			break;
		}
		samr_domain_sid(call, alias.domain, &sids[n]);
		sid_append(&sids[n++], accounts.account[i].rid);
	}
	samr_accounts_free(&accounts);
	members_put_sids(call, sids, n, status);
	free(sids);
	return 0;
}
