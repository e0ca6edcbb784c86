// SPDX-License-Identifier: GPL-2.0-only
/* Lists accounts of this machine, and maps their names (MS-SAMR); see samr.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "identity/identity.h"
#include "mem.h"
#include "samr.h"

/* Most names or relative identifiers in one call (MS-SAMR sections 3.1.5.11.2, 3.1.5.11.3). */
#define LOOKUP_MAX	1000
/* Bytes reserved for the data around a list. */
#define LIST_MARGIN	256

/* MS-SAMR section 2.2.1.12. */
#define USER_NORMAL_ACCOUNT	0x10

/* Longest text in parameters, including the NUL. */
#define TEXT_SIZE	1024

static enum sid_use samr_use(const struct samr_account *account)
{
	if (account->kind == SAMR_USERS)
		return SID_USE_USER;
	return account->kind == SAMR_GROUPS ? SID_USE_GROUP : SID_USE_ALIAS;
}

/* SamrConnect, 2, 4 and 5 (MS-SAMR section 3.1.5.1). The access wanted does not matter. */
static u32 samr_connect(struct rpc_call *call)
{
	static const struct rpc_object server = { .kind = RPC_HANDLE_SERVER };
	bool may = rpc_user_is_known(call->user);
	u32 status = STATUS_ACCESS_DENIED;
	struct ndr_in *in = &call->in;
	char name[TEXT_SIZE];

	if (call->opnum) {
		ndr_get_unique_string(in, name, sizeof(name));
	} else if (ndr_get_pointer(in)) {
		/* Only the first character of the name is sent. */
		ndr_get16(in);
	}
	ndr_get32(in);
	if (call->opnum == 62)
		ndr_get32(in);
	if (call->opnum == 64) {
		/* Version of the client, twice, its revision and features. */
		if (ndr_get32(in) != 1 || ndr_get32(in) != 1)
			return RPC_FAULT_NDR;
		ndr_get32(in);
		ndr_get32(in);
	}
	if (in->bad)
		return RPC_FAULT_NDR;
	if (call->opnum == 64) {
		ndr_put32(&call->out, 1);
		ndr_put32(&call->out, 1);
		ndr_put32(&call->out, 3);
		ndr_put32(&call->out, 0);
	}
	if (rpc_handle_new(call, may ? &server : NULL))
		status = STATUS_SUCCESS;
	else if (may)
		status = STATUS_INSUFFICIENT_RESOURCES;
	return rpc_put_status(call, status);
}

/* SamrCloseHandle (MS-SAMR section 3.1.5.13.1). */
static u32 samr_close(struct rpc_call *call)
{
	u32 fault = rpc_handle_close(call);

	return fault ?: rpc_put_status(call, STATUS_SUCCESS);
}

/* SamrLookupDomainInSamServer (MS-SAMR section 3.1.5.11.1). */
static u32 samr_lookup_domain(struct rpc_call *call)
{
	char text[TEXT_SIZE] = "", name[NSS_NAME_SIZE];
	struct ndr_in *in = &call->in;
	struct rpc_object server;
	struct sid sid;
	u32 fault, i;
	u16 units;

	fault = rpc_handle_get(call, RPC_HANDLE_SERVER, &server);
	if (fault)
		return fault;
	if (ndr_get_unicode_header(in, &units))
		ndr_get_unicode(in, units, text, sizeof(text));
	if (in->bad)
		return RPC_FAULT_NDR;
	for (i = 0; i < SAMR_DOMAINS; i++) {
		samr_domain_name(i, name);
		if (!strcasecmp(name, text))
			break;
	}
	ndr_put_pointer(&call->out, i < SAMR_DOMAINS);
	if (i == SAMR_DOMAINS)
		return rpc_put_status(call, STATUS_NO_SUCH_DOMAIN);
	samr_domain_sid(call, i, &sid);
	ndr_put_sid(&call->out, &sid);
	return rpc_put_status(call, STATUS_SUCCESS);
}

/**
 * struct page - part of a list of names
 * @first: index of the first entry
 * @n: number of entries
 * @resume: where the next part begins
 * @status: status of the call
 */
struct page {
	u32 first;
	u32 n;
	u32 resume;
	u32 status;
};

/* Encoded size of an entry: identifier, header, and text with its counts and padding. */
static size_t samr_name_len(const char *name)
{
	size_t len = 2 * strlen(name);

	return 4 + 8 + 12 + len + 2;
}

