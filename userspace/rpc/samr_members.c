// SPDX-License-Identifier: GPL-2.0-only
/* Membership of groups (MS-SAMR sections 3.1.5.8 and 3.1.5.9); see samr.h. */

#include <stdlib.h>
#include <string.h>

#include "identity/identity.h"
#include "samr.h"

/* Most members of a group or alias, and most aliases of a member, that one answer tells. */
#define MEMBERS_MAX	1024

#define ATTRIBUTES	NDR_NUMBER(U32, SAMR_GROUP_ATTRIBUTES)

/* SAMPR_GET_GROUPS_BUFFER (MS-SAMR section 2.2.3.13): all users are in the same group. */
static const struct ndr_struct user_group = {
	1, NDR_FIELDS(NDR_NUMBER(U32, 1), NDR_NUMBER(U32, SID_RID_NONE), ATTRIBUTES)
};

const struct ndr_struct samr_user_groups = {
	1, NDR_FIELDS(NDR_NUMBER(U32, 1),
		      { .type = NDR_POINTER, .at = NDR_FIXED, .value = 1, .of = &user_group })
};

/* SAMPR_GET_MEMBERS_BUFFER (MS-SAMR section 2.2.3.14). */
static const struct ndr_struct attributes_entry = { sizeof(u32), NDR_FIELDS(ATTRIBUTES) };

const struct ndr_struct samr_group_members = {
	sizeof(struct samr_members),
	NDR_FIELDS(NDR_COUNTED(struct samr_members, rids, .of = &ndr_of_number),
		   NDR_AT(ARRAY, struct samr_members, attributes, .of = &attributes_entry))
};

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
	const struct rows *aliases;
	unsigned int i;
	u32 found = 0, j;

	if (rpc_list_get(call, RPC_LIST_ALIASES, &aliases))
		return 0;
	for (i = 0; i < aliases->n && found < SAMR_BUILTIN_ALIASES; i++) {
		const struct samr_account *group = NULL;
		unsigned int k;

		for (k = 0; k < accounts->n && !group; k++)
			if (accounts->account[k].kind == SAMR_ALIASES &&
			    accounts->account[k].row->number[ACCOUNT_ID] ==
			    aliases->row[i].number[ALIAS_GID])
				group = &accounts->account[k];
		for (j = 0; group && j < n; j++)
			if (members_in_alias(group, member[j]))
				break;
		if (group && j < n)
			rids[found++] = (u32)aliases->row[i].number[ALIAS_RID];
	}
	return found;
}

/**
 * struct crowd - users whose aliases are asked for
 * @name: their names, sorted
 * @gid: their primary groups, sorted
 * @n: number of users
 */
struct crowd {
	const char *name[SAMR_SIDS_MAX];
	u32 gid[SAMR_SIDS_MAX];
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
u32 samr_aliases_of_sids(struct rpc_call *call, void *data)
{
	const struct samr_account *member[SAMR_SIDS_MAX];
	struct samr_args *args = data;
	struct sid **sid = args->sids.item;
	struct samr_accounts accounts;
	u32 status, i, members = 0;

	status = samr_accounts_get(call, SAMR_MACHINE, SAMR_USERS | SAMR_ALIASES, &accounts);
	if (status)
		return status;
	for (i = 0; i < args->sids.n; i++) {
		member[members] = members_find_sid(call, &accounts, sid[i]);
		members += !!member[members];
	}
	args->rids.item = mem_chain_new(&call->memory, MEMBERS_MAX * sizeof(u32));
	args->rids.n = call->object.domain == SAMR_BUILTIN ?
		       members_builtin_aliases(call, &accounts, member, members, args->rids.item) :
		       members_aliases(&accounts, member, members, args->rids.item);
	return STATUS_SUCCESS;
}

/* SamrGetMembersInGroup (MS-SAMR section 3.1.5.8.3). */
u32 samr_members_of_group(struct rpc_call *call, void *data)
{
	struct samr_args *args = data;
	struct samr_accounts accounts;
	u32 *rids, status, n = 0, i;

	status = samr_accounts_get(call, call->object.domain, SAMR_USERS, &accounts);
	rids = mem_chain_new(&call->memory, accounts.n * sizeof(*rids));
	for (i = 0; i < accounts.n; i++)
		if (accounts.account[i].listed)
			rids[n++] = accounts.account[i].rid;
	if (n > MEMBERS_MAX)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (status)
		return status;
	args->members = mem_chain_new(&call->memory, sizeof(*args->members));
	args->members->rids = (struct ndr_array){ .n = n, .item = rids };
	args->members->attributes = args->members->rids;
	return STATUS_SUCCESS;
}

/* Add a SID to a list with memory for it. */
static struct sid *members_add_sid(struct rpc_call *call, struct ndr_array *sids)
{
	struct sid **sid = sids->item;

	return sid[sids->n++] = mem_chain_new(&call->memory, sizeof(struct sid));
}

/* The member of an alias of BUILTIN is the group that it stands for. */
static u32 members_of_builtin(struct rpc_call *call, struct ndr_array *sids)
{
	const struct rows *aliases;
	unsigned int i;
	struct sid sid;
	int rc;

	rc = rpc_list_get(call, RPC_LIST_ALIASES, &aliases);
	for (i = 0; i < aliases->n && !rc && !sids->n; i++)
		if (aliases->row[i].number[ALIAS_RID] == call->object.rid &&
		    sid_parse(aliases->row[i].text[ALIAS_GROUP_SID], &sid))
			*members_add_sid(call, sids) = sid;
	return samr_status(rc);
}

/* SamrGetMembersInAlias (MS-SAMR section 3.1.5.8.6). */
u32 samr_members_of_alias(struct rpc_call *call, void *data)
{
	struct samr_args *args = data;
	const struct samr_account *group;
	struct samr_accounts accounts;
	unsigned int i;
	struct sid *sid;
	u32 status;

	args->sids.item = mem_chain_new(&call->memory, MEMBERS_MAX * sizeof(struct sid *));
	if (call->object.domain == SAMR_BUILTIN)
		return members_of_builtin(call, &args->sids);
	status = samr_accounts_get(call, call->object.domain, SAMR_USERS | SAMR_ALIASES, &accounts);
	if (status)
		return status;
	group = samr_account_find(&accounts, call->object.rid);
	if (!group)
		return STATUS_NO_SUCH_ALIAS;
	for (i = 0; i < accounts.n; i++) {
		if (!samr_is_member(group, &accounts.account[i]))
			continue;
		if (args->sids.n == MEMBERS_MAX) {
			args->sids.n = 0;
			return STATUS_INSUFFICIENT_RESOURCES;
		}
		sid = members_add_sid(call, &args->sids);
		samr_domain_sid(call, call->object.domain, sid);
		sid_append(sid, accounts.account[i].rid);
	}
	return STATUS_SUCCESS;
}