/* SAMPR_ENUMERATION_BUFFER and what is around it (MS-SAMR section 2.2.3). */
static u32 samr_put_page(struct rpc_call *call, const struct samr_account *account,
			 const struct page *page)
{
	struct ndr_out *out = &call->out;
	u32 i;

	/* A list without entries has no memory. */
	if (page->n)
		account += page->first;
	ndr_put32(out, page->resume);
	ndr_put_pointer(out, true);
	ndr_put32(out, page->n);
	ndr_put_pointer(out, page->n);
	if (page->n)
		ndr_put32(out, page->n);
	for (i = 0; i < page->n; i++) {
		ndr_put32(out, account[i].rid);
		ndr_put_unicode_header(out, account[i].name);
	}
	for (i = 0; i < page->n; i++)
		ndr_put_unicode(out, account[i].name);
	ndr_put32(out, page->n);
	return rpc_put_status(call, page->status);
}

/* SamrEnumerateDomainsInSamServer (MS-SAMR section 3.1.5.2.1). */
static u32 samr_enum_domains(struct rpc_call *call)
{
	struct samr_account domains[SAMR_DOMAINS] = { 0 };
	char names[SAMR_DOMAINS][NSS_NAME_SIZE];
	struct rpc_object server;
	struct page page = { 0 };
	u32 fault, i;

	fault = rpc_handle_get(call, RPC_HANDLE_SERVER, &server);
	if (fault)
		return fault;
	page.first = ndr_get32(&call->in);
	ndr_get32(&call->in);
	if (call->in.bad)
		return RPC_FAULT_NDR;
	for (i = 0; i < SAMR_DOMAINS; i++) {
		samr_domain_name(i, names[i]);
		domains[i].name = names[i];
	}
	if (page.first > SAMR_DOMAINS)
		page.first = SAMR_DOMAINS;
	page.n = SAMR_DOMAINS - page.first;
	page.resume = SAMR_DOMAINS;
	return samr_put_page(call, domains, &page);
}

/* SamrOpenDomain (MS-SAMR section 3.1.5.1.5). */
static u32 samr_open_domain(struct rpc_call *call)
{
	struct rpc_object object;
	struct sid wanted, sid;
	u32 fault, i;

	fault = rpc_handle_get(call, RPC_HANDLE_SERVER, &object);
	if (fault)
		return fault;
	ndr_get32(&call->in);
	ndr_get_sid(&call->in, &wanted);
	if (call->in.bad)
		return RPC_FAULT_NDR;
	for (i = 0; i < SAMR_DOMAINS; i++) {
		samr_domain_sid(call, i, &sid);
		if (sid_same(&sid, &wanted))
			break;
	}
	object = (struct rpc_object){ .kind = RPC_HANDLE_DOMAIN, .domain = i };
	if (i == SAMR_DOMAINS) {
		rpc_handle_new(call, NULL);
		return rpc_put_status(call, STATUS_NO_SUCH_DOMAIN);
	}
	return rpc_put_status(call, rpc_handle_new(call, &object) ?
					    STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES);
}

/*
 * Select the accounts from an identifier on that fit, at least one. Accounts of the system are not
 * listed. The identifiers grow, so a list can be resumed although accounts come and go.
 */
static void samr_fill_page(struct samr_accounts *accounts, u32 resume, u32 wanted_len,
			   struct page *page)
{
	size_t room = RPC_REPLY_MAX - LIST_MARGIN, len = 0;
	unsigned int i, n = 0;

	for (i = 0; i < accounts->n; i++)
		if (accounts->account[i].listed && accounts->account[i].rid >= resume)
			accounts->account[n++] = accounts->account[i];
	accounts->n = n;
	if (wanted_len < room)
		room = wanted_len;
	for (i = 0; i < n; i++) {
		len += samr_name_len(accounts->account[i].name);
		if (len > room && i)
			break;
	}
	page->n = i;
	page->status = i < n ? STATUS_MORE_ENTRIES : STATUS_SUCCESS;
	page->resume = i ? accounts->account[i - 1].rid + 1 : resume;
}

/*
 * SamrEnumerateUsersInDomain, SamrEnumerateGroupsInDomain and SamrEnumerateAliasesInDomain (MS-SAMR
 * section 3.1.5.2).
 */
static u32 samr_enum_accounts(struct rpc_call *call)
{
	unsigned int kind = call->opnum == 13 ? SAMR_USERS :
			    call->opnum == 11 ? SAMR_GROUPS : SAMR_ALIASES;
	struct samr_accounts accounts = { 0 };
	struct ndr_in *in = &call->in;
	u32 fault, resume, control = 0, len;
	struct page page = { 0 };
	struct rpc_object domain;

	fault = rpc_handle_get(call, RPC_HANDLE_DOMAIN, &domain);
	if (fault)
		return fault;
	resume = ndr_get32(in);
	if (kind == SAMR_USERS)
		control = ndr_get32(in);
	len = ndr_get32(in);
	if (in->bad)
		return RPC_FAULT_NDR;
	page.resume = resume;
	/* All users are normal ones. */
	if (!control || control & USER_NORMAL_ACCOUNT)
		page.status = samr_accounts_get(call, domain.domain, kind, &accounts);
	if (!page.status)
		samr_fill_page(&accounts, resume, len, &page);
	samr_put_page(call, accounts.account, &page);
	samr_accounts_free(&accounts);
	return 0;
}

static u32 samr_mapped_status(u32 mapped, u32 n)
{
	if (mapped == n)
		return STATUS_SUCCESS;
	return mapped ? STATUS_SOME_NOT_MAPPED : STATUS_NONE_MAPPED;
}

/**
 * struct wish - a name that a client asks for
 * @name: the name
 * @place: index among the names of the call
 * @account: the account that was found, or NULL
 */
struct wish {
	char *name;
	u32 place;
	const struct samr_account *account;
};

static int wish_compare(const void *a, const void *b)
{
	return strcasecmp(((const struct wish *)a)->name, ((const struct wish *)b)->name);
}

/*
 * Give an account to the wishes of its name, which are sorted. Names have no case, but an account
 * whose name has the case of the wish comes first, and then the first of the list.
 */
static void wishes_offer(struct wish *wish, u32 n, const struct samr_account *account)
{
	u32 low = 0, high = n;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (strcasecmp(wish[middle].name, account->name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && !strcasecmp(wish[low].name, account->name); low++)
		if (!wish[low].account || (!strcmp(wish[low].name, account->name) &&
					   strcmp(wish[low].account->name, account->name)))
			wish[low].account = account;
}

/* Read the names of a call. */
static void wishes_get(struct ndr_in *in, struct wish *wish, u32 n)
{
	bool there[LOOKUP_MAX];
	u16 units[LOOKUP_MAX];
	char text[TEXT_SIZE];
	u32 i;

	for (i = 0; i < n; i++)
		there[i] = ndr_get_unicode_header(in, &units[i]);
	for (i = 0; i < n; i++) {
		text[0] = '\0';
		if (there[i])
			ndr_get_unicode(in, units[i], text, sizeof(text));
		wish[i] = (struct wish){ .name = mem_string(text), .place = i };
	}
}

/*
 * SamrLookupNamesInDomain (MS-SAMR section 3.1.5.11.2). There may be a thousand names and thousands
 * of accounts, so each account is searched among the names.
 */
static u32 samr_lookup_names(struct rpc_call *call)
{
	u32 rids[LOOKUP_MAX] = { 0 }, uses[LOOKUP_MAX], mapped = 0, status, fault, n, i;
	struct samr_accounts accounts;
	struct wish wish[LOOKUP_MAX];
	struct ndr_in *in = &call->in;
	struct rpc_object domain;

	fault = rpc_handle_get(call, RPC_HANDLE_DOMAIN, &domain);
	if (fault)
		return fault;
	n = ndr_get32(in);
	ndr_get_varying(in, n, LOOKUP_MAX);
	if (in->bad)
		return RPC_FAULT_NDR;
	wishes_get(in, wish, n);
	qsort(wish, n, sizeof(wish[0]), wish_compare);
	status = samr_accounts_get(call, domain.domain, SAMR_USERS | SAMR_GROUPS | SAMR_ALIASES,
				   &accounts);
	for (i = 0; i < accounts.n; i++)
		wishes_offer(wish, n, &accounts.account[i]);
	for (i = 0; i < n; i++) {
		const struct samr_account *found = wish[i].account;

		uses[wish[i].place] = found ? samr_use(found) : SID_USE_UNKNOWN;
		rids[wish[i].place] = found ? found->rid : 0;
		mapped += !!found;
		free(wish[i].name);
	}
	if (!status)
		status = samr_mapped_status(mapped, n);
	else
		n = 0;
	samr_put_numbers(&call->out, rids, n);
	samr_put_numbers(&call->out, uses, n);
	samr_accounts_free(&accounts);
	return rpc_put_status(call, status);
}

/* SamrLookupIdsInDomain (MS-SAMR section 3.1.5.11.3). */
static u32 samr_lookup_rids(struct rpc_call *call)
{
	const struct samr_account *found[LOOKUP_MAX];
	u32 uses[LOOKUP_MAX], mapped = 0, status, fault, n, i;
	struct samr_accounts accounts;
	struct ndr_out *out = &call->out;
	struct ndr_in *in = &call->in;
	struct rpc_object domain;

	fault = rpc_handle_get(call, RPC_HANDLE_DOMAIN, &domain);
	if (fault)
		return fault;
	n = ndr_get32(in);
	ndr_get_varying(in, n, LOOKUP_MAX);
	if (in->bad)
		return RPC_FAULT_NDR;
	status = samr_accounts_get(call, domain.domain, SAMR_USERS | SAMR_GROUPS | SAMR_ALIASES,
				   &accounts);
	for (i = 0; i < n; i++) {
		found[i] = samr_account_find(&accounts, ndr_get32(in));
		uses[i] = found[i] ? samr_use(found[i]) : SID_USE_UNKNOWN;
		mapped += !!found[i];
	}
	if (!status)
		status = samr_mapped_status(mapped, n);
	else
		n = 0;
	/* SAMPR_RETURNED_USTRING_ARRAY (MS-SAMR section 2.2.3). */
	ndr_put32(out, n);
	ndr_put_pointer(out, n);
	if (n)
		ndr_put32(out, n);
	for (i = 0; i < n; i++)
		ndr_put_unicode_header(out, found[i] ? found[i]->name : "");
	for (i = 0; i < n; i++)
		ndr_put_unicode(out, found[i] ? found[i]->name : "");
	samr_put_numbers(out, uses, n);
	samr_accounts_free(&accounts);
	return rpc_put_status(call, status);
}

/* SamrOpenUser, SamrOpenGroup and SamrOpenAlias (MS-SAMR section 3.1.5.1). */
static u32 samr_open_account(struct rpc_call *call)
{
	static const struct {
		u16 opnum;
		unsigned int kind;
		enum rpc_handle_kind handle;
		u32 missing;
	} ways[] = {
		{ 34, SAMR_USERS, RPC_HANDLE_USER, STATUS_NO_SUCH_USER },
		{ 19, SAMR_GROUPS, RPC_HANDLE_GROUP, STATUS_NO_SUCH_GROUP },
		{ 27, SAMR_ALIASES, RPC_HANDLE_ALIAS, STATUS_NO_SUCH_ALIAS },
	};
	struct samr_accounts accounts;
	struct rpc_object object;
	u32 status, fault, rid;
	int i;

	for (i = 0; ways[i].opnum != call->opnum; i++)
		;
	fault = rpc_handle_get(call, RPC_HANDLE_DOMAIN, &object);
	if (fault)
		return fault;
	ndr_get32(&call->in);
	rid = ndr_get32(&call->in);
	if (call->in.bad)
		return RPC_FAULT_NDR;
	status = samr_accounts_get(call, object.domain, ways[i].kind, &accounts);
	if (!status && !samr_account_find(&accounts, rid))
		status = ways[i].missing;
	object.kind = ways[i].handle;
	object.rid = rid;
	if (!rpc_handle_new(call, status ? NULL : &object) && !status)
		status = STATUS_INSUFFICIENT_RESOURCES;
	samr_accounts_free(&accounts);
	return rpc_put_status(call, status);
}

/* SamrRidToSid (MS-SAMR section 3.1.5.13.7). */
static u32 samr_rid_to_sid(struct rpc_call *call)
{
	struct rpc_object object;
	struct sid sid;
	u32 fault, rid;

	fault = rpc_handle_get_any(call, &object);
	if (fault)
		return fault;
	rid = ndr_get32(&call->in);
	if (object.kind == RPC_HANDLE_SERVER)
		return RPC_FAULT_CONTEXT;
	samr_domain_sid(call, object.domain, &sid);
	sid_append(&sid, rid);
	ndr_put_pointer(&call->out, true);
	ndr_put_sid(&call->out, &sid);
	return rpc_put_status(call, STATUS_SUCCESS);
}

/* Operations that would change something are refused. Some return more than a status. */
static u32 samr_refuse(struct rpc_call *call)
{
	return rpc_put_status(call, STATUS_ACCESS_DENIED);
}

static u32 samr_refuse_delete(struct rpc_call *call)
{
	u32 fault = rpc_handle_keep(call);

	return fault ?: rpc_put_status(call, STATUS_ACCESS_DENIED);
}

static u32 samr_refuse_create(struct rpc_call *call)
{
	rpc_handle_new(call, NULL);
	/* SamrCreateUser2InDomain also returns the access granted. */
	if (call->opnum == 50)
		ndr_put32(&call->out, 0);
	ndr_put32(&call->out, 0);
	return rpc_put_status(call, STATUS_ACCESS_DENIED);
}

static const struct rpc_op ops[] = {
	{ .opnum = 0, .run = samr_connect },
	{ .opnum = 1, .run = samr_close },
	{ .opnum = 2, .run = samr_refuse },			/* SamrSetSecurityObject */
	{ .opnum = 3, .run = samr_query_security },
	{ .opnum = 5, .run = samr_lookup_domain },
	{ .opnum = 6, .run = samr_enum_domains },
	{ .opnum = 7, .run = samr_open_domain },
	{ .opnum = 8, .run = samr_query_domain },
	{ .opnum = 9, .run = samr_refuse },			/* SamrSetInformationDomain */
	{ .opnum = 10, .run = samr_refuse_create },		/* SamrCreateGroupInDomain */
	{ .opnum = 11, .run = samr_enum_accounts },
	{ .opnum = 12, .run = samr_refuse_create },		/* SamrCreateUserInDomain */
	{ .opnum = 13, .run = samr_enum_accounts },
	{ .opnum = 14, .run = samr_refuse_create },		/* SamrCreateAliasInDomain */
	{ .opnum = 15, .run = samr_enum_accounts },
	{ .opnum = 16, .run = samr_aliases_of_sids },
	{ .opnum = 17, .run = samr_lookup_names },
	{ .opnum = 18, .run = samr_lookup_rids },
	{ .opnum = 19, .run = samr_open_account },
	{ .opnum = 20, .run = samr_query_group },
	{ .opnum = 21, .run = samr_refuse },			/* SamrSetInformationGroup */
	{ .opnum = 22, .run = samr_refuse },			/* SamrAddMemberToGroup */
	{ .opnum = 23, .run = samr_refuse_delete },		/* SamrDeleteGroup */
	{ .opnum = 24, .run = samr_refuse },			/* SamrRemoveMemberFromGroup */
	{ .opnum = 25, .run = samr_members_of_group },
	{ .opnum = 26, .run = samr_refuse },			/* SamrSetMemberAttributesOfGroup */
	{ .opnum = 27, .run = samr_open_account },
	{ .opnum = 28, .run = samr_query_alias },
	{ .opnum = 29, .run = samr_refuse },			/* SamrSetInformationAlias */
	{ .opnum = 30, .run = samr_refuse_delete },		/* SamrDeleteAlias */
	{ .opnum = 31, .run = samr_refuse },			/* SamrAddMemberToAlias */
	{ .opnum = 32, .run = samr_refuse },			/* SamrRemoveMemberFromAlias */
	{ .opnum = 33, .run = samr_members_of_alias },
	{ .opnum = 34, .run = samr_open_account },
	{ .opnum = 35, .run = samr_refuse_delete },		/* SamrDeleteUser */
	{ .opnum = 36, .run = samr_query_user },
	{ .opnum = 37, .run = samr_refuse },			/* SamrSetInformationUser */
	{ .opnum = 38, .run = samr_refuse },			/* SamrChangePasswordUser */
	{ .opnum = 39, .run = samr_groups_of_user },
	{ .opnum = 40, .run = samr_query_display },
	{ .opnum = 44, .run = samr_query_user_passwords },
	{ .opnum = 45, .run = samr_refuse },			/* SamrRemoveMemberFromForeignDomain */
	{ .opnum = 46, .run = samr_query_domain },
	{ .opnum = 47, .run = samr_query_user },
	{ .opnum = 48, .run = samr_query_display },
	{ .opnum = 50, .run = samr_refuse_create },		/* SamrCreateUser2InDomain */
	{ .opnum = 51, .run = samr_query_display },
	{ .opnum = 52, .run = samr_refuse },			/* SamrAddMultipleMembersToAlias */
	{ .opnum = 53, .run = samr_refuse },			/* SamrRemoveMultipleMembersFromAlias */
	{ .opnum = 54, .run = samr_refuse },			/* SamrOemChangePasswordUser2 */
	{ .opnum = 55, .run = samr_refuse },			/* SamrUnicodeChangePasswordUser2 */
	{ .opnum = 56, .run = samr_query_passwords },
	{ .opnum = 57, .run = samr_connect },
	{ .opnum = 58, .run = samr_refuse },			/* SamrSetInformationUser2 */
	{ .opnum = 62, .run = samr_connect },
	{ .opnum = 64, .run = samr_connect },
	{ .opnum = 65, .run = samr_rid_to_sid },
	{ 0 }
};

/* 12345778-1234-abcd-ef00-0123456789ac */
const struct rpc_interface samr_interface = {
	.pipe = "samr",
	.uuid = { 0x78, 0x57, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45,
		  0x67, 0x89, 0xac },
	.version = 1,
	.ops = ops,
};
